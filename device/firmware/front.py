"""The place in front of the lane: where codes in view and samples become a verdict about a person."""

from dataclasses import dataclass, field, replace
from typing import Final

from device.firmware import attention
from device.firmware.admit import judge
from device.firmware.attention import Attention, Glance
from device.firmware.clock import Reading
from device.firmware.desk import Desk, Person, early
from device.firmware.lane import CountRefusal, Effect, Event, GiveUp, StartMeasuring
from device.firmware.lane_table import On, State
from device.firmware.stage import Stage, took
from device.firmware.thermometry import Hint
from wire.reasons import Reason, Verdict, verdict_of

HINT_EVERY_S: Final = 0.8
"""Words that change faster cannot be read."""
BEFORE_CODE_S: Final = 1.0
"""Samples from just before the code count: who holds up a phone stands there already."""
TICK_S: Final = 1e-6

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
    _hint_at_s: float = 0.0
    _first_s: float = 0.0
    _since_s: float = 0.0

    def __post_init__(self) -> None:
        self.stage.elsewhere = self._perform

    def step(self, now_s: float, now: Reading) -> None:
        """React to what is in view, once each, and to what was measured."""
        latest = self.stage.health.organs.camera.take()
        if latest is not None:
            self.sight = attention.notice(*latest, self.sight)
        if self.sight.texts and self.stage.expects(On.SEEN):
            measuring = self.stage.lane.state is State.MEASURING
            glance, self.sight = (attention.interruption if measuring else attention.glance)(self.sight)
            if glance is not None:
                self._react(glance, now_s, now)
        if self.stage.lane.state is State.MEASURING and self.stage.person is not None:
            self._measure(self.stage.person, now_s, now)

    def _react(self, glance: Glance, now_s: float, now: Reading) -> None:
        stage = self.stage
        found = None if glance.text is None else self.desk.examine(glance.text, glance.first_s, now)
        since_s = max(stage.lane.since_s, now_s - BEFORE_CODE_S)
        if stage.lane.state is State.MEASURING:
            if self._is_in_front(found) or self._interrupted(glance, now_s, now):
                return
            since_s = now_s  # one person's temperature never stands beside another one's code
        if found is None:
            stage.book.narrator.verdict("hint", glance.hint, None, None)
            stage.happen(Event(on=On.ASKED, reason=glance.hint), now_s, now)
            return
        self._first_s, self._since_s = glance.first_s, since_s
        stage.happen(Event(on=On.SEEN), now_s, now)
        if isinstance(found, Reason):
            stage.happen(Event(on=On.REFUSE, reason=found), now_s, now)
            return
        stage.person = found
        # A remembered result is shown once more, but never in the place of what the list says by now.
        reason = early(found) or found.again
        if reason is None:
            stage.happen(Event(on=On.MEASURE), now_s, now)
            return
        again = reason is found.again
        if again:
            stage.book.narrator.verdict("again", reason, took(self._first_s, now_s), None)
        self._decide(reason, now_s, now, again=again)

    def _interrupted(self, glance: Glance, now_s: float, now: Reading) -> bool:
        """Another code came up: who has a reading already gets a verdict, or could try until one is low."""
        person = self.stage.person
        if person is not None and person.measured:
            self.sight = replace(self.sight, answered=frozenset())
            self._give_up(now_s, now)
            return True
        self.sight = replace(self.sight, answered=frozenset((glance.text,) if glance.text else ()))
        return False

    def _is_in_front(self, found: Person | Reason | None) -> bool:
        """Whether it is the next proof of the phone whose holder is being measured."""
        person = self.stage.person
        return isinstance(found, Person) and person is not None and found.subject == person.subject

    def _measure(self, person: Person, now_s: float, now: Reading) -> None:
        senses = self.stage.health.organs.senses
        if not senses.usable:
            self._give_up(now_s, now)
            return
        result = senses.measured(person.since_s, person.here.policy.site)
        if isinstance(result, Hint):
            self._hint(result, now_s, now)
            return
        person = replace(person, measured=(*person.measured, result), since_s=result.taken_s + TICK_S)
        self.stage.person = person
        reason = judge(person.code, person.here, person.measured)
        if reason is not None:
            self._decide(reason, now_s, now)

    def _give_up(self, now_s: float, now: Reading) -> None:
        person = self.stage.person
        reason = judge(person.code, person.here, person.measured, last=True) if person else None
        self._decide(reason or Reason.NO_TEMPERATURE, now_s, now)

    def _perform(self, effect: Effect, now_s: float, now: Reading) -> None:
        person = self.stage.person
        match effect:
            case StartMeasuring() if person is not None:
                self.stage.person = replace(person, since_s=self._since_s, measured=())
            case CountRefusal(reason):
                self.stage.book.refused(reason, now_s, took(self._first_s, now_s))
            case GiveUp():
                self._give_up(now_s, now)

    def _hint(self, hint: Hint, now_s: float, now: Reading) -> None:
        """Say what helps, but not before it has been so for a moment."""
        lane = self.stage.lane
        if hint is not lane.hint and now_s - max(self._hint_at_s, lane.since_s) >= HINT_EVERY_S:
            self._hint_at_s = now_s
            self.stage.happen(Event(on=On.HINTED, hint=hint), now_s, now)

    def _decide(self, reason: Reason, now_s: float, now: Reading, *, again: bool = False) -> None:
        event = Event(on=_VERDICTS[verdict_of(reason)], reason=reason, again=again)
        self.stage.happen(event, now_s, now)
