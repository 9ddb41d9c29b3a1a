"""The place in front of the lane: where codes in view and samples become a verdict about a person."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from device.firmware import attention
from device.firmware.admit import judge
from device.firmware.attention import Attention, Glance
from device.firmware.clock import Reading
from device.firmware.desk import Desk, Person, early
from device.firmware.lane import CountRefusal, Effect, Event, GiveUp, StartMeasuring
from device.firmware.lane_table import On, State
from device.firmware.scan import mark_of
from device.firmware.stage import Stage, took
from device.firmware.thermometry import Hint
from wire.reasons import Reason, Verdict, verdict_of

HINT_EVERY_S: Final = 0.8
"""Words that change faster cannot be read."""
BEFORE_CODE_S: Final = 1.0
"""Samples from just before the code count: who holds up a phone stands there already."""
TICK_S: Final = 1e-6
SHOWN_S: Final = 0.8
"""A verdict stands at least this long before the next code takes its place: two words can be read in it."""
ANEW: Final = frozenset({Reason.PROOF_OLD, Reason.PROOF_FUTURE, Reason.PROOF_REPLAYED, Reason.PROOF_MISSING})
"""Verdicts that the same person's next proof can undo."""
STANDING: Final = frozenset(
    {
        Reason.FEVER,
        Reason.TEMPERATURE_UNSURE,
        Reason.NO_TEMPERATURE,
        Reason.AMBIENT_OUTSIDE,
        Reason.DOCUMENT_DIFFERS,
    }
)
"""Results that stand for a visit although nothing is against the code."""

_VERDICTS: Final = {
    Verdict.ADMIT: On.ADMIT,
    Verdict.DENY: On.DENY,
    Verdict.REFER: On.REFER,
    Verdict.WAIT: On.WAIT,
}


@dataclass(slots=True)
class Front:
    """For the loop thread; `now_s` is monotonic seconds."""

    stage: Stage
    desk: Desk
    sight: Attention = field(default_factory=Attention)
    attends: Callable[[Person, float, Reading], bool] = field(default=lambda *_: False)
    """Asked of everybody: whether this is the attendant who was called, and attendant mode has begun."""
    _hint_at_s: float = 0.0
    _first_s: float = 0.0
    _since_s: float = 0.0
    _stepped_in_s: float | None = None
    """When the last person who was let in was seen in the passage; None: not seen there."""
    _own: bytes = b""
    """The mark of a text in view that is known to be of the person whose verdict is shown."""

    def __post_init__(self) -> None:
        self.stage.elsewhere = self._perform

    def step(self, now_s: float, now: Reading) -> None:
        """React to what is in view, once each, and to what was measured."""
        latest = self.stage.health.organs.camera.take()
        self.sight = (
            attention.notice(*latest, self.sight) if latest else attention.unwatched(self.sight, now_s)
        )
        lane, person = self.stage.lane, self.stage.person
        if lane.state is not State.ADMITTING and not (lane.state is State.IDLE and self.stage.went_through):
            self._stepped_in_s = None
        if lane.state not in {State.DENIED, State.REFERRED}:
            self._own = b""
        attended = lane.state is State.MEASURING and person is not None and person.case is not None
        if self.sight.in_view and self.stage.expects(On.SEEN) and not attended:
            glance = self._glance(now_s)
            if glance is not None:
                self._react(glance, now_s, now)
        if self.stage.lane.state is State.MEASURING and self.stage.person is not None:
            self._measure(self.stage.person, now_s, now)

    def begin(self, person: Person, now_s: float, now: Reading) -> None:
        """Measure somebody whom an attendant has looked at, from now on; the lane must expect it."""
        self.stage.person = person
        self._first_s, self._since_s = person.first_s, now_s
        reason = early(person)
        if reason is None:
            self.stage.happen(Event(on=On.MEASURE), now_s, now)
        else:
            self.decide(reason, now_s, now)

    def ask_anew(self) -> None:
        """What is in view is to be looked at once more, whatever it was answered before."""
        self.sight = replace(self.sight, answered=frozenset())

    def stepped_in(self, now_s: float) -> None:
        """Who stands in the passage is before the thermometer no longer: the next one's turn begins."""
        lane, before_s = self.stage.lane, self._stepped_in_s
        if lane.state is State.ADMITTING and (before_s is None or before_s < lane.since_s):
            self._stepped_in_s = now_s

    def _glance(self, now_s: float) -> Glance | None:
        """What to react to; a verdict that is shown gives way to one other code, and to nothing else."""
        lane = self.stage.lane
        if lane.state in {State.DENIED, State.REFERRED}:
            if now_s - lane.since_s < SHOWN_S or self._own in self.sight.in_view:
                return None
            glance, sight = attention.interruption(self.sight)
            if glance is None or glance.text is None:
                return None
        else:
            measuring = lane.state is State.MEASURING
            glance, sight = (attention.interruption if measuring else attention.glance)(self.sight)
        self.sight = sight
        return glance

    def _from_s(self, glance: Glance, now_s: float) -> float:
        """From when on a temperature can be nobody's but that of who shows this code, monotonic seconds."""
        lane = self.stage.lane
        if lane.state is State.MEASURING:
            return now_s  # one person's temperature never stands beside another one's code
        if lane.state in {State.DENIED, State.REFERRED}:
            return max(lane.since_s, glance.first_s)
        free_s = lane.since_s
        if lane.state is State.IDLE and self._stepped_in_s is not None:
            free_s = self._stepped_in_s
        return max(free_s, glance.first_s - BEFORE_CODE_S)

    def _react(self, glance: Glance, now_s: float, now: Reading) -> None:
        stage = self.stage
        found = None if glance.text is None else self.desk.examine(glance.text, glance.first_s, now)
        if stage.lane.state is State.MEASURING and (
            self._is_in_front(found) or self._interrupted(glance, now_s, now)
        ):
            return
        if isinstance(found, Person) and self.attends(found, now_s, now):
            return
        if stage.lane.state in {State.DENIED, State.REFERRED} and self._is_answered(found, glance):
            return
        if found is None:
            stage.book.narrator.verdict("hint", glance.hint, None, None)
            stage.happen(Event(on=On.ASKED, reason=glance.hint), now_s, now)
            return
        self._first_s, self._since_s = glance.first_s, self._from_s(glance, now_s)
        stage.happen(Event(on=On.SEEN), now_s, now)
        if isinstance(found, Reason):
            stage.person = None
            stage.happen(Event(on=On.REFUSE, reason=found), now_s, now)
            return
        stage.person = found
        # A remembered result is shown once more, but never in the place of what the list says by now.
        reason = early(found) or (found.again if found.again in STANDING else None)
        if reason is None:
            stage.happen(Event(on=On.MEASURE), now_s, now)
            return
        again = reason is found.again
        if again:
            stage.book.narrator.verdict("again", reason, took(self._first_s, now_s), None)
        self.decide(reason, now_s, now, again=again)

    def _is_answered(self, found: Person | Reason | None, glance: Glance) -> bool:
        """Whether it is the next proof of who has just got a verdict, which no proof can change."""
        if not self._is_in_front(found) or self.stage.lane.reason in ANEW:
            return False
        self._own = mark_of(glance.text or "")
        self.sight = replace(self.sight, answered=self.sight.answered - {self._own})
        return True

    def _interrupted(self, glance: Glance, now_s: float, now: Reading) -> bool:
        """Another code came up: who has a reading already gets a verdict, or could try until one is low."""
        person = self.stage.person
        if person is not None and person.measured:
            self.sight = replace(self.sight, answered=frozenset())
            self.give_up(now_s, now)
            return True
        self.sight = replace(self.sight, answered=frozenset((mark_of(glance.text),) if glance.text else ()))
        return False

    def _is_in_front(self, found: Person | Reason | None) -> bool:
        """Whether it is the next proof of the phone whose holder is being measured."""
        person = self.stage.person
        if not isinstance(found, Person) or person is None or found.subject is None:
            return False
        return found.subject == person.subject

    def _measure(self, person: Person, now_s: float, now: Reading) -> None:
        senses = self.stage.health.organs.senses
        if not senses.usable:
            self.give_up(now_s, now)
            return
        result = senses.measured(person.since_s, person.here.policy.site)
        if isinstance(result, Hint):
            self._hint(result, now_s, now)
            return
        person = replace(person, measured=(*person.measured, result), since_s=result.taken_s + TICK_S)
        self.stage.person = person
        reason = judge(person.code, person.here, person.measured)
        if reason is not None:
            self.decide(reason, now_s, now)

    def give_up(self, now_s: float, now: Reading) -> None:
        """Decide with what was measured so far."""
        person = self.stage.person
        reason = judge(person.code, person.here, person.measured, last=True) if person else None
        self.decide(reason or Reason.NO_TEMPERATURE, now_s, now)

    def _perform(self, effect: Effect, now_s: float, now: Reading) -> None:
        person = self.stage.person
        match effect:
            case StartMeasuring() if person is not None:
                self.stage.person = replace(person, since_s=self._since_s, measured=())
            case CountRefusal(reason):
                self.stage.book.refused(reason, now_s, took(self._first_s, now_s))
            case GiveUp():
                self.give_up(now_s, now)

    def _hint(self, hint: Hint, now_s: float, now: Reading) -> None:
        """Say what helps, but not before it has been so for a moment."""
        lane = self.stage.lane
        if hint is not lane.hint and now_s - max(self._hint_at_s, lane.since_s) >= HINT_EVERY_S:
            self._hint_at_s = now_s
            self.stage.happen(Event(on=On.HINTED, hint=hint), now_s, now)

    def decide(self, reason: Reason, now_s: float, now: Reading, *, again: bool = False) -> None:
        """Give the verdict about the person in front; who has no code is admitted as registered."""
        person = self.stage.person
        if person is not None and person.recognised is None and reason is Reason.GREEN:
            reason = Reason.REGISTERED
        event = Event(on=_VERDICTS[verdict_of(reason)], reason=reason, again=again)
        self.stage.happen(event, now_s, now)
