"""Promise: an event costs ingest little more than its row costs SQLite, durable in groups of 1,000.

The real worker of ingest is fed with the bytes that gates publish: it reads, checks, stores and receipts. No
broker and no MQTT client is between. The floor is the plain statement with the very same rows in the same
tables, durable in the same groups (WAL, synchronous=FULL), rounds interleaved in the same run.
"""

import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text

from fleet.db import Database, open_database
from fleet.ingest import rows
from fleet.ingest.receipts import Receipts
from fleet.ingest.venues import Venues
from fleet.ingest.worker import Worker
from fleet.models import Gate
from wire import messages, topics
from wire.documents import Direction
from wire.keys import PrivateKey
from wire.messages import Batch, ClockTrust, Entry, Event, Temperature, Versions
from wire.reasons import Colour, Reason, Verdict
from wire.topics import Up

GOALS = {1: 0.30, 10: 0.80}  # what was promised, not what was seen
GROUP, ROUNDS, GATES = 1_000, 9, 100
NOW = 1_795_000_000

Message = tuple[str, bytes]


@dataclass
class Lane:
    """One gate's journal, growing."""

    gate: str
    journal: bytes
    head: int = 0
    previous: bytes = bytes(32)

    def events(self, count: int) -> list[bytes]:
        """The next events: a green person is let through, and goes through."""
        made = []
        for _ in range(count):
            self.head += 1
            data = messages.write(self._entry())
            self.previous = messages.event_hash(data)
            made.append(data)
        return made

    def _entry(self) -> Entry:
        common = {
            "sequence": self.head,
            "previous": self.previous,
            "at_ms": NOW * 1000 + self.head,
            "clock": ClockTrust.SIGNED,
            "lane": "2",
            "direction": Direction.ENTRY,
        }
        if self.head % 2 == 0:
            return Entry(kind=Event.PASSED, about=self.head - 1, **common)
        return Entry(
            kind=Event.PASSAGE,
            verdict=Verdict.ADMIT,
            reason=Reason.GREEN,
            colour=Colour.GREEN,
            issuer="jl",
            subject=self.journal[:8] + self.head.to_bytes(8),
            temperature=Temperature(
                object_c100=3400,
                ambient_c100=2000,
                surface_c100=3450,
                body_c100=3660,
                uncertainty_c100=20,
                samples=4,
            ),
            took_ms=410,
            versions=Versions(root=1, trust=7, assignment=4, list_seq=118),
            **common,
        )


def lanes(mark: bytes) -> list[Lane]:
    """As many gates as take turns in a group."""
    made = [Lane(f"{number:012x}", mark * 8 + number.to_bytes(8)) for number in range(GATES)]
    for lane in made:
        lane.previous = messages.genesis(lane.gate, lane.journal)
    return made


def batches(gates: list[Lane], size: int) -> list[Message]:
    """What GROUP events are on the wire, `size` of them a message, gates in turn."""
    said = []
    for lane in itertools.islice(itertools.cycle(gates), GROUP // size):
        first = lane.head + 1
        batch = Batch(journal=lane.journal, first=first, events=tuple(lane.events(size)))
        said.append((topics.up(lane.gate, Up.EVENTS), messages.write(batch)))
    return said


def as_rows(said: list[Message]) -> Iterator[rows.Row]:
    """The rows that ingest would make of messages."""
    for topic, payload in said:
        batch, entries = messages.read_batch(payload)
        for entry, data in zip(entries, batch.events, strict=True):
            yield rows.row(topic.split("/")[3], batch.journal, None, entry, data, NOW)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of one call."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def founded(place: Path) -> Database:
    """A database with the tables of the fleet and every gate in it."""
    database = open_database(place)
    database.upgrade()
    with database.session() as session:
        session.add_all(Gate(id=f"{number:012x}", name="", created_at=0) for number in range(GATES))
    return database


def measure(place: Path, size: int) -> list[dict[str, object]]:
    """Both measures for one size of messages."""
    database, bare = founded(place / f"ours-{size}.db"), founded(place / f"floor-{size}.db")
    signer = PrivateKey.generate()
    receipts = Receipts(signer, bytes(16))
    worker = Worker(database, receipts, Venues(database, signer, ZoneInfo("Asia/Shanghai")))
    worker.look(NOW)
    mine, plain = lanes(b"m"), lanes(b"p")

    def ours(said: list[Message]) -> None:
        for topic, payload in said:
            worker.take(topic, payload)
        assert worker.commit(NOW) == GROUP  # noqa: S101 - a bench that stores nothing measures nothing
        # Receipts are due once a second for a gate, whatever the group: they are measured with it.
        list(receipts.due(time.monotonic(), NOW * 1000))

    def floor(ready: list[rows.Row]) -> None:
        with bare.session() as session:
            session.execute(text("SELECT 1"))
            session.connection().exec_driver_sql(rows.INSERT, ready)

    pairs = []
    for _ in range(ROUNDS + 1):
        said, ready = batches(mine, size), list(as_rows(batches(plain, size)))
        pairs.append((timed(lambda ready=ready: floor(ready)), timed(lambda said=said: ours(said))))
    database.close()
    bare.close()
    return [
        line(size, unit, [(low[at], own[at]) for low, own in pairs[1:]])
        for at, unit in enumerate(("CPU", "wall"))
    ]


def line(size: int, unit: str, pairs: list[tuple[float, float]]) -> dict[str, object]:
    """One measure: microseconds an event."""
    ratio = statistics.median(low / own for low, own in pairs)
    return {
        "name": f"ingest without MQTT, {size} event{'s' if size > 1 else ''} a message",
        "value": round(statistics.median(own for _, own in pairs) / GROUP * 1e6, 1),
        "unit": f"µs {unit} an event",
        "floor": round(statistics.median(low for low, _ in pairs) / GROUP * 1e6, 1),
        "ratio": round(ratio, 3),
        "goal": GOALS[size],
        "holds": ratio >= GOALS[size],
    }


def main() -> None:
    """Measure and print one line of JSON for each measure."""
    with tempfile.TemporaryDirectory() as place:
        for size in GOALS:
            for measured in measure(Path(place), size):
                print(json.dumps(measured, ensure_ascii=False))


if __name__ == "__main__":
    main()
