"""The store: what was acknowledged survives a kill, chained, bounded, forgotten only on receipt."""

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from device.firmware import marks
from device.firmware.errors import GateError, JournalError
from device.firmware.store import Store
from wire import messages
from wire.documents import Range, Receipt
from wire.messages import ClockTrust, Entry, Event
from wire.reasons import Reason, Verdict

GATE = "0123456789ab"
NOW_MS = 1_795_000_000_000
PLENTY = 1 << 20


def an_entry(kind=Event.PASSAGE, **more):
    return Entry(
        sequence=0,
        previous=bytes(32),
        at_ms=NOW_MS,
        clock=ClockTrust.SIGNED,
        kind=kind,
        subject=b"s" * 16,
        **more,
    )


def a_receipt(store, *ranges, epoch=b"e" * 16, hash_of=None):
    kept = dict(store.pending(0, 10_000)) | dict(hash_of or {})
    return Receipt(
        version=1,
        issued=NOW_MS // 1000,
        expires=NOW_MS // 1000 + 60,
        audience=GATE,
        journal=store.journal,
        epoch=epoch,
        ranges=tuple(
            Range(first=a, last=b, hash=messages.event_hash(kept[b]) if b in kept else bytes(32))
            for a, b in ranges
        ),
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "gate.db"


@pytest.fixture
def store(path):
    store = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    yield store
    store.close()


def reopen(store, path):
    store.close()
    return Store.open(path, GATE, journal_limit_bytes=PLENTY)


def test_events_are_chained_from_the_journals_own_beginning(store):
    first, second = store.append(an_entry()), store.append(an_entry())
    assert (first.sequence, second.sequence) == (1, 2)
    assert first.previous == messages.genesis(GATE, store.journal)
    assert second.previous == messages.event_hash(store.pending(0, 1)[0][1])
    assert store.head_hash == messages.event_hash(store.pending(1, 1)[0][1])
    assert store.verify_chain() == 2


def test_every_commit_waits_for_the_card(store):
    # No test without a power switch can show it: a killed process loses nothing that the kernel has.
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_all_is_there_again_after_closing(store, path):
    for _ in range(5):
        store.append(an_entry())
    store.keep("trust", "", 3, b"bytes")
    store.bump("frames", 7)
    store.floor_ms = NOW_MS
    journal, head_hash = store.journal, store.head_hash
    again = reopen(store, path)
    assert (again.journal, again.head, again.head_hash, again.tail, again.backlog) == (
        journal,
        5,
        head_hash,
        1,
        5,
    )
    assert again.kept("trust") == [("", 3, b"bytes")]
    assert again.counters() == {"frames": 7}
    assert again.floor_ms == NOW_MS
    assert again.set_aside is None
    again.close()


def test_the_file_of_another_gate_is_refused_and_untouched(store, path):
    store.append(an_entry())
    store.close()
    with pytest.raises(GateError, match="another gate"):
        Store.open(path, "ba9876543210", journal_limit_bytes=PLENTY)
    again = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    assert again.head == 1
    again.close()


def test_a_file_of_a_later_format_is_refused(store, path):
    store.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    with pytest.raises(GateError, match="later format"):
        Store.open(path, GATE, journal_limit_bytes=PLENTY)


@pytest.mark.parametrize("damage", [b"no database at all" * 100, b""])
def test_a_damaged_file_is_put_aside_and_a_new_journal_begun(store, path, damage):
    store.append(an_entry())
    journal = store.journal
    store.close()
    path.write_bytes(damage)
    again = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    assert again.journal != journal
    assert again.head == 0
    if damage:
        assert again.set_aside.read_bytes() == damage
    again.close()


def test_a_second_damaged_file_gets_a_name_of_its_own(path):
    names = set()
    for _ in range(2):
        path.write_bytes(b"no database at all" * 100)
        store = Store.open(path, GATE, journal_limit_bytes=PLENTY)
        names.add(store.set_aside)
        store.close()
        path.with_name("gate.db-wal").unlink(missing_ok=True)
    assert len(names) == 2


def test_an_edited_event_is_found_at_the_next_start(store, path):
    for _ in range(3):
        store.append(an_entry())
    ((data,),) = store._db.execute("SELECT data FROM event WHERE sequence = 2")
    store._db.execute("UPDATE event SET data = ? WHERE sequence = 2", (data.replace(b"s" * 16, b"t" * 16),))
    with pytest.raises(JournalError, match="event 3"):
        store.verify_chain()
    again = reopen(store, path)
    assert again.set_aside is not None
    assert again.head == 0
    again.close()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_a_torn_card_holds_a_gate_starts_and_goes_on(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("torn") / "gate.db"
    store = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    for _ in range(3):
        store.append(an_entry())
    store.keep("trust", "", 1, b"bytes" * 100)
    store.close()
    torn = bytearray(path.read_bytes())
    # The first page holds the tables' names: there the damage is most surprising.
    places = st.one_of(st.integers(0, 4_095), st.integers(0, len(torn) - 1))
    for at, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=200)):
        torn[at] = value
    path.write_bytes(torn[: data.draw(st.integers(0, len(torn)))] if data.draw(st.booleans()) else torn)
    try:
        store = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    except GateError as refused:
        event(str(refused).split(" ", 1)[1])  # an owner or a format that is another one by chance
        return
    store.append(an_entry())
    assert store.newest(10)
    assert store.kept("trust") is not None
    assert store.counters() is not None
    store.close()


@pytest.mark.parametrize(
    "column", [b"fact (name", b"document (kind", b"counter (name", b"command (id", b"epoch (id"]
)
def test_tables_that_are_none_any_more_are_put_aside(store, path, column):
    store.close()
    path.write_bytes(path.read_bytes().replace(column, column[:-1] + b"\xd8"))
    again = Store.open(path, GATE, journal_limit_bytes=PLENTY)
    assert again.set_aside is not None
    assert again.append(an_entry()).sequence == 1
    again.close()


@pytest.mark.parametrize("garbage", [b"", b"\xff" * 40, b"\xa0"])
def test_an_event_that_is_none_any_more_is_found_at_the_next_start(store, path, garbage):
    for _ in range(3):
        store.append(an_entry())
    store._db.execute("UPDATE event SET data = ? WHERE sequence = 2", (garbage,))
    with pytest.raises(JournalError):
        store.newest(3)
    again = reopen(store, path)
    assert again.set_aside is not None
    assert again.head == 0
    again.close()


def test_a_second_firmware_on_the_same_file_is_refused_and_the_first_goes_on(store, path):
    with pytest.raises(GateError, match="in use by another"):
        Store.open(path, GATE, journal_limit_bytes=PLENTY)
    assert store.append(an_entry()).sequence == 1
    again = reopen(store, path)
    assert again.append(an_entry()).sequence == 2
    again.close()


def test_a_card_that_cannot_be_read_is_said_in_the_rooms_own_words(store):
    store.append(an_entry())
    store.close()
    for read in (
        lambda: store.epoch,
        lambda: store.pending(0, 1),
        lambda: store.newest(1),
        lambda: store.kept("trust"),
        lambda: store.names("trust"),
        store.counters,
        lambda: store.floor_ms,
        lambda: store.executed(b"c" * 16),
    ):
        with pytest.raises(JournalError, match="could not be read"):
            read()


def test_a_directory_that_is_not_there_is_said_in_words(tmp_path):
    with pytest.raises(GateError, match="cannot be opened"):
        Store.open(tmp_path / "nowhere" / "gate.db", GATE, journal_limit_bytes=PLENTY)


def test_when_the_file_cannot_be_written_nothing_is_believed_kept(store):
    store.append(an_entry())
    before = replace(store._marks)
    store._db.execute("PRAGMA query_only = 1")
    with pytest.raises(JournalError, match="nothing was kept"):
        store.append(an_entry())
    assert store._marks == before
    store._db.execute("PRAGMA query_only = 0")
    assert store.append(an_entry()).sequence == 2


def test_an_event_that_its_own_reader_would_refuse_is_not_kept(store):
    with pytest.raises(JournalError):
        store.append(an_entry(word="x" * 65))
    assert store.head == 0


def test_a_receipt_covers_exactly_its_ranges(store):
    for _ in range(10):
        store.append(an_entry())
    assert store.receipted(a_receipt(store, (1, 3), (5, 6)), NOW_MS) == 5
    assert (store.tail, store.backlog) == (4, 5)
    assert [sequence for sequence, _ in store.pending(0, 50)] == [4, 7, 8, 9, 10]
    assert store.receipted(a_receipt(store, (4, 10)), NOW_MS) == 5
    assert (store.tail, store.backlog) == (11, 0)
    assert store.pending(0, 50) == []
    assert store.append(an_entry()).sequence == 11
    assert (store.tail, store.backlog) == (11, 1)


def test_a_range_with_another_hash_at_its_end_covers_nothing(store):
    store.append(an_entry())
    receipt = a_receipt(store, (1, 1), hash_of={1: b"something else"})
    assert store.receipted(receipt, NOW_MS) == 0
    assert store.backlog == 1


def test_a_range_that_ends_beyond_the_journal_covers_nothing(store):
    store.append(an_entry())
    assert store.receipted(a_receipt(store, (1, 9)), NOW_MS) == 0


def test_a_new_epoch_opens_everything_again_and_the_old_one_never_returns(store):
    for _ in range(4):
        store.append(an_entry())
    receipt = a_receipt(store, (1, 4))
    store.receipted(receipt, NOW_MS)
    assert store.epoch == b"e" * 16
    assert store.receipted(a_receipt(store, epoch=b"f" * 16), NOW_MS) == 0
    assert (store.epoch, store.backlog, store.tail) == (b"f" * 16, 4, 1)
    assert store.receipted(receipt, NOW_MS) == 0
    assert (store.epoch, store.backlog) == (b"f" * 16, 4)
    assert store.receipted(a_receipt(store, (1, 4), epoch=b"f" * 16), NOW_MS) == 4


def test_receipted_events_stay_until_they_are_old_and_the_head_stays_for_ever(store, path):
    for _ in range(4):
        store.append(an_entry())
    store.receipted(a_receipt(store, (1, 4)), NOW_MS)
    assert store.purge(NOW_MS) == 0
    assert store.purge(NOW_MS + 1) == 3
    again = reopen(store, path)
    assert (again.head, again.verify_chain()) == (4, 1)
    assert again.append(an_entry()).sequence == 5
    assert again.verify_chain() == 2
    again.close()


def fill(store, entries):
    for entry in entries:
        store.append(entry)


def kinds(store):
    return [entry.kind for entry in store.newest(100_000)]


def test_a_full_journal_lets_receipted_events_go_first(path):
    store = Store.open(path, GATE, journal_limit_bytes=40_000)
    fill(store, [an_entry()] * 200)
    store.receipted(a_receipt(store, (1, 150)), NOW_MS)
    assert not store.nearly_full
    fill(store, [an_entry()] * 150)
    assert Event.TOMBSTONE not in kinds(store)
    assert store.backlog == 200
    assert store.nearly_full is (store._marks.unsent_size > 36_000)
    store.close()


def test_refusal_counts_go_before_passages(store):
    refusals = an_entry(Event.REFUSALS, counts={Reason.BAD_SIGNATURE: 3})
    fill(store, [an_entry()] * 20 + [refusals] * 20)
    store._limit = store._marks.size + 300
    fill(store, [an_entry()] * 10)
    remaining = kinds(store)
    assert remaining.count(Event.PASSAGE) == 30
    assert Event.REFUSALS not in remaining
    (stone,) = [entry for entry in store.newest(1_000) if entry.kind is Event.TOMBSTONE]
    assert (stone.about, stone.until, stone.counts) == (21, 40, {Reason.BAD_SIGNATURE: 60})


def test_then_the_oldest_passages_and_alarms_last(path):
    store = Store.open(path, GATE, journal_limit_bytes=30_000)
    fever = an_entry(verdict=Verdict.DENY, reason=Reason.FEVER)
    fill(store, [an_entry(Event.FIRE), fever] + [an_entry(verdict=Verdict.ADMIT, reason=Reason.GREEN)] * 400)
    remaining = kinds(store)
    assert remaining[:2] == [Event.FIRE, Event.PASSAGE]
    assert store.newest(1_000)[1].reason is Reason.FEVER
    stones = [entry for entry in store.newest(1_000) if entry.kind is Event.TOMBSTONE]
    assert sum(stone.counts[Reason.GREEN] for stone in stones) == 400 - remaining.count(Event.PASSAGE) + 1
    store.close()


def test_when_nothing_but_alarms_is_left_the_oldest_alarms_go_and_their_tombstones_merge(path):
    store = Store.open(path, GATE, journal_limit_bytes=20_000)
    fill(store, [an_entry(Event.FIRE)] * 1_000)
    stones = [entry for entry in store.newest(1_000) if entry.kind is Event.TOMBSTONE]
    held = {entry.sequence for entry in store.newest(1_000)}
    gone = set(range(1, store.head + 1)) - held
    assert gone <= {n for stone in stones for n in range(stone.about, stone.until + 1)}
    assert store.verify_chain() == len(held)
    store.close()


def test_a_tombstone_joins_the_chain_on_both_sides_of_the_gap(path):
    store = Store.open(path, GATE, journal_limit_bytes=10_000)
    original = {}
    while Event.TOMBSTONE not in kinds(store):
        placed = store.append(an_entry())
        original[placed.sequence] = dict(store.pending(placed.sequence - 1, 1))[placed.sequence]
    (stone,) = [entry for entry in store.newest(1_000) if entry.kind is Event.TOMBSTONE]
    first = messages.read_entry(original[stone.about])
    assert stone.word == (first.previous[:16] + messages.event_hash(original[stone.until])[:16]).hex()
    assert store.pending(0, 1)[0][0] == stone.until + 1
    store.close()


def test_a_journal_without_any_room_says_so_and_keeps_what_it_has(path):
    store = Store.open(path, GATE, journal_limit_bytes=250)
    with pytest.raises(JournalError, match="full"):
        fill(store, [an_entry(Event.FIRE)] * 10)
    assert store.verify_chain() == store.head == 2
    store.close()


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.sampled_from(
            [
                *[an_entry(kind) for kind in (Event.PASSAGE, Event.REFUSALS, Event.FIRE)],
                "receipt",
                "epoch",
                "purge",
            ]
        ),
        max_size=120,
    )
)
def test_whatever_happens_the_chain_holds_and_every_gap_is_explained(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("store") / "gate.db"
    store = Store.open(path, GATE, journal_limit_bytes=4_000)
    store._db.execute("PRAGMA synchronous = OFF")
    covered, explained = set(), set()
    for number, step in enumerate(steps):
        pending = store.pending(0, 7)
        if isinstance(step, Entry):
            store.append(step)
        elif step == "receipt" and pending:
            epoch = store.epoch or b"e" * 16
            ranges = [(sequence, sequence) for sequence, _ in pending]
            store.receipted(a_receipt(store, *ranges, epoch=epoch), NOW_MS)
            covered |= {sequence for sequence, _ in pending}
        elif step == "epoch":
            store.receipted(a_receipt(store, epoch=number.to_bytes(16)), NOW_MS)
        elif step == "purge":
            store.purge(NOW_MS + 1)
        for entry in store.newest(1_000):
            if entry.kind is Event.TOMBSTONE:
                explained |= set(range(entry.about, entry.until + 1))
        held = [entry.sequence for entry in store.newest(1_000)]
        assert set(range(1, store.head + 1)) - set(held) <= covered | explained
        assert store._marks == marks.count(store._db, messages.genesis(GATE, store.journal))
        assert store._marks.size <= 4_000
        assert all(a < b for a, b in pairwise(held))
        store.verify_chain()
    store.close()


CHILD = """
import sys
from pathlib import Path
from device.firmware.store import Store
from wire.messages import ClockTrust, Entry, Event
store = Store.open(Path(sys.argv[1]), "0123456789ab", journal_limit_bytes=1 << 24)
while True:
    entry = store.append(Entry(sequence=0, previous=bytes(32), at_ms=1, clock=ClockTrust.NONE,
                               kind=Event.BOOT))
    print(entry.sequence, flush=True)
"""


def test_everything_acknowledged_survives_a_kill(path):
    acknowledged = 0
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", CHILD, path], stdout=subprocess.PIPE, text=True)
        with child, child.stdout:
            for line in child.stdout:
                acknowledged = int(line)
                if acknowledged % 40 == 0:
                    break
            os.kill(child.pid, signal.SIGKILL)
            for line in child.stdout:
                acknowledged = int(line) if line.endswith("\n") else acknowledged
        store = Store.open(path, GATE, journal_limit_bytes=1 << 24)
        assert store.set_aside is None
        assert store.head >= acknowledged
        assert store.verify_chain() == store.head
        store.close()


def test_a_document_takes_the_place_of_the_one_with_its_name(store):
    store.keep("list", "a", 1, b"one")
    store.keep("list", "a", 2, b"two")
    store.keep("list", "b", 1, b"other")
    assert store.kept("list") == [("b", 1, b"other"), ("a", 2, b"two")]
    store.forget([("list", "a"), ("list", "never there")])
    assert store.kept("list") == [("b", 1, b"other")]


def test_a_document_and_those_that_go_for_it_are_written_together_or_not_at_all(store):
    store.keep("delta", "a 2", 2, b"change")
    with pytest.raises(GateError, match="what it held is unchanged"):
        store.keep("list", "a", 3, b"whole", [("delta", "a 2"), ("delta", object())])
    assert (store.kept("list"), store.names("delta")) == ([], [("a 2", 2)])
    store.keep("list", "a", 3, b"whole", [("delta", "a 2")])
    assert (store.names("list"), store.names("delta")) == ([("a", 3)], [])


def test_many_documents_go_in_one_commit(store):
    for number in range(50):
        store.keep("delta", f"a {number}", number, b"change")
    commits = []
    store._db.set_trace_callback(lambda words: commits.append(words) if words == "COMMIT" else None)
    store.forget([("delta", f"a {number}") for number in range(50)])
    for number in range(50):
        store.bump(f"counter {number}")
    store.save_counters()
    store._db.set_trace_callback(None)
    assert (len(commits), store.names("delta")) == (2, [])


def test_counters_add_up_over_restarts(store, path):
    store.bump("hints")
    store.save_counters()
    store.bump("hints", 2)
    assert store.counters() == {"hints": 3}
    again = reopen(store, path)
    again.bump("hints")
    assert again.counters() == {"hints": 4}
    again.close()


def test_the_floor_is_lowered_and_never_raised_by_that(store):
    store.lower_floor(NOW_MS)
    assert store.floor_ms == 0  # of a root that the card does not hold yet
    store.floor_ms = NOW_MS
    store.lower_floor(NOW_MS - 1)
    assert store.floor_ms == NOW_MS - 1


def test_the_floor_never_falls(store):
    assert store.floor_ms == 0
    store.floor_ms = NOW_MS
    store.floor_ms = NOW_MS - 1
    assert store.floor_ms == NOW_MS


def test_a_command_is_remembered_until_it_expires(store):
    store.take_up(b"c" * 16, 100, 50)
    assert store.executed(b"c" * 16)
    assert not store.executed(b"d" * 16)
    store.take_up(b"d" * 16, 200, 101)
    assert not store.executed(b"c" * 16)


def test_looking_at_a_file_changes_nothing_and_works_beside_the_gate(store, path, tmp_path):
    store.append(an_entry())
    seen = Store.look(path)
    assert (seen.gate, seen.head, seen.journal) == (GATE, 1, store.journal)
    with pytest.raises(JournalError):
        seen.append(an_entry())
    seen.close()
    with pytest.raises(GateError):
        Store.look(tmp_path / "nothing.db")
