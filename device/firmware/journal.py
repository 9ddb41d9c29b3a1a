"""The event journal: appended durably, chained by hash, bounded in size, forgotten only against receipts.

When the limit is reached, whole stretches of events give way, and one tombstone takes their place *at the
head of the chain*, so that the gate's signed checkpoints cover it: `about` and `until` are the first and
last sequence that went (of these, what has not arrived never will), `counts` their reasons added up, and
`word` is 64 hex digits: the first 16 bytes of the hash before `about`, and of the hash of `until`, by
which a reader joins the chain on both sides of the gap.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final

from device.firmware import link, marks, room
from device.firmware.errors import JournalError
from wire import messages, schema
from wire.documents import Range, Receipt
from wire.errors import WireError
from wire.messages import Entry

NEARLY: Final = 0.9  # of the limit: time to say so
_UNCOVERED: Final = """SELECT count(*), coalesce(sum(size), 0) FROM event
    WHERE sequence BETWEEN ? AND ? AND received_ms IS NULL"""
_COVER: Final = "UPDATE event SET received_ms = ? WHERE sequence BETWEEN ? AND ? AND received_ms IS NULL"
_INSERT: Final = "INSERT INTO event (sequence, rank, data) VALUES (?, ?, ?)"
_DROP_COVERED: Final = """DELETE FROM event WHERE sequence IN
    (SELECT sequence FROM event WHERE received_ms < ? AND sequence < ? ORDER BY received_ms LIMIT ?)
    RETURNING size"""
_DROP: Final = """DELETE FROM event WHERE sequence BETWEEN ? AND ? AND received_ms IS NULL RETURNING size"""
_EVER: Final = 2**63 - 1
PURGED_AT_ONCE: Final = 1_000
"""Events forgotten by one call: a lane makes fewer in the minute between two, and nobody waits for more."""


class Journal:
    """The journal in an open database; for the one thread that opened it."""

    def __init__(self, db: sqlite3.Connection, gate: str, journal: bytes, *, limit_bytes: int) -> None:
        self._db = db
        self._limit = limit_bytes
        self.gate = gate
        self.journal = journal
        self._marks = marks.count(db, messages.genesis(gate, journal))
        self._sought = room.Sought()
        self.torn = False
        """Whether the file was found damaged while it was open: it has to be opened anew."""

    @property
    def head(self) -> int:
        """The newest sequence; 0 while the journal is empty."""
        return self._marks.head

    @property
    def head_hash(self) -> bytes:
        """The hash of the newest event; what the first one will name while the journal is empty."""
        return self._marks.hash

    @property
    def tail(self) -> int:
        """The oldest sequence without a receipt; the next one to be when there is none."""
        return self._marks.tail

    @property
    def backlog(self) -> int:
        """How many events have no receipt."""
        return self._marks.backlog

    @property
    def nearly_full(self) -> bool:
        """Whether events without a receipt alone come near the limit: soon some will have to give way."""
        return self._marks.unsent_size > NEARLY * self._limit

    @property
    def epoch(self) -> bytes | None:
        """The fleet's present epoch, None before the first receipt."""
        with self._reading():
            row = self._db.execute("SELECT id FROM epoch WHERE current").fetchone()
        return None if row is None else bytes(row[0])

    def append(self, entry: Entry) -> Entry:
        """Keep an event durably; its sequence and hash of the one before are filled in here.

        Raises JournalError, and then nothing was kept: do not open on account of this event.
        """
        placed, data = self._placed(entry)
        if self._marks.size + marks.ROW_BYTES + len(data) <= self._limit:
            try:  # one statement is one transaction
                self._insert(placed, data)
            except sqlite3.Error as error:
                raise self._failed(error) from error
            return placed
        with self._changing():
            self._make_room(entry, len(data))
            placed, data = self._placed(entry)
            self._insert(placed, data)
        return placed

    def pending(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Events without a receipt, with sequences above `after`, oldest first, in their exact bytes."""
        with self._reading():
            rows = self._db.execute(marks.PENDING, (max(after, self.tail - 1), limit))
            return [(sequence, bytes(data)) for sequence, data in rows]

    def newest(self, limit: int) -> list[Entry]:
        """The newest events, oldest of them first: for what a gate remembers over a restart.

        What a later firmware wrote and this one has no word for is left out.
        """
        with self._reading():
            rows = self._db.execute("SELECT data FROM event ORDER BY sequence DESC LIMIT ?", (limit,))
            known = [link.known(bytes(row[0])) for row in rows]
        return [entry for entry in known if entry is not None][::-1]

    def receipted(self, receipt: Receipt, now_ms: int) -> int:
        """Mark what a believed receipt covers; return how many events that were new to it.

        A range whose last hash is not this journal's covers nothing. A new epoch re-opens everything kept
        first; a receipt of an epoch that was replaced before covers nothing.
        """
        with self._changing():
            if not self._enter(receipt.epoch):
                return 0
            before = self.backlog
            for part in receipt.ranges:
                self._cover(part, now_ms)
            return before - self.backlog

    def purge(self, before_ms: int) -> int:
        """Forget events whose receipt came before `before_ms`, the oldest thousand; return how many."""
        with self._changing():
            return self._drop_covered(before_ms, PURGED_AT_ONCE)

    def verify_chain(self, last: int | None = None) -> int:
        """Check sequences and hashes of what is kept (of the `last` events only, when given).

        Returns how many were checked; JournalError names the first one that does not fit.
        """
        after = 0 if last is None else self.head - last
        before: tuple[int, bytes] = (0, messages.genesis(self.gate, self.journal))
        checked = 0
        rows = self._db.execute(
            "SELECT sequence, data FROM event WHERE sequence > ? ORDER BY sequence", (after,)
        )
        for sequence, data in rows:
            try:
                told, previous = link.of(bytes(data))
            except WireError as error:
                raise JournalError(f"event {sequence} is none ({error}); the file was changed") from error
            follows = sequence != before[0] + 1 or previous == before[1]
            if told != sequence or not follows:
                raise JournalError(
                    f"event {sequence} does not follow from the one before; the file was changed"
                )
            before = (sequence, messages.event_hash(bytes(data)))
            checked += 1
        return checked

    def _placed(self, entry: Entry) -> tuple[Entry, bytes]:
        placed = replace(entry, sequence=self._marks.head + 1, previous=self._marks.hash)
        try:
            data = schema.write(messages.ENTRY, placed)
        except WireError as error:
            raise JournalError(f"an event that no reader would take ({error}); it was not kept") from error
        if len(data) > messages.MAX_EVENT_BYTES:
            raise JournalError(f"an event of {len(data)} bytes is too long; it was not kept")
        return placed, data

    def _insert(self, entry: Entry, data: bytes) -> None:
        self._db.execute(_INSERT, (entry.sequence, room.rank_of(entry), data))
        cost, known = marks.ROW_BYTES + len(data), self._marks
        known.head = entry.sequence
        known.hash = messages.event_hash(data)
        known.backlog += 1
        known.size += cost
        known.unsent_size += cost

    def _cover(self, part: Range, now_ms: int) -> None:
        row = self._db.execute("SELECT data FROM event WHERE sequence = ?", (part.last,)).fetchone()
        if row is None or messages.event_hash(bytes(row[0])) != part.hash:
            return
        span = (max(part.first, self.tail), part.last)
        rows, size = self._db.execute(_UNCOVERED, span).fetchone()
        self._db.execute(_COVER, (now_ms, *span))
        self._marks.unsent_size -= size
        self._marks.backlog -= rows
        self._marks.tail = marks.tail_from(self._db, self.tail, self.head)

    def _enter(self, epoch: bytes) -> bool:
        if epoch == self.epoch:
            return True
        if self._db.execute("SELECT 1 FROM epoch WHERE id = ?", (epoch,)).fetchone():
            return False
        self._db.execute("UPDATE epoch SET current = 0")
        self._db.execute("INSERT INTO epoch VALUES (?, 1)", (epoch,))
        self._db.execute("UPDATE event SET received_ms = NULL WHERE received_ms IS NOT NULL")
        self._marks = marks.count(self._db, messages.genesis(self.gate, self.journal))
        self._sought = room.Sought()
        return True

    def _make_room(self, entry: Entry, needed: int) -> None:
        """Let events go until `needed` bytes fit beside what is left; JournalError when nothing can go."""
        goal = self._limit - needed - marks.ROW_BYTES
        while self._marks.size > goal:
            if self._drop_covered(_EVER, room.STRETCH):
                continue
            stretch = room.oldest_stretch(self._db, self.head, self._sought)
            if stretch is None:
                raise JournalError(
                    "the journal is full; the event was not kept, connect the gate to its fleet"
                )
            self._bury(stretch, entry)

    def _drop_covered(self, before_ms: int, most: int) -> int:
        """Let events go whose receipt came before, never the head: the next one names its hash."""
        sizes = self._db.execute(_DROP_COVERED, (before_ms, self.head, most)).fetchall()
        self._marks.size -= sum(size for (size,) in sizes)
        return len(sizes)

    def _bury(self, stretch: room.Stretch, entry: Entry) -> None:
        sizes = self._db.execute(_DROP, (stretch.first, stretch.last)).fetchall()
        gone = sum(size for (size,) in sizes)
        self._marks.size -= gone
        self._marks.unsent_size -= gone
        self._marks.backlog -= len(sizes)
        self._marks.tail = marks.tail_from(self._db, self.tail, self.head)
        self._insert(*self._placed(stretch.tombstone(entry)))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One durable transaction; on any error the table and what is known of it are as before."""
        before, sought = replace(self._marks), replace(self._sought)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            self._marks, self._sought = before, sought
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error | WireError | UnicodeDecodeError):
                raise self._failed(error) from error
            raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with marks.reading():
                yield
        except JournalError as error:
            self.torn |= marks.damaged(error.__cause__)
            raise

    def _failed(self, error: Exception) -> JournalError:
        self.torn |= marks.damaged(error)
        return JournalError(f"the journal could not be written ({error}); nothing was kept")
