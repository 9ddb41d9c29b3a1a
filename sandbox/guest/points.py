"""Named moments for a power cut: the gate is held there from outside, before or after a system call."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from device.firmware.gate import DATABASE
from sandbox.errors import SandboxError
from sandbox.guest.guest import Guest

DATA: Final = "/var/lib/jixiang-gate"
UNIT: Final = "jixiang-gate.service"
HOLD: Final = "jx-hold"
LONG_US: Final = 600_000_000
"""strace's delay: the power is cut long before."""
LOG: Final = f"{DATA}/{DATABASE}-wal"
FILE: Final = f"{DATA}/{DATABASE}"
CHIP: Final = "/dev/gpiochip0"
"""lgpio asks here before each level that it gives a pin; of all pins, the main thread gives the relay's."""
NUMBERS: Final = {"ioctl": 16, "pwrite64": 18, "fsync": 74, "fdatasync": 75}
"""Of system calls on x86-64."""
ATTACHES_S: Final = 60.0
REACHES_S: Final = 180.0


class Scene(Enum):
    """What goes on."""

    PASSAGE = "somebody is let in"
    DOCUMENT = "an assignment arrives"
    CHECKPOINT = "the gate is stopped, and its log is written back"
    FIRST_START = "the journal is begun"
    ENROLMENT = "the gate is enrolled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One row. `written`, `moved`: what must be so afterwards; None: as far as the write had come."""

    name: str
    scene: Scene
    call: str
    path: str = ""
    """Of the descriptor that the call is about; "": any."""
    after: bool = False
    """Held when the call is done; otherwise before it."""
    nth: int = 1
    written: bool | None = None
    """The admission, or the document in its new version, is on the card."""
    moved: bool = False
    """The relay was driven."""

    def words(self) -> tuple[str, ...]:
        """strace's, without what it is to trace."""
        delay = f"delay_{'exit' if self.after else 'enter'}={LONG_US}"
        only = ("-P", self.path) if self.path else ()
        inject = f"inject={self.call}:{delay}:when={self.nth}"
        return ("strace", "-qq", "-o", "/run/jx-hold", *only, "-e", f"trace={self.call}", "-e", inject)


POINTS: Final = (
    Point(name="before the journal's sync of an admission", scene=Scene.PASSAGE, call="fdatasync", path=LOG),
    Point(
        name="after the journal's sync, before the relay",
        scene=Scene.PASSAGE,
        call="fdatasync",
        path=LOG,
        after=True,
        written=True,
    ),
    Point(name="before the relay's ioctl", scene=Scene.PASSAGE, call="ioctl", path=CHIP, written=True),
    Point(
        name="after the relay's ioctl, before it is let go",
        scene=Scene.PASSAGE,
        call="ioctl",
        path=CHIP,
        nth=2,
        written=True,
        moved=True,
    ),
    Point(name="before a document's sync", scene=Scene.DOCUMENT, call="fdatasync", path=LOG),
    Point(
        name="after the first sync for a document",
        scene=Scene.DOCUMENT,
        call="fdatasync",
        path=LOG,
        after=True,
    ),
    Point(
        name="after the second sync for a document",
        scene=Scene.DOCUMENT,
        call="fdatasync",
        path=LOG,
        after=True,
        nth=2,
    ),
    Point(name="in the log's writing back", scene=Scene.CHECKPOINT, call="pwrite64", path=FILE, nth=2),
    Point(
        name="before the file's sync after the log's writing back",
        scene=Scene.CHECKPOINT,
        call="fdatasync",
        path=FILE,
    ),
    Point(name="before the log's first sync", scene=Scene.FIRST_START, call="fdatasync", path=LOG),
    Point(
        name="before the sync of a new journal",
        scene=Scene.FIRST_START,
        call="fdatasync",
        path=LOG,
        nth=2,  # the first is the log's own header's
    ),
    Point(
        name="after the sync of a new journal, before its directory's",
        scene=Scene.FIRST_START,
        call="fdatasync",
        path=LOG,
        nth=2,
        after=True,
    ),
    Point(name="key written, certificate not yet", scene=Scene.ENROLMENT, call="fsync", nth=3),
)

_HELD: Final = """
held=0 tried=0
while [ $held -lt 5 ]; do
  tried=$((tried + 1)); [ $tried -le $3 ] || { echo "$state $number"; cat /run/jx-hold; exit 1; }
  state= number=
  while read -r key state rest; do [ "$key" != State: ] || break; done < /proc/$1/task/$1/status
  read -r number rest < /proc/$1/task/$1/syscall
  if [ "$state $number" = "t $2" ]; then held=$((held + 1)); else held=0; fi
  sleep 0.1
done
"""
"""A thread that stands in one system call under a tracer for half a second is held there."""


def attach(guest: Guest, point: Point, pid: int) -> None:
    """Let the main thread of a process stop at this point; its loop, journal and relay are in that thread."""
    words = (*point.words(), "-p", str(pid))
    guest.run("systemd-run", "--quiet", f"--unit={HOLD}", "--collect", *words)
    tracer = f"grep -q '^TracerPid:.[1-9]' /proc/{pid}/status"
    guest.until(
        lambda: guest.run("sh", "-c", tracer, check=False).code == 0, "strace is attached", ATTACHES_S
    )


def held(guest: Guest, point: Point, pid: int, limit_s: float = REACHES_S) -> None:
    """Wait until it stands there; SandboxError when it never comes."""
    number = NUMBERS[point.call]
    words = ("sh", "-uc", _HELD, "held", str(pid), str(number), str(round(limit_s * 10)))
    ran = guest.run(*words, timeout_s=limit_s * 2, check=False)
    if ran.code != 0:
        raise SandboxError(
            f"the gate never came to the point {point.name!r}: {ran.out[-600:]} {ran.err[-300:]}"
        )


def release(guest: Guest) -> None:
    """Let it go on."""
    guest.run("systemctl", "stop", f"{HOLD}.service")


def main_pid(guest: Guest, unit: str = UNIT) -> int:
    """0: it does not run."""
    return int(guest.run("systemctl", "show", "-P", "MainPID", unit).out)
