import pytest

from sandbox.guest.reckoning import Tally, admitted, complaints, outdated
from wire import messages
from wire.messages import ClockTrust, Entry, Event, Held
from wire.reasons import Reason, Verdict

ANNA, BO, CHEN = (bytes([number]) * 16 for number in (1, 2, 3))
START = (Event.BOOT, None, None)


def let_in(subject):
    return Event.PASSAGE, Verdict.ADMIT, subject


def turned_away(subject):
    return Event.PASSAGE, Verdict.DENY, subject


def journal(*rows):
    return {
        sequence: messages.write(
            Entry(
                sequence=sequence,
                previous=bytes(32),
                at_ms=sequence,
                clock=ClockTrust.SIGNED,
                kind=kind,
                verdict=verdict,
                reason=None if verdict is None else Reason.GREEN if verdict is Verdict.ADMIT else Reason.RED,
                subject=subject,
            )
        )
        for sequence, (kind, verdict, subject) in enumerate(rows, 1)
    }


@pytest.mark.parametrize(
    ("events", "moved", "told"),
    [
        ({}, [], {}),
        (journal(START, let_in(ANNA), let_in(BO)), [ANNA, BO], {}),
        (journal(START, let_in(ANNA), START, let_in(BO)), [BO], {}),  # between the journal and the relay
        (journal(START, let_in(ANNA), let_in(BO)), [ANNA], {}),  # the same, in the last life
        (journal(START, turned_away(CHEN), let_in(ANNA)), [ANNA], journal(START)),
    ],
)
def test_a_journal_that_answers_for_each_movement_is_not_complained_about(events, moved, told):
    assert complaints(events, moved, told) == []


@pytest.mark.parametrize(
    ("events", "moved", "told", "about"),
    [
        (journal(START), [ANNA], {}, "no admission is written: openings [1] of 1"),
        (journal(START, turned_away(ANNA)), [ANNA], {}, "no admission is written"),
        (journal(START, let_in(ANNA), let_in(ANNA)), [ANNA], {}, "admitted twice"),
        (journal(START, let_in(ANNA), let_in(BO)), [BO, ANNA], {}, "another order"),
        (journal(START, let_in(ANNA), let_in(BO)), [BO], {}, "admissions at [2] did not move the barrier"),
        (journal(START, let_in(ANNA), turned_away(BO)), [], {}, "admissions at [2]"),
        ({1: journal(START)[1], 3: journal(START)[1]}, [], {}, "a gap"),
        (journal(START), [], journal(START, START), "the fleet holds events that are gone or others: [2]"),
        (journal(START), [], journal(let_in(ANNA)), "gone or others: [1]"),
    ],
)
def test_whatever_is_missing_doubled_or_out_of_order_is_complained_about(events, moved, told, about):
    assert about in "; ".join(complaints(events, moved, told))


def test_openings_are_counted_by_life_and_remembered_by_person():
    tally = Tally()
    for people in ((ANNA, BO), (), (CHEN,)):
        tally.begin()
        for subject in people:
            tally.hear(subject)
    assert (tally.lives, tally.moved) == ([2, 0, 1], [ANNA, BO, CHEN])
    entries = [messages.read_entry(data) for data in journal(START, let_in(BO), turned_away(ANNA)).values()]
    assert admitted(entries) == [BO]


def test_what_a_gate_had_told_to_hold_is_on_its_card():
    documents = {
        ("card root", ""): 1,
        ("trust", ""): 3,
        ("assignment", ""): 5,
        ("list", "jl:0"): 7,
        ("delta", f"jl:0 {9:019d}"): 9,
    }
    held = Held(root=1, trust=3, assignment=5, lists={"jl:0": 9})
    assert outdated(documents, held) == []
    assert outdated(documents, Held(root=1, trust=2, assignment=4, lists={"jl:0": 7})) == []
    newer = Held(root=1, trust=4, assignment=6, lists={"jl:0": 10})
    assert outdated(documents, newer) == [
        "trust 4 was held, 3 is on the card",
        "assignment 6 was held, 5 is on the card",
        "list jl:0 10 was held, 9 is on the card",
    ]
