"""Policy in words: whom a gate turns away, as an engineer or an inspector reads it."""

from dataclasses import replace

import pytest

from device.firmware.refusals import refusals
from device.firmware.trust import Beliefs
from wire.documents import Direction, Hours, StaffRules
from wire.policy import DEFAULT, Choice, Measured
from wire.reasons import Verdict

GATE = "0123456789ab"
NOW_S = 1_795_000_000  # a Wednesday


@pytest.fixture
def told(beliefs):
    def told(**changes):
        beliefs.assignment = replace(beliefs.assignment, **changes)
        return {one.words.en: one.verdict for one in refusals(beliefs, NOW_S)}

    return told


def one(found, part):
    (words,) = [words for words in found if part in words]
    return words, found[words]


def test_what_policy_says_stands_there_with_its_numbers(told):
    found = told()
    assert one(found, "issuers other than jl, bj")[1] is Verdict.DENY
    assert one(found, "proof is older than 30 s, or more than 10 s ahead")[1] is Verdict.DENY
    assert one(found, "again within 60 s")[1] is Verdict.DENY
    assert one(found, "list is older than 24 h")[1] is Verdict.REFER
    assert one(found, "trust is older than 30 days")[1] is Verdict.REFER
    assert one(found, "off by over 10 s")[1] is Verdict.REFER
    assert one(found, "body temperature above 37.3 °C")[1] is Verdict.DENY


def test_choices_of_policy_decide_about_paper_and_the_unknown(told):
    policy = replace(
        DEFAULT, paper=Choice.DENY, no_information=Choice.ADMIT, measured=Measured.SURFACE, repeat_s=0
    )
    found = told(policy=policy)
    assert found["paper codes"] is Verdict.DENY
    assert one(found, "status list is not held")[1] is Verdict.REFER
    assert not [words for words in found if "again within" in words]


def test_passes_are_told_of_where_trust_knows_any_with_what_counts(authority, beliefs, told):
    assert not [words for words in told() if "pass" in words and "passing" not in words]
    beliefs.trust = authority.trust(foreign=(authority.foreign_issuer(),))
    found = told(policy=replace(DEFAULT, foreign=Choice.ADMIT))
    assert found["passes of other systems"] is Verdict.ADMIT
    assert found["passes that state a positive test"] is Verdict.DENY
    assert found["passes with a test older than 48 h"] is Verdict.REFER
    doses = "passes with doses missing, or the last one not 14–270 days ago (a booster: up to 270 days)"
    assert found[doses] is Verdict.REFER
    assert found["passes with a recovery not 11–180 days ago"] is Verdict.REFER
    refused = told(policy=replace(DEFAULT, foreign=Choice.DENY))
    assert refused["passes of other systems"] is Verdict.DENY
    assert not [words for words in refused if "a test older" in words]


def test_hours_are_told_by_day_and_whether_they_hold_now(told):
    week = tuple(Hours(weekday=day, opens_min=540, closes_min=1080) for day in range(5))
    saturday = Hours(weekday=5, opens_min=600, closes_min=720)
    words, verdict = one(told(hours=(*week, saturday)), "visitors outside")
    assert words.startswith("visitors outside Mon–Fri 09:00–18:00, Sat 10:00–12:00")
    assert verdict is Verdict.WAIT
    apart = (Hours(weekday=0, opens_min=0, closes_min=60), Hours(weekday=3, opens_min=0, closes_min=60))
    words, _ = one(told(hours=apart), "visitors outside")
    assert "Mon Thu 00:00–01:00 (now)" in words


def test_rosters_closed_days_and_capacity_are_told(told):
    rules = StaffRules(only=True, hours=(Hours(weekday=0, opens_min=0, closes_min=60),), attendants=())
    found = told(staff_rules=rules, capacity=200, closed_days=(1, 2))
    assert one(found, "not on the roster")[1] is Verdict.REFER
    assert one(found, "on the roster outside Mon 00:00–01:00")[1] is Verdict.REFER
    assert one(found, "200 people")[1] is Verdict.WAIT
    assert one(found, "2 closed days")[1] is Verdict.WAIT


def test_the_way_out_knows_neither_hours_nor_capacity(told):
    found = told(
        direction=Direction.EXIT, capacity=200, hours=(Hours(weekday=0, opens_min=0, closes_min=60),)
    )
    assert not [words for words in found if "visitors" in words]


def test_a_gate_without_documents_refuses_everybody():
    found = refusals(Beliefs(GATE), NOW_S)
    assert found[0].verdict is Verdict.OUT_OF_SERVICE
    assert "every code" in found[1].words.en


def test_the_costliest_stands_first_and_both_languages_are_there(beliefs):
    found = refusals(beliefs, NOW_S)
    order = [Verdict.OUT_OF_SERVICE, Verdict.DENY, Verdict.REFER, Verdict.WAIT, Verdict.ADMIT]
    places = [order.index(row.verdict) for row in found]
    assert places == sorted(places)
    assert all(row.words.zh != row.words.en for row in found)
