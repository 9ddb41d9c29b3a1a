"""The host's end of the line to the bench in a guest: requests, answers, and what it tells unasked."""

import base64
import contextlib
import itertools
import json
import queue
import socket
import threading
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from sandbox.errors import SandboxError

ANSWERS_S: Final = 60.0

Edge = tuple[int, bool, float]
"""A pin, its level, and the guest's CLOCK_MONOTONIC in seconds."""


class LineError(SandboxError):
    """The bench does not answer: the guest hangs, or is off."""


def packed(data: bytes) -> str:
    """Bytes as a word of JSON."""
    return base64.b64encode(zlib.compress(data, 1)).decode()


def unpacked(text: str) -> bytes:
    """The bytes of `packed`."""
    return zlib.decompress(base64.b64decode(text))


class Line:
    """A unix socket that QEMU ends in a virtio port; any thread may ask."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._numbers = itertools.count(1)
        self._answers: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._edges: list[Edge] = []
        self.hello = threading.Event()
        """Set once the bench is there."""
        self.on_edge: Callable[[Edge], None] = lambda _: None
        """Called from the reading thread, as soon as the guest has told of an edge."""
        self.ended = threading.Event()
        """Set once everything was heard that this guest will ever tell."""

    def connect(self) -> bool:
        """Try to reach QEMU's socket; whether it is reached."""
        if self._socket is not None:
            return True
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(str(self._path))
        except OSError:
            line.close()
            return False
        self._socket = line
        threading.Thread(target=self._read, args=(line,), name="bench", daemon=True).start()
        return True

    def ask(self, what: str, limit_s: float = ANSWERS_S, **request: object) -> dict[str, Any]:
        """One request and its answer; LineError without one, SandboxError where the bench could not."""
        number, answer = next(self._numbers), queue.SimpleQueue[dict[str, Any]]()
        self._answers[number] = answer
        line = json.dumps({"id": number, "do": what, **request}).encode() + b"\n"
        try:
            if self._socket is None:
                raise LineError("nobody has waited for the bench yet")
            with self._lock:
                self._socket.sendall(line)
            reply = {} if self.ended.is_set() else answer.get(timeout=limit_s)
        except (OSError, queue.Empty) as error:
            raise LineError(f"the bench did not answer in {limit_s:.0f} s (it was to {what})") from error
        finally:
            del self._answers[number]
        if not reply:
            raise LineError(f"the line to the bench has ended (it was to {what})")
        if "error" in reply:
            raise SandboxError(f"the bench could not {what} {request.get('name', '')}: {reply['error']}")
        return reply

    def edges(self) -> Sequence[Edge]:
        """All edges of watched pins so far, oldest first."""
        with self._lock:
            return tuple(self._edges)

    def hang_up(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            with contextlib.suppress(OSError):  # QEMU has hung up already
                self._socket.shutdown(socket.SHUT_RDWR)  # the reading thread holds it open otherwise
            self._socket.close()

    def _read(self, line: socket.socket) -> None:
        # The plug may be pulled in the middle of a word.
        with line.makefile("rb") as lines, contextlib.suppress(OSError, ValueError):
            for text in lines:
                self._hear(json.loads(text))
        self.ended.set()
        for answer in list(self._answers.values()):
            answer.put({})

    def _hear(self, message: dict[str, Any]) -> None:
        if "edge" in message:
            pin, level, at_s = message["edge"]
            edge = (pin, bool(level), at_s)
            with self._lock:
                self._edges.append(edge)
            self.on_edge(edge)
        elif "hello" in message:
            self.hello.set()
        elif (answer := self._answers.get(message["id"])) is not None:
            answer.put(message)
