"""The supervisor: starts the fleet's processes, starts again what ended, stops all of them."""

import contextlib
import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from fleet.errors import FleetError
from fleet.stop import Stop

POLL_S: Final = 0.1
STOP_S: Final = 15.0  # longer than the broker's and gunicorn's own limits for a quiet end
FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 30.0
CHORE_S: Final = 3600.0
STEADY_S: Final = 60.0  # who ran this long starts counting failures anew
PARENT: Final = "JX_FLEET_SUPERVISOR"  # environment: process id that a child must not outlive

# What the machine lacks now and may have again.
_FOR_NOW: Final = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})

_log = structlog.get_logger("supervisor")


def delay_s(failures: int) -> float:
    """Seconds to wait before a start after so many failures in a row: 0, then 0.5 doubling up to 30."""
    return 0.0 if failures == 0 else min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** min(failures - 1, 16))


@dataclass(slots=True)
class Child:
    """One process of the fleet and what became of it; times are monotonic seconds."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    start_at_s: float = 0.0
    failures: int = 0
    restarts: int = 0

    def ended(self, now_s: float) -> None:
        """Take note of the end and decide when to start again."""
        steady = now_s - self.started_s >= STEADY_S
        self.process = None
        self.failures = 1 if steady else self.failures + 1
        self.restarts += 1
        self.start_at_s = now_s + delay_s(self.failures)


def _kill_group(pid: int, number: signal.Signals) -> None:
    """Signal a child's process group: gunicorn's workers and nats-server belong to it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


class Supervisor:
    """Watches the children it was given; `report` hears of every change of them.

    `chore` is called every CHORE_S and names the children that have to be started anew because of it.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        report: Callable[[Sequence[Child]], None],
        chore: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self.children = [Child(name, command) for name, command in commands.items()]
        self._report = report
        self._chore = chore
        self._chore_at_s = time.monotonic() + CHORE_S

    def run(self, stop: Stop) -> None:
        """Watch until `stop` is set, then stop every child."""
        try:
            while True:
                self.step(time.monotonic())
                if stop.wait(POLL_S):
                    return
        finally:
            self.stop_all()

    def step(self, now_s: float) -> None:
        """Note what has ended and start what is due."""
        self._do_chore(now_s)
        changed = False
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                # What it left running holds its ports.
                _kill_group(child.process.pid, signal.SIGKILL)
                code = child.process.returncode
                child.ended(now_s)
                changed = True
                wait_s = round(child.start_at_s - now_s, 1)
                _log.warning("a process ended", child=child.name, code=code, again_in_s=wait_s)
            if child.process is None and now_s >= child.start_at_s:
                self._start(child, now_s)
                changed = True
        if changed:
            self._tell()

    def _tell(self) -> None:
        """Report; a disk that is full, say, is no reason to stop what runs."""
        try:
            self._report(self.children)
        except OSError as error:
            _log.error("the state of the processes could not be written", error=str(error))

    def _do_chore(self, now_s: float) -> None:
        """Now and then, do the chore and ask the children it names to end: they are started again."""
        if now_s < self._chore_at_s:
            return
        self._chore_at_s = now_s + CHORE_S
        try:
            due = self._chore()
        except (OSError, FleetError) as error:
            # A full disk or a damaged file is no reason to stop what runs.
            _log.error("the supervisor's chore failed", error=str(error))
            return
        for child in self.children:
            if child.name in due and child.process is not None:
                child.process.terminate()

    def stop_all(self) -> None:
        """Ask every child to end, force those that do not within STOP_S; nothing is left running."""
        running = [child.process for child in reversed(self.children) if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_S
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            _kill_group(process.pid, signal.SIGKILL)
            process.wait()
        for child in self.children:
            child.process = None
        self._tell()

    def _start(self, child: Child, now_s: float) -> None:
        environment = {**os.environ, PARENT: str(os.getpid())}
        # An own group, so that Ctrl-C reaches this process only and it decides the order of the end.
        try:
            child.process = subprocess.Popen(child.command, env=environment, process_group=0)  # noqa: S603 - own command line
        except OSError as error:
            if error.errno not in _FOR_NOW:
                raise
            child.failures += 1
            child.start_at_s = now_s + delay_s(child.failures)
            _log.error("a process could not be started", child=child.name, error=str(error))
            return
        child.started_s = now_s
        _log.info("a process started", child=child.name, pid=child.process.pid)
