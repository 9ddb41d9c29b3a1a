from fleet.entries import words
from wire.messages import Event
from wire.reasons import Colour, Reason, Verdict


def test_everything_a_gate_can_say_has_words_in_both_languages():
    for kind, table in ((Event, words.KINDS), (Verdict, words.VERDICTS), (Colour, words.COLOURS)):
        assert set(table) == {words.stored(member) for member in kind}
        assert all(all(row) for row in table.values())
    assert set(words.REASON_BY_NAME) == {words.stored(reason) for reason in Reason}
