"""The demo's child processes: started on a leash, watched, their words kept, stopped in order."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError

LEASH: Final = Path(__file__).with_name("leash.py")
GRACE_S: Final = 8.0
"""From a request to stop to the end by force."""
LAST_LINES: Final = 12
POLL_S: Final = 0.02

Listener = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to start: a name for people, the program, what to add to its environment, where its words go."""

    name: str
    argv: Sequence[str]
    log: Path
    advice: str
    """What to do when it dies."""
    environment: Mapping[str, str] = field(default_factory=dict)
    listener: Listener | None = None
    """Told each line it writes, from a thread of its own."""


class Child:
    """One running child. Make it in the main thread: the leash is tied to the thread that makes it."""

    def __init__(self, order: Order) -> None:
        self.order = order
        order.log.parent.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), "SIGTERM", *order.argv]
        self._process = subprocess.Popen(  # noqa: S603 -- a program of this project, through no shell
            argv,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **order.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.stopping = False
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._reader = threading.Thread(target=self._read, name=order.name, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._process.poll()

    def obituary(self, then: str | None = None, lines: int = LAST_LINES) -> str:
        """What happened to it, its last words, and what to do: its own advice, or `then`."""
        self._reader.join(1.0)
        last = list(self._last)[-lines:]
        words = "\n".join(f"    {line}" for line in last) or "    (it said nothing)"
        ended = _ended(self._process.poll())
        what = self.order.advice if then is None else then
        return f"{self.order.name} {ended}. Its last words ({self.order.log}):\n{words}\n{what}"

    def wait(self, timeout_s: float) -> int:
        """Wait for it to end; SandboxError when it takes longer or fails."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            self.end()
            raise SandboxError(f"{self.order.name} took longer than {timeout_s:.0f} s") from error
        if code != 0:
            raise SandboxError(self.obituary())
        return code

    def ask_to_end(self) -> None:
        """SIGTERM; returns at once."""
        self.stopping = True
        if self.alive:
            self._process.terminate()

    def end(self, grace_s: float = GRACE_S) -> None:
        """SIGTERM, and SIGKILL for its whole group when it has not ended after `grace_s`."""
        self.ask_to_end()
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(1.0)

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self.stopping = True
        self._process.kill()
        self._process.wait()
        self._reader.join(1.0)

    def _read(self) -> None:
        pipe = self._process.stdout
        if pipe is None:
            return
        with pipe, self.order.log.open("ab", buffering=0) as log:
            for raw in pipe:
                log.write(raw)
                line = raw.decode("utf-8", "replace").rstrip()
                self._last.append(line)
                if self.order.listener is not None:
                    self.order.listener(line)


def _ended(code: int | None) -> str:
    if code is None:
        return "hangs"
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def end_all(children: Sequence[Child], grace_s: float = GRACE_S) -> None:
    """Ask all at once, then wait for each."""
    for child in children:
        child.ask_to_end()
    deadline_s = time.monotonic() + grace_s
    for child in children:
        child.end(max(0.1, deadline_s - time.monotonic()))


def wait_for(what: str, condition: Callable[[], bool], children: Sequence[Child], limit_s: float) -> None:
    """Poll until `condition` holds; SandboxError when a child dies meanwhile, or after `limit_s`."""
    deadline_s = time.monotonic() + limit_s
    while not condition():
        for child in children:
            if not child.alive:
                raise SandboxError(child.obituary())
        if time.monotonic() > deadline_s:
            logs = ", ".join(str(child.order.log) for child in children)
            raise SandboxError(f"{what} did not happen within {limit_s:.0f} s; see {logs}")
        time.sleep(POLL_S)
