"""The field engineer: prepares each gate's card and enrols the gate, by command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from device.firmware import calibration, config
from sandbox.board.thermometer import SKIN_EMISSIVITY, ThermometerChip
from sandbox.errands import Clerk
from sandbox.layout import Layout
from sandbox.ports import HOST, Ports

BLACK_BODY_C: Final = (35.0, 37.0, 39.0)
VALID: Final = timedelta(days=365)


def calibrated(sensor: str = "") -> calibration.Record:
    """Today's record of a virtual chip with this number: it is off by no more than its last bit."""
    today = datetime.now(UTC).date()
    return calibration.Record(
        sensor=sensor or ThermometerChip().number,
        variant="DCI",
        emissivity=SKIN_EMISSIVITY / 0xFFFF,
        offset_c=0.0,
        gain=1.0,
        residual_c=0.02,
        points=tuple((true_c, true_c) for true_c in BLACK_BODY_C),
        made=today,
        due=today + VALID,
        operator="demo",
        black_body="virtual",
    )


class Engineer:
    """A clerk who types `jx-field …`; `host` is how gates reach the fleet."""

    def __init__(self, layout: Layout, ports: Ports, host: str = HOST) -> None:
        self._layout = layout
        self._ports = ports
        self._host = host
        self._clerk = Clerk("field engineer", layout.logs / "field.log", "provisioning.command")

    def prepare(self, gate: str) -> None:
        """What a card for this gate would hold: gate.toml and the first root."""
        self.card(gate, self._layout.gate(gate))
        papers = calibration.papers_of(config.load(self._layout.gate(gate) / "gate.toml"))
        if papers is not None:
            papers.path.write_text(calibration.text(calibrated()), encoding="utf-8")

    def card(self, gate: str, place: Path, *more: str) -> None:
        """A card's files in the directory `place`, with `more` options of the command."""
        broker = ("--broker-host", self._host, "--broker-port", str(self._ports.broker))
        servers = ("--fleet", f"https://{self._host}:{self._ports.est}", *broker)
        root = ("--root", self._layout.first_root)
        self._clerk.run("jx-field", "prepare", place, "--gate", gate, *root, *servers, *more)

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
