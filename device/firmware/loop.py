"""The shell: reads what happened, steps the lane, and keeps its health; it never waits and never decides."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from device.firmware import readiness
from device.firmware.attendant import Attendant
from device.firmware.clock import Clock, Reading
from device.firmware.door import Happening
from device.firmware.errors import GateError
from device.firmware.front import Front
from device.firmware.lane import Event
from device.firmware.lane_table import On, State
from device.firmware.stage import Hand, Stage
from wire.documents import VenueState
from wire.messages import Event as Kind
from wire.messages import Result
from wire.messages import State as Told

HEALTH_EVERY_S: Final = 0.5
CLOCK_STEP_MS: Final = 2_000
IDLE_WAIT_S: Final = 0.1
BUSY_WAIT_S: Final = 0.03

_ONS: Final = {
    Happening.PASSED: On.PASSED,
    Happening.BUTTON: On.BUTTON,
    Happening.FIRE: On.FIRE,
    Happening.FIRE_OVER: On.FIRE_OVER,
}
_KINDS: Final = {
    Happening.FORCED_OPEN: (Kind.FORCED_OPEN, None),
    Happening.HELD_OPEN: (Kind.HELD_OPEN, None),
    Happening.TAMPER: (Kind.TAMPER, "opened"),
    Happening.TAMPER_OVER: (Kind.TAMPER, "closed"),
    Happening.FIRE_OVER: (Kind.FIRE, "over"),
}


class Office(Protocol):
    """The fleet, as the loop sees it; nothing here waits. Times are monotonic seconds."""

    online: bool
    """Whether the gate is connected."""
    withheld: bool
    """Whether a document exists that did not arrive."""
    silent: bool
    """Whether nothing has told for too long which documents exist."""
    unkept: bool
    """Whether something that is believed could not be written down yet."""
    venue: VenueState | None
    """What the other lanes said last."""

    def step(self, now_s: float, now: Reading, state: Callable[[bytes], Told]) -> bool:
        """Take in what has come and send what is due; whether something that is believed has changed."""
        ...

    def changed(self, now_s: float) -> None:
        """The gate's state is another one."""
        ...

    def answer(self, result: Result) -> None:
        """What became of a command that took a while."""
        ...

    def stop(self) -> None:
        """Say goodbye."""
        ...


@dataclass(slots=True, kw_only=True)
class Gate:
    """One gate at work. `step` is called by one thread, again and again."""

    clock: Clock
    stage: Stage
    front: Front
    office: Office
    system_ms: Callable[[], int]
    attendant: Attendant = field(init=False)
    _now_s: float = 0.0
    """When the last step was."""
    _check_at_s: float = 0.0
    _told: tuple[object, ...] = ()

    def __post_init__(self) -> None:
        self.attendant = Attendant(self.stage, self.front)

    def step(self, now_s: float) -> float:
        """Do what is to be done at `now_s` (monotonic); returns the seconds until the next step, at most."""
        self._now_s, now = now_s, self.clock.read(now_s, self.system_ms())
        stage, organs = self.stage, self.stage.health.organs
        organs.senses.sample(now_s, now.now_s)
        for happening in organs.door.step(now_s, stage.longest_open_s()):
            self._contact(happening, now_s, now)
        self.front.step(now_s, now)
        self.attendant.step(now_s, now)
        stage.timer(now_s, now)
        stage.write(lambda: stage.book.flush(now_s, now), now_s)
        if self._office(now_s, now) or now_s >= self._check_at_s:
            self._check(now_s, now)
        return IDLE_WAIT_S if stage.lane.state in {State.IDLE, State.OUT_OF_SERVICE} else BUSY_WAIT_S

    def close(self) -> None:
        """Shut the barrier: nothing is held open by a program that has ended; what was counted is kept."""
        self.stage.health.organs.door.close(0.0)
        now_s, stage = self._now_s, self.stage
        now = self.clock.read(now_s, self.system_ms())
        stage.write(lambda: stage.book.flush(now_s, now, at_once=True), now_s)

    def _office(self, now_s: float, now: Reading) -> bool:
        lane, health = self.stage.lane.state, self.stage.health
        if (lane, health.found) != self._told:
            self._told = (lane, health.found)
            self.office.changed(now_s)
        try:
            changed = self.office.step(
                now_s, now, lambda session: health.state(session, now, self.stage.lane.state.value)
            )
        except GateError as error:  # a card that cannot be read; what is believed still stands
            self.stage.failed(error, now_s)
            changed = False
        self.front.desk.venue = self.office.venue
        return changed

    def _contact(self, happening: Happening, now_s: float, now: Reading) -> None:
        """One edge of a contact: an event for the journal, for the lane, or for both."""
        stage = self.stage
        if happening in _KINDS:
            kind, word = _KINDS[happening]
            stage.write(lambda: stage.book.write(kind, now, word=word), now_s)
        if happening is Happening.STEPPED_IN:
            self.front.stepped_in(now_s)
        if happening is Happening.BUTTON and stage.durations.button == "attendant":
            self.attendant.pressed()
            return
        if happening is Happening.BUTTON:
            stage.hand = Hand(word="button")
        on = _ONS.get(happening)
        if on is not None and (on is not On.PASSED or stage.expects(on)):
            stage.happen(Event(on=on), now_s, now)

    def _check(self, now_s: float, now: Reading) -> None:
        """Look at the gate's own health, and let the lane know whether it may serve."""
        self._check_at_s = now_s + HEALTH_EVERY_S
        stage, health = self.stage, self.stage.health
        jump_ms = self.clock.step_ms(now_s, now.now_ms)
        if abs(jump_ms) >= CLOCK_STEP_MS:
            stage.write(lambda: stage.book.write(Kind.CLOCK_STEP, now, word=f"{jump_ms:+d} ms"), now_s)
        office = self.office
        health.online, health.withheld, health.unkept = office.online, office.withheld, office.unkept
        health.silent = office.silent
        health.venue_stale = self.front.desk.stale(now.now_s)
        health.check(now_s, now)
        reason = readiness.shown(health.found)
        idle = stage.lane.state in {State.STARTING, State.OUT_OF_SERVICE}
        if health.ready and idle:
            stage.happen(Event(on=On.READY), now_s, now)
        out = stage.lane.state is State.OUT_OF_SERVICE and stage.lane.reason is reason
        if not health.ready and not out and not health.organs.door.fire and stage.expects(On.NOT_READY):
            stage.happen(Event(on=On.NOT_READY, reason=reason), now_s, now)
