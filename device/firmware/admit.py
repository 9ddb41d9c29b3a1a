"""The verdict: what is known about a code, a person and this gate, against policy, as ordered rules.

`gating` asks whether this gate may scan now. `judge_code` runs when a code was read, so that a bad code is
refused before anybody is measured; `judge` is asked again with each measurement. The first rule that
speaks wins; the order is: what the clock cannot tell, what is out of date, what the list or a positive test
says, what was used before, what policy refuses, what is too old to rely on, what policy leaves to an
attendant, who may enter here and now, what a pass of another system is worth, and last whether there is room.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from device.firmware import counts
from device.firmware.thermometry import Measurement
from wire.documents import Assignment, Direction, Hours
from wire.foreign.passes import Statement
from wire.policy import Choice, Measured, Policy
from wire.reasons import Colour, Reason

DAY_S: Final = 86_400
DAY_MIN: Final = 1_440
EPOCH_WEEKDAY: Final = 3  # 1970-01-01 was a Thursday; 0 is Monday
MOST_MEASUREMENTS: Final = 2
_HIGH: Final = {Reason.FEVER, Reason.TEMPERATURE_UNSURE}


class Recall(Enum):
    """What the gate remembers about a subject and this very proof."""

    NEW = "new"
    SAME_VISIT = "same visit"
    REPLAYED = "replayed"
    PASSED = "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What verification told about a code or a pass; times unix seconds."""

    begins: int | None = None
    expires: int | None
    """None: never."""
    colour: Colour | None
    """None when the list is not held, and for a pass of another system."""
    list_issued: int | None = None
    proof_issued: int | None = None
    paper: bool = False
    staff: bool = False
    attendant: bool = False
    """On the roster as one who may act as an attendant."""
    statements: tuple[Statement, ...] | None = None
    """What a pass of another system states; None: it is a code of ours."""
    anonymous: bool = False
    """It has no subject: whoever shows it cannot be told again."""
    recall: Recall = Recall.NEW
    document_checked: bool = False
    """An attendant has compared the paper code, or the pass, with a document, and it is theirs."""
    attended: bool = False
    """An attendant asked for this measurement, after the person was referred."""

    @property
    def foreign(self) -> bool:
        """Whether it is a pass of another system. Like paper it has no proof: anybody may hold a copy."""
        return self.statements is not None

    @property
    def unlisted(self) -> bool:
        """Whether it is a code of ours whose list is not held."""
        return self.colour is None and not self.foreign


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What holds at this gate now. `doubt_ms` None: the clock was never set by anybody who signs."""

    policy: Policy
    now_ms: int
    doubt_ms: int | None
    trust_issued: int
    trust_expires: int
    direction: Direction = Direction.ENTRY
    occupancy: int | None = None
    """People inside, from the venue's state and this lane since; None: not known now, decide alone."""
    capacity: int | None = None
    staff_only: bool = False
    visitors_now: bool = True
    """Whether the venue is open to everybody at this hour."""
    staff_now: bool = True
    """Whether this is an hour for people on the roster."""

    @property
    def now_s(self) -> int:
        """Unix seconds."""
        return self.now_ms // 1000

    @property
    def roster_alone(self) -> bool:
        """Whether only people on the roster may enter: here, or at this hour."""
        return self.staff_only or not self.visitors_now

    @property
    def clock_doubted(self) -> bool:
        """Whether the clock is worse than policy allows."""
        return self.doubt_ms is None or self.doubt_ms > self.policy.clock_doubt_ms


_DENYING: Final = {Colour.REVOKED: Reason.REVOKED, Colour.RED: Reason.RED, Colour.ORANGE: Reason.ORANGE}


def _unproved(code: Code, here: Here) -> Reason | None:  # noqa: ARG001 - one signature for every rule
    """A phone's credential alone is a copy anybody could hold."""
    copied = code.proof_issued is None and not code.paper and not code.foreign
    return Reason.PROOF_MISSING if copied else None


def _clock(code: Code, here: Here) -> Reason | None:
    """Without a clock nothing is fresh; but what list or pass deny, they deny at any hour."""
    return Reason.CLOCK_DOUBT if here.clock_doubted and _denied(code, here) is None else None


def _dates(code: Code, here: Here) -> Reason | None:
    if here.clock_doubted:
        return None
    if code.expires is not None and here.now_s >= code.expires:
        return Reason.EXPIRED
    if code.begins is not None and here.now_s < code.begins:
        return Reason.NOT_YET_VALID
    if code.proof_issued is None:
        return None
    if code.proof_issued - here.now_s > here.policy.proof_future_s:
        return Reason.PROOF_FUTURE
    return Reason.PROOF_OLD if here.now_s - code.proof_issued > here.policy.proof_past_s else None


def _replay(code: Code, here: Here) -> Reason | None:  # noqa: ARG001 - one signature for every rule
    return {Recall.PASSED: Reason.PASSED_BEFORE, Recall.REPLAYED: Reason.PROOF_REPLAYED}.get(code.recall)


def _denied(code: Code, here: Here) -> Reason | None:  # noqa: ARG001 - one signature for every rule
    if code.statements is not None and counts.positive(code.statements):
        return Reason.FOREIGN_POSITIVE
    return None if code.colour is None else _DENYING.get(code.colour)


def _refused_by_policy(code: Code, here: Here) -> Reason | None:
    if code.paper and here.policy.paper is Choice.DENY:
        return Reason.PAPER_DENIED
    if code.foreign and here.policy.foreign is Choice.DENY:
        return Reason.FOREIGN_DENIED
    if code.unlisted and here.policy.list_not_held is Choice.DENY:
        return Reason.LIST_NOT_HELD_DENIED
    return None


def _too_old(code: Code, here: Here) -> Reason | None:
    if here.now_s - here.trust_issued > here.policy.trust_age_s or here.now_s >= here.trust_expires:
        return Reason.TRUST_OLD
    held = code.list_issued is not None
    return Reason.LIST_OLD if held and here.now_s - (code.list_issued or 0) > here.policy.list_age_s else None


def _referred(code: Code, here: Here) -> Reason | None:
    """Policy cannot deny a person without information: the strictest answer there is asks the attendant.

    Where the roster alone counts, nothing but green does, whatever policy says of visitors.
    """
    if code.colour is Colour.YELLOW and not code.attended:
        return Reason.YELLOW
    if code.unlisted and (here.roster_alone or here.policy.list_not_held is not Choice.ADMIT):
        return Reason.LIST_NOT_HELD
    if code.colour is Colour.NO_INFORMATION and (
        here.roster_alone or here.policy.no_information is not Choice.ADMIT
    ):
        return Reason.NO_INFORMATION
    open_ = code.document_checked or here.policy.paper is Choice.ADMIT
    return Reason.PAPER if code.paper and not open_ else None


def _staff(code: Code, here: Here) -> Reason | None:
    if here.staff_only and not code.staff:
        return Reason.STAFF_NOT_LISTED
    if here.staff_only and not here.staff_now:
        return Reason.STAFF_HOURS
    if here.visitors_now or (code.staff and here.staff_now):
        return None
    return Reason.VISITORS_LATER


def _foreign(code: Code, here: Here) -> Reason | None:
    """What a pass states, and then whether that is enough here. What refers it an attendant can answer.

    Asked after the roster: who may not enter at all is not sent to anybody with a pass.
    """
    if code.statements is None or code.document_checked:
        return None
    reason = counts.against(code.statements, here.policy, here.now_s)
    if reason is not None:
        return reason
    return Reason.FOREIGN if code.anonymous or here.policy.foreign is not Choice.ADMIT else None


def _full(code: Code, here: Here) -> Reason | None:
    """Nobody is kept inside by a full house, and staff are not visitors."""
    if here.capacity is None or here.occupancy is None or here.direction is Direction.EXIT:
        return None
    if code.staff and here.staff_now:
        return None
    return Reason.FULL if here.occupancy >= here.capacity else None


Rule: TypeAlias = Callable[[Code, Here], Reason | None]

RULES: Final[tuple[Rule, ...]] = (
    _unproved,
    _clock,
    _dates,
    _denied,
    _replay,
    _refused_by_policy,
    _too_old,
    _referred,
    _staff,
    _foreign,
    _full,
)
"""Asked from the top; the first answer is the verdict."""


def judge_code(code: Code, here: Here) -> Reason | None:
    """What the code alone decides; None: nothing against it, a temperature is needed."""
    return next((reason for rule in RULES if (reason := rule(code, here)) is not None), None)


def judge(code: Code, here: Here, measured: tuple[Measurement, ...], *, last: bool = False) -> Reason | None:
    """The verdict with the measurements so far, oldest first; None: measure (once more).

    The newest one counts. `last`: there will be no other, and one high reading alone is no fever. Whom an
    attendant has measured again after a referral is let in by two readings, and not by one of two.
    """
    against = judge_code(code, here)
    if against is not None:
        return against
    if not measured:
        return Reason.NO_TEMPERATURE if last else None
    found = _temperature(here.policy, measured[-1])
    if len(measured) < MOST_MEASUREMENTS and (found in _HIGH or code.attended):
        alone = Reason.TEMPERATURE_UNSURE if found in _HIGH else found or Reason.NO_TEMPERATURE
        return alone if last else None
    if found is None and code.attended and _temperature(here.policy, measured[-2]) in _HIGH:
        return Reason.TEMPERATURE_UNSURE
    return found or _welcome(code, here)


def _temperature(policy: Policy, measurement: Measurement) -> Reason | None:
    """Fever needs a temperature above the threshold by more than the uncertainty; so does its absence."""
    wanted_c = measurement.body_c if policy.measured is Measured.BODY else measurement.surface_c
    if wanted_c is None:
        return Reason.AMBIENT_OUTSIDE
    over_c100 = round(wanted_c * 100) - policy.fever_c100
    unsure_c100 = round(measurement.uncertainty_c * 100)
    if over_c100 > unsure_c100:
        return Reason.FEVER
    return Reason.TEMPERATURE_UNSURE if over_c100 >= -unsure_c100 else None


def _welcome(code: Code, here: Here) -> Reason:
    rows = (
        (code.unlisted, Reason.LIST_NOT_HELD_ADMITTED),
        (code.paper and code.document_checked, Reason.PAPER_CHECKED),
        (code.attended, Reason.MEASURED_AGAIN),
        (code.foreign and code.document_checked, Reason.FOREIGN_CHECKED),
        (code.foreign, Reason.FOREIGN_ADMITTED),
        (code.colour is Colour.NO_INFORMATION, Reason.NO_INFORMATION_ADMITTED),
        (code.paper, Reason.PAPER_ADMITTED),
        (code.staff and here.staff_now, Reason.STAFF),
    )
    return next((reason for holds, reason in rows if holds), Reason.GREEN)


def hours_of(assignment: Assignment, now_s: int) -> tuple[bool, bool]:
    """Whether visitors may enter at this hour, and whether people on the roster may.

    Without hours of their own, people on the roster come when visitors do; with them, on closed days too.
    Nobody is kept inside by a closed venue: the way out knows no hours.
    """
    if assignment.direction is Direction.EXIT:
        return True, True
    offset_min, rules = assignment.utc_offset_min, assignment.staff_rules
    visitors = _open(assignment.hours, assignment.closed_days, offset_min, now_s)
    staff = _open(rules.hours, (), offset_min, now_s) if rules and rules.hours else visitors
    return visitors, staff


def gating(assignment: Assignment | None, now_s: int) -> Reason | None:
    """Why this gate may not scan at all now; None: it may, for visitors or at least for staff."""
    if assignment is None or now_s >= assignment.expires:
        return Reason.NO_ASSIGNMENT
    permission = assignment.permission
    if permission is None or not permission.begins <= now_s < permission.ends:
        return Reason.NO_PERMISSION
    if assignment.closed and assignment.direction is Direction.ENTRY:
        return Reason.CLOSED_BY_AUTHORITY
    return None if any(hours_of(assignment, now_s)) else Reason.OUTSIDE_HOURS


def _open(periods: tuple[Hours, ...], closed_days: tuple[int, ...], offset_min: int, now_s: int) -> bool:
    """Whether a period, begun today or last night, holds; a closed day closes what begins on it."""
    day, second = divmod(now_s + offset_min * 60, DAY_S)
    return any(
        begun not in closed_days
        and (
            (not periods and begun == day)
            or any(_holds(hours, begun, (day - begun) * DAY_MIN + second // 60) for hours in periods)
        )
        for begun in (day, day - 1)
    )


def _holds(hours: Hours, begun_day: int, minute: int) -> bool:
    """Whether a period that began on `begun_day` still runs `minute` minutes after that midnight."""
    if hours.weekday != (begun_day + EPOCH_WEEKDAY) % 7:
        return False
    overnight = hours.closes_min <= hours.opens_min
    return hours.opens_min <= minute < hours.closes_min + (DAY_MIN if overnight else 0)
