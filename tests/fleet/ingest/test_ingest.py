"""What is committed, what is receipted, and what is noticed: without a broker."""

import itertools
import secrets

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event as sqla_event
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from fleet.ingest.coverage import Coverage, Span
from fleet.ingest.receipts import merged
from fleet.models import Audit, Event, Gate, GateKey, GateState, Journal
from wire import messages, schema
from wire.keys import PrivateKey
from wire.messages import Event as Kind
from wire.topics import Up

NOW = 1_795_000_000
MONO = itertools.count(0.0, 2.0)  # seconds; the gate stays the same from example to example


def stored(database, journal: bytes) -> dict[int, bytes]:
    with database.reading() as session:
        rows = session.execute(select(Event.sequence, Event.data).where(Event.journal == journal))
        return {row.sequence: row.data for row in rows}


def journal_row(database, gate) -> Journal:
    with database.reading() as session:
        return session.get_one(Journal, (gate.id, gate.journal))


def alarms(database) -> list[tuple[str, str]]:
    with database.reading() as session:
        return [(row.actor, row.action) for row in session.scalars(select(Audit).order_by(Audit.id))]


def covered(receipts) -> set[int]:
    return {n for r in receipts for part in r.ranges for n in range(part.first, part.last + 1)}


def test_a_batch_becomes_rows_and_a_receipt_with_the_hash_at_its_end(fleet, gate, database):
    gate.grow(12)
    assert fleet.hear(gate.batch(1, 12)) == 12
    (receipt,) = fleet.receipted(0.0)
    (part,) = receipt.ranges
    assert (part.first, part.last, part.hash) == (1, 12, gate.hash(12))
    assert (receipt.audience, receipt.journal, receipt.epoch) == (gate.id, gate.journal, bytes(range(16)))
    assert journal_row(database, gate).contiguous_to == 12
    with database.reading() as session:
        row = session.scalars(select(Event).where(Event.sequence == 3)).one()
    assert (row.kind, row.verdict, row.reason, row.colour) == ("passage", "admit", "green", "green")
    assert (row.lane, row.direction, row.clock, row.issuer) == (2, "in", "signed", "jl")
    assert (row.raw_centi_c, row.estimate_centi_c, row.millis) == (3400, 3660, 31)
    assert row.data == gate.events[2]


def test_receipts_go_at_once_and_then_once_a_second(fleet, gate):
    gate.grow(3)
    fleet.hear(gate.batch(1, 1))
    assert covered(fleet.receipted(10.0)) == {1}
    fleet.hear(gate.batch(2, 2))
    assert fleet.receipts.due_in(10.1) == pytest.approx(0.9)
    assert fleet.receipted(10.1) == []
    fleet.hear(gate.batch(3, 3))
    assert covered(fleet.receipted(11.0)) == {2, 3}
    assert fleet.receipts.due_in(11.0) is None


def test_nothing_is_receipted_that_was_not_committed(fleet, gate, database, monkeypatch):
    gate.grow(2)

    def fail(*_):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(fleet.worker, "_store", fail)
        with pytest.raises(RuntimeError):
            fleet.hear(gate.batch(1, 2))
    assert fleet.receipted(0.0) == []
    assert stored(database, gate.journal) == {}
    assert fleet.hear(gate.batch(1, 2)) == 2


def test_a_crash_between_commit_and_receipt_is_mended_by_sending_again(fleet, gate, database):
    gate.grow(4)
    fleet.hear(gate.batch(1, 4))
    fleet.start()
    assert fleet.hear(gate.batch(1, 4)) == 0
    assert covered(fleet.receipted(0.0)) == {1, 2, 3, 4}
    assert len(stored(database, gate.journal)) == 4
    assert alarms(database) == []


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_loss_repetition_and_disorder_leave_the_journal_exactly_once(data, fleet, another, database):
    gate = another().grow(data.draw(st.integers(1, 40)))
    fleet.start()  # an example that was given up may have left receipts behind
    head = len(gate.events)
    receipted: set[int] = set()
    for _ in range(8):
        cut = sorted(data.draw(st.sets(st.integers(1, head), max_size=6)) | {1, head + 1})
        parts = [gate.batch(a, b - 1) for a, b in itertools.pairwise(cut)]
        sent = data.draw(st.lists(st.sampled_from(parts), max_size=8))
        fleet.hear(*sent)
        if data.draw(st.booleans()):
            fleet.start()  # killed before the receipt
        receipted |= covered(fleet.receipted(next(MONO)))
        assert receipted <= stored(database, gate.journal).keys()
        if len(receipted) == head:
            break
    for first in range(1, head + 1):  # at the end a patient gate sends what was never receipted
        if first not in receipted:
            fleet.hear(gate.batch(first, first))
    receipted |= covered(fleet.receipted(next(MONO)))
    assert receipted == set(range(1, head + 1))
    assert stored(database, gate.journal) == dict(enumerate(gate.events, 1))
    assert journal_row(database, gate).contiguous_to == head
    assert not [what for _, what in alarms(database)]


def test_an_edited_event_is_an_alarm_and_overwrites_nothing(fleet, gate, another, database):
    gate.grow(3)
    forged = another()
    forged.journal = gate.journal
    forged.events = gate.events[:1]
    forged.grow(2, took_ms=99)
    fleet.hear(gate.batch(1, 3))
    fleet.receipted(0.0)
    fleet.hear(forged.batch(2, 3))
    assert stored(database, gate.journal) == dict(enumerate(gate.events, 1))
    assert fleet.receipted(5.0)[0].ranges == ()
    assert alarms(database) == [(f"gate:{gate.id}", "journal.conflict")] * 2
    fleet.hear(forged.batch(2, 3))
    assert len(alarms(database)) == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("restart", [False, True])
def test_a_broken_chain_between_batches_is_an_alarm(fleet, gate, another, database, order, restart):
    gate.grow(2)
    other = another()
    other.journal = gate.journal
    other.grow(2, took_ms=1)
    other.grow(2)
    parts = [gate.batch(1, 2), other.batch(3, 4)]
    fleet.hear(parts[order[0]])
    if restart:
        fleet.start()
    fleet.hear(parts[order[1]])
    assert alarms(database) == [(f"gate:{gate.id}", "journal.broken")]
    assert len(stored(database, gate.journal)) == 4


def test_a_journal_that_does_not_begin_with_its_gate_is_an_alarm(fleet, gate, database):
    gate.grow(1, previous=bytes(32))
    fleet.hear(gate.batch(1, 1))
    assert alarms(database) == [(f"gate:{gate.id}", "journal.broken")]


def test_a_tombstone_counts_as_held_and_joins_the_chain(fleet, gate, database):
    gate.grow(9)
    mark = gate.hash(2)[:16].hex() + gate.hash(7)[:16].hex()
    gate.grow(1, kind=Kind.TOMBSTONE, about=3, until=7, word=mark)
    fleet.hear(gate.batch(1, 2), gate.batch(8, 9), gate.batch(10, 10))
    assert journal_row(database, gate).contiguous_to == 10
    fleet.start()
    fleet.hear(gate.grow(1).batch(11, 11))
    assert journal_row(database, gate).contiguous_to == 11
    assert alarms(database) == []


def test_a_tombstone_that_does_not_join_is_an_alarm(fleet, gate, database):
    gate.grow(9)
    mark = bytes(16).hex() + gate.hash(7)[:16].hex()
    gate.grow(1, kind=Kind.TOMBSTONE, about=3, until=7, word=mark)
    fleet.hear(gate.batch(1, 2), gate.batch(8, 10))
    assert alarms(database) == [(f"gate:{gate.id}", "journal.broken")]


def test_a_revoked_or_unknown_gate_is_ignored_and_counted(fleet, gate, database):
    gate.grow(1)
    with database.session() as session:
        session.get_one(Gate, gate.id).revoked_at = 5
    fleet.worker.look(NOW)
    assert fleet.hear(gate.batch(1, 1), gate.hello(), gate.state()) == 0
    assert fleet.worker.counts["unknown or revoked gate"] == 3
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 0
        assert session.get(GateState, gate.id) is None


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(payload=st.binary(max_size=200), leaf=st.sampled_from(Up))
def test_poison_is_counted_and_does_not_stop_the_next_message(fleet, gate, payload, leaf):
    before = sum(fleet.worker.counts.values())
    fleet.hear((gate.topic(leaf), payload))
    assert sum(fleet.worker.counts.values()) == before + 1
    gate.grow(1)
    assert fleet.hear(gate.batch(len(gate.events), len(gate.events))) == 1


def test_a_topic_outside_the_table_is_counted(fleet):
    fleet.hear(("jx1/down/0123456789ab/receipt", b""), ("nonsense", b""))
    assert sum(fleet.worker.counts.values()) == 2


def test_an_old_sessions_last_will_does_not_overwrite_a_newer_session(fleet, gate, database):
    old = gate.session
    fleet.hear(gate.hello(), gate.state(at_ms=5))
    gate.session = secrets.token_bytes(16)
    fleet.hear(gate.hello(), gate.state(at_ms=6))
    fleet.hear(gate.state(online=False, session=old))
    with database.reading() as session:
        assert session.get_one(GateState, gate.id).online
    fleet.hear(gate.state(online=False))
    with database.reading() as session:
        row = session.get_one(GateState, gate.id)
        assert not row.online
        assert not row.ready
    assert fleet.worker.counts["state of an older session"] == 1


def test_a_hello_that_was_missed_is_made_up_for_by_the_newer_state(fleet, gate, database):
    fleet.hear(gate.hello(), gate.state(at_ms=5))
    old, gate.session = gate.session, secrets.token_bytes(16)
    fleet.hear(gate.state(at_ms=6))
    fleet.hear(gate.state(at_ms=4, session=old), gate.state(online=False, session=old))
    with database.reading() as session:
        row = session.get_one(GateState, gate.id)
        assert (row.session, row.online) == (gate.session, True)


@pytest.mark.parametrize(
    ("before", "assignment", "after"),
    [
        ("enrolled", 1, "in_service"),
        ("assigned", 1, "in_service"),
        ("assigned", 0, "assigned"),
        ("retired", 1, "retired"),
    ],
)
def test_a_gate_that_is_ready_and_holds_an_assignment_is_in_service(
    fleet, gate, database, before, assignment, after
):
    with database.session() as session:
        session.get_one(Gate, gate.id).state = before
    fleet.hear(gate.hello(), gate.state(assignment=assignment))
    with database.reading() as session:
        assert session.get_one(Gate, gate.id).state == after


def test_a_hello_is_answered_with_what_is_held_already(fleet, gate):
    gate.grow(10)
    fleet.hear(gate.batch(1, 4), gate.batch(7, 8))
    fleet.start()
    fleet.hear(gate.hello(tail=3))
    (receipt,) = fleet.receipted(0.0)
    assert [(r.first, r.last, r.hash) for r in receipt.ranges] == [
        (3, 4, gate.hash(4)),
        (7, 8, gate.hash(8)),
    ]


def test_a_hello_to_an_empty_database_still_tells_the_epoch(fleet, gate):
    fleet.hear(gate.hello())
    (receipt,) = fleet.receipted(0.0)
    assert receipt.ranges == ()


def test_a_checkpoint_of_the_gate_is_remembered_and_a_forged_one_is_not(fleet, gate, database):
    gate.grow(3)
    fleet.hear(gate.batch(1, 3, checkpoint=gate.checkpoint()))
    row = journal_row(database, gate)
    assert (row.head_sequence, row.head_hash) == (3, gate.hash(3))
    own, gate.key = gate.key, PrivateKey.generate()
    fleet.hear(gate.grow(1).batch(4, 4, checkpoint=gate.checkpoint()))
    assert journal_row(database, gate).head_sequence == 3
    assert fleet.worker.counts["checkpoint not believed"] == 1
    gate.key = own
    fleet.hear(gate.batch(4, 4, checkpoint=gate.checkpoint(digest=bytes(32))))
    assert alarms(database) == [(f"gate:{gate.id}", "journal.checkpoint")]


def test_a_checkpoint_by_a_revoked_key_or_about_another_gate_is_not_believed(fleet, gate, database):
    gate.grow(3)
    fleet.hear(gate.batch(1, 3))
    own, gate.id = gate.id, "ba9876543210"
    about_another = gate.checkpoint(digest=bytes(32))
    gate.id = own
    fleet.hear(gate.batch(4, 3, checkpoint=about_another))
    with database.session() as session:
        session.query(GateKey).one().revoked_at = 5
    fleet.hear(gate.batch(4, 3, checkpoint=gate.checkpoint()))
    assert fleet.worker.counts["checkpoint not believed"] == 2
    assert journal_row(database, gate).head_sequence is None
    assert alarms(database) == []


def test_a_batch_without_events_carries_a_checkpoint(fleet, gate, database):
    gate.grow(2)
    fleet.hear(gate.batch(1, 2))
    fleet.hear(gate.batch(3, 2, checkpoint=gate.checkpoint()))
    assert journal_row(database, gate).head_sequence == 2


def test_a_gate_whose_journal_went_back_is_an_alarm(fleet, gate, database):
    gate.grow(5)
    fleet.hear(gate.batch(1, 5))
    gate.events = gate.events[:3]
    fleet.hear(gate.hello(tail=1))
    assert alarms(database) == [(f"gate:{gate.id}", "journal.rolled-back")]


def test_a_second_worker_does_no_harm(fleet, gate, database):
    gate.grow(6)
    fleet.hear(gate.batch(1, 2))
    first = fleet.worker
    fleet.start()
    fleet.hear(gate.batch(1, 6))
    fleet.worker = first
    assert fleet.hear(gate.batch(3, 6)) == 0
    assert fleet.worker.counts["overtaken by another worker"] == 1
    assert stored(database, gate.journal) == dict(enumerate(gate.events, 1))


def test_what_another_worker_stored_otherwise_is_not_receipted(fleet, gate, another, database):
    gate.grow(6)
    fleet.hear(gate.batch(1, 2))
    first, receipts = fleet.worker, fleet.receipts
    fleet.start()
    fleet.hear(gate.batch(1, 6))
    forged = another()
    forged.journal, forged.events = gate.journal, gate.events[:2]
    forged.grow(4, took_ms=77)
    fleet.worker, fleet.receipts = first, receipts
    fleet.receipted(0.0)
    fleet.hear(forged.batch(3, 6))
    assert covered(fleet.receipted(5.0)) == set()
    assert stored(database, gate.journal) == dict(enumerate(gate.events, 1))
    assert alarms(database) == [(f"gate:{gate.id}", "journal.conflict")] * 4


def test_what_a_tombstone_had_buried_is_stored_before_it_is_receipted(fleet, gate, database):
    gate.grow(9)
    mark = gate.hash(2)[:16].hex() + gate.hash(7)[:16].hex()
    gate.grow(1, kind=Kind.TOMBSTONE, about=3, until=7, word=mark)
    fleet.hear(gate.batch(1, 2), gate.batch(8, 10))
    fleet.receipted(0.0)
    assert fleet.hear(gate.batch(3, 7)) == 5
    assert covered(fleet.receipted(5.0)) == {3, 4, 5, 6, 7}
    assert stored(database, gate.journal) == dict(enumerate(gate.events, 1))


def test_a_full_disk_is_a_database_error_and_nothing_of_the_group_is_receipted(fleet, gate, database):
    gate.grow(60)
    with database.reading() as session:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar()
    database.engine.dispose()
    limit = f"PRAGMA max_page_count = {pages}"
    sqla_event.listen(database.engine, "connect", lambda raw, _: raw.execute(limit))
    until_full = (fleet.hear(gate.batch(number, number)) for number in range(1, 61))
    with pytest.raises(DBAPIError, match="full"):
        list(until_full)
    assert covered(fleet.receipted(0.0)) == set(stored(database, gate.journal))


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 6)), max_size=12))
def test_merged_ranges_cover_the_same_sequences_in_order(parts):
    given_ = [(first, first + more, (first + more).to_bytes(32)) for first, more in parts]
    joined = merged(given_)
    assert {n for a, b, _ in joined for n in range(a, b + 1)} == {
        n for a, b, _ in given_ for n in range(a, b + 1)
    }
    assert all(b + 1 < c for (_, b, _), (c, _, _) in itertools.pairwise(joined))
    assert all(digest == last.to_bytes(32) for _, last, digest in joined)


@given(st.permutations(range(1, 25)))
def test_coverage_in_any_order_is_one_span_without_a_break(order):
    held = Coverage(bytes(32))
    for n in order:
        assert list(held.gaps(n, n)) == [(n, n)]
        assert held.add(Span(n, n, (n - 1).to_bytes(32), n.to_bytes(32))) == []
    assert held.contiguous_to == held.last == 24
    assert list(held.between(7, 7)) == [Span(1, 24, bytes(32), (24).to_bytes(32))]
    assert not list(held.between(25, 25))


def test_a_lane_with_a_name_has_no_number(fleet, gate, database):
    fleet.hear(gate.grow(1, lane="north").batch(1, 1))
    with database.reading() as session:
        assert session.scalars(select(Event.lane)).one() is None


def test_bytes_of_an_event_are_kept_as_they_came(fleet, gate, database):
    gate.grow(1, kind=Kind.REFUSALS, verdict=None, subject=None, temperature=None, counts={})
    fleet.hear(gate.batch(1, 1))
    (data,) = stored(database, gate.journal).values()
    assert schema.read(messages.ENTRY, data, max_bytes=1024).kind is Kind.REFUSALS
