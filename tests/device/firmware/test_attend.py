import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware.attend import PLAIN, Mode, attendants, choices, panel, step
from device.firmware.attend_table import ASKING, CHOICES, TABLE, TITLES, Act, In, Screen
from wire.attendance import HAND_REASONS, HandReason
from wire.documents import StaffRules

PAGES = (("一", "one"), ("二", "two"), ("三", "three"))


def at(screen, **more):
    return Mode(screen=screen, **more)


def test_the_tables_are_complete():
    assert set(TITLES) == set(CHOICES) == set(Screen)
    assert all(CHOICES.values())
    acts = {act for row in CHOICES.values() for choice in row for act in choice.acts}
    assert acts | {act for _, row in TABLE.values() for act in row} == set(Act)
    assert {screen for screen in Screen if (screen, In.CODE) in TABLE} == ASKING
    assert all(zh and en for zh, en in TITLES.values())
    assert all(choice.zh and choice.en for row in CHOICES.values() for choice in row)


def test_every_screen_is_reached_and_every_screen_but_the_secret_one_leads_back():
    seen, new = {Screen.SIGN_IN, Screen.MENU}, {Screen.SIGN_IN, Screen.MENU}
    while new:
        led = {choice.to for screen in new for choice in CHOICES[screen]}
        led |= {screen for (before, _), (screen, _) in TABLE.items() if before in new}
        new = led - seen
        seen |= new
    assert seen == set(Screen)


@pytest.mark.parametrize(
    ("screen", "on"), list(itertools.product(Screen, In)), ids=lambda one: one.name.lower()
)
def test_every_screen_meets_every_input_by_its_table_or_not_at_all(screen, on):
    before = at(screen)
    after, acts, word = step(before, on, len(PAGES))
    if on is In.NEXT:
        assert (after.screen, acts, word) == (screen, (), "")
    elif on is In.TAKE:
        choice = CHOICES[screen][0]
        assert (after.screen, acts, word) == (choice.to, choice.acts, choice.word)
    elif (screen, on) in TABLE:
        assert (after.screen, acts) == TABLE[screen, on]
    else:
        assert (after, acts, word) == (before, (), "")


@pytest.mark.parametrize("screen", Screen)
def test_short_presses_go_round(screen):
    pages = 3 if screen is Screen.TROUBLES else len(CHOICES[screen])
    mode, seen = at(screen), []
    for _ in range(pages):
        seen.append(mode.chosen)
        mode, _, _ = step(mode, In.NEXT, 3)
    assert seen == list(range(pages))
    assert mode == at(screen)


def test_no_troubles_is_one_page():
    mode, _, _ = step(at(Screen.TROUBLES), In.NEXT, 0)
    assert mode.chosen == 0
    assert panel(mode).en == "Nothing is wrong"


def test_every_reason_to_open_can_be_chosen_and_opens_with_its_word():
    words = [choice.word for choice in CHOICES[Screen.REASON] if Act.OPEN in choice.acts]
    assert words == list(HAND_REASONS)
    mode = at(Screen.REASON, chosen=2)
    _, acts, word = step(mode, In.TAKE)
    assert (acts, word) == ((Act.OPEN,), HandReason.EMERGENCY)


def test_a_gate_that_is_not_ready_decides_about_nobody():
    limited = at(Screen.MENU, limited=True)
    assert [choice.en for choice in choices(limited)] == ["Open by hand", "State of the gate", "Done"]
    reached = {choice.to for choice in choices(limited)}
    assert not reached & {Screen.PAPER, Screen.CODE, Screen.NUMBER}


def test_only_the_name_is_secret():
    for screen in Screen:
        shown = panel(at(screen), ("a", "b"), (), 3)
        assert shown.secret is (screen is Screen.NAME)
        assert shown.seconds_left == 3
        assert shown.plain == ("a", "b")


def test_the_gates_state_is_shown_a_page_at_a_time():
    shown = panel(at(Screen.TROUBLES, chosen=4), pages=PAGES)
    assert (shown.zh, shown.en) == ("闸机状态 2/3", "State of the gate 2/3")
    assert (shown.plain, shown.items) == (("二", "two"), ())


def test_what_is_to_be_read_is_shown_large_in_both_languages():
    for screen in PLAIN:
        shown = panel(at(screen))
        assert (shown.plain, shown.items, shown.chosen) == (TITLES[screen], (), 0)


@given(st.lists(st.tuples(st.sampled_from(In), st.integers(0, 5)), max_size=60), st.booleans())
def test_whatever_is_pressed_the_choice_exists_and_only_a_chosen_reason_opens(presses, limited):
    mode = Mode(limited=limited)
    for on, pages in presses:
        before = mode
        mode, acts, word = step(mode, on, pages)
        shown = panel(mode, (), PAGES[:pages])
        assert 0 <= shown.chosen < max(1, len(shown.items))
        assert (Act.OPEN in acts) is bool(word)
        if Act.OPEN in acts:
            assert (before.screen, on) == (Screen.REASON, In.TAKE)
        if limited:
            assert not {Act.MEASURE, Act.REGISTER, Act.NUMBER, Act.DIFFERS} & set(acts)


def test_who_may_attend(authority):
    assert attendants(None) == frozenset()
    assert attendants(authority.assignment()) == frozenset()
    roster = authority.assignment(staff=(b"a" * 16, b"b" * 16))
    assert attendants(roster) == {b"a" * 16, b"b" * 16}
    rules = StaffRules(only=False, hours=(), attendants=())
    assert attendants(replace(roster, staff_rules=rules)) == {b"a" * 16, b"b" * 16}
    assert attendants(replace(roster, staff_rules=replace(rules, attendants=(b"a" * 16,)))) == {b"a" * 16}
