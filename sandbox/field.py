"""The field engineer of the demo: prepares each gate's card and enrols the gate, by command line."""

from datetime import UTC, datetime, timedelta
from typing import Final, Self

from device.firmware import calibration, config
from sandbox.board.thermometer import SKIN_EMISSIVITY, ThermometerChip
from sandbox.errands import Clerk
from sandbox.layout import Layout
from sandbox.ports import HOST, Ports

BLACK_BODY_C: Final = (35.0, 37.0, 39.0)
VALID: Final = timedelta(days=365)


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
        self._calibrate(gate)

    def _calibrate(self, gate: str) -> None:
        """Write the record of the virtual chip, which is off by no more than its last bit."""
        today = datetime.now(UTC).date()
        record = calibration.Record(
            sensor=ThermometerChip().number,
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
        papers = calibration.papers_of(config.load(self._layout.gate(gate) / "gate.toml"))
        if papers is not None:
            papers.path.write_text(calibration.text(record), encoding="utf-8")

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
