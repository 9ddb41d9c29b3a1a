from device.firmware.attention import GONE_S, Attention, glance, interruption, notice
from device.firmware.scan import Seen
from wire.reasons import Reason

ONE, TWO, POSTER = "JX1:AAA", "JX1:BBB", "https://example.org"


def look(attention, at_s, *texts):
    return glance(notice(Seen(texts), at_s, attention))


def test_a_code_is_reacted_to_once_while_it_stays():
    seen, attention = look(Attention(), 10.0, ONE)
    assert (seen.text, seen.hint, seen.first_s) == (ONE, None, 10.0)
    for at_s in (10.1, 10.2, 11.6, 13.0):
        seen, attention = look(attention, at_s, ONE)
        assert seen is None


def test_a_flicker_does_not_make_it_new_but_going_away_does():
    _, attention = look(Attention(), 10.0, ONE)
    _, attention = look(attention, 10.2)
    seen, attention = look(attention, 11.0, ONE)
    assert seen is None
    _, attention = look(attention, 11.0 + GONE_S + 0.1)
    seen, _ = look(attention, 13.0, ONE)
    assert seen.text == ONE


def test_the_first_sight_counts_even_when_the_lane_was_busy():
    attention = notice(Seen((ONE,)), 10.0, Attention())
    attention = notice(Seen((ONE,)), 12.0 - GONE_S, attention)
    attention = notice(Seen((ONE,)), 12.0, attention)
    seen, _ = glance(attention)
    assert seen.first_s == 10.0


def test_another_code_is_another_reaction():
    _, attention = look(Attention(), 10.0, ONE)
    seen, _ = look(attention, 10.1, TWO)
    assert (seen.text, seen.first_s) == (TWO, 10.1)


def test_two_codes_are_one_hint_and_either_alone_is_served():
    seen, attention = look(Attention(), 10.0, ONE, TWO)
    assert (seen.text, seen.hint) == (None, Reason.SEVERAL_CODES)
    seen, attention = look(attention, 10.1, TWO, ONE)
    assert seen is None
    seen, attention = look(attention, 10.2, TWO)
    assert seen.text == TWO
    seen, attention = look(attention, 10.3, ONE, TWO)
    assert seen is None


def test_a_measurement_is_interrupted_by_another_code_or_several_and_by_nothing_else():
    _, attention = look(Attention(), 10.0, ONE)
    for texts in ((ONE,), (POSTER,), (ONE, POSTER)):
        seen, _ = interruption(notice(Seen(texts), 10.1, attention))
        assert seen is None
    seen, _ = interruption(notice(Seen((TWO,)), 10.1, attention))
    assert seen.text == TWO
    for _ in range(2):
        seen, attention = interruption(notice(Seen((ONE, TWO)), 10.2, attention))
        assert seen.hint is Reason.SEVERAL_CODES


def test_a_poster_is_a_hint_once_and_no_hindrance():
    seen, attention = look(Attention(), 10.0, POSTER)
    assert seen.hint is Reason.NOT_A_CODE
    seen, attention = look(attention, 10.1, POSTER)
    assert seen is None
    seen, _ = look(attention, 10.2, POSTER, ONE)
    assert seen.text == ONE


def test_nothing_in_view_is_nothing():
    assert look(Attention(), 10.0)[0] is None
