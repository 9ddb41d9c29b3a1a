import io

import pytest

from tests.hil.ledger import Ledger, StepFailedError


@pytest.fixture
def ledger():
    return Ledger(io.StringIO(), where="guest A")


def test_what_was_proved_is_said_and_stands_in_both_tables(ledger, tmp_path):
    with ledger.step("pins") as report:
        report("relay up")
        report("relay down")
    assert ledger.good
    ledger.table()
    ledger.write(tmp_path / "last.md")
    assert "relay up; relay down" in ledger.out.getvalue()
    assert "| guest A | pins | 0 | relay up; relay down |" in (tmp_path / "last.md").read_text()


def test_a_step_that_fails_is_told_with_its_place_and_the_next_is_tried(ledger, tmp_path):
    with ledger.step("pins"):
        raise AssertionError("the relay | did not move\nlong words")
    with ledger.step("bus") as report:
        report("fine")
    assert not ledger.good
    assert "test_ledger.py" in ledger.out.getvalue()
    ledger.write(tmp_path / "last.md")
    text = (tmp_path / "last.md").read_text()
    assert "**failed**: AssertionError: the relay / did not move |" in text
    assert "long words" not in text


def test_what_everything_stands_on_ends_its_session(ledger):
    with pytest.raises(StepFailedError), ledger.step("made", fatal=True):
        raise OSError("no disk")
    assert [row.wrong for row in ledger.rows] == ["OSError: no disk"]


def test_nothing_proved_is_not_good(ledger):
    assert not ledger.good
    ledger.table()


def test_a_stop_from_outside_goes_on_its_way_and_proves_nothing(ledger):
    with pytest.raises(KeyboardInterrupt), ledger.step("pins"):
        raise KeyboardInterrupt
    assert not ledger.good
