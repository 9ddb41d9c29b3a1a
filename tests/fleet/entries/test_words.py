"""Every kind, verdict, reason and colour of the wire has its words here, in both languages."""

import pytest

from fleet.entries import words
from wire.messages import Event as Kind
from wire.reasons import Colour, Reason, Verdict


@pytest.mark.parametrize(
    ("members", "table"),
    [(Verdict, words.VERDICTS), (Kind, words.KINDS), (Colour, words.COLOURS), (Reason, words.REASON_BY_NAME)],
)
def test_every_member_has_its_row_and_no_other(members, table):
    assert {words.stored(member) for member in members} == set(table)


def test_chinese_is_chinese_and_english_is_english():
    pairs = [row[-2:] for table in (words.VERDICTS, words.KINDS, words.COLOURS) for row in table.values()]
    for zh, en in pairs:
        assert any("\u4e00" <= c <= "\u9fff" for c in zh), zh
        assert en.isascii(), en
