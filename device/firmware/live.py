"""What the running gate tells about itself: a small file in memory that one process writes."""

import fcntl
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from device.firmware.clock import UNBOUNDED_MS
from device.firmware.config import GateConfig
from device.firmware.evidence import DATABASE
from device.firmware.loop import Gate
from device.firmware.narrate import Narrator
from device.firmware.version import FIRMWARE
from wire.reason_words import REASONS

NAME: Final = "state.json"
EVERY_S: Final = 1.0
OLD_S: Final = 5.0
"""A gate that has written nothing for so long hangs, or is gone."""
_MODE: Final = 0o644  # whoever may log in may ask; there is nothing about people in it


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One moment of a running gate. No subject, no name, no temperature of anybody."""

    gate: str
    pid: int
    written_at: float
    """Unix seconds by the system's clock."""
    uptime_s: float
    firmware: str
    ready: bool
    lane: str
    reason: str | None = None
    """Why the lane is so: the code of the reason, as the screen shows it."""
    troubles: tuple[str, ...] = ()
    """Names of `wire.health.Trouble`, in lower case."""
    failures: Mapping[str, str] = {}
    """What a part that has failed says about it."""
    gauges: Mapping[str, int] = {}
    clock: str = "none"
    """Name of `wire.messages.ClockTrust`, in lower case."""
    clock_doubt_ms: int | None = None
    """None: nobody has vouched for the time."""
    now_ms: int = 0
    """What the gate believes the time to be, unix milliseconds."""
    online: bool = False
    backlog: int = 0
    held: Mapping[str, int] = {}
    """Versions of root, trust and assignment; how many lists."""
    attendant: bool = False
    """Attendant mode is on."""


@dataclass(slots=True)
class LiveFile:
    """The writing side, for the loop thread. Times are monotonic seconds."""

    config: GateConfig
    narrator: Narrator
    begun_s: float
    _at_s: float = 0.0
    _last: tuple[object, ...] = ()
    _failed: bool = False

    def tell(self, gate: Gate, now_s: float) -> None:
        """Write, when something has changed or a second has gone; a missing directory stops nothing."""
        stage = gate.stage
        state = (stage.lane.state, stage.health.found, gate.office.online)
        if now_s < self._at_s and state == self._last:
            return
        self._at_s, self._last = now_s + EVERY_S, state
        try:
            _write(place(self.config), msgspec.json.encode(told(gate, self.config.gate, self.begun_s, now_s)))
        except OSError as error:
            if not self._failed:
                self.narrator.say("state not told", why=f"{place(self.config)}: {error.strerror}")
            self._failed = True
        else:
            self._failed = False

    def remove(self) -> None:
        """Nobody runs any more."""
        with suppress(OSError):
            place(self.config).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Running:
    """What was read: what the gate told last, and how long ago."""

    told: Told
    age_s: float


def place(config: GateConfig) -> Path:
    """Where the running gate of this configuration writes."""
    return Path(config.run) / NAME


def told(gate: Gate, name: str, begun_s: float, now_s: float) -> Told:
    """This moment of a gate."""
    stage = gate.stage
    health, lane = stage.health, stage.lane
    now = gate.clock.read(now_s, gate.system_ms())
    state = health.state(bytes(16), now, lane.state.value)
    organs = health.organs
    failures = {
        "camera": organs.camera.failure,
        "thermometer": organs.senses.failure,
        "barrier": organs.door.failure,
    }
    held = state.held
    return Told(
        gate=name,
        pid=os.getpid(),
        written_at=time.time(),
        uptime_s=round(now_s - begun_s, 1),
        firmware=FIRMWARE,
        ready=state.ready,
        lane=lane.state.value,
        reason=None if lane.reason is None else REASONS[lane.reason].code,
        troubles=tuple(trouble.name.lower() for trouble in state.troubles),
        failures={part: words for part, words in failures.items() if words},
        gauges=dict(state.gauges),
        clock=state.clock.name.lower(),
        clock_doubt_ms=None if state.clock_doubt_ms >= UNBOUNDED_MS else state.clock_doubt_ms,
        now_ms=state.at_ms,
        online=gate.office.online,
        backlog=state.backlog,
        held={
            "root": held.root,
            "trust": held.trust,
            "assignment": held.assignment,
            "lists": len(held.lists),
        },
        attendant=gate.attendant.shift.on,
    )


def listen(config: GateConfig) -> Running | None:
    """What the running gate said last; None when none runs, or it has not written for `OLD_S`."""
    try:
        found = msgspec.json.decode(place(config).read_bytes(), type=Told)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    age_s = abs(time.time() - found.written_at)
    if found.gate != config.gate or age_s > OLD_S or not _alive(found.pid):
        return None
    return Running(found, age_s)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, for readers: not durable, for there is no card below it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), _MODE)
        file.write(data)
    fresh.replace(path)


def in_use(config: GateConfig) -> bool:
    """Whether a gate holds the files of this configuration, whatever it tells."""
    try:
        descriptor = os.open(Path(config.data) / f"{DATABASE}.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
