"""Passes in several codes: side by side, one after another, mixed up, and what is left of them afterwards."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware.attention import GONE_S, HINT_AGAIN_S, Attention, glance, interruption, notice, unwatched
from device.firmware.gather import TOGETHER_S, Gathered, gather, looked_at, parts_of
from device.firmware.scan import Seen, mark_of
from wire.reasons import Reason

ONE, TWO, THREE = (f"shc:/{place}/3/{place:02d}55" for place in (1, 2, 3))
OTHER_ONE, OTHER_OF_TWO = "shc:/1/3/6666", "shc:/2/2/7777"
JX1, POSTER = "JX1:AAA", "https://example.org"
WHOLE = f"{ONE}\n{TWO}\n{THREE}"


def marked(*texts):
    return {mark_of(text): text for text in texts}


def gathered_from(*frames, remembered=frozenset()):
    gathered, left = Gathered(), {}
    for count, texts in enumerate(frames):
        gathered, left = gather(gathered, marked(*texts), 100.0 + count, remembered)
    return gathered, set(left.values())


def look(attention, at_s, *texts):
    return glance(notice(Seen(texts), at_s, attention))


@pytest.mark.parametrize("order", list(itertools.permutations((ONE, TWO, THREE))))
def test_parts_in_any_order_make_the_same_whole(order):
    gathered, left = gathered_from(*((text,) for text in order))
    assert left == {WHOLE}
    assert gathered.whole == mark_of(WHOLE)
    assert parts_of(WHOLE) == (ONE, TWO, THREE)


def test_parts_side_by_side_are_one_pass():
    assert gathered_from((ONE, TWO, THREE, POSTER))[1] == {WHOLE, POSTER}


def test_parts_wait_for_the_others_and_say_so():
    gathered, left = gathered_from((ONE, POSTER))
    assert left == {ONE, POSTER}
    assert gathered.waiting == {mark_of(ONE)}


def test_other_texts_are_left_as_they_are():
    gathered, left = gathered_from((JX1, POSTER))
    assert (gathered, left) == (Gathered(), {JX1, POSTER})


@pytest.mark.parametrize("stranger", [OTHER_ONE, OTHER_OF_TWO])
def test_a_part_of_another_pass_begins_anew(stranger):
    gathered, left = gathered_from((ONE,), (TWO,), (stranger,), (THREE,))
    assert WHOLE not in left
    assert mark_of(ONE) not in gathered.marks


def test_parts_of_several_passes_at_once_change_nothing():
    gathered, left = gathered_from((ONE,), (TWO, OTHER_OF_TWO))
    assert left == {TWO, OTHER_OF_TWO}
    assert (gathered.marks, gathered.waiting) == ({mark_of(ONE)}, frozenset())


def test_a_part_does_not_wait_for_the_next_person():
    gathered, _ = gather(Gathered(), marked(ONE), 100.0, frozenset())
    gathered, _ = gather(gathered, marked(TWO), 100.0 + TOGETHER_S, frozenset())
    assert len(gathered.marks) == 2
    gathered, _ = gather(gathered, {}, 100.0 + 2 * TOGETHER_S + 0.1, frozenset())
    assert gathered == Gathered()


def test_the_texts_go_once_the_whole_was_looked_at_and_its_parts_still_stand_for_it():
    gathered, _ = gathered_from((ONE, TWO, THREE))
    let_go = looked_at(gathered, mark_of(WHOLE))
    assert "55" not in repr(let_go)
    after, left = gather(let_go, marked(TWO), 101.0, {mark_of(WHOLE)})
    assert left == {mark_of(WHOLE): ""}
    assert after.whole == mark_of(WHOLE)
    assert looked_at(gathered, mark_of(JX1)) is gathered


def test_a_whole_that_is_to_be_looked_at_anew_is_gathered_anew():
    let_go = looked_at(gathered_from((ONE, TWO, THREE))[0], mark_of(WHOLE))
    again, left = gather(let_go, marked(TWO), 101.0, frozenset())
    assert set(left.values()) == {TWO}
    assert again.waiting == {mark_of(TWO)}


texts = st.lists(st.sampled_from([ONE, TWO, THREE, OTHER_ONE, OTHER_OF_TWO, JX1, POSTER]), unique=True)


@given(st.lists(st.tuples(texts, st.sampled_from([0.1, 2.0, 20.0])), max_size=12))
def test_whatever_comes_into_view_nothing_piles_up_and_no_pass_is_made_of_parts_that_were_not_seen(frames):
    attention, at_s, shown = Attention(), 100.0, set()
    for in_view, pause_s in frames:
        at_s += pause_s
        shown |= set(in_view)
        seen, attention = look(attention, at_s, *in_view)
        assert len(attention.gathered.chunks.texts) <= 3
        if seen is not None and seen.text is not None and len(parts_of(seen.text)) > 1:
            assert set(parts_of(seen.text)) <= shown
            assert not attention.gathered.chunks.texts


def test_a_visitor_turns_the_pages_of_a_pass_and_is_told_to():
    seen, attention = look(Attention(), 10.0, ONE)
    assert (seen.text, seen.hint) == (None, Reason.MORE_PARTS)
    assert look(attention, 10.1, ONE)[0] is None
    seen, attention = look(attention, 10.1 + HINT_AGAIN_S, TWO)
    assert seen.hint is Reason.MORE_PARTS
    seen, attention = look(attention, 14.0, THREE)
    assert (seen.text, seen.hint, seen.first_s) == (WHOLE, None, 14.0)
    for text in (THREE, TWO, ONE):
        seen, attention = look(attention, 14.2, text)
        assert seen is None
    assert "55" not in repr(attention)


def test_a_pass_that_was_answered_and_went_away_is_another_visit():
    _, attention = look(Attention(), 10.0, ONE, TWO, THREE)
    _, attention = look(attention, 10.1)
    _, attention = look(attention, 10.2 + GONE_S)
    seen, attention = look(attention, 14.0, ONE)
    assert seen.hint is Reason.MORE_PARTS
    seen, _ = look(attention, 14.1, ONE, TWO, THREE)
    assert seen.text == WHOLE


def test_parts_of_several_passes_are_several_codes():
    seen, _ = look(Attention(), 10.0, ONE, OTHER_ONE)
    assert seen.hint is Reason.SEVERAL_CODES


def test_a_part_beside_a_whole_code_does_not_stop_it():
    seen, _ = look(Attention(), 10.0, ONE, JX1)
    assert seen.text == JX1


def test_a_part_interrupts_no_measurement_but_a_whole_pass_does():
    _, attention = look(Attention(), 10.0, JX1)
    attention = notice(Seen((ONE, TWO)), 10.5, attention)
    assert interruption(attention)[0] is None
    seen, _ = interruption(notice(Seen((THREE,)), 10.9, attention))
    assert seen.text == WHOLE


def test_a_page_may_be_turned_where_the_camera_does_not_see_it():
    _, attention = look(Attention(), 10.0, ONE, TWO)
    _, attention = look(attention, 10.5)
    attention = unwatched(attention, 10.0 + TOGETHER_S)
    seen, _ = look(attention, 10.0 + TOGETHER_S, THREE)
    assert seen.text == WHOLE


def test_when_no_frame_comes_for_a_while_the_parts_go():
    _, attention = look(Attention(), 10.0, ONE)
    assert unwatched(attention, 10.0 + TOGETHER_S).gathered.chunks.texts == (ONE,)
    assert unwatched(attention, 10.1 + TOGETHER_S).gathered == Gathered()
    assert unwatched(Attention(), 99.0) == Attention()


def test_many_parts_are_gathered_within_the_readers_limit():
    dice, attention = random.Random(5), Attention()
    for count in range(200):
        place = dice.randrange(1, 33)
        _, attention = look(attention, 10.0 + count * 0.1, f"shc:/{place}/32/{dice.randrange(10):02d}")
        assert len(attention.gathered.chunks.texts) <= 32
