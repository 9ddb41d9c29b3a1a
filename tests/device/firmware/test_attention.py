import random

from hypothesis import given
from hypothesis import strategies as st

from device.firmware.attention import (
    FORGOTTEN_S,
    FURNITURE_S,
    GONE_S,
    HINT_AGAIN_S,
    MOST_KNOWN,
    Attention,
    glance,
    interruption,
    notice,
    unwatched,
)
from device.firmware.scan import Seen, mark_of
from wire.reasons import Reason

ONE, TWO, POSTER = "JX1:AAA", "JX1:BBB", "https://example.org"
PAPER, NOTICE = "JX1:STUCK-TO-THE-WALL", "JX1:STUCK-BESIDE-IT"


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


def test_a_text_that_nobody_looks_at_any_more_is_let_go_of_and_comes_back_with_the_next_frame():
    attention = notice(Seen((ONE,)), 10.0, Attention())
    assert unwatched(attention, 10.0 + GONE_S) is attention
    after = unwatched(attention, 10.1 + GONE_S)
    assert not after.unanswered
    assert glance(after) == (None, after)
    seen, _ = look(after, 10.2 + GONE_S, ONE)
    assert seen.text == ONE


def test_an_answered_text_is_no_longer_there():
    _, attention = look(Attention(), 10.0, ONE)
    assert not attention.unanswered
    assert ONE not in repr(attention)


def test_nothing_in_view_is_nothing():
    assert look(Attention(), 10.0)[0] is None


def hang(attention, *texts, begin_s=10.0, for_s=FURNITURE_S + 1, every_s=0.5):
    """Texts that hang in view, looked at all the while: the last moment, what was said, the attention."""
    said, at_s = [], begin_s
    while at_s <= begin_s + for_s:
        seen, attention = look(attention, at_s, *texts)
        said += [seen] if seen else []
        at_s += every_s
    return at_s, said, attention


def test_a_paper_on_the_wall_gets_one_answer_and_then_stands_in_nobodys_way():
    at_s, said, attention = hang(Attention(), PAPER)
    assert [one.text for one in said] == [PAPER]
    seen, attention = look(attention, at_s, PAPER, ONE)
    assert (seen.text, seen.hint, seen.first_s) == (ONE, None, at_s)
    for texts in ((PAPER, ONE), (PAPER,), (PAPER, ONE), (PAPER,)):
        at_s += 0.1
        seen, attention = look(attention, at_s, *texts)
        assert seen is None


def test_before_it_has_hung_long_it_might_be_somebodys():
    at_s, _, attention = hang(Attention(), PAPER, for_s=FURNITURE_S / 2)
    seen, _ = look(attention, at_s, PAPER, ONE)
    assert seen.hint is Reason.SEVERAL_CODES


def test_two_visitors_before_the_paper_are_several():
    at_s, _, attention = hang(Attention(), PAPER)
    seen, _ = look(attention, at_s, PAPER, ONE, TWO)
    assert seen.hint is Reason.SEVERAL_CODES


def test_two_papers_on_the_wall_are_said_once_and_the_next_code_is_served():
    at_s, said, attention = hang(Attention(), PAPER, NOTICE)
    assert [one.hint for one in said] == [Reason.SEVERAL_CODES]
    seen, attention = look(attention, at_s, PAPER, NOTICE, ONE)
    assert seen.text == ONE
    for _ in range(2):
        seen, attention = interruption(notice(Seen((PAPER, NOTICE)), at_s + 0.1, attention))
        assert seen is None
    seen, attention = look(attention, at_s + 0.2, PAPER)
    assert seen.text == PAPER, "alone for the first time, it gets its answer"
    seen, attention = look(attention, at_s + 0.3, PAPER, NOTICE)
    assert seen is None


def test_a_paper_that_people_hide_for_a_moment_is_still_the_one_that_was_answered():
    at_s, _, attention = hang(Attention(), PAPER)
    seen, attention = look(attention, at_s + GONE_S + 5, ONE)
    assert seen.text == ONE
    seen, attention = look(attention, at_s + GONE_S + 9, PAPER)
    assert seen is None
    seen, attention = look(attention, at_s + GONE_S + 9.1, PAPER, TWO)
    assert seen.text == TWO


def test_a_paper_that_was_taken_down_is_new_again():
    at_s, _, attention = hang(Attention(), PAPER)
    seen, _ = look(attention, at_s + FORGOTTEN_S + 1, PAPER)
    assert seen.text == PAPER


def test_what_the_front_forgets_of_its_answers_does_not_bring_the_paper_back():
    at_s, _, attention = hang(Attention(), PAPER)
    attention = type(attention)(
        **{name: getattr(attention, name) for name in attention.__slots__} | {"answered": frozenset()}
    )
    seen, _ = look(attention, at_s, PAPER)
    assert seen is None


def test_somebody_who_comes_back_is_answered_though_a_paper_hung_there_all_the_while():
    at_s, _, attention = hang(Attention(), PAPER)
    seen, attention = look(attention, at_s, PAPER, ONE)
    assert seen.text == ONE
    at_s, said, attention = hang(attention, PAPER, begin_s=at_s + 0.5, for_s=GONE_S + 1)
    assert not said
    seen, attention = look(attention, at_s, PAPER, ONE)
    assert seen.text == ONE


def test_a_wall_of_changing_codes_gets_a_hint_now_and_then_and_the_honest_code_after_it_an_answer_at_once():
    attention, hints, chance = Attention(), 0, random.Random(3)
    for frame in range(9000):  # ten minutes
        texts = (f"JX1:{chance.random()}" for _ in range(4))
        seen, attention = look(attention, 10 + frame / 15, *texts)
        hints += seen is not None
        assert len(attention.known) <= MOST_KNOWN
    assert hints <= 600 / HINT_AGAIN_S + 1
    seen, _ = look(attention, 10 + 600, ONE)
    assert seen.text == ONE


def test_a_wall_of_single_codes_each_new_is_forgotten_behind_itself():
    attention = Attention()
    for frame in range(1000):
        seen, attention = look(attention, 10 + frame / 15, f"JX1:{frame}")
        assert seen.text == f"JX1:{frame}"
    assert len(attention.answered) <= MOST_KNOWN


def test_nothing_is_remembered_of_an_empty_doorway():
    _, attention = look(Attention(), 10.0, ONE)
    attention = notice(Seen(), 10.0 + FORGOTTEN_S + 1, attention)
    assert not attention.known
    assert not attention.answered


@given(
    st.lists(
        st.tuples(
            st.floats(0.01, 12),
            st.lists(st.sampled_from([ONE, TWO, POSTER, PAPER, NOTICE]), max_size=4, unique=True),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_one_code_alone_that_was_not_there_is_always_answered_and_every_set_is_bounded(frames):
    attention, at_s = Attention(), 10.0
    for gap_s, texts, measuring in frames:
        at_s += gap_s
        attention = notice(Seen(tuple(texts)), at_s, attention)
        if texts:
            _, attention = (interruption if measuring else glance)(attention)
        known = {sight.mark for sight in attention.known}
        assert attention.answered | attention.hinted | attention.furniture <= known
        assert attention.settled <= attention.furniture
        assert attention.unanswered.keys() <= attention.in_view - attention.answered
    hanging = [text for text in (ONE, TWO, POSTER, PAPER, NOTICE) if mark_of(text) in attention.furniture]
    seen, attention = look(attention, at_s + 0.01, "JX1:NEVER-SEEN", *hanging)
    assert seen.text == "JX1:NEVER-SEEN"
