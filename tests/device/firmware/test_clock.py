"""The clock: an interval that only signed time moves, above a floor that only rises."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware.clock import DRIFT_PPM, LATEST_MS, STEP_MS, UNBOUNDED_MS, Clock
from wire.messages import ClockTrust

NOON_MS = 1_795_000_000_000
moments = st.floats(0, 1e6)
dates = st.integers(0, 2**45)


def signed(now_ms):
    return SimpleNamespace(now_ms=now_ms)


def test_a_clock_that_nobody_vouched_for_says_so():
    reading = Clock(0).read(10.0, NOON_MS)
    assert (reading.now_ms, reading.trust, reading.doubt_ms) == (NOON_MS, ClockTrust.NONE, UNBOUNDED_MS)
    assert reading.now_s == NOON_MS // 1000


def test_a_kept_floor_is_better_than_a_board_without_a_battery():
    reading = Clock(NOON_MS).read(10.0, 0)
    assert (reading.now_ms, reading.trust, reading.doubt_ms) == (NOON_MS, ClockTrust.FLOOR, UNBOUNDED_MS)


def test_the_floor_is_carried_on_by_the_counter_from_when_it_was_known():
    clock = Clock(NOON_MS)
    clock.read(100.0, 0)
    assert clock.read(1100.0, 0).now_ms == NOON_MS + 1_000_000 - 1_000_000 * DRIFT_PPM // 1_000_000
    assert clock.floor_ms == NOON_MS


def test_an_answer_is_as_good_as_its_round_trip():
    clock = Clock(0)
    clock.answered(signed(NOON_MS), 5.0, 5.2)
    reading = clock.read(5.2, 0)
    assert reading.trust is ClockTrust.SIGNED
    assert NOON_MS <= reading.now_ms <= NOON_MS + 201
    assert reading.doubt_ms <= 102
    assert clock.floor_ms == NOON_MS


def test_doubt_grows_with_the_crystals_drift():
    clock = Clock(0)
    clock.answered(signed(NOON_MS), 0.0, 0.0)
    reading = clock.read(10_000.0, 0)
    assert abs(reading.now_ms - NOON_MS - 10_000_000) <= 2
    assert 1000 <= reading.doubt_ms <= 1003


def test_the_systems_clock_counts_inside_the_interval():
    clock = Clock(0)
    clock.answered(signed(NOON_MS), 0.0, 2.0)
    assert clock.read(2.0, NOON_MS + 1700).now_ms == NOON_MS + 1700
    assert clock.read(2.0, NOON_MS + 1700).doubt_ms == 1700
    assert clock.read(2.0, NOON_MS + 99_000).now_ms == NOON_MS + 1000
    assert [clock.read(2.0, NOON_MS + end).now_ms - NOON_MS for end in (0, 2001)] == [0, 2001]


def test_a_second_answer_narrows_the_first():
    clock = Clock(0)
    clock.answered(signed(NOON_MS), 0.0, 10.0)
    wide = clock.read(10.0, 0).doubt_ms
    clock.answered(signed(NOON_MS + 5_000), 12.0, 12.1)
    assert clock.read(12.1, 0).doubt_ms < wide / 10


def test_an_old_answer_said_again_changes_nothing():
    clock = Clock(0)
    clock.answered(signed(NOON_MS), 0.0, 0.1)
    before = clock.read(500.0, 0)
    clock.answered(signed(NOON_MS), 499.9, 500.0)
    assert clock.read(500.0, 0) == before


def test_an_answer_from_later_than_the_counter_says_moves_time_forward():
    clock = Clock(0)
    clock.answered(signed(NOON_MS), 0.0, 0.0)
    clock.answered(signed(NOON_MS + 60_000), 1.0, 1.0)
    assert clock.read(1.0, 0).now_ms >= NOON_MS + 60_000


def test_an_answer_a_little_behind_a_believed_date_is_doubted_by_as_much():
    clock = Clock(0)
    clock.believe(NOON_MS + 2_000)
    clock.answered(signed(NOON_MS), 0.0, 0.0)
    reading = clock.read(0.0, 0)
    assert (reading.now_ms, reading.trust) == (NOON_MS + 2_000, ClockTrust.SIGNED)
    assert 1_999 <= reading.doubt_ms <= 2_001


def test_a_broadcast_moves_time_forward_and_never_back():
    clock = Clock(0)
    clock.answered(signed(NOON_MS), 0.0, 1.0)
    clock.heard(signed(NOON_MS - 50_000), 2.0)
    held_up = clock.read(2.0, 0).now_ms
    clock.heard(signed(NOON_MS + 30_000), 3.0)
    assert held_up < NOON_MS + 3_000
    assert clock.read(3.0, 0).now_ms >= NOON_MS + 30_000


def test_a_broadcast_alone_is_a_floor():
    clock = Clock(0)
    clock.heard(signed(NOON_MS), 1.0)
    assert clock.read(1.0, 0).trust is ClockTrust.FLOOR


def test_a_late_broadcast_does_not_take_back_what_the_counter_says():
    clock = Clock(NOON_MS)
    clock.read(0.0, 0)
    before = clock.read(100.0, 0).now_ms
    clock.heard(signed(NOON_MS + 10_000), 100.0)
    assert clock.read(100.0, 0).now_ms >= before
    assert clock.floor_ms == NOON_MS + 10_000


def test_an_earlier_date_is_no_news():
    clock = Clock(NOON_MS)
    clock.believe(NOON_MS - 1)
    assert clock.floor_ms == NOON_MS


@pytest.mark.parametrize(("jump_ms", "seen"), [(0, 0), (7_000, 7_000), (-7_000, -7_000)])
def test_a_jump_is_what_the_counter_does_not_explain(jump_ms, seen):
    clock = Clock(0)
    assert clock.step_ms(10.0, NOON_MS) == 0
    assert clock.step_ms(12.0, NOON_MS + 2_000 + jump_ms) == seen


steps = st.lists(
    st.one_of(
        st.tuples(st.just("believe"), dates, moments),
        st.tuples(st.just("heard"), dates, moments),
        st.tuples(st.just("answered"), dates, moments),
        st.tuples(st.just("read"), dates, moments),
    )
)


@given(dates, steps)
def test_time_never_falls_behind_the_floor_whatever_comes_in_whatever_order(start, steps):
    clock = Clock(start)
    floor_ms = start
    mono = 0.0
    for what, date, later in steps:
        mono += later
        if what == "believe":
            clock.believe(date)
        elif what == "heard":
            clock.heard(signed(date), mono)
        elif what == "answered":
            clock.answered(signed(date), mono - later, mono)
        reading = clock.read(mono, date)
        assert clock.floor_ms >= floor_ms
        assert reading.now_ms >= clock.floor_ms
        assert reading.doubt_ms >= 0
        floor_ms = clock.floor_ms


@given(dates, st.floats(0, 100), st.lists(st.tuples(moments, dates)))
def test_no_systems_clock_moves_time_out_of_the_signed_interval(true_ms, trip_s, reads):
    clock = Clock(0)
    clock.answered(signed(true_ms), 0.0, trip_s)
    for mono, system_ms in sorted(reads):
        reading = clock.read(trip_s + mono, system_ms)
        earliest = true_ms + mono * 1000 * (1 - DRIFT_PPM / 1e6) - 2
        latest = true_ms + trip_s * 1000 + mono * 1000 * (1 + DRIFT_PPM / 1e6) + 3
        assert earliest <= reading.now_ms <= latest
        assert reading.now_ms - reading.doubt_ms <= earliest + 3
        assert reading.now_ms + reading.doubt_ms >= latest - 3


@given(
    st.integers(0, 2**40), st.lists(st.tuples(st.floats(0, 5000), st.floats(0, 20)), min_size=1, max_size=8)
)
def test_the_truth_stays_inside_the_doubt_while_answers_are_honest(start_ms, trips):
    clock = Clock(0)
    mono = 0.0
    for pause, trip_s in trips:
        mono += pause
        made = mono + trip_s * 0.3
        clock.answered(signed(int(start_ms + made * 1000)), mono, mono + trip_s)
        mono += trip_s
        reading = clock.read(mono, 0)
        assert abs(reading.now_ms - (start_ms + mono * 1000)) <= reading.doubt_ms + 2


@given(wrong_ms=st.integers(LATEST_MS + 1, 2**63 - 1))
def test_a_date_that_no_calendar_has_moves_nothing(wrong_ms):
    clock = Clock(NOON_MS)
    clock.answered(signed(NOON_MS), 5.0, 5.1)
    before = clock.read(6.0, 0)
    clock.believe(wrong_ms)
    clock.heard(signed(wrong_ms), 5.5)
    clock.answered(signed(wrong_ms), 5.4, 5.5)
    assert clock.read(6.0, 0) == before
    assert clock.floor_ms == NOON_MS


def test_when_whoever_signed_the_dates_is_not_believed_any_more_time_begins_again():
    clock = Clock(0)
    clock.answered(signed(LATEST_MS), 0.0, 0.0)
    clock.begin_again(NOON_MS, signed_time=False)
    assert clock.floor_ms == NOON_MS
    assert clock.read(1.0, 0).trust is ClockTrust.FLOOR
    clock.answered(signed(NOON_MS + 5_000), 1.0, 1.0)
    assert clock.read(1.0, 0).now_ms == NOON_MS + 5_000


def test_a_later_floor_goes_with_whoever_signed_it_and_signed_time_stays():
    clock = Clock(0)
    clock.answered(signed(NOON_MS), 0.0, 0.0)
    clock.believe(LATEST_MS)
    assert clock.read(1.0, 0).now_ms >= LATEST_MS
    clock.begin_again(NOON_MS - 5_000, signed_time=True)
    reading = clock.read(1.0, 0)
    assert (clock.floor_ms, reading.now_ms, reading.trust) == (
        NOON_MS - 5_000,
        NOON_MS + 1_000,
        ClockTrust.SIGNED,
    )


def test_a_clock_that_is_set_every_second_is_told_once_a_minute():
    clock = Clock(0)
    clock.step_ms(0.0, NOON_MS)
    told = [clock.step_ms(s, NOON_MS + s * 1_000 + (s % 2) * 3_600_000) for s in range(1, 120)]
    assert [jump for jump in told if abs(jump) >= STEP_MS] == [3_600_000, -3_600_000]
