"""The field engineer of the demo: prepares each gate's card and enrols the gate, by command line."""

from typing import Self

from sandbox.errands import Clerk
from sandbox.layout import Layout
from sandbox.ports import HOST, Ports


class Engineer:
    """A clerk who types `jx-field …`."""

    def __init__(self, layout: Layout, ports: Ports) -> None:
        self._layout = layout
        self._ports = ports
        self._clerk = Clerk("field engineer", layout.logs / "field.log", "provisioning.command")

    def prepare(self, gate: str) -> None:
        """What a card for this gate would hold: gate.toml and the first root."""
        broker = ("--broker-host", HOST, "--broker-port", str(self._ports.broker))
        servers = ("--fleet", f"https://{HOST}:{self._ports.est}", *broker)
        root = ("--root", self._layout.first_root)
        self._clerk.run("jx-field", "prepare", self._layout.gate(gate), "--gate", gate, *root, *servers)

    def enrol(self, gate: str, token: str) -> None:
        """Let the gate make its key and fetch its certificate with a one-use token."""
        config = self._layout.gate(gate) / "gate.toml"
        self._clerk.run("jx-field", "enrol", token, "--config", config, "--yes")

    def close(self) -> None:
        """Go home."""
        self._clerk.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
