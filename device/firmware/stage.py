"""The lane on its feet: steps the table and performs its effects in order on journal, door and screen."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from device.drivers import DriverError
from device.firmware import screens
from device.firmware.attend import NOBODY, Case
from device.firmware.book import Book
from device.firmware.clock import Reading
from device.firmware.config_parts import Lane as Durations
from device.firmware.desk import Person
from device.firmware.errors import GateError, JournalError
from device.firmware.health import Health
from device.firmware.lane import (
    CloseBarrier,
    Effect,
    Event,
    Journal,
    Lane,
    OpenBarrier,
    Show,
    Times,
    due,
    expects,
    step,
)
from device.firmware.lane_table import On, State
from device.firmware.memory import Memory
from wire.messages import Event as Kind
from wire.reasons import Reason, Verdict, verdict_of

MOMENT_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who opens by hand, and why: `word` is the button, a command or a reason that an attendant chose."""

    word: str
    case: Case = NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The last verdict that was written down: about whom, what, when, and as which event."""

    person: Person
    reason: Reason
    sequence: int
    at_s: float

    @property
    def admitted(self) -> bool:
        """Whether the barrier was opened on account of it."""
        return verdict_of(self.reason) is Verdict.ADMIT


def took(first_s: float, now_s: float) -> int:
    """Milliseconds from first sight; a frame may be younger than the step that looks at it."""
    return max(0, round((now_s - first_s) * 1000))


@dataclass(slots=True, kw_only=True)
class Stage:
    """One lane. For the loop thread; `now_s` is monotonic seconds."""

    book: Book
    health: Health
    memory: Memory
    durations: Durations
    lane: Lane = field(default_factory=Lane)
    person: Person | None = None
    """Who stands in front, once verified."""
    elsewhere: Callable[[Effect, float, Reading], None] = field(default=lambda *_: None)
    """Performs what concerns the person in front: measuring and counting."""
    watch: Callable[[float, Reading], None] = field(default=lambda *_: None)
    """Called after every step of the lane."""
    hand: Hand = field(default=Hand(word="button"))
    """Who opens by hand, should the lane let them."""
    moment_s: Callable[[float], float] = field(default=lambda now_s: now_s)
    """What time it is by now, within the step that began at `now_s`: a worn card takes long to write."""
    last: Last | None = None
    went_through: bool = False
    """Whether whom the barrier opened for last was seen to go through."""
    _passage: int | None = None
    """Sequence of the event on whose account the barrier is open."""
    _admitted: Person | None = None

    def expects(self, on: On) -> bool:
        """Whether the lane has a row for this event now."""
        return expects(self.lane, on)

    def times(self) -> Times:
        """How long things last, by policy and configuration."""
        policy, lasts = self.book.beliefs.policy(), self.durations
        return Times(
            pulse_s=policy.pulse_ms / 1000,
            longest_open_s=min(self.longest_open_s(), self._passing_s(policy.pulse_ms / 1000)),
            measure_s=lasts.measure_s,
            denied_s=lasts.denied_s,
            referred_s=lasts.referred_s,
            waiting_s=lasts.waiting_s,
        )

    def longest_open_s(self) -> float:
        """How long the way may stand open for one person, by policy."""
        return self.book.beliefs.policy().longest_open_ms / 1000

    def _passing_s(self, pulse_s: float) -> float:
        """How long to wait for somebody to pass: no sensor tells, the next person comes after a moment."""
        return float("inf") if self.health.organs.door.has_passage_sensor else pulse_s + MOMENT_S

    def timer(self, now_s: float, now: Reading) -> None:
        """Let the state end when its time is over; who stands in the passage then is let through."""
        if due(self.lane, now_s):
            inside = self.lane.state is State.ADMITTING and self.health.organs.door.somebody_inside
            self.happen(Event(on=On.PASSED if inside else On.TIMER), now_s, now)

    def happen(self, event: Event, now_s: float, now: Reading) -> None:
        """Step the lane and perform what follows; a failure drops the rest and is an event itself."""
        self._happen(event, now_s, now)
        self.watch(now_s, now)

    def _happen(self, event: Event, now_s: float, now: Reading) -> None:
        self.lane, effects = step(self.lane, event, self.times(), now_s)
        for effect in effects:
            try:
                self._perform(effect, now_s, now)
            except JournalError as error:
                self.failed(error, now_s)
                self._happen(Event(on=On.JOURNAL_FAILED), now_s, now)
                return
            except DriverError as error:
                self.book.narrator.say("barrier failed", why=str(error))
                if self.lane.state is not State.EVACUATING:
                    self._happen(Event(on=On.BARRIER_FAILED), now_s, now)
                    return

    def write(self, write: Callable[[], object], now_s: float) -> None:
        """Write what nothing depends on; a failure shows as a trouble, and is not tried at every step."""
        if self.health.journal_working:
            try:
                write()
            except JournalError as error:
                self.failed(error, now_s)

    def failed(self, error: GateError, now_s: float) -> None:
        """The journal could not be written, or the card not be read."""
        if self.health.journal_working:  # said once, and not at every step until it heals
            self.book.narrator.say("journal failed", why=str(error))
        self.health.journal_failed(now_s)

    def _perform(self, effect: Effect, now_s: float, now: Reading) -> None:
        door = self.health.organs.door
        match effect:
            case Journal(kind):
                self._journal(kind, now_s, now)
            case OpenBarrier(hold_s):
                self._open(hold_s, now_s)
                if hold_s is not None:
                    self.memory.opened(now.now_s)
            case CloseBarrier():
                door.close(now_s)
            case Show(state, reason, hint):
                self.health.organs.presenter.show(screens.card(state, reason, hint))
            case _:
                self.elsewhere(effect, now_s, now)

    def _open(self, hold_s: float | None, now_s: float) -> None:
        """Open from now on, not from when the step began: what was written in between takes nothing of it."""
        opened_s = self.moment_s(now_s)
        self.health.organs.door.open(opened_s, hold_s, self.longest_open_s())
        if self.lane.until_s is not None:
            self.lane = replace(self.lane, until_s=self.lane.until_s + opened_s - now_s)

    def _journal(self, kind: Kind, now_s: float, now: Reading) -> None:
        if kind is Kind.PASSAGE:
            self._verdict(now_s, now)
        elif kind is Kind.OPENED_BY_HAND:
            self._admitted = None
            hand = self.hand
            self._passage = self.book.write(
                kind, now, word=hand.word, attendant=hand.case.attendant, about=hand.case.about
            ).sequence
        elif kind is Kind.FIRE:
            self.book.write(kind, now, word="begun")
        else:
            self._passed(kind, now)

    def _verdict(self, now_s: float, now: Reading) -> None:
        person, reason = self.person, self.lane.reason
        if person is None or reason is None:
            raise JournalError("a verdict about nobody; nothing was written, restart the gate")
        took_ms = took(person.first_s, now_s)
        self._passage = self.book.passage(person, reason, now, took_ms).sequence
        self._admitted = person if self.lane.state is State.ADMITTING else None
        self.last = Last(person=person, reason=reason, sequence=self._passage, at_s=now_s)
        if person.subject is not None:
            self.memory.decided(person.subject, person.code.proof_issued, reason, now.now_s)

    def _passed(self, kind: Kind, now: Reading) -> None:
        """Without a sensor nobody knows: nothing is claimed, but the person is taken to have passed.

        Where the barrier did not open, everybody knows.
        """
        opened = self.lane.state is not State.OUT_OF_SERVICE
        known = self.health.organs.door.has_passage_sensor or not opened
        self.went_through = known and kind is Kind.PASSED
        if opened and known and kind is Kind.NOT_PASSED:
            self.memory.stayed()
        subject = None if self._admitted is None else self._admitted.subject
        if subject is not None and (kind is Kind.PASSED or not known):
            self.memory.passed(subject, now.now_s)
        self._admitted = None
        if known:
            self.book.write(kind, now, about=self._passage)
