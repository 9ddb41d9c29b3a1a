"""Answers whoever sits before the guest: runs programs, carries files, moves what stands for the world.

Lines of JSON on a virtio port, a thread for each request: {"id": n, "do": name, …} gives {"id": n, …}, with
"error" where it failed; {"edge": [pin, level, seconds]} comes unasked for each watched pin.
"""

import base64
import json
import os
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from sandbox.guest.inside.hands import Hands

PORT: Final = "/dev/virtio-ports/jx.bench"
NOBODY_S: Final = 0.05

Reply = dict[str, Any]


def packed(data: bytes) -> str:
    """Bytes as a word of JSON."""
    return base64.b64encode(zlib.compress(data, 1)).decode()


def unpacked(text: str) -> bytes:
    """The bytes of `packed`."""
    return zlib.decompress(base64.b64decode(text))


def run(argv: list[str], timeout_s: float, given: str | None = None) -> Reply:
    """Run a program; its exit code is None when it took too long."""
    fed: dict[str, Any] = {"stdin": subprocess.DEVNULL} if given is None else {"input": unpacked(given)}
    try:
        done = subprocess.run(argv, capture_output=True, timeout=timeout_s, cwd="/", check=False, **fed)  # noqa: S603 -- what the bench is for
    except subprocess.TimeoutExpired as error:
        return {"code": None, "out": packed(error.stdout or b""), "err": packed(error.stderr or b"")}
    return {"code": done.returncode, "out": packed(done.stdout), "err": packed(done.stderr)}


def put(path: str, data: str, mode: int) -> Reply:
    """Write a file."""
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(unpacked(data))
    place.chmod(mode)
    return {}


def get(path: str) -> Reply:
    """Read a file."""
    return {"data": packed(Path(path).read_bytes())}


class Bench:
    """One port, the hands, and what can be asked."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._sending = threading.Lock()
        self._hands = Hands(lambda *edge: self.send({"edge": edge}))
        self._can: Mapping[str, Callable[..., Reply]] = {
            "run": run,
            "put": put,
            "get": get,
            "show": self._show,
            "hand": self._hand,
        }

    def send(self, message: Mapping[str, Any]) -> None:
        """Tell the host something."""
        line = json.dumps(message).encode() + b"\n"
        with self._sending:
            while line:  # the port takes what fits
                line = line[os.write(self._port, line) :]

    def serve(self) -> None:
        """Answer for ever."""
        self.send({"hello": time.monotonic()})
        rest = b""
        while True:
            data = os.read(self._port, 65536)
            if not data:
                time.sleep(NOBODY_S)
            *lines, rest = (rest + data).split(b"\n")
            for line in filter(None, lines):
                threading.Thread(target=self._answer, args=(json.loads(line),), daemon=True).start()

    def _answer(self, request: dict[str, Any]) -> None:
        number, what = request.pop("id"), request.pop("do")
        try:
            reply = self._can[what](**request)
        except Exception as error:  # noqa: BLE001 -- whoever asked shall know, whatever it was
            reply = {"error": f"{type(error).__name__}: {error}"}
        self.send({"id": number, **reply})

    def _show(self, width: int, height: int, luma: str) -> Reply:
        self._hands.show(width, height, unpacked(luma))
        return {}

    def _hand(self, name: str, arguments: list[Any]) -> Reply:
        return {"is": getattr(self._hands, name)(*arguments)}


def main() -> int:
    """Serve the port that QEMU made."""
    Bench(os.open(PORT, os.O_RDWR)).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
