"""The virtual machine from outside: warm the sensor, close a contact, look at the screen, watch the relay."""

import base64
import json
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from PIL import Image


class BoardError(Exception):
    """The machine is not there, hung up, or did not understand."""


@dataclass(frozen=True, slots=True)
class PinEvent:
    """A pin has this level: 0 to 1, in between for a pulse width; `hertz` of the pulses or None."""

    pin: int
    value: float
    hertz: float | None
    at_s: float
    """Monotonic seconds, the same clock in every process of this computer."""


class Board:
    """One connection, not thread-safe; `watch` has its own connection and may run in another thread."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._socket = _connected(path, timeout_s)
        self._lines = self._socket.makefile("rb")

    @classmethod
    def connect(cls, path: Path | str, *, wait_s: float = 10.0, timeout_s: float = 5.0) -> Self:
        """Connect, waiting up to `wait_s` for the machine to start; raises `BoardError`."""
        deadline_s = time.monotonic() + wait_s
        while True:
            try:
                return cls(Path(path), timeout_s)
            except BoardError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.02)

    def temperature(self, object_c: float, ambient_c: float) -> None:
        """What the thermometer faces, and its own temperature."""
        self.set(object_c=object_c, ambient_c=ambient_c)

    def pin(self, number: int, level: bool | None) -> None:
        """Put 3.3 V (True) or 0 V (False) on a pin, or let it float to its pull (None)."""
        self.set(pin={str(number): level})

    def camera(self, state: Literal["ok", "hang", "unplug"]) -> None:
        """Whether the camera works."""
        self.set(camera=state)

    def set(self, **settings: Any) -> None:  # noqa: ANN401 -- any setting of control.SETTERS
        """Set anything of `control.SETTERS`: unplug, stuck, flag, corrupt, object_raw, display_unplug."""
        self._ask({"set": settings})

    def pins(self) -> dict[int, float]:
        """Return the level of every pin in use."""
        return {int(number): level for number, level in self._ask({"get": "pins"})["pins"].items()}

    def counters(self) -> Mapping[str, int]:
        """Return how much the machine has done."""
        counters: Mapping[str, int] = self._ask({"get": "counters"})["counters"]
        return counters

    def display(self) -> Image.Image:
        """Return what a person sees on the screen, upright; black when it is off."""
        shown = self._ask({"get": "display"})["display"]
        size, pixels = tuple(shown["size"]), base64.b64decode(shown["pixels"])
        image = Image.frombytes(shown["mode"], size, pixels)
        if not shown["lit"]:
            return Image.new(image.mode, image.size)
        # The LCD lies on its side in the machine, turned by a quarter when the gate was built.
        return image.transpose(Image.Transpose.ROTATE_90) if image.mode == "RGB" else image

    def watch(self) -> Iterator[PinEvent]:
        """Yield every pin's level now, then each change; ends when the machine does."""
        connection = _connected(self._path, None)
        with connection, connection.makefile("rwb") as lines:
            lines.write(b'{"watch": true}\n')
            lines.flush()
            try:
                first = json.loads(lines.readline() or b"{}")
                for number, value in first.get("pins", {}).items():
                    yield PinEvent(int(number), value, None, time.monotonic())
                for line in lines:
                    change = json.loads(line)
                    yield PinEvent(change["pin"], change["value"], change["hertz"], change["at"])
            except OSError:
                return

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, request: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- JSON
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            line = self._lines.readline()
        except OSError as error:
            raise BoardError(f"the machine at {self._path} hung up ({error})") from error
        if not line:
            raise BoardError(f"the machine at {self._path} hung up")
        reply = json.loads(line)
        if "error" in reply:
            raise BoardError(reply["error"])
        return reply


def _connected(path: Path, timeout_s: float | None) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(timeout_s)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise BoardError(f"no machine listens at {path} ({error}); start one first") from error
    return connection
