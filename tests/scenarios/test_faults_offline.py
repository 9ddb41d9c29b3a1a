"""Thirty days without a network, a full journal, a fleet that was restored: nothing lost, little held."""

import tracemalloc
from itertools import pairwise

import cbor2
import pytest

from device.firmware import room
from device.firmware.courier import MOST_UNDER_WAY, WINDOW, Courier, Events
from device.firmware.errors import JournalError
from device.firmware.inbox import Incoming
from device.firmware.store import Store
from wire import messages
from wire.documents import Range, Receipt
from wire.health import Trouble
from wire.messages import MAX_BATCH, Batch, ClockTrust, Entry, Event
from wire.reasons import Colour, Reason, Verdict
from wire.topics import Down, ToGate

GATE = "0123456789ab"
NOW_S = 1_795_000_000
MANY = 200_000
MEMORY_BYTES = 1_500_000
"""What delivering a backlog takes in Python, however long it is; SQLite's page cache is 2 MB beside it."""
OLD, NEW = b"e" * 16, b"f" * 16


def an_entry(kind=Event.PASSAGE, **more):
    passage = {"verdict": Verdict.ADMIT, "reason": Reason.GREEN, "colour": Colour.GREEN, "issuer": "jl"}
    return Entry(
        sequence=0,
        previous=bytes(32),
        at_ms=NOW_S * 1_000,
        clock=ClockTrust.SIGNED,
        kind=kind,
        subject=bytes(16),
        lane="A",
        **(passage | more if kind is Event.PASSAGE else more),
    )


def fill(store, number, entry=None):
    """So many events in one transaction, in the bytes that `append` would give them."""
    entry = entry or an_entry()
    dumped = messages.ENTRY.dump(entry)
    known, rows = store._marks, []
    dumped[1], dumped[2] = known.head + 1, known.hash
    assert cbor2.dumps(dumped) == store._placed(entry)[1]
    for sequence in range(known.head + 1, known.head + number + 1):
        dumped[1], dumped[2] = sequence, known.hash
        data = cbor2.dumps(dumped)
        rows.append((sequence, room.rank_of(entry), data))
        known.head, known.hash = sequence, messages.event_hash(data)
        known.backlog, known.size = known.backlog + 1, known.size + len(data) + 16
        known.unsent_size += len(data) + 16
    store._db.execute("BEGIN")
    store._db.executemany("INSERT INTO event (sequence, rank, data) VALUES (?, ?, ?)", rows)
    store._db.execute("COMMIT")


class Fleet:
    """What a fleet does with batches: it keeps each event once, and says once a second what it has."""

    def __init__(self):
        self.held, self.order, self.twice, self.told = {}, [], 0, set()

    def take(self, batch):
        for number, data in enumerate(batch.events, batch.first):
            self.twice += number in self.held
            self.held[number] = messages.event_hash(data)
            self.order.append(number)

    def ranges(self):
        fresh = sorted(set(self.held) - self.told)
        self.told |= set(fresh)
        edges = [at for at, (a, b) in enumerate(pairwise(fresh), 1) if b != a + 1]
        runs = [fresh[a:b] for a, b in pairwise([0, *edges, len(fresh)])] if fresh else []
        return tuple(Range(first=run[0], last=run[-1], hash=self.held[run[-1]]) for run in runs)

    def receipt(self, store, epoch=OLD, ranges=None):
        return Receipt(
            version=1,
            issued=NOW_S,
            expires=NOW_S + 86_400,
            audience=GATE,
            journal=store.journal,
            epoch=epoch,
            ranges=self.ranges() if ranges is None else ranges,
        )


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "gate.db", GATE, journal_limit_bytes=512_000_000)
    store._db.execute("PRAGMA synchronous = OFF")  # what is counted here is not how long a disk takes
    yield store
    store.close()


def sent(courier, mono):
    return [one for one in courier.next(mono) if isinstance(one, Events)]


def test_a_month_of_events_is_delivered_once_in_windows_behind_the_live_ones_within_stated_memory(store):
    fill(store, MANY)
    courier, fleet = Courier(store), Fleet()
    courier.connected(0.0)
    tracemalloc.start()
    seconds, live = 0, []
    while store.backlog:
        seconds += 1
        if seconds % 20 == 0:
            live.append(store.append(an_entry()).sequence)
        batches = sent(courier, float(seconds))
        assert sum(len(batch.events) for batch in batches) <= (WINDOW + 1) * MAX_BATCH
        if live and live[-1] not in fleet.held:
            assert batches[0].first == live[-1]  # what happens now goes before what happened
        for batch in batches:
            fleet.take(batch)
        assert len(courier._under_way) <= WINDOW + 1
        store.receipted(fleet.receipt(store), NOW_S * 1_000)
        if seconds == 50:
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert most - fleet_bytes(fleet) < MEMORY_BYTES
            live.append(store.append(an_entry()).sequence)
    assert fleet.twice == 0
    assert sorted(fleet.held) == list(range(1, store.head + 1))
    assert seconds <= MANY // (WINDOW * MAX_BATCH) + 60  # 17 minutes with a receipt a second


def fleet_bytes(fleet):
    """What the test's own fleet takes: a hash and two numbers an event."""
    return len(fleet.held) * 300


def test_while_a_backlog_goes_out_the_gate_decides_and_says_how_much_is_left(served):
    served.broker.connected = False
    served.run(0.1)
    fill(served.store, 3_000)
    served.run(1)
    assert {Trouble.BACKLOG, Trouble.OFFLINE} <= served.stage.health.found
    served.show(served.code(1))
    served.leave()
    assert served.verdicts()[-1] is Reason.GREEN
    served.broker.sent.clear()
    served.broker.connected = True
    fleet = Fleet()
    for second in range(30):
        served.run(1, 0.1)
        for batch in served.broker.said(Batch):
            fleet.take(batch)
        served.broker.sent.clear()
        signed = served.authority.sign(fleet.receipt(served.store))
        served.broker.incoming.append(Incoming(ToGate(GATE, Down.RECEIPT), signed, served.mono))
        if second == 5:
            served.show(served.code(2))
            served.leave()
    assert served.verdicts()[-2:] == [Reason.GREEN, Reason.GREEN]
    assert fleet.twice == 0
    assert served.store.backlog <= MAX_BATCH
    assert Trouble.BACKLOG not in served.stage.health.found


def work(store, appends):
    """SQLite's own count of steps for so many appends."""
    steps = [0]

    def count():
        steps[0] += 1

    store._db.set_progress_handler(count, 100)
    for _ in range(appends):
        store.append(an_entry())
    store._db.set_progress_handler(None, 0)
    return steps[0]


@pytest.mark.parametrize("covered", [False, True], ids=["nothing receipted", "all receipted"])
def test_making_room_in_a_full_journal_costs_what_goes_and_not_what_stays(tmp_path, covered):
    costs = []
    for events in (2_000, 20_000):
        store = Store.open(tmp_path / f"{events}.db", GATE, journal_limit_bytes=512_000_000)
        store._db.execute("PRAGMA synchronous = OFF")
        fleet = Fleet()
        for _ in range(events // 100):  # alarms and lone refusals lie scattered, as in life
            fill(store, 97)
            fill(store, 1, an_entry(Event.REFUSALS, counts={Reason.BAD_SIGNATURE: 2}))
            fill(store, 2, an_entry(Event.FIRE))
        if covered:
            last = Range(first=1, last=store.head, hash=store.head_hash)
            store.receipted(fleet.receipt(store, ranges=(last,)), NOW_S * 1_000)
        store._limit = store._marks.size
        work(store, 300)  # what is passed over is passed over once
        costs.append(work(store, 600))
        assert store.verify_chain()
        store.close()
    assert costs[1] < 2 * costs[0] + 50


def test_a_full_journal_keeps_alarms_leaves_tombstones_and_says_so_before(served):
    served.broker.connected = False
    served.store._limit = 60_000
    for _ in range(150):
        fill(served.store, 6)
        served.run(0.5)
        if Trouble.JOURNAL_FULL in served.stage.health.found:
            break
    assert Trouble.JOURNAL_FULL in served.stage.health.found
    fire = served.store.append(an_entry(Event.FIRE)).sequence
    for number in range(60):
        served.store.append(an_entry(took_ms=number))
    served.show(served.code(9))
    assert served.verdicts()[-1] is Reason.GREEN
    kept = {entry.sequence: entry for entry in served.journal()}
    stones = [entry for entry in kept.values() if entry.kind is Event.TOMBSTONE]
    assert stones
    assert fire in kept
    gone = set(range(1, served.store.head + 1)) - set(kept)
    assert gone <= {number for stone in stones for number in range(stone.about, stone.until + 1)}
    assert served.store.verify_chain() == len(kept)


def test_a_restored_fleet_gets_everything_again_and_the_old_one_is_not_believed_any_more(store):
    fill(store, 500)
    first, courier = Fleet(), Courier(store)
    courier.connected(0.0)
    for second in range(1, 10):
        for batch in sent(courier, float(second)):
            first.take(batch)
        store.receipted(first.receipt(store), NOW_S * 1_000)
    assert store.backlog == 0
    restored = Fleet()
    store.receipted(restored.receipt(store, NEW), NOW_S * 1_000)
    courier.again()
    assert store.backlog == 500
    # A worker that was not restored with the others still says what the old database held.
    everything = (Range(first=1, last=store.head, hash=store.head_hash),)
    assert store.receipted(first.receipt(store, OLD, everything), NOW_S * 1_000) == 0
    for second in range(10, 20):
        for batch in sent(courier, float(second)):
            restored.take(batch)
        store.receipted(restored.receipt(store, NEW), NOW_S * 1_000)
        store.receipted(first.receipt(store, OLD, everything), NOW_S * 1_000)
    assert (store.backlog, store.epoch, restored.twice) == (0, NEW, 0)
    assert sorted(restored.held) == list(range(1, 501))


def test_a_half_restored_fleet_that_holds_the_older_half_gets_the_rest_only_once_it_said_so(store):
    fill(store, 400)
    whole, courier = Fleet(), Courier(store)
    courier.connected(0.0)
    for second in range(1, 8):
        for batch in sent(courier, float(second)):
            whole.take(batch)
        store.receipted(whole.receipt(store), NOW_S * 1_000)
    half = (Range(first=1, last=200, hash=whole.held[200]),)
    store.receipted(whole.receipt(store, NEW, half), NOW_S * 1_000)
    courier.again()
    assert (store.backlog, store.tail) == (200, 201)
    again = [number for batch in sent(courier, 20.0) for number in range(batch.first, batch.last + 1)]
    assert again == list(range(201, 401))


def test_a_fleet_that_says_nothing_is_sent_a_window_every_quarter_of_a_minute_and_no_more(store):
    fill(store, 5_000)
    courier = Courier(store)
    courier.connected(0.0)
    events = sum(len(batch.events) for second in range(60) for batch in sent(courier, float(second)))
    assert events <= 4 * WINDOW * MAX_BATCH
    assert len(courier._under_way) <= MOST_UNDER_WAY


def test_when_nothing_can_go_the_journal_says_so_and_the_relay_stays(served):
    served.store._limit = served.store._marks.size
    with pytest.raises(JournalError, match="full"):
        served.store.append(an_entry(Event.FIRE))
    opened = served.hands.opened
    served.show(served.code(3))
    assert served.hands.opened == opened
    assert Trouble.JOURNAL in served.stage.health.found
