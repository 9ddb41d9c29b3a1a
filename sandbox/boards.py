"""How the demo starts a gate: the real command on a virtual board."""

import sys
from collections.abc import Mapping
from typing import Final

from sandbox.board.environment import environment
from sandbox.children import Child, Order
from sandbox.layout import Layout
from sandbox.places import Place
from sandbox.town.site import Site

ADVICE: Final = "Its journal and documents are kept. Read the log, then start the demo again."


def gate(layout: Layout, place: Place, site: Site) -> Child:
    """The command of the gate's systemd unit, on a virtual board."""
    config = layout.gate(place.gate.id) / "gate.toml"
    argv = [sys.executable, "-m", "device.firmware", "--config", str(config), "--log", "json"]
    log = layout.logs / f"gate-{place.slug}.log"
    variables: Mapping[str, str] = environment(site.fittings.socket, site.fittings.film)
    order = Order(f"the gate {place.gate.en}", argv, log, ADVICE, environment=variables, listener=site.hear)
    child = Child(order)
    site.power_up()
    return child
