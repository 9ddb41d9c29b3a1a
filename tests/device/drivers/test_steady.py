"""One contact over time: edges lost and found, chatter, and the caution of a fire contact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.drivers.steady import (
    CAUTIOUS_QUIET_S,
    CHANGES,
    HEALED_S,
    LOST_S,
    QUIET_S,
    WINDOW_S,
    Steady,
)


def chatter(contact, now_s, times=CHANGES + 1, every_s=0.1):
    for n in range(times):
        now_s += every_s
        contact.edge(n % 2 == 0, now_s)
    return now_s


def looked(contact, active, now_s, for_s, every_s=0.1):
    """Look at a steady pin for a while; when it changed its mind."""
    end_s = now_s + for_s
    changed = []
    while now_s < end_s:
        now_s += every_s
        if contact.look(active, now_s):
            changed.append(now_s)
    return changed


def test_an_edge_is_a_change_and_the_same_again_is_none():
    contact = Steady()
    assert contact.edge(True, 1.0)
    assert not contact.edge(True, 2.0)
    assert contact.level
    assert contact.edge(False, 3.0)


def test_a_look_alone_changes_nothing_until_the_edge_must_have_got_lost():
    contact = Steady()
    assert not contact.look(True, 1.0)
    assert not contact.look(True, 1.0 + LOST_S / 2)
    assert contact.look(True, 1.0 + 2 * LOST_S)
    assert contact.level


def test_a_lost_edge_is_found_after_the_time_of_debouncing_too():
    contact = Steady(lost_s=1.3)
    assert looked(contact, True, 0.0, 1.2) == []
    assert len(looked(contact, True, 1.2, 1.0)) == 1


def test_ten_changes_in_five_seconds_are_people_and_the_eleventh_is_chatter():
    contact = Steady()
    now_s = chatter(contact, 0.0, CHANGES)
    assert not contact.chatters
    contact.edge(CHANGES % 2 == 0, now_s + 0.1)
    assert contact.chatters


def test_a_busy_lane_is_no_chatter():
    contact = Steady()
    for person in range(400):  # 40 a minute for ten minutes
        assert contact.edge(True, person * 1.5)
        assert contact.edge(False, person * 1.5 + 0.4)
    assert not contact.chatters


def test_what_chatters_changes_no_more_until_it_is_quiet():
    contact = Steady()
    now_s = chatter(contact, 0.0)
    assert contact.chatters
    before = contact.level
    for n in range(1000):
        assert not contact.edge(n % 2 == 0, now_s + n * 0.01)
    assert contact.level is before
    quiet_since_s = now_s + 10
    contact.edge(True, quiet_since_s)
    (changed_s,) = looked(contact, True, quiet_since_s, 4.0) or (None,)
    assert changed_s is None or changed_s >= quiet_since_s + QUIET_S
    assert contact.level
    assert contact.chatters
    looked(contact, True, quiet_since_s + 4.0, HEALED_S)
    assert not contact.chatters
    assert contact.edge(False, quiet_since_s + HEALED_S + 5)


def test_a_contact_that_is_merely_busy_after_its_chatter_is_heard_again():
    contact = Steady()
    now_s = chatter(contact, 0.0)
    for n in range(60):
        now_s += 1.0
        contact.edge(n % 2 == 0, now_s)
        contact.look(n % 2 == 0, now_s)
    assert not contact.chatters


def test_what_is_too_fast_for_debouncing_is_found_by_looking():
    contact = Steady()
    for n in range(40):
        contact.look(n % 2 == 0, n * 0.1)
    assert contact.chatters
    assert not contact.level


def test_a_fire_contact_that_chatters_is_a_fire_until_it_has_long_been_quiet():
    contact = Steady(cautious=True)
    now_s = chatter(contact, 0.0, CHANGES + 2)
    assert contact.chatters
    assert contact.level
    assert looked(contact, False, now_s, CAUTIOUS_QUIET_S - 0.5) == []
    assert contact.level
    assert len(looked(contact, False, now_s + CAUTIOUS_QUIET_S - 0.5, 1.0)) == 1
    assert contact.edge(True, now_s + CAUTIOUS_QUIET_S + 2)  # a fire is one at once, chatter or not


def test_a_fire_that_comes_and_goes_like_a_pulsing_siren_is_one_fire():
    contact = Steady(cautious=True)
    passed = []
    for n in range(60):  # a second on, a second off
        if contact.edge(n % 2 == 0, float(n)):
            passed.append((contact.level, n))
        for look in range(9):
            contact.look(n % 2 == 0, n + 0.1 * look)
    assert passed == [(True, 0), (False, 1), (True, 2)]
    assert contact.level
    assert contact.chatters
    (over_s,) = looked(contact, False, 60.0, 30.0)
    assert over_s >= 59 + CAUTIOUS_QUIET_S


def test_a_fire_that_comes_again_long_after_is_another_one_and_over_at_once():
    contact = Steady(cautious=True)
    for n in range(4):
        assert contact.edge(n % 2 == 0, 6.0 * n)
    assert not contact.chatters


def test_two_disturbances_that_only_looking_sees_are_no_fire():
    contact = Steady(cautious=True)
    for n in range(100):
        assert not contact.look(n in {10, 30, 50}, n * 0.1)
    assert not contact.level


def test_a_fire_contact_too_fast_for_debouncing_is_a_fire():
    contact = Steady(cautious=True)
    changed = [n for n in range(40) if contact.look(n % 2 == 0, n * 0.1)]
    assert len(changed) == 1
    assert contact.level


def test_a_fire_contact_that_heals_has_been_quiet():
    contact = Steady(cautious=True)
    now_s = chatter(contact, 0.0)
    for n in range(60):
        now_s += 1.0
        contact.edge(n % 2 == 0, now_s)
        contact.look(n % 2 == 0, now_s)
    assert contact.chatters
    assert contact.level
    looked(contact, False, now_s, CAUTIOUS_QUIET_S + 1)
    assert not contact.level
    looked(contact, False, now_s + CAUTIOUS_QUIET_S + 1, HEALED_S)
    assert not contact.chatters
    assert not contact.level


@pytest.mark.parametrize("cautious", [False, True])
@given(
    steps=st.lists(
        st.tuples(st.booleans(), st.booleans(), st.floats(0, 3, allow_subnormal=False)), max_size=200
    ),
    last=st.booleans(),
)
def test_whatever_happened_a_quiet_contact_ends_at_its_level(steps, last, cautious):
    contact, now_s = Steady(cautious=cautious), 0.0
    passed = []
    for is_edge, active, wait_s in steps:
        now_s += wait_s
        if (contact.edge if is_edge else contact.look)(active, now_s):
            passed.append(now_s)
    looked(contact, last, now_s, HEALED_S + CAUTIOUS_QUIET_S + 5, every_s=0.5)
    assert contact.level is last
    assert not contact.chatters


@given(
    waits=st.lists(st.floats(0, 1, allow_subnormal=False), min_size=100, max_size=300),
    cautious=st.booleans(),
)
def test_no_contact_passes_on_more_than_people_can_make(waits, cautious):
    contact, now_s, passed = Steady(cautious=cautious), 0.0, []
    for n, wait_s in enumerate(waits):
        now_s += wait_s
        if contact.edge(n % 2 == 0, now_s):
            passed.append(now_s)
        if contact.look(n % 2 == 0, now_s):
            passed.append(now_s)
    for start in range(len(passed) - CHANGES - 1):
        assert passed[start + CHANGES + 1] - passed[start] > WINDOW_S - QUIET_S


def test_a_button_may_be_pressed_four_times_a_second_for_as_long_as_it_takes():
    button, at_s = Steady(finger=True), 0.0
    for _ in range(60):
        for active in (True, False):
            at_s += 0.126
            assert button.edge(active, at_s)
    assert not button.chatters
    for step in range(60):
        button.edge(step % 2 == 0, at_s + step * 0.05)
    assert button.chatters
