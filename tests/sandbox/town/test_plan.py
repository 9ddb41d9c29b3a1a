import itertools

import pytest

from sandbox.errors import SandboxError
from sandbox.issuer.residents import DEMO_PEOPLE, populate
from sandbox.town.body import forehead_c, readings
from sandbox.town.cases import CASES, Case
from sandbox.town.plan import OPENING, by_chance, from_script
from sandbox.town.town import for_gate

PEOPLE = populate(7)
COLOURS = {r.number: r.colour for r in PEOPLE}
GATES = ("mall", "hall", "market")


def first(count, seed=7):
    return list(itertools.islice(by_chance(seed, PEOPLE, 3), count))


def test_the_same_seed_makes_the_same_day_and_another_seed_another():
    assert first(200) == first(200)
    assert first(200) != first(200, seed=8)


def test_everybody_has_the_colour_of_their_case_and_none_is_a_person_of_the_wallet():
    for visit in first(500):
        assert COLOURS[visit.number] is CASES[visit.case].colour
        assert visit.number > DEMO_PEOPLE


def test_nobody_comes_again_before_a_hundred_others_have():
    greens = [v.number for v in first(200) if COLOURS[v.number] is CASES[Case.GREEN].colour]
    assert len(set(greens[:100])) == 100


def test_every_case_comes_and_most_people_are_green_and_well():
    cases = [visit.case for visit in first(3000)]
    assert set(cases) == set(Case)
    assert 0.6 < cases.count(Case.GREEN) / len(cases) < 0.8


def test_the_first_visitors_show_the_telling_cases_one_gate_after_another():
    day = first(len(OPENING))
    assert [visit.case for visit in day] == list(OPENING)
    assert [visit.gate for visit in day[:3]] == [0, 1, 2]


def test_the_shares_are_of_a_thousand():
    assert sum(row.share for row in CASES.values()) == 1000


def test_the_gates_share_the_first_people_without_loss():
    parts = [list(for_gate(by_chance(7, PEOPLE, 3), gate, 50)) for gate in range(3)]
    assert sorted(v.order for part in parts for v in part) == list(range(50))


def test_only_fever_is_near_or_above_the_threshold():
    for visit in first(1000):
        assert (visit.body_c > 37.62) is (visit.case is Case.FEVER)
        assert visit.case is Case.FEVER or visit.body_c < 36.95


def test_a_warmer_body_has_a_warmer_forehead_below_it():
    warm = [forehead_c(tenth / 10) for tenth in range(340, 420)]
    assert warm == sorted(warm)
    assert 34 < forehead_c(36.5) < 36.5


def test_a_script_says_who_comes():
    text = '[[visit]]\ncase = "red"\ngate = "hall"\n[[visit]]\nresident = 3\nbody_c = 38.0\n'
    red, third = from_script(text, PEOPLE, GATES, 7)
    assert (red.case, red.gate, COLOURS[red.number]) == (Case.RED, 1, CASES[Case.RED].colour)
    assert (third.number, third.body_c, third.case) == (3, 38.0, Case.GREEN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("visit = [", "TOML"),
        ('[[visit]]\ncase = "blue"', "visit 1: case"),
        ('[[visit]]\ngate = "moon"', "visit 1: gate"),
        ("[[visit]]\nresident = 100000", "visit 1: nobody"),
        ("[[visit]]\ncolour = 1", "visit 1: .*colour"),
    ],
)
def test_a_wrong_script_is_refused_in_words(text, said):
    with pytest.raises(SandboxError, match=said):
        from_script(text, PEOPLE, GATES, 7)


def test_the_readings_of_one_person_stay_close_together():
    import random

    reading = readings(36.5, random.Random(1))
    values = [reading() for _ in range(100)]
    assert max(values) - min(values) < 0.3
