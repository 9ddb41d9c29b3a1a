"""The field engineer of the demo: prepares each gate's card and enrols the gate, by command line."""

from pathlib import Path
from typing import Self

from sandbox.errands import Clerk
from sandbox.layout import Layout
from sandbox.ports import HOST, Ports


class Engineer:
    """A clerk who types `jx-field …`."""

    def __init__(self, layout: Layout, ports: Ports) -> None:
        self._layout = layout
        self._ports = ports
        self._clerk = Clerk("field engineer", layout.logs / "field.log")

    def prepare(self, gate: str) -> None:
        """What a card for this gate would hold: gate.toml and the first root."""
        place = self._layout.gate(gate)
        self._clerk.run(
            "jx-field",
            "prepare",
            place,
            "--gate",
            gate,
            "--fleet",
            self._url,
            "--broker-host",
            HOST,
            "--broker-port",
            str(self._ports.broker),
            "--root",
            self._root,
        )

    def enrol(self, gate: str, token: str) -> None:
        """Let the gate make its key and fetch its certificate with a one-use token."""
        self._clerk.run(
            "jx-field", "enrol", token, "--config", self._layout.gate(gate) / "gate.toml", "--yes"
        )

    def close(self) -> None:
        """Go home."""
        self._clerk.close()

    @property
    def _url(self) -> str:
        return f"https://{HOST}:{self._ports.est}"

    @property
    def _root(self) -> Path:
        return self._layout.carried / "root-1.cbor"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
