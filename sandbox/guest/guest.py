"""A guest that runs: its programs and files, and its plug, which can be pulled."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from sandbox.errors import SandboxError
from sandbox.guest import qemu
from sandbox.guest.hands import Hands
from sandbox.guest.line import ANSWERS_S, LineError, packed, unpacked
from sandbox.guest.qemu import Slot

STARTS_S: Final = 600.0
"""A computer that has more to do may take so long; a free one half a minute."""
SLACK_S: Final = 30.0
"""What the way to the guest and back may take beside the work itself."""
POLL_S: Final = 0.05
CONSOLE_LINES: Final = 12
STATE: Final = """
systemctl list-jobs --no-pager
systemctl --no-pager --no-legend list-units --state=failed,activating,deactivating
ps -eo pid,stat,etimes,time,wchan:20,args --sort=-time | head -n 15
journalctl -b -o short-monotonic --no-pager -n 80
"""
"""What there is to ask a system that does not do what it should."""
STATE_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program in the guest came to."""

    code: int | None
    """None: it took too long and was ended."""
    out: str
    err: str


class Guest(Hands):
    """One boot of one board. Make it with `start`; it is off when the `with` ends, at the latest."""

    def __init__(self, slot: Slot) -> None:
        super().__init__(slot.socket)
        self.slot = slot
        self.begun_s = time.monotonic()
        self._process = qemu.start(slot)

    @classmethod
    def start(cls, slot: Slot, *, wait_s: float = STARTS_S) -> Self:
        """Give power and wait until the bench answers; SandboxError with the console's last words."""
        guest = cls(slot)
        try:
            guest.wait_for_bench(wait_s)
        except BaseException:
            guest.cut()
            raise
        return guest

    def wait_for_bench(self, wait_s: float = STARTS_S) -> None:
        """Wait until the guest is so far that it answers."""
        deadline_s = time.monotonic() + wait_s
        while not (self.connect() and self.hello.wait(POLL_S)):
            if not self.alive:
                raise SandboxError(
                    f"the guest went off by itself\n{self._process.obituary()}\n{self.words_last()}"
                )
            if time.monotonic() > deadline_s:
                raise SandboxError(f"the guest does not answer after {wait_s:.0f} s\n{self.words_last()}")
            time.sleep(POLL_S)

    def ask(self, what: str, limit_s: float = ANSWERS_S, **request: object) -> dict[str, Any]:
        """As the line does it, with the console's last words where there is no answer."""
        try:
            return super().ask(what, limit_s, **request)
        except LineError as error:
            state = "on" if self.alive else "off"
            raise LineError(f"{error}; the guest is {state}\n{self.words_last()}") from error

    def run(
        self, *argv: str, timeout_s: float = ANSWERS_S, check: bool = True, given: bytes | None = None
    ) -> Ran:
        """Run a program as root; SandboxError when it fails, if `check`. `given`: its standard input."""
        more = {} if given is None else {"given": packed(given)}
        reply = self.ask("run", timeout_s + SLACK_S, argv=list(argv), timeout_s=timeout_s, **more)
        ran = Ran(reply["code"], unpacked(reply["out"]).decode(), unpacked(reply["err"]).decode())
        if check and ran.code != 0:
            words = (ran.err or ran.out).strip()
            raise SandboxError(f"in the guest, {' '.join(argv)[:200]} ended with {ran.code}: {words[-2000:]}")
        return ran

    def sh(self, script: str, *, timeout_s: float = ANSWERS_S, check: bool = True) -> str:
        """Run a shell script as root; what it printed, without the last line's end."""
        return self.run("sh", "-euc", script, timeout_s=timeout_s, check=check).out.rstrip("\n")

    def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Write a file."""
        self.ask("put", path=path, data=packed(data), mode=mode)

    def get(self, path: str) -> bytes:
        """Read a file."""
        return unpacked(self.ask("get", path=path)["data"])

    def until(self, condition: Callable[[], bool], what: str, limit_s: float = ANSWERS_S) -> None:
        """Ask again and again; AssertionError when it does not come true in time."""
        deadline_s = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline_s:
                told = f"{self.words_last()}\n{self.state()}"
                raise AssertionError(f"not within {limit_s:.0f} s: {what}\n{told}")
            time.sleep(POLL_S)

    @property
    def alive(self) -> bool:
        """Whether it has power."""
        return self._process.alive

    def cut(self) -> None:
        """Pull the plug."""
        self._process.kill()
        self.hang_up()

    def off(self, limit_s: float = ANSWERS_S) -> None:
        """Shut down in order; AssertionError when that takes longer."""
        self.run("systemctl", "poweroff", "--no-block")
        self.until(lambda: not self.alive, "it is off", limit_s)
        self.hang_up()

    def words_last(self) -> str:
        """The end of its console, for a message."""
        last = "\n".join(f"    {line}" for line in qemu.words_of(self.slot.console, CONSOLE_LINES))
        return f"The end of its console ({self.slot.console}):\n{last}"

    def state(self) -> str:
        """What the guest's system says of itself, for a message: its jobs, its busiest programs, its log."""
        try:
            told = self.run("sh", "-c", STATE, timeout_s=STATE_S, check=False).out
        except SandboxError as error:
            told = str(error).partition("\n")[0]
        return "What its system says:\n" + "\n".join(f"    {line}" for line in told.splitlines())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
