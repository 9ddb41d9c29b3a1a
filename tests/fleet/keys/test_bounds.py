"""The bounds of policy, as a key officer reads them."""

from dataclasses import fields, replace

from fleet.keys import bounds
from wire.policy import LOOSEST, Choice, Measured, Policy, Site


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
        "bound: age of a phone's proof 60 s → 20 s",
        "bound: paper codes admit → deny",
    ]


def test_what_nobody_calls_stricter_is_told_without_a_judgement():
    assert list(bounds.changes(LOOSEST, replace(LOOSEST, pulse_ms=900))) == [
        ("限度：开闸脉冲 800 ms → 900 ms", "bound: opening pulse 800 ms → 900 ms")
    ]
    assert list(bounds.changes(LOOSEST, LOOSEST)) == []
