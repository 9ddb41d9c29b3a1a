import io

import pytest

from sandbox.town.cases import Case
from sandbox.town.hear import serving_in, verdict_in
from sandbox.town.tell import Told, Voice, columns
from sandbox.wallet.doors import GateName
from wire.reason_words import REASONS
from wire.reasons import Reason

MALL = GateName("0a0000000001", "商场", "mall")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_line_has_gate_verdict_code_words_and_seconds():
    line = Voice("en", io.StringIO()).line(Told(MALL, Case.EXPIRED, Reason.EXPIRED, 0.42), 6)
    assert " ".join(line.split()) == "mall denied A-203 the code has expired 0.4 s"


def test_a_verdict_that_what_was_brought_does_not_explain_names_what_was_brought():
    line = Voice("en", io.StringIO()).line(Told(MALL, Case.FEVER, Reason.TEMPERATURE_UNSURE, 0.42), 6)
    assert "(fever)" in line


def test_nobodys_verdict_is_told_too():
    assert "no verdict" in Voice("en", io.StringIO()).line(Told(MALL, Case.PAYMENT, None, 15), 6)


def test_lines_in_chinese_stand_in_columns():
    voice = Voice("zh", io.StringIO())
    lines = [voice.line(Told(MALL, Case.GREEN, reason, 1.0), 8) for reason in Reason]
    assert len({columns(line) for line in lines if columns(line) < 90}) == 1


def test_a_terminal_gets_colour_and_a_file_does_not(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    told = Told(MALL, Case.GREEN, Reason.GREEN, 1.0)
    assert "\x1b[32m" in Voice("en", Terminal()).line(told, 4)
    assert "\x1b" not in Voice("en", io.StringIO()).line(told, 4)


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in Voice("en", Terminal()).line(Told(MALL, Case.GREEN, Reason.GREEN, 1.0), 4)


@pytest.mark.parametrize(
    "line", ["", "{", "null", "[]", '{"kind": "state"}', "not json", '{"kind": "passage"}']
)
def test_other_lines_are_no_verdict(line):
    assert verdict_in(line) is None


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_can_be_said(reason):
    line = Voice("en", io.StringIO()).line(Told(MALL, None, reason, 1.0), 4)
    assert REASONS[reason].code in line


@pytest.mark.parametrize(
    ("line", "serves"),
    [
        ('{"kind": "ready", "ready": true}', True),
        ('{"kind": "ready", "ready": true, "troubles": "offline"}', True),
        ('{"kind": "ready", "ready": true, "troubles": "clock_doubt offline"}', False),
        ('{"kind": "ready", "ready": false, "troubles": "no_trust"}', False),
        ('{"kind": "passage"}', None),
        ("Traceback", None),
    ],
)
def test_a_gate_serves_when_it_is_ready_and_knows_the_time(line, serves):
    assert serving_in(line) is serves
