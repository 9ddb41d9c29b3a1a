"""What an attendant does about people at a gate: each deed ends in an event in the attendant's name."""

from dataclasses import dataclass, replace
from typing import Final

from device.firmware.admit import judge_code
from device.firmware.attend import JUST_S, MEASURABLE, Case
from device.firmware.clock import Reading
from device.firmware.desk import Person
from device.firmware.errors import GateError, Unrecognised
from device.firmware.front import Front
from device.firmware.lane import Event
from device.firmware.lane_table import On
from device.firmware.shift import Shift
from device.firmware.stage import Hand, Last, Stage
from wire.attendance import registration_number
from wire.reasons import Reason

REGISTERED: Final = "registered"
"""The counter of numbers given to people without a code."""


@dataclass(slots=True)
class Deeds:
    """For the loop thread; `now_s` is monotonic seconds."""

    stage: Stage
    front: Front
    shift: Shift
    person: Person | None = None
    """Whose code was shown where one was asked for."""
    number: str = ""
    """The registration number that was made last."""

    def forget(self) -> None:
        """Let go of whoever was in hand."""
        self.person, self.number = None, ""

    def found(self, person: Person, now_s: float, now: Reading, *, paper: bool) -> bool:
        """Take somebody in hand by their code; False: what is against the code is the verdict here, too."""
        code = replace(person.code, document_checked=paper, attended=not paper)
        self.person = replace(person, code=code, case=self._case(now_s, person))
        against = judge_code(code, person.here)
        if against is not None:
            self._decide(against, now_s, now)
        return against is None

    def known(self, now_s: float, now: Reading) -> bool:
        """Take the person in hand who was just sent to the attendant for a temperature, if there is one."""
        last = self._last(now_s)
        if last is None or last.reason not in MEASURABLE or last.person.recognised is None:
            return False
        try:
            person = self.front.desk.again(last.person, now)
        except Unrecognised:
            return False
        self.person = replace(
            person,
            code=replace(person.code, attended=True),
            case=self._case(now_s, person),
            first_s=now_s,
            measured=(),
        )
        return judge_code(self.person.code, person.here) is None

    def measure(self, now_s: float, now: Reading) -> None:
        """Measure who is in hand, as anybody."""
        if self.person is None:
            return
        try:
            person = self.front.desk.again(self.person, now)
        except Unrecognised as error:
            self._decide(error.reason, now_s, now)
        else:
            self.front.begin(person, now_s, now)

    def differs(self, now_s: float, now: Reading) -> None:
        """Deny: the paper code is another person's."""
        self._decide(Reason.DOCUMENT_DIFFERS, now_s, now)

    def next_number(self, now_s: float) -> str:
        """A registration number that was not given before, kept before it is shown; "" when it cannot be."""
        store = self.stage.book.store
        try:
            store.bump(REGISTERED)
            store.save_counters()
            self.number = registration_number(store.gate, store.counters()[REGISTERED])
        except GateError as error:
            self.stage.failed(error, now_s)
            self.number = ""
        return self.number

    def register(self, now_s: float, now: Reading) -> None:
        """Measure who was given the number."""
        if self.number:
            case = Case(attendant=self.shift.attendant, number=self.number)
            self.front.begin(self.front.desk.guest(case, now_s, now), now_s, now)

    def open(self, word: str, now_s: float, now: Reading) -> None:
        """Open by hand, for a reason."""
        self.stage.hand = Hand(word=word, case=self._case(now_s))
        self.stage.happen(Event(on=On.BUTTON), now_s, now)

    def _decide(self, reason: Reason, now_s: float, now: Reading) -> None:
        self.stage.person = self.person
        self.front.decide(reason, now_s, now)

    def _case(self, now_s: float, person: Person | None = None) -> Case:
        """In the attendant's name, about what called them: for a person only about what was said of them."""
        last = self._last(now_s)
        about = last is not None and (person is None or last.person.subject == person.subject is not None)
        return Case(attendant=self.shift.attendant, about=last.sequence if last and about else None)

    def _last(self, now_s: float) -> Last | None:
        """The denial or referral of a moment ago."""
        last = self.stage.last
        return None if last is None or last.admitted or now_s - last.at_s > JUST_S else last
