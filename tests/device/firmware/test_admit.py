from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware import admit
from device.firmware.admit import Code, Here, Recall, gating, judge, judge_code
from device.firmware.thermometry import Measurement
from wire.documents import Assignment, Direction, Hours, Permission, StaffRules
from wire.foreign.passes import Kind, Statement
from wire.policy import DEFAULT, LOOSEST, Choice, Measured, Policy, tightened
from wire.reasons import Colour, Reason, Verdict, verdict_of

NOW = 1_800_000_000  # Friday 2027-01-15 08:00:00 UTC
PHONE = Code(expires=NOW + 100, colour=Colour.GREEN, list_issued=NOW - 60, proof_issued=NOW - 3)
PAPER = replace(PHONE, proof_issued=None, paper=True)
DOSES = Statement(kind=Kind.VACCINATION, at=NOW - 30 * 86_400, doses=2, doses_needed=2)
TEST = Statement(kind=Kind.TEST, at=NOW - 3_600, positive=False)
FOREIGN = Code(expires=NOW + 100, colour=None, statements=(DOSES,))
POSITIVE = replace(FOREIGN, statements=(DOSES, replace(TEST, positive=True)))
HERE = Here(policy=DEFAULT, now_ms=NOW * 1000, doubt_ms=50, trust_issued=NOW - 60, trust_expires=NOW + 86_400)


def policy(**more):
    return replace(HERE, policy=replace(DEFAULT, **more))


def warm(body_c, uncertainty_c=0.3):
    return Measurement(
        object_c=34.0,
        ambient_c=22.0,
        surface_c=35.0,
        body_c=body_c,
        uncertainty_c=uncertainty_c,
        samples=5,
        taken_s=1.0,
    )


NORMAL = warm(36.5)

EARLY = {
    "a phone code in date has nothing against it": (PHONE, HERE, None),
    "a credential without its proof": (replace(PHONE, proof_issued=None), HERE, Reason.PROOF_MISSING),
    "a clock that was never set": (PHONE, replace(HERE, doubt_ms=None), Reason.CLOCK_DOUBT),
    "a clock worse than policy": (PHONE, replace(HERE, doubt_ms=10_001), Reason.CLOCK_DOUBT),
    "a clock just good enough": (PHONE, replace(HERE, doubt_ms=10_000), None),
    "red is red at any hour": (
        replace(PHONE, colour=Colour.RED),
        replace(HERE, doubt_ms=None),
        Reason.RED,
    ),
    "an expired code": (replace(PHONE, expires=NOW), HERE, Reason.EXPIRED),
    "an expired red code is expired": (replace(PHONE, expires=NOW, colour=Colour.RED), HERE, Reason.EXPIRED),
    "the oldest proof that counts": (replace(PHONE, proof_issued=NOW - 30), HERE, None),
    "a proof one second too old": (replace(PHONE, proof_issued=NOW - 31), HERE, Reason.PROOF_OLD),
    "the latest proof that counts": (replace(PHONE, proof_issued=NOW + 10), HERE, None),
    "a proof from the future": (replace(PHONE, proof_issued=NOW + 11), HERE, Reason.PROOF_FUTURE),
    "a proof used before": (replace(PHONE, recall=Recall.REPLAYED), HERE, Reason.PROOF_REPLAYED),
    "a person who just passed": (replace(PHONE, recall=Recall.PASSED), HERE, Reason.PASSED_BEFORE),
    "who turned red after passing": (
        replace(PHONE, colour=Colour.RED, recall=Recall.PASSED),
        HERE,
        Reason.RED,
    ),
    "a person still in front": (replace(PHONE, recall=Recall.SAME_VISIT), HERE, None),
    "a revoked code": (replace(PHONE, colour=Colour.REVOKED), HERE, Reason.REVOKED),
    "orange": (replace(PHONE, colour=Colour.ORANGE), HERE, Reason.ORANGE),
    "red": (replace(PHONE, colour=Colour.RED), HERE, Reason.RED),
    "yellow": (replace(PHONE, colour=Colour.YELLOW), HERE, Reason.YELLOW),
    "no information": (replace(PHONE, colour=Colour.NO_INFORMATION), HERE, Reason.NO_INFORMATION),
    "no information, where it is admitted": (
        replace(PHONE, colour=Colour.NO_INFORMATION),
        policy(no_information=Choice.ADMIT),
        None,
    ),
    "a list not held": (replace(PHONE, colour=None, list_issued=None), HERE, Reason.LIST_NOT_HELD),
    "a list not held, where that is refused": (
        replace(PHONE, colour=None, list_issued=None),
        policy(list_not_held=Choice.DENY),
        Reason.LIST_NOT_HELD_DENIED,
    ),
    "a list not held, where it is admitted": (
        replace(PHONE, colour=None, list_issued=None),
        policy(list_not_held=Choice.ADMIT),
        None,
    ),
    "a list too old": (replace(PHONE, list_issued=NOW - 86_401), HERE, Reason.LIST_OLD),
    "an old list still denies": (
        replace(PHONE, list_issued=NOW - 86_401, colour=Colour.RED),
        HERE,
        Reason.RED,
    ),
    "trust too old": (PHONE, replace(HERE, trust_issued=NOW - 30 * 86_400 - 1), Reason.TRUST_OLD),
    "trust expired": (PHONE, replace(HERE, trust_expires=NOW), Reason.TRUST_OLD),
    "paper": (PAPER, HERE, Reason.PAPER),
    "paper, where it is refused": (PAPER, policy(paper=Choice.DENY), Reason.PAPER_DENIED),
    "paper, where it is admitted": (PAPER, policy(paper=Choice.ADMIT), None),
    "a stranger where only staff may go": (PHONE, replace(HERE, staff_only=True), Reason.STAFF_NOT_LISTED),
    "staff where only staff may go": (replace(PHONE, staff=True), replace(HERE, staff_only=True), None),
    "staff where only staff may go, at another hour": (
        replace(PHONE, staff=True),
        replace(HERE, staff_only=True, staff_now=False),
        Reason.STAFF_HOURS,
    ),
    "a visitor before the venue opens": (PHONE, replace(HERE, visitors_now=False), Reason.VISITORS_LATER),
    "staff before the venue opens": (replace(PHONE, staff=True), replace(HERE, visitors_now=False), None),
    "staff without information before it opens, though policy admits visitors": (
        replace(PHONE, staff=True, colour=Colour.NO_INFORMATION),
        replace(policy(no_information=Choice.ADMIT), visitors_now=False),
        Reason.NO_INFORMATION,
    ),
    "staff of an unknown colour where only staff may go": (
        replace(PHONE, staff=True, colour=None, list_issued=None),
        replace(policy(list_not_held=Choice.ADMIT), staff_only=True),
        Reason.LIST_NOT_HELD,
    ),
    "staff at a visitors' hour are visitors": (
        replace(PHONE, staff=True),
        replace(HERE, staff_now=False, capacity=5, occupancy=5),
        Reason.FULL,
    ),
    "yellow, measured again": (replace(PHONE, colour=Colour.YELLOW, attended=True), HERE, None),
    "red, measured again": (replace(PHONE, colour=Colour.RED, attended=True), HERE, Reason.RED),
    "paper, its document checked": (replace(PAPER, document_checked=True), HERE, None),
    "paper, its document checked, where paper is refused": (
        replace(PAPER, document_checked=True),
        policy(paper=Choice.DENY),
        Reason.PAPER_DENIED,
    ),
    "a full house": (PHONE, replace(HERE, capacity=5, occupancy=5), Reason.FULL),
    "one place left": (PHONE, replace(HERE, capacity=5, occupancy=4), None),
    "a full house keeps nobody inside": (
        PHONE,
        replace(HERE, capacity=5, occupancy=5, direction=Direction.EXIT),
        None,
    ),
    "a full house has room for staff": (
        replace(PHONE, staff=True),
        replace(HERE, capacity=5, occupancy=9),
        None,
    ),
    "nobody knows how full it is": (PHONE, replace(HERE, capacity=5), None),
    "a pass": (FOREIGN, HERE, Reason.FOREIGN),
    "a pass, where it is admitted": (FOREIGN, policy(foreign=Choice.ADMIT), None),
    "a pass, where it is refused": (FOREIGN, policy(foreign=Choice.DENY), Reason.FOREIGN_DENIED),
    "a pass that counts for nothing": (
        replace(FOREIGN, statements=()),
        policy(foreign=Choice.ADMIT),
        Reason.NOTHING_COUNTS,
    ),
    "an old test, where passes are for the attendant anyway": (
        replace(FOREIGN, statements=(replace(TEST, at=NOW - 49 * 3_600),)),
        HERE,
        Reason.TEST_OLD,
    ),
    "a pass of nobody in particular, where passes are admitted": (
        replace(FOREIGN, anonymous=True),
        policy(foreign=Choice.ADMIT),
        Reason.FOREIGN,
    ),
    "a pass that never ends": (replace(FOREIGN, expires=None), policy(foreign=Choice.ADMIT), None),
    "an expired pass": (replace(FOREIGN, expires=NOW), HERE, Reason.EXPIRED),
    "a pass that begins now": (replace(FOREIGN, begins=NOW), policy(foreign=Choice.ADMIT), None),
    "a pass that has not begun": (replace(FOREIGN, begins=NOW + 1), HERE, Reason.NOT_YET_VALID),
    "a positive test": (POSITIVE, policy(foreign=Choice.ADMIT), Reason.FOREIGN_POSITIVE),
    "a positive test on an expired pass": (replace(POSITIVE, expires=NOW), HERE, Reason.EXPIRED),
    "a positive test is one at any hour": (
        POSITIVE,
        replace(HERE, doubt_ms=None),
        Reason.FOREIGN_POSITIVE,
    ),
    "a pass and a clock in doubt": (FOREIGN, replace(HERE, doubt_ms=None), Reason.CLOCK_DOUBT),
    "a pass that was here a moment ago": (
        replace(FOREIGN, recall=Recall.PASSED),
        policy(foreign=Choice.ADMIT),
        Reason.PASSED_BEFORE,
    ),
    "a pass and trust too old": (FOREIGN, replace(HERE, trust_expires=NOW), Reason.TRUST_OLD),
    "a pass where only staff may go": (FOREIGN, replace(HERE, staff_only=True), Reason.STAFF_NOT_LISTED),
    "a pass before the venue opens": (FOREIGN, replace(HERE, visitors_now=False), Reason.VISITORS_LATER),
    "a pass and a full house": (
        FOREIGN,
        replace(policy(foreign=Choice.ADMIT), capacity=5, occupancy=5),
        Reason.FULL,
    ),
    "a pass, where lists have to be held": (
        FOREIGN,
        policy(foreign=Choice.ADMIT, list_not_held=Choice.DENY),
        None,
    ),
    "a pass that an attendant compared": (replace(FOREIGN, document_checked=True), HERE, None),
    "an old test that an attendant looked at": (
        replace(FOREIGN, statements=(replace(TEST, at=0),), document_checked=True),
        HERE,
        None,
    ),
    "a positive test that an attendant looked at": (
        replace(POSITIVE, document_checked=True),
        HERE,
        Reason.FOREIGN_POSITIVE,
    ),
    "a pass that an attendant compared, where passes are refused": (
        replace(FOREIGN, document_checked=True),
        policy(foreign=Choice.DENY),
        Reason.FOREIGN_DENIED,
    ),
    "a pass whose holder an attendant only measured": (
        replace(FOREIGN, attended=True),
        HERE,
        Reason.FOREIGN,
    ),
}


@pytest.mark.parametrize(("code", "here", "reason"), EARLY.values(), ids=EARLY.keys())
def test_the_code_alone(code, here, reason):
    assert judge_code(code, here) is reason


LATE = {
    "normal": ((NORMAL,), False, Reason.GREEN),
    "nothing measured yet": ((), False, None),
    "nothing measured at all": ((), True, Reason.NO_TEMPERATURE),
    "high once is measured again": ((warm(38.5),), False, None),
    "high once and gone is no fever": ((warm(38.5),), True, Reason.TEMPERATURE_UNSURE),
    "high twice is fever": ((warm(38.5), warm(38.4)), False, Reason.FEVER),
    "high, then normal": ((warm(38.5), NORMAL), False, Reason.GREEN),
    "close is measured again": ((warm(37.3),), False, None),
    "close twice is referred": ((warm(37.3), warm(37.2)), False, Reason.TEMPERATURE_UNSURE),
    "exactly the uncertainty above is unsure": ((NORMAL, warm(37.6)), False, Reason.TEMPERATURE_UNSURE),
    "just more than the uncertainty above": ((NORMAL, warm(37.61)), False, Reason.FEVER),
    "exactly the uncertainty below is unsure": ((NORMAL, warm(37.0)), False, Reason.TEMPERATURE_UNSURE),
    "just more than the uncertainty below": ((warm(36.99),), False, Reason.GREEN),
    "too cold outside to tell": ((warm(None),), False, Reason.AMBIENT_OUTSIDE),
}


@pytest.mark.parametrize(("measured", "last", "reason"), LATE.values(), ids=LATE.keys())
def test_a_green_code_with_a_temperature(measured, last, reason):
    assert judge(PHONE, HERE, measured, last=last) is reason


def test_policy_may_name_the_surface():
    here = policy(measured=Measured.SURFACE, fever_c100=3500)
    assert judge(PHONE, here, (NORMAL, warm(36.5))) is Reason.TEMPERATURE_UNSURE


WELCOMES = {
    Reason.STAFF: (replace(PHONE, staff=True), HERE),
    Reason.PAPER_ADMITTED: (PAPER, policy(paper=Choice.ADMIT)),
    Reason.NO_INFORMATION_ADMITTED: (
        replace(PHONE, colour=Colour.NO_INFORMATION),
        policy(no_information=Choice.ADMIT),
    ),
    Reason.GREEN: (replace(PHONE, staff=True), replace(HERE, staff_now=False)),
    Reason.PAPER_CHECKED: (replace(PAPER, document_checked=True), HERE),
    Reason.MEASURED_AGAIN: (replace(PHONE, colour=Colour.YELLOW, attended=True), HERE),
    Reason.LIST_NOT_HELD_ADMITTED: (replace(PHONE, colour=None), policy(list_not_held=Choice.ADMIT)),
    Reason.FOREIGN_ADMITTED: (FOREIGN, policy(foreign=Choice.ADMIT)),
    Reason.FOREIGN_CHECKED: (replace(FOREIGN, document_checked=True), HERE),
}


@pytest.mark.parametrize("reason", WELCOMES)
def test_an_admission_says_what_it_rests_on(reason):
    code, here = WELCOMES[reason]
    assert judge(code, here, (NORMAL, NORMAL)) is reason


ATTENDED = replace(PHONE, attended=True)
TWICE = {
    "one normal": ((NORMAL,), False, None),
    "one normal alone": ((NORMAL,), True, Reason.NO_TEMPERATURE),
    "one high alone": ((warm(38.5),), True, Reason.TEMPERATURE_UNSURE),
    "nothing can be told": ((warm(None),), True, Reason.AMBIENT_OUTSIDE),
    "two normal": ((NORMAL, NORMAL), False, Reason.MEASURED_AGAIN),
    "high, then normal": ((warm(38.5), NORMAL), False, Reason.TEMPERATURE_UNSURE),
    "normal, then high": ((NORMAL, warm(38.5)), False, Reason.FEVER),
}


@pytest.mark.parametrize(("measured", "last", "reason"), TWICE.values(), ids=TWICE.keys())
def test_whom_an_attendant_measures_again_is_let_in_by_two_readings(measured, last, reason):
    assert judge(ATTENDED, HERE, measured, last=last) is reason


def test_a_code_that_went_bad_while_measuring_is_not_admitted():
    assert judge(PHONE, replace(HERE, now_ms=(NOW + 60) * 1000), (NORMAL,)) is Reason.PROOF_OLD


codes = st.builds(
    Code,
    expires=st.integers(NOW - 100, NOW + 100),
    colour=st.none() | st.sampled_from(Colour),
    list_issued=st.none() | st.integers(NOW - 200_000, NOW),
    proof_issued=st.none() | st.integers(NOW - 60, NOW + 60),
    paper=st.booleans(),
    staff=st.booleans(),
    recall=st.sampled_from(Recall),
    document_checked=st.booleans(),
    attended=st.booleans(),
)
foreign_codes = st.builds(
    Code,
    begins=st.none() | st.integers(NOW - 100, NOW + 100),
    expires=st.none() | st.integers(NOW - 100, NOW + 100),
    colour=st.none(),
    statements=st.lists(st.sampled_from([DOSES, TEST, replace(TEST, positive=True)]), max_size=3).map(tuple),
    anonymous=st.booleans(),
    recall=st.sampled_from([Recall.NEW, Recall.SAME_VISIT, Recall.PASSED]),
    document_checked=st.booleans(),
    attended=st.booleans(),
)
policies = st.builds(
    lambda base, paper, nothing, unheld, foreign: replace(
        base, paper=paper, no_information=nothing, list_not_held=unheld, foreign=foreign
    ),
    st.sampled_from([DEFAULT, LOOSEST]),
    st.sampled_from(Choice),
    st.sampled_from(Choice),
    st.sampled_from(Choice),
    st.sampled_from(Choice),
)
heres = st.builds(
    Here,
    policy=policies,
    now_ms=st.just(NOW * 1000),
    doubt_ms=st.none() | st.integers(0, 100_000),
    trust_issued=st.integers(NOW - 100 * 86_400, NOW),
    trust_expires=st.integers(NOW - 100, NOW + 100_000),
    direction=st.sampled_from(Direction),
    occupancy=st.none() | st.integers(0, 10),
    capacity=st.none() | st.integers(0, 10),
    staff_only=st.booleans(),
    visitors_now=st.booleans(),
    staff_now=st.booleans(),
)
measurements = st.lists(st.builds(warm, st.none() | st.floats(30, 43), st.floats(0, 1)), max_size=3).map(
    tuple
)


def allows(policy_: Policy, code: Code) -> bool:
    return (
        code.colour is Colour.GREEN
        or (code.colour is Colour.YELLOW and code.attended)
        or (code.colour is None and policy_.list_not_held is Choice.ADMIT)
        or (code.colour is Colour.NO_INFORMATION and policy_.no_information is Choice.ADMIT)
    )


@given(codes, heres, measurements, st.booleans())
def test_nobody_is_admitted_but_the_green_and_whom_policy_names_and_never_with_fever_or_in_doubt(
    code, here, measured, last
):
    reason = judge(code, here, measured, last=last)
    if last:
        assert reason is not None
    if reason is None or verdict_of(reason) is not Verdict.ADMIT:
        return
    assert allows(here.policy, code)
    assert here.visitors_now or (code.staff and here.staff_now)
    assert not here.clock_doubted
    assert code.recall in {Recall.NEW, Recall.SAME_VISIT}
    assert code.paper or -10 <= NOW - code.proof_issued <= 30 or here.policy is not DEFAULT
    assert not code.paper or here.policy.paper is Choice.ADMIT
    value = measured[-1].body_c if here.policy.measured is Measured.BODY else measured[-1].surface_c
    assert value * 100 < here.policy.fever_c100
    assert here.now_s < here.trust_expires


@given(foreign_codes, heres, measurements, st.booleans())
def test_a_pass_is_admitted_only_in_date_where_policy_or_an_attendant_says_so_and_never_staff(
    code, here, measured, last
):
    reason = judge(code, here, measured, last=last)
    if last:
        assert reason is not None
    if reason is None or verdict_of(reason) is not Verdict.ADMIT:
        return
    checked = Reason.FOREIGN_CHECKED if code.document_checked else Reason.FOREIGN_ADMITTED
    assert reason is (Reason.MEASURED_AGAIN if code.attended else checked)
    assert code.document_checked or (here.policy.foreign is Choice.ADMIT and not code.anonymous)
    assert here.policy.foreign is not Choice.DENY
    assert (code.begins or 0) <= NOW < (code.expires or NOW + 1)
    assert not here.roster_alone
    assert not here.clock_doubted
    assert not any(statement.positive for statement in code.statements)
    assert code.recall is not Recall.PASSED


@given(foreign_codes, heres, policies, measurements)
def test_a_stricter_policy_lets_nobody_in_with_a_pass_whom_the_looser_one_keeps_out(
    code, here, other, measured
):
    def admits(with_policy):
        reason = judge(code, replace(here, policy=with_policy), measured, last=True)
        return reason is not None and verdict_of(reason) is Verdict.ADMIT

    if admits(tightened(here.policy, other)):
        assert admits(here.policy)


@given(codes, heres)
def test_what_the_code_alone_decides_no_temperature_changes(code, here):
    early = judge_code(code, here)
    if early is not None:
        assert judge(code, here, (NORMAL,)) is early


ASSIGNMENT = Assignment(
    version=1,
    issued=NOW - 100,
    expires=NOW + 30 * 86_400,
    audience="a1b2c3d4e5f6",
    venue="v",
    venue_zh="馆",
    venue_en="Hall",
    category="library",
    location="",
    permission=Permission(region="r", scope="s", begins=NOW - 100, ends=NOW + 30 * 86_400),
    lane="1",
    direction=Direction.ENTRY,
    policy=DEFAULT,
    staff=(),
    hours=(),
    closed_days=(),
    utc_offset_min=480,
    closed=False,
)
FRIDAY_16 = NOW  # 08:00 UTC is 16:00 at +480
DAY = (NOW + 480 * 60) // 86_400


def hours(*rows):
    return replace(ASSIGNMENT, hours=tuple(Hours(weekday=d, opens_min=o, closes_min=c) for d, o, c in rows))


GATING = {
    "no hours means always open": (ASSIGNMENT, NOW, None),
    "no assignment": (None, NOW, Reason.NO_ASSIGNMENT),
    "an expired assignment": (ASSIGNMENT, NOW + 30 * 86_400, Reason.NO_ASSIGNMENT),
    "no permission": (replace(ASSIGNMENT, permission=None), NOW, Reason.NO_PERMISSION),
    "a permission not begun": (ASSIGNMENT, NOW - 101, Reason.NO_PERMISSION),
    "a permission that ended": (
        replace(ASSIGNMENT, permission=Permission(region="r", scope="s", begins=0, ends=NOW)),
        NOW,
        Reason.NO_PERMISSION,
    ),
    "closed by the authority": (replace(ASSIGNMENT, closed=True), NOW, Reason.CLOSED_BY_AUTHORITY),
    "a closed day": (replace(ASSIGNMENT, closed_days=(DAY,)), NOW, Reason.OUTSIDE_HOURS),
    "the day after a closed day": (replace(ASSIGNMENT, closed_days=(DAY - 1,)), NOW, None),
    "within hours, local time": (hours((4, 960, 1020)), NOW, None),
    "one minute before": (hours((4, 961, 1020)), NOW, Reason.OUTSIDE_HOURS),
    "at the last minute": (hours((4, 900, 960)), NOW, Reason.OUTSIDE_HOURS),
    "another weekday": (hours((5, 0, 1440)), NOW, Reason.OUTSIDE_HOURS),
    "overnight, before midnight": (hours((4, 1200, 360)), NOW + 5 * 3600, None),
    "overnight, after midnight": (hours((4, 1200, 360)), NOW + 12 * 3600, None),
    "overnight, in the morning": (hours((4, 1200, 360)), NOW + 15 * 3600, Reason.OUTSIDE_HOURS),
    "overnight from a closed day": (
        replace(hours((4, 1200, 360)), closed_days=(DAY,)),
        NOW + 12 * 3600,
        Reason.OUTSIDE_HOURS,
    ),
    "overnight into a closed day": (
        replace(hours((4, 1200, 360)), closed_days=(DAY + 1,)),
        NOW + 12 * 3600,
        None,
    ),
}


ROSTER = StaffRules(only=False, hours=(Hours(weekday=4, opens_min=900, closes_min=1000),), attendants=())
AT_NOON = (Hours(weekday=4, opens_min=720, closes_min=780),)

SHIFTS = {
    "no hours at all": (ASSIGNMENT, (True, True)),
    "staff come when visitors do": (hours((4, 960, 1020)), (True, True)),
    "closed to both": (hours((4, 961, 1020)), (False, False)),
    "staff hours while closed to visitors": (
        replace(hours((4, 1000, 1020)), staff_rules=ROSTER),
        (False, True),
    ),
    "staff hours on a closed day": (
        replace(ASSIGNMENT, closed_days=(DAY,), staff_rules=ROSTER),
        (False, True),
    ),
    "open, and no hour for staff": (
        replace(ASSIGNMENT, staff_rules=replace(ROSTER, hours=AT_NOON)),
        (True, False),
    ),
    "rules without hours": (
        replace(hours((4, 960, 1020)), staff_rules=replace(ROSTER, hours=())),
        (True, True),
    ),
    "the way out": (replace(hours((5, 0, 60)), direction=Direction.EXIT), (True, True)),
}


@pytest.mark.parametrize(("assignment", "expected"), SHIFTS.values(), ids=SHIFTS.keys())
def test_who_may_come_at_this_hour(assignment, expected):
    assert admit.hours_of(assignment, NOW) == expected
    assert (gating(assignment, NOW) is None) is any(expected)


def test_nobody_is_kept_inside_by_a_closed_venue():
    closed = replace(hours((5, 0, 60)), closed=True, direction=Direction.EXIT)
    assert gating(closed, NOW) is None
    assert gating(replace(closed, permission=None), NOW) is Reason.NO_PERMISSION


@pytest.mark.parametrize(("assignment", "now", "reason"), GATING.values(), ids=GATING.keys())
def test_whether_this_gate_may_scan(assignment, now, reason):
    assert gating(assignment, now) is reason


def test_every_rule_has_its_place_once():
    assert len(set(admit.RULES)) == len(admit.RULES)
