"""Where the text of a code or pass becomes a person to decide about: verified, looked up, remembered."""

from dataclasses import dataclass, replace

from device.firmware.admit import Code, Here, Recall, hours_of, judge_code
from device.firmware.attend import Case, attendants
from device.firmware.bearer import bearer
from device.firmware.clock import Reading
from device.firmware.errors import Unrecognised
from device.firmware.gather import parts_of
from device.firmware.memory import Memory, last_elsewhere
from device.firmware.recognise import Recognised, colour_of
from device.firmware.thermometry import Measurement
from device.firmware.trust import Beliefs
from wire import code as codes
from wire.documents import Direction, VenueState
from wire.errors import WireError
from wire.foreign import passes, reader, shc
from wire.messages import ClockTrust
from wire.reasons import Colour, Reason
from wire.subjects import digest_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whose code was verified, or whom an attendant vouches for, and what has been measured so far.

    Nobody's name is in here: what stands on paper is forgotten where it was read.
    """

    code: Code
    here: Here
    recognised: Recognised | None
    """None: nobody knows who it is; an attendant registered the person under a number."""
    first_s: float
    """When the code was first seen, monotonic."""
    since_s: float = 0.0
    """From when on samples count, monotonic."""
    measured: tuple[Measurement, ...] = ()
    again: Reason | None = None
    """The result of this very visit, given before."""
    case: Case | None = None
    """What an attendant does about this person."""

    @property
    def subject(self) -> bytes | None:
        """16 opaque bytes; None for somebody without a code, or with a pass that tells nobody from others."""
        return None if self.recognised is None else self.recognised.subject


def doubt_of(reading: Reading) -> int | None:
    """How far off the clock may be, in ms; None when nobody who signs has vouched for it."""
    return reading.doubt_ms if reading.trust is ClockTrust.SIGNED else None


def here_at(beliefs: Beliefs, reading: Reading, venue: VenueState | None, memory: Memory) -> Here:
    """What holds at this gate at this moment; whom this lane let through since joins the venue's count."""
    assignment, trust = beliefs.assignment, beliefs.trust
    ends = [document.expires for document in (beliefs.root, trust) if document is not None]
    here = Here(
        policy=beliefs.policy(),
        now_ms=reading.now_ms,
        doubt_ms=doubt_of(reading),
        trust_issued=trust.issued if trust else 0,
        trust_expires=min(ends) if trust else 0,
    )
    if assignment is None:
        return here
    occupancy = None
    if venue is not None and reading.now_s < venue.expires:
        since = memory.opened_since(venue.issued)
        occupancy = venue.occupancy + (since if assignment.direction is Direction.ENTRY else -since)
    visitors_now, staff_now = hours_of(assignment, reading.now_s)
    return replace(
        here,
        direction=assignment.direction,
        capacity=assignment.capacity,
        occupancy=occupancy,
        staff_only=assignment.staff_rules is not None and assignment.staff_rules.only,
        visitors_now=visitors_now,
        staff_now=staff_now,
    )


def _time_at(here: Here) -> int | None:
    """Unix seconds; None in doubt: a wrong clock makes no issuer unknown, but refers under its own name."""
    return None if here.clock_doubted else here.now_s


class Desk:
    """Examines texts against what is believed and remembered. For the loop thread."""

    def __init__(self, beliefs: Beliefs, memory: Memory) -> None:
        self.beliefs = beliefs
        self.memory = memory
        self.venue: VenueState | None = None

    def stale(self, now_s: int) -> bool:
        """Whether the venue's count or its other lanes matter here, and nothing is heard of them."""
        assignment = self.beliefs.assignment
        counts = assignment is not None and assignment.capacity is not None
        return now_s >= self.venue.expires if self.venue is not None else counts

    def examine(self, text: str, first_s: float, reading: Reading) -> Person | Reason:
        """Whose code this is, or the reason why nobody's: then nothing about it is verified."""
        here = here_at(self.beliefs, reading, self.venue, self.memory)
        try:
            recognised = self.beliefs.recognise(_parsed(text), _time_at(here))
        except WireError:
            return Reason.MALFORMED
        except Unrecognised as error:
            return error.reason
        recall = self._recall(recognised, here)
        code = self._code(recognised, recall)
        recognised = replace(recognised, paper=None)
        subject = recognised.subject if recall is Recall.SAME_VISIT else None
        again = None if subject is None else self.memory.result(subject)
        return Person(code=code, here=here, recognised=recognised, first_s=first_s, again=again)

    def name_on(self, text: str, reading: Reading) -> tuple[str, ...]:
        """What an attendant compares with a document, signed by the issuer; none: no name, or not verified.

        Nothing here keeps them; the caller lets go of them within seconds.
        """
        here = here_at(self.beliefs, reading, self.venue, self.memory)
        try:
            parsed = _parsed(text)
            paper = self.beliefs.recognise(parsed, _time_at(here)).paper
        except (WireError, Unrecognised):
            return ()
        if not isinstance(parsed, codes.Unverified):
            return bearer(parsed)
        return () if paper is None else (paper.masked_name, paper.id_tail)

    def guest(self, case: Case, first_s: float, reading: Reading) -> Person:
        """Somebody without a code, to be measured under the number of `case`."""
        here = here_at(self.beliefs, reading, self.venue, self.memory)
        code = Code(expires=here.now_s + 1, colour=Colour.GREEN, proof_issued=here.now_s)
        return Person(code=code, here=here, recognised=None, first_s=first_s, case=case)

    def attends(self, person: Person, reading: Reading) -> bool:
        """Whether this staff code, shown now, makes its holder the attendant: its proof opened nothing."""
        subject, proof_issued = person.subject, person.code.proof_issued
        if subject is None or proof_issued is None:
            return False
        return not self.memory.used(subject, proof_issued) and self.may_attend(person, reading)

    def may_attend(self, person: Person, reading: Reading) -> bool:
        """Whether somebody is an attendant by now: on the roster, and green as anybody on it has to be.

        Who passed a moment ago may attend. How old their list is does not matter: it is about who they are.
        Where it is not held at all, they attend where policy lets such people in; where it is lost meanwhile,
        they go on.
        """
        if person.subject is None or digest_of(person.subject) not in attendants(self.beliefs.assignment):
            return False
        try:
            now = self.again(person, reading)
        except Unrecognised:
            return False
        colour = person.code.colour if now.code.colour is None else now.code.colour
        code = replace(now.code, colour=colour, recall=Recall.NEW, staff=True, list_issued=None)
        return colour in {Colour.GREEN, None} and judge_code(code, now.here) is None

    def again(self, person: Person, reading: Reading) -> Person:
        """The same person, of the colour that the list has by now, at this gate as it is by now.

        Whether code and proof were in date is not asked again: they were when they were shown. Unrecognised
        when the list has no colour for them any more.
        """
        here = here_at(self.beliefs, reading, self.venue, self.memory)
        here = replace(here, now_ms=person.here.now_ms, doubt_ms=person.here.doubt_ms)
        recognised, colour = person.recognised, person.code.colour
        if recognised is not None:
            colour = self._colour(recognised)
            recognised = replace(recognised, colour=colour)
        return replace(person, here=here, recognised=recognised, code=replace(person.code, colour=colour))

    def _colour(self, recognised: Recognised) -> Colour | None:
        """The colour by now; None: the list is held no more. Unrecognised as at first sight."""
        place = recognised.place
        token = None if place is None else self.beliefs.lists.get(place.uri)
        return None if token is None or place is None else colour_of(token, place.index)

    def _recall(self, recognised: Recognised, here: Here) -> Recall:
        subject, repeat_s = recognised.subject, here.policy.repeat_s
        if subject is None:
            return Recall.NEW
        there = last_elsewhere(self.venue, subject, here.now_s)
        same_way = there is not None and there.direction is here.direction
        if there is not None and same_way and here.now_s - there.at < repeat_s:
            return Recall.PASSED
        turned_s = there.at if there is not None and not same_way else None
        return self.memory.recall(subject, recognised.proof_issued, here.now_s, repeat_s, turned_s)

    def _code(self, recognised: Recognised, recall: Recall) -> Code:
        code = Code(
            begins=recognised.begins,
            expires=recognised.expires,
            colour=recognised.colour,
            list_issued=recognised.list_issued,
            proof_issued=recognised.proof_issued,
            paper=recognised.paper is not None,
            statements=recognised.statements,
            anonymous=recognised.subject is None,
            recall=recall,
        )
        assignment = self.beliefs.assignment
        if assignment is None or recognised.subject is None or code.foreign:
            return code
        digest, rules = digest_of(recognised.subject), assignment.staff_rules
        return replace(
            code,
            staff=digest in assignment.staff,
            attendant=rules is not None and digest in rules.attendants,
        )


def _parsed(text: str) -> codes.Unverified | passes.Unverified:
    """A code, or a pass whole or in parts; WireError when it is neither."""
    if codes.is_code(text):
        return codes.parse(text)
    parts = parts_of(text)
    return reader.parse(text) if len(parts) == 1 else shc.parse(parts)


def early(person: Person) -> Reason | None:
    """The verdict that needs no temperature; None: measure."""
    return judge_code(person.code, person.here)
