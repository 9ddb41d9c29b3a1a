"""The bounds of policy, as a key officer reads them."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.errors import FleetError
from fleet.keys import bounds
from wire.policy import CODEC, DEFAULT, LOOSEST, Choice, Measured, Policy, Site


def test_every_bound_has_a_name_and_every_choice_a_word():
    assert set(bounds.NAMES) == {field.name for field in fields(Policy)}
    assert {member.name.lower() for kind in (Choice, Measured, Site) for member in kind} == set(
        bounds._CHOICES
    )


def test_the_first_bounds_are_told_one_by_one():
    lines = list(bounds.changes(None, LOOSEST))
    assert len(lines) == len(fields(Policy))
    assert ("限度：发热标准 – → 37.50 °C", "bound: fever threshold – → 37.50 °C") in lines
    assert ("限度：纸质码 – → 放行", "bound: paper codes – → admit") in lines


def test_a_looser_bound_is_called_so_and_a_stricter_one_is_not():
    looser = list(bounds.changes(LOOSEST, replace(LOOSEST, fever_c100=3805)))
    assert looser == [
        ("限度：发热标准 37.50 °C → 38.05 °C（放宽）", "bound: fever threshold 37.50 °C → 38.05 °C (LOOSER)")
    ]
    stricter = list(bounds.changes(LOOSEST, replace(LOOSEST, proof_past_s=20, paper=Choice.DENY)))
    assert [en for _, en in stricter] == [
        "bound: age of a phone's proof 60 s (1 minute) → 20 s",
        "bound: paper codes admit → deny",
    ]


def test_what_nobody_calls_stricter_is_told_without_a_judgement():
    assert list(bounds.changes(LOOSEST, replace(LOOSEST, pulse_ms=900))) == [
        ("限度：开闸脉冲 800 ms → 900 ms", "bound: opening pulse 800 ms → 900 ms")
    ]
    assert list(bounds.changes(LOOSEST, LOOSEST)) == []


@pytest.mark.parametrize(
    ("name", "value", "zh", "en"),
    [
        ("trust_age_s", 7_776_000, "7776000 s（90 天）", "7776000 s (90 days)"),
        ("list_age_s", 86_400, "86400 s（1 天）", "86400 s (1 day)"),
        ("list_age_s", 86_401, "86401 s", "86401 s"),
        ("list_age_s", 90_000, "90000 s（25 小时）", "90000 s (25 hours)"),
        ("clock_doubt_ms", 90_000, "90000 ms（90 秒）", "90000 ms (90 seconds)"),
        ("clock_doubt_ms", 600_000, "600000 ms（10 分钟）", "600000 ms (10 minutes)"),
        ("foreign_test_h", 72, "72 h（3 天）", "72 h (3 days)"),
        ("repeat_s", 0, "0 s", "0 s"),
    ],
)
def test_an_exact_number_is_said_as_people_count_too(name, value, zh, en):
    assert bounds.value_words(name, value) == (zh, en)


def test_every_field_is_set_from_the_text_that_people_write():
    for field in fields(Policy):
        value = getattr(LOOSEST, field.name)
        text = value.name.lower() if isinstance(value, Choice | Measured | Site) else str(value)
        assert getattr(bounds.with_values(DEFAULT, {field.name: text}), field.name) == value


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("foreign", "perhaps", "admit, refer, deny"),
        ("foreign_test_h", "soon", "a whole number"),
        ("foreign_test_h", "721", "an integer from 0 to 720"),
        ("foreign_doses_until_d", "", "a whole number"),
        ("no_such", "1", "no part of a policy"),
        ("__class__", "1", "no part of a policy"),
    ],
)
def test_a_wrong_value_is_refused_with_what_can_be(name, text, words):
    with pytest.raises(FleetError, match=words):
        bounds.with_values(DEFAULT, {name: text})


@settings(deadline=None)
@given(st.sampled_from(sorted(bounds.NAMES)), st.text(max_size=8) | st.integers(-9, 10**6).map(str))
def test_whatever_is_written_a_policy_stays_one_that_gates_read(name, text):
    try:
        made = bounds.with_values(DEFAULT, {name: text})
    except FleetError:
        return
    assert CODEC.load(CODEC.dump(made)) == made


def test_a_policy_is_shown_with_what_the_bounds_make_of_it():
    wanted = replace(DEFAULT, foreign=Choice.ADMIT, foreign_test_h=100)
    rows = {row["policy"]: row for row in bounds.rows(wanted, replace(LOOSEST, foreign=Choice.REFER))}
    assert rows["foreign"] == {
        "policy": "foreign",
        "what": "其他体系的证明 · passes of other systems",
        "value": "放行 · admit",
        "at the gate": "转人工 · refer",
    }
    assert rows["foreign_test_h"]["at the gate"] == "72 h (3 天 · 3 days)"
    assert rows["foreign_doses_from_d"]["at the gate"] is None
    assert all(row["at the gate"] is None for row in bounds.rows(DEFAULT, None))


def test_a_policy_has_plain_values():
    assert bounds.plain(DEFAULT)["foreign"] == "refer"
    assert bounds.plain(DEFAULT)["fever_c100"] == 3730
