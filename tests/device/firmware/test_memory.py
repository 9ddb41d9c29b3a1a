from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware import memory as memories
from device.firmware.admit import Recall
from device.firmware.memory import Memory, last_elsewhere
from wire.documents import Direction, Recent, VenueState
from wire.messages import ClockTrust, Entry, Event
from wire.reasons import Reason, Verdict
from wire.subjects import digest_of

NOW = 1_800_000_000
ALICE, BOB = b"a" * 16, b"b" * 16


@pytest.fixture
def memory():
    return Memory()


def test_nobody_is_known_at_first(memory):
    assert memory.recall(ALICE, NOW, NOW, 60) is Recall.NEW
    assert memory.result(ALICE) is None
    memory.passed(ALICE, NOW)
    assert len(memory) == 0


def test_a_proof_that_opened_opens_no_second_time_nor_does_an_older_one(memory):
    memory.decided(ALICE, NOW - 3, Reason.GREEN, NOW)
    assert memory.recall(ALICE, NOW - 3, NOW + 5, 60) is Recall.REPLAYED
    assert memory.recall(ALICE, NOW - 9, NOW + 5, 60) is Recall.REPLAYED
    assert memory.recall(ALICE, NOW + 7, NOW + 8, 60) is Recall.NEW
    assert memory.recall(BOB, NOW - 3, NOW + 5, 60) is Recall.NEW


def test_a_later_denial_does_not_give_a_used_proof_back(memory):
    memory.decided(ALICE, NOW, Reason.GREEN, NOW)
    memory.decided(ALICE, NOW + 10, Reason.NO_TEMPERATURE, NOW + 10)
    assert memory.recall(ALICE, NOW, NOW + 11, 60) is Recall.REPLAYED
    memory.decided(ALICE, NOW + 12, Reason.GREEN, NOW + 12)
    assert memory.recall(ALICE, NOW + 12, NOW + 13, 60) is Recall.REPLAYED


def test_who_passed_is_remembered_as_long_as_policy_says(memory):
    memory.decided(ALICE, NOW, Reason.GREEN, NOW)
    memory.passed(ALICE, NOW + 2)
    assert memory.recall(ALICE, NOW + 10, NOW + 61, 60) is Recall.PASSED
    assert memory.recall(ALICE, NOW + 60, NOW + 62, 60) is Recall.NEW
    memory.decided(ALICE, NOW + 20, Reason.PASSED_BEFORE, NOW + 20)
    assert memory.recall(ALICE, NOW + 30, NOW + 31, 60) is Recall.PASSED


def test_the_same_proof_again_is_the_same_visit_for_a_while(memory):
    memory.decided(ALICE, NOW, Reason.YELLOW, NOW)
    assert memory.recall(ALICE, NOW, NOW + 59, 60) is Recall.SAME_VISIT
    assert memory.result(ALICE) is Reason.YELLOW
    assert memory.recall(ALICE, NOW, NOW + 60, 60) is Recall.NEW
    assert memory.recall(ALICE, NOW + 10, NOW + 11, 60) is Recall.NEW


@pytest.mark.parametrize("reason", [Reason.FEVER, Reason.TEMPERATURE_UNSURE])
def test_a_fresh_proof_does_not_undo_a_measurement(memory, reason):
    memory.decided(ALICE, NOW, reason, NOW)
    assert memory.recall(ALICE, NOW + 20, NOW + 21, 60) is Recall.SAME_VISIT


def test_paper_is_the_same_visit_until_it_has_passed(memory):
    memory.decided(ALICE, None, Reason.PAPER_ADMITTED, NOW)
    assert memory.recall(ALICE, None, NOW + 5, 60) is Recall.NEW
    memory.passed(ALICE, NOW + 6)
    assert memory.recall(ALICE, None, NOW + 7, 60) is Recall.PASSED


def test_who_signs_in_uses_the_proof_up_and_is_no_visitor(memory):
    memory.signed_in(ALICE, NOW, NOW)
    assert memory.used(ALICE, NOW)
    assert memory.used(ALICE, NOW - 5)
    assert not memory.used(ALICE, NOW + 1)
    assert not memory.used(ALICE, None)
    assert not memory.used(BOB, NOW)
    assert memory.recall(ALICE, NOW, NOW, 60) is Recall.REPLAYED
    memory.decided(ALICE, NOW + 9, Reason.GREEN, NOW + 9)
    memory.signed_in(ALICE, NOW + 5, NOW + 10)
    assert memory.used(ALICE, NOW + 9)
    assert memory.result(ALICE) is Reason.GREEN


def entry(kind, verdict, subject, at_s, reason=Reason.GREEN, sequence=1, about=None):
    return Entry(
        sequence=sequence,
        about=about,
        previous=bytes(32),
        at_ms=at_s * 1000,
        clock=ClockTrust.SIGNED,
        kind=kind,
        verdict=verdict,
        reason=reason,
        subject=subject,
    )


def test_after_a_restart_every_proof_from_before_a_passage_counts_as_used(memory):
    memory.refill(
        [
            entry(Event.PASSAGE, Verdict.ADMIT, ALICE, NOW),
            entry(Event.PASSAGE, Verdict.DENY, BOB, NOW, Reason.RED),
            entry(Event.PASSED, None, None, NOW + 1, None),
        ],
        lead_s=10,
    )
    assert len(memory) == 1
    assert memory.recall(ALICE, NOW + 10, NOW + 5, 0) is Recall.REPLAYED
    assert memory.recall(ALICE, NOW + 11, NOW + 12, 0) is Recall.NEW
    assert memory.recall(ALICE, NOW + 11, NOW + 12, 60) is Recall.PASSED


def test_after_a_restart_who_was_let_in_and_did_not_pass_has_not_passed(memory):
    memory.refill(
        [
            entry(Event.PASSAGE, Verdict.ADMIT, ALICE, NOW, sequence=7),
            entry(Event.PASSED, None, None, NOW + 1, None, sequence=8, about=7),
            entry(Event.PASSAGE, Verdict.ADMIT, BOB, NOW + 2, sequence=9),
            entry(Event.NOT_PASSED, None, None, NOW + 8, None, sequence=10, about=9),
            entry(Event.NOT_PASSED, None, None, NOW + 9, None, sequence=11, about=4),
            entry(Event.PASSAGE, Verdict.ADMIT, ALICE, NOW + 20, sequence=12),
            entry(Event.NOT_PASSED, None, None, NOW + 28, None, sequence=13, about=12),
        ],
        lead_s=10,
    )
    assert memory.recall(BOB, NOW + 30, NOW + 30, 60) is Recall.NEW
    assert memory.recall(BOB, NOW + 3, NOW + 30, 60) is Recall.REPLAYED
    assert memory.recall(ALICE, NOW + 30, NOW + 30, 60) is Recall.PASSED  # the time before


def test_a_restart_remembers_no_more_people_than_there_is_room_for(memory, monkeypatch):
    monkeypatch.setattr(memories, "MOST", 1)
    memory.refill(
        [
            entry(Event.PASSAGE, Verdict.ADMIT, ALICE, NOW, sequence=1),
            entry(Event.PASSAGE, Verdict.ADMIT, BOB, NOW, sequence=2),
            entry(Event.NOT_PASSED, None, None, NOW + 8, None, sequence=3, about=1),
        ],
        lead_s=10,
    )
    assert len(memory) == 1
    assert memory.recall(ALICE, NOW, NOW + 9, 60) is Recall.NEW


@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.integers(0, 200_000)), max_size=60))
def test_memory_is_bounded_in_number_and_age(visits):
    memory, now = Memory(), NOW
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memories, "MOST", 20)
        for subject, later_s in visits:
            now += later_s
            memory.decided(subject, now, Reason.GREEN, now)
            assert len(memory) <= 20
            assert memory.recall(subject, now, now, 60) is Recall.REPLAYED
            assert all(now - visit.at_s <= memories.KEPT_S for visit in memory._visits.values())


def venue(**changes):
    body = {"version": 1, "issued": NOW, "expires": NOW + 60, "audience": "0123456789ab", "occupancy": 0}
    recent = Recent(digest=digest_of(ALICE), at=NOW - 10, direction=Direction.ENTRY)
    return VenueState(**body | {"recent": (recent,)} | changes)


def test_another_lane_is_believed_while_it_is_fresh():
    assert last_elsewhere(venue(), ALICE, NOW).at == NOW - 10
    assert last_elsewhere(venue(), BOB, NOW) is None
    assert last_elsewhere(venue(), ALICE, NOW + 60) is None
    assert last_elsewhere(None, ALICE, NOW) is None


def test_of_several_passages_elsewhere_the_newest_counts():
    seen = [
        Recent(digest=digest_of(ALICE), at=NOW - ago, direction=way)
        for ago, way in ((10, Direction.EXIT), (30, Direction.ENTRY), (20, Direction.ENTRY))
    ]
    assert last_elsewhere(venue(recent=tuple(seen)), ALICE, NOW).direction is Direction.EXIT


def test_who_went_the_other_way_since_may_pass_again(memory):
    memory.decided(ALICE, NOW - 50, Reason.GREEN, NOW - 50)
    memory.passed(ALICE, NOW - 50)
    assert memory.recall(ALICE, NOW, NOW, 600) is Recall.PASSED
    assert memory.recall(ALICE, NOW, NOW, 600, NOW - 60) is Recall.PASSED
    assert memory.recall(ALICE, NOW, NOW, 600, NOW - 40) is Recall.NEW
    assert memory.recall(ALICE, NOW - 50, NOW, 600, NOW - 40) is Recall.REPLAYED


def test_openings_are_counted_one_by_one_whoever_they_were_for(memory):
    for at_s in (100, 101, 102):
        memory.opened(at_s)
    assert [memory.opened_since(at_s) for at_s in (100, 102, 103)] == [3, 1, 0]
    memory.stayed()
    assert memory.opened_since(100) == 2
    memory.stayed()
    memory.stayed()
    memory.stayed()
    assert memory.opened_since(0) == 0


def test_a_restart_counts_whom_the_journal_says_came_in(memory):
    memory.refill(
        [
            entry(Event.PASSAGE, Verdict.ADMIT, ALICE, NOW, sequence=1),
            entry(Event.PASSED, None, None, NOW + 1, None, sequence=2, about=1),
            entry(Event.REGISTRATION, Verdict.ADMIT, None, NOW + 2, Reason.REGISTERED, sequence=3),
            entry(Event.REGISTRATION, Verdict.DENY, None, NOW + 3, Reason.FEVER, sequence=4),
            entry(Event.OPENED_BY_HAND, None, None, NOW + 4, None, sequence=5),
            entry(Event.NOT_PASSED, None, None, NOW + 5, None, sequence=6, about=5),
        ],
        lead_s=10,
    )
    assert memory.opened_since(NOW) == 2
    assert memory.opened_since(NOW + 1) == 1


@pytest.mark.parametrize("reason", [Reason.PROOF_OLD, Reason.PROOF_REPLAYED, Reason.NO_TEMPERATURE])
def test_what_says_nothing_of_a_temperature_does_not_undo_a_measurement(memory, reason):
    memory.decided(ALICE, NOW, Reason.FEVER, NOW)
    memory.decided(ALICE, NOW - 40, reason, NOW + 5)
    assert memory.recall(ALICE, NOW + 8, NOW + 8, 60) is Recall.SAME_VISIT
    assert memory.result(ALICE) is Reason.FEVER
    memory.decided(ALICE, NOW + 70, reason, NOW + 70)
    assert memory.result(ALICE) is reason


def test_an_attendants_visit_of_yesterday_does_not_let_todays_proof_be_forgotten(memory):
    memory.decided(ALICE, NOW, Reason.GREEN, NOW)
    today = NOW + memories.KEPT_S + 60
    memory.signed_in(ALICE, today, today)
    assert memory.used(ALICE, today)
    assert memory.result(ALICE) is None


def test_after_a_restart_the_proof_that_began_a_turn_counts_as_used(memory):
    begun = entry(Event.ATTENDED, None, None, NOW, None)
    memory.refill(
        [replace(begun, attendant=ALICE, word="begun"), replace(begun, word="begun")],
        lead_s=10,
    )
    assert memory.used(ALICE, NOW + 10)
    assert not memory.used(ALICE, NOW + 11)
    assert memory.opened_since(NOW) == 0
