"""What counts of a pass: windows, results, and that a stricter policy never lets more people in."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware.counts import against, positive
from wire.foreign.passes import Kind, Statement
from wire.policy import DEFAULT, tightened
from wire.reasons import Reason, Verdict, verdict_of

DAY_S, HOUR_S = 86_400, 3_600
NOON = 20_000 * DAY_S + 12 * HOUR_S
TODAY = NOON - 12 * HOUR_S
POLICY = replace(
    DEFAULT,
    foreign_test_h=48,
    foreign_doses_from_d=14,
    foreign_doses_until_d=270,
    foreign_recovery_from_d=11,
    foreign_recovery_until_d=180,
)
DOSE = Statement(kind=Kind.VACCINATION, at=TODAY - 30 * DAY_S, doses=2, doses_needed=2)
TEST = Statement(kind=Kind.TEST, at=NOON - 10 * HOUR_S, positive=False)
RECOVERY = Statement(kind=Kind.RECOVERY, at=TODAY - 60 * DAY_S)
PASS = Statement(kind=Kind.PASS)


def days_ago(statement, days):
    return replace(statement, at=TODAY - days * DAY_S)


ONE_BY_ONE = {
    "all doses, in the window": (DOSE, None),
    "more doses than it takes": (replace(DOSE, doses=3), None),
    "one of two doses": (replace(DOSE, doses=1), Reason.DOSES_MISSING),
    "nobody knows how many doses": (replace(DOSE, doses=None), Reason.DOSES_MISSING),
    "nobody knows how many doses it takes": (replace(DOSE, doses_needed=None), Reason.DOSES_MISSING),
    "the first day on which a dose counts": (days_ago(DOSE, 14), None),
    "a day too early": (days_ago(DOSE, 13), Reason.DOSES_OUTSIDE),
    "the last day on which a dose counts": (days_ago(DOSE, 270), None),
    "a day too late": (days_ago(DOSE, 271), Reason.DOSES_OUTSIDE),
    "a booster of today": (days_ago(replace(DOSE, doses=3), 0), None),
    "a booster of today after a single dose": (days_ago(replace(DOSE, doses=2, doses_needed=1), 0), None),
    "a booster of today that is counted into the series": (
        days_ago(replace(DOSE, doses=3, doses_needed=3), 0),
        None,
    ),
    "a booster of tomorrow": (days_ago(replace(DOSE, doses=3), -1), Reason.DOSES_OUTSIDE),
    "a booster on its last day": (days_ago(replace(DOSE, doses=3), 270), None),
    "a booster a day too late": (days_ago(replace(DOSE, doses=3), 271), Reason.DOSES_OUTSIDE),
    "two of four doses": (days_ago(replace(DOSE, doses_needed=4), 30), Reason.DOSES_MISSING),
    "the second of two, of today": (days_ago(DOSE, 0), Reason.DOSES_OUTSIDE),
    "a single dose of today": (days_ago(replace(DOSE, doses=1, doses_needed=1), 0), Reason.DOSES_OUTSIDE),
    "a dose of tomorrow": (days_ago(DOSE, -1), Reason.DOSES_OUTSIDE),
    "a dose without a date": (replace(DOSE, at=None), Reason.DOSES_OUTSIDE),
    "a negative test": (TEST, None),
    "the oldest test that counts": (replace(TEST, at=NOON - 48 * HOUR_S), None),
    "a test a second too old": (replace(TEST, at=NOON - 48 * HOUR_S - 1), Reason.TEST_OLD),
    "a test of this moment": (replace(TEST, at=NOON), None),
    "a test of the future": (replace(TEST, at=NOON + 1), Reason.NOTHING_COUNTS),
    "a test without a date": (replace(TEST, at=None), Reason.NOTHING_COUNTS),
    "a test without a result": (replace(TEST, positive=None), Reason.NOTHING_COUNTS),
    "a positive test": (replace(TEST, positive=True), Reason.NOTHING_COUNTS),
    "a recovery": (RECOVERY, None),
    "the first day of a recovery": (days_ago(RECOVERY, 11), None),
    "a day before a recovery": (days_ago(RECOVERY, 10), Reason.RECOVERY_OUTSIDE),
    "the last day of a recovery": (days_ago(RECOVERY, 180), None),
    "a day after a recovery": (days_ago(RECOVERY, 181), Reason.RECOVERY_OUTSIDE),
    "a recovery without a date": (replace(RECOVERY, at=None), Reason.RECOVERY_OUTSIDE),
    "a recovery that its issuer lets begin and end today": (
        replace(RECOVERY, begins=TODAY + 23 * HOUR_S, ends=TODAY),
        None,
    ),
    "a recovery that its issuer lets begin tomorrow": (
        replace(RECOVERY, begins=TODAY + DAY_S),
        Reason.RECOVERY_OUTSIDE,
    ),
    "a recovery that its issuer let end yesterday": (
        replace(RECOVERY, ends=TODAY - 1),
        Reason.RECOVERY_OUTSIDE,
    ),
    "a pass that only says that it is one": (PASS, None),
    "a kind that nobody knows": (replace(PASS, kind=Kind(0)), Reason.NOTHING_COUNTS),
}


@pytest.mark.parametrize("case", ONE_BY_ONE)
def test_a_statement_counts_or_has_its_reason(case):
    statement, reason = ONE_BY_ONE[case]
    assert against((statement,), POLICY, NOON) is reason


def test_a_pass_that_states_nothing_counts_for_nothing():
    assert against((), POLICY, NOON) is Reason.NOTHING_COUNTS


def test_one_statement_that_counts_is_enough():
    assert against((replace(DOSE, doses=1), TEST), POLICY, NOON) is None


def test_of_several_reasons_the_same_one_is_told_whatever_their_order():
    two = (replace(TEST, at=NOON - 50 * HOUR_S), replace(DOSE, doses=1))
    assert against(two, POLICY, NOON) is against(two[::-1], POLICY, NOON) is Reason.DOSES_MISSING


def test_only_a_test_is_positive():
    assert positive((DOSE, replace(TEST, positive=True)))
    assert not positive((TEST, replace(TEST, positive=None), replace(DOSE, positive=True)))
    assert not positive(())


small_days = st.integers(0, 400)
statements = st.builds(
    Statement,
    kind=st.sampled_from(list(Kind)),
    at=st.none() | st.integers(NOON - 400 * DAY_S, NOON + 3 * DAY_S),
    doses=st.none() | st.integers(0, 4),
    doses_needed=st.none() | st.integers(0, 4),
    positive=st.none() | st.booleans(),
    begins=st.none() | st.integers(NOON - 9 * DAY_S, NOON + 3 * DAY_S),
    ends=st.none() | st.integers(NOON - 9 * DAY_S, NOON + 3 * DAY_S),
)
policies = st.builds(
    replace,
    st.just(DEFAULT),
    foreign_test_h=st.integers(0, 720),
    foreign_doses_from_d=small_days,
    foreign_doses_until_d=small_days,
    foreign_recovery_from_d=small_days,
    foreign_recovery_until_d=small_days,
)


@given(st.lists(statements, max_size=4).map(tuple), policies, policies)
def test_a_stricter_policy_never_lets_more_people_in(stated, one, other):
    if against(stated, tightened(one, other), NOON) is None:
        assert against(stated, one, NOON) is None
        assert against(stated, other, NOON) is None


@given(st.lists(statements, max_size=4).map(tuple), policies, statements)
def test_a_further_statement_takes_nothing_away_from_one_that_counts(stated, policy, more):
    if against(stated, policy, NOON) is None:
        assert against((*stated, more), policy, NOON) is None


@given(st.lists(statements, max_size=4).map(tuple), policies)
def test_what_does_not_count_is_for_an_attendant(stated, policy):
    reason = against(stated, policy, NOON)
    assert reason is None or verdict_of(reason) is Verdict.REFER
