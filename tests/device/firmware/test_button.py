from hypothesis import given
from hypothesis import strategies as st

from device.firmware.button import LONG_S, Button, Press, press


def pressed(*steps):
    """The presses that come out of (now, began, down)."""
    button, meant = Button(), []
    for now_s, began, down in steps:
        button, one = press(button, now_s, began=began, down=down)
        meant.append(one)
    return meant


def test_a_tap_is_short_once_it_is_over():
    assert pressed((1.0, True, True), (1.3, False, True), (1.4, False, False)) == [None, None, Press.SHORT]


def test_a_tap_between_two_looks_is_not_missed():
    assert pressed((1.0, True, False), (1.1, False, False)) == [Press.SHORT, None]


def test_a_long_press_is_one_while_it_lasts_and_only_once():
    steps = [(1.0, True, True), (1.0 + LONG_S, False, True), (5.0, False, True), (6.0, False, False)]
    assert pressed(*steps) == [None, Press.LONG, None, None]


def test_nothing_is_nothing():
    assert pressed((1.0, False, False), (2.0, False, True)) == [None, None]


@given(st.lists(st.tuples(st.floats(0, 2), st.booleans(), st.booleans()), max_size=40))
def test_there_are_never_more_presses_than_times_it_went_down(steps):
    now_s, button, meant, begun = 0.0, Button(), 0, 0
    for later_s, began, down in steps:
        now_s += later_s
        begun += began
        button, one = press(button, now_s, began=began, down=down)
        meant += one is not None
        assert meant <= begun
