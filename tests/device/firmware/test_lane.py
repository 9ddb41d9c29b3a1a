import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware import lane as lanes
from device.firmware.lane import (
    CloseBarrier,
    CountRefusal,
    Event,
    GiveUp,
    Journal,
    Lane,
    OpenBarrier,
    Show,
    StartMeasuring,
    Times,
    step,
)
from device.firmware.lane_picture import page
from device.firmware.lane_table import DISCREET, TABLE, Do, On, State
from device.firmware.thermometry import Hint
from wire.messages import Event as Kind
from wire.reasons import Reason

TIMES = Times(pulse_s=0.8, longest_open_s=6.0)
PERSON = {On.ADMIT, On.BUTTON, On.ORDERED}


def at(state, **more):
    return Lane(state=state, since_s=10.0, until_s=20.0, **more)


@pytest.mark.parametrize(("state", "on"), list(itertools.product(State, On)), ids=lambda v: v.name.lower())
def test_every_state_meets_every_event_by_its_row_or_not_at_all(state, on):
    before = at(state, unexpected=3)
    after, effects = step(before, Event(on=on, reason=Reason.PAPER), TIMES, 12.0)
    if (state, on) in TABLE:
        assert after.state is TABLE[state, on][0]
        assert len(effects) == len(TABLE[state, on][1])
        assert after.unexpected == 3
        assert lanes.expects(before, on)
    else:
        assert (after.state, after.reason, after.since_s, after.until_s) == (state, None, 10.0, 20.0)
        assert after.unexpected == 4
        assert effects == ()
        assert not lanes.expects(before, on)


def test_only_an_admission_a_hand_or_a_fire_opens():
    for state, on in TABLE:
        _, effects = step(at(state), Event(on=on), TIMES, 0.0)
        if any(isinstance(effect, OpenBarrier) for effect in effects):
            assert on in PERSON | {On.FIRE}


def test_the_journal_stands_before_the_barrier_except_in_a_fire():
    for state, on in TABLE:
        _, effects = step(at(state), Event(on=on), TIMES, 0.0)
        kinds = [type(effect) for effect in effects]
        if OpenBarrier in kinds and on is not On.FIRE:
            assert kinds.index(Journal) < kinds.index(OpenBarrier)
        if on is On.FIRE:
            assert kinds[0] is OpenBarrier


@pytest.mark.parametrize("state", [s for s in State if s is not State.EVACUATING])
def test_fire_releases_the_barrier_from_any_state(state):
    after, effects = step(at(state), Event(on=On.FIRE), TIMES, 1.0)
    assert after.state is State.EVACUATING
    assert after.until_s is None
    assert effects == (
        OpenBarrier(None),
        Show(State.EVACUATING, Reason.FIRE, None),
        Journal(Kind.FIRE),
    )


def test_nothing_but_the_end_of_the_fire_ends_an_evacuation():
    assert [on for state, on in TABLE if state is State.EVACUATING] == [On.FIRE_OVER]


def test_the_relay_is_never_held_longer_than_the_longest_open_time():
    times = Times(pulse_s=30.0, longest_open_s=6.0)
    after, effects = step(at(State.MEASURING), Event(on=On.ADMIT, reason=Reason.GREEN), times, 100.0)
    assert effects == (
        Journal(Kind.PASSAGE),
        OpenBarrier(6.0),
        Show(State.ADMITTING, Reason.GREEN, None),
    )
    assert after.until_s == 106.0


def test_a_result_shown_again_is_not_journalled_again():
    _, effects = step(at(State.READING), Event(on=On.DENY, reason=Reason.RED, again=True), TIMES, 0.0)
    assert effects == (Show(State.DENIED, Reason.RED, None),)


def test_nothing_opens_on_account_of_an_earlier_journal_entry():
    for state, on in TABLE:
        _, effects = step(at(state), Event(on=on, again=True), TIMES, 0.0)
        kinds = [type(effect) for effect in effects]
        if OpenBarrier in kinds and on is not On.FIRE:
            assert kinds.index(Journal) < kinds.index(OpenBarrier)


def test_a_refusal_of_something_unverified_is_counted_not_journalled():
    _, effects = step(at(State.READING), Event(on=On.REFUSE, reason=Reason.BAD_SIGNATURE), TIMES, 0.0)
    assert effects == (CountRefusal(Reason.BAD_SIGNATURE), Show(State.DENIED, Reason.BAD_SIGNATURE, None))


def test_a_hint_does_not_prolong_measuring_and_giving_up_asks_for_a_verdict():
    lane, effects = step(at(State.READING), Event(on=On.MEASURE), TIMES, 50.0)
    assert effects == (StartMeasuring(), Show(State.MEASURING, None, None))
    hinted, effects = step(lane, Event(on=On.HINTED, hint=Hint.STEP_BACK), TIMES, 55.0)
    assert (hinted.until_s, hinted.since_s) == (58.0, 50.0)
    assert effects == (Show(State.MEASURING, None, Hint.STEP_BACK),)
    assert not lanes.due(hinted, 57.9)
    assert lanes.due(hinted, 58.0)
    _, effects = step(hinted, Event(on=On.TIMER), TIMES, 58.0)
    assert effects == (GiveUp(),)


def test_a_failed_journal_closes_and_calls_the_attendant():
    after, effects = step(at(State.ADMITTING), Event(on=On.JOURNAL_FAILED), TIMES, 0.0)
    assert after.state is State.REFERRED
    assert effects == (CloseBarrier(), Show(State.REFERRED, Reason.JOURNAL_FAILED, None))


def test_idle_has_no_end():
    assert not lanes.due(Lane(), 1e9)


@given(st.lists(st.sampled_from(On), max_size=60))
def test_whatever_happens_an_open_barrier_is_closed_before_the_lane_idles(events):
    lane, held = Lane(), False
    for number, on in enumerate(events):
        lane, effects = step(lane, Event(on=on, reason=Reason.GREEN), TIMES, float(number))
        for effect in effects:
            held = isinstance(effect, OpenBarrier) or (held and not isinstance(effect, CloseBarrier))
        assert held == (lane.state in {State.ADMITTING, State.EVACUATING})


@given(st.lists(st.sampled_from(On), max_size=60), st.booleans())
def test_whatever_happens_nothing_opens_that_was_not_written_down_before(events, again):
    lane = Lane()
    for number, on in enumerate(events):
        lane, effects = step(lane, Event(on=on, reason=Reason.GREEN, again=again), TIMES, float(number))
        kinds = [type(effect) for effect in effects]
        if OpenBarrier in kinds and on is not On.FIRE:
            assert Journal in kinds[: kinds.index(OpenBarrier)]


@given(st.lists(st.sampled_from(On), max_size=60))
def test_a_fire_opens_whatever_happened_before(events):
    lane = Lane()
    for number, on in enumerate(events):
        lane, _ = step(lane, Event(on=on), TIMES, float(number))
    after, effects = step(lane, Event(on=On.FIRE), TIMES, 99.0)
    assert after.state is State.EVACUATING
    assert lane.state is State.EVACUATING or effects[0] == OpenBarrier(None)


def test_attendant_mode_has_no_end_of_its_own_and_opens_by_hand_alone():
    after, effects = step(at(State.IDLE), Event(on=On.ATTEND), TIMES, 12.0)
    assert (after.state, after.until_s) == (State.ATTENDING, None)
    assert effects == (Show(State.ATTENDING, None, None),)
    opening = {on for (state, on), (_, todo) in TABLE.items() if state is State.ATTENDING and Do.OPEN in todo}
    assert opening == {On.BUTTON, On.ORDERED}
    assert (State.ATTENDING, On.SEEN) not in TABLE
    assert (State.ATTENDING, On.NOT_READY) not in TABLE


def test_a_verdict_that_is_shown_gives_way_to_the_next_code():
    for state in (State.DENIED, State.REFERRED):
        after, effects = step(at(state, reason=Reason.RED), Event(on=On.SEEN), TIMES, 12.0)
        assert (after.state, after.reason, effects) == (State.READING, None, ())


def test_every_state_can_be_reached_from_the_beginning():
    seen, new = {State.STARTING}, {State.STARTING}
    while new:
        new = {after for (state, _), (after, _) in TABLE.items() if state in new} - seen
        seen |= new
    assert seen == set(State)


def test_the_picture_in_the_documentation_is_drawn_from_this_table():
    assert (Path(__file__).parents[3] / "docs" / "lane.md").read_text() == page()


def test_every_state_is_reached_and_left_and_every_effect_is_used():
    assert {after for after, _ in TABLE.values()} == set(State)
    assert {state for state, _ in TABLE} == set(State)
    assert {on for _, on in TABLE} == set(On)
    assert {do for _, todo in TABLE.values() for do in todo} == set(Do)


@pytest.mark.parametrize("reason", sorted(DISCREET))
def test_a_denial_that_looks_like_a_referral_lasts_as_long(reason):
    denied, _ = step(at(State.READING), Event(on=On.DENY, reason=reason), TIMES, 7.0)
    referred, _ = step(at(State.READING), Event(on=On.REFER, reason=Reason.YELLOW), TIMES, 7.0)
    assert denied.state is State.DENIED
    assert denied.until_s == referred.until_s
