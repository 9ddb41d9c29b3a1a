"""One group commit after another: messages are read and checked, stored together, receipted after."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy.orm import Session

from fleet import audit
from fleet.db import Database
from fleet.ingest import book, standing, venues
from fleet.ingest.coverage import Coverage, Span
from fleet.ingest.group import Group
from fleet.ingest.receipts import Part, Receipts
from fleet.ingest.rows import INSERT, REACHED, row
from wire import messages, topics
from wire.errors import WireError
from wire.messages import HASH_BYTES, Batch, Entry, Hello, State
from wire.topics import FromGate, Up

_TRIES: Final = 3  # another worker that stores the same events makes one more necessary
MOST_ALARMS: Final = 10_000  # remembered, so that a gate that repeats itself fills no log

Said = Hello | State | tuple[Batch, tuple[Entry, ...]]
_READ: Final[dict[Up, Callable[[bytes], Said]]] = {
    Up.HELLO: messages.read_hello,
    Up.STATE: messages.read_state,
    Up.EVENTS: messages.read_batch,
}


class _OvertakenError(Exception):
    """Another worker has stored events that this one took for new: what it would receipt may differ."""


class Worker:
    """Takes messages, commits them in groups, says what may be receipted. For one thread."""

    def __init__(self, database: Database, receipts: Receipts, places: venues.Venues) -> None:
        self._database = database
        self._receipts = receipts
        self._venues = places
        self._coverage: dict[tuple[str, bytes], Coverage] = {}
        self._waiting: list[tuple[str, Said, bytes]] = []
        self._gates: dict[str, book.Known] = {}
        self._alarms: set[tuple[str, bytes, str, int]] = set()
        self.counts: Counter[str] = Counter()

    def look(self, now: int) -> None:
        """Read anew which gates may speak, and where they stand."""
        with self._database.reading() as session:
            self._gates = book.known_gates(session)
        self._venues.look(now)

    def take(self, topic: str, payload: bytes) -> int:
        """Read one message; return how many events it holds. What cannot be read is counted and dropped."""
        try:
            place = topics.parse(topic)
            read = _READ.get(place.leaf) if isinstance(place, FromGate) else None
            if read is None or not isinstance(place, FromGate):
                self.counts["not for ingest"] += 1
                return 0
            if place.gate not in self._gates:
                self.counts["unknown or revoked gate"] += 1
                return 0
            said = read(payload)
        except WireError as error:
            self.counts[f"unreadable: {error.flaw.value}"] += 1
            return 0
        self._waiting.append((place.gate, said, payload))
        return len(said[1]) if isinstance(said, tuple) else 0

    def commit(self, now: int) -> int:
        """Store everything taken in one transaction; return how many events were new.

        If that fails nothing of it is receipted, and the gates send it again.
        """
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return 0
        for _ in range(_TRIES):
            if (group := self._attempt(waiting, now)) is not None:
                for journal, parts in group.parts.items():
                    self._receipts.committed(journal, parts)
                self._venues.took(group.told, now)
                return len(group.rows)
        return 0

    def _attempt(self, waiting: list[tuple[str, Said, bytes]], now: int) -> Group | None:
        """One transaction; None when more is stored than is remembered here, and nothing was done."""
        try:
            with self._database.session() as session:
                group = Group(session, now)
                for gate, said, data in waiting:
                    self._handle(group, gate, said, data)
                self._store(group)
        except _OvertakenError:
            self._coverage.clear()
            self.counts["overtaken by another worker"] += 1
            return None
        except BaseException:
            self._coverage.clear()  # it may be ahead of the database now
            raise
        return group

    def _handle(self, group: Group, gate: str, said: Said, data: bytes) -> None:
        match said:
            case Hello():
                standing.hello(group.session, gate, said, data, group.now)
                self._checkpoint(group, gate, said.checkpoint)
                self._held_already(group, gate, said)
            case State():
                if not standing.state(group.session, gate, said, data, group.now):
                    self.counts["state of an older session"] += 1
            case (batch, entries):
                self._batch(group, gate, batch, entries)
                if batch.checkpoint is not None:
                    self._checkpoint(group, gate, batch.checkpoint)

    def _batch(self, group: Group, gate: str, batch: Batch, entries: tuple[Entry, ...]) -> None:
        """Store what is new of a batch and compare the rest with what is held."""
        if not entries:
            return
        journal = (gate, batch.journal)
        held = self._held(group.session, journal)
        group.touched.add(journal)
        parts = group.parts.setdefault(journal, [])
        last = batch.first + len(entries) - 1
        at = batch.first
        for begin, end in [*held.gaps(batch.first, last), (last + 1, last)]:
            parts += self._again(group, journal, batch, entries, (at, begin))
            if begin <= end:
                self._new(group, journal, batch, entries, (begin, end))
                parts.append((begin, end, messages.event_hash(batch.events[end - batch.first])))
            at = end + 1

    def _new(
        self,
        group: Group,
        journal: tuple[str, bytes],
        batch: Batch,
        entries: tuple[Entry, ...],
        part: tuple[int, int],
    ) -> None:
        held = self._coverage[journal]
        begin, end = part[0] - batch.first, part[1] - batch.first
        for entry, data in zip(entries[begin : end + 1], batch.events[begin : end + 1], strict=True):
            self._keep(group, journal, entry, data)
        last = messages.event_hash(batch.events[end])
        broken = held.add(Span(part[0], part[1], entries[begin].previous, last))
        for entry in entries[begin : end + 1]:
            buried = book.burial(entry)
            if buried:
                broken += held.bury(*buried)
        for sequence in broken:
            self._alarm(group, journal, "journal.broken", sequence)

    def _again(
        self,
        group: Group,
        journal: tuple[str, bytes],
        batch: Batch,
        entries: tuple[Entry, ...],
        part: tuple[int, int],
    ) -> list[Part]:
        """What may be receipted of what is held already; `part`: first sequence, one past the last."""
        parts: list[Part] = []
        for sequence in range(*part):
            sent = batch.events[sequence - batch.first]
            kept = self._stored(group, journal, sequence)
            if kept is not None and kept != sent:
                self._alarm(group, journal, "journal.conflict", sequence)
                continue
            if kept is None:
                # A tombstone said that it would never come, and here it is: no receipt without a row.
                self._keep(group, journal, entries[sequence - batch.first], sent)
            else:
                self.counts["held already"] += 1
            parts.append((sequence, sequence, messages.event_hash(sent)))
        return parts

    def _keep(self, group: Group, journal: tuple[str, bytes], entry: Entry, data: bytes) -> None:
        gate = journal[0]
        group.rows.append(row(*journal, self._gates[gate].venue, entry, data, group.now))
        group.fresh[*journal, entry.sequence] = data
        if entry.kind in venues.KINDS:
            group.told.append((*journal, entry))

    def _held_already(self, group: Group, gate: str, said: Hello) -> None:
        """On a hello: tell the epoch, and what of the gate's unreceipted events is held."""
        journal = (gate, said.journal)
        held = self._held(group.session, journal)
        if held.last > said.head:
            self._alarm(group, journal, "journal.rolled-back", said.head)
        parts = group.parts.setdefault(journal, [])
        for span in held.between(said.tail, said.head):
            if span.last <= said.head and span.hash is not None and len(span.hash) == HASH_BYTES:
                parts.append((max(span.first, said.tail), span.last, span.hash))

    def _checkpoint(self, group: Group, gate: str, signed: bytes) -> None:
        """Compare a head that the gate signed with what is held, and remember it."""
        checkpoint = book.believed(group.session, gate, signed)
        if checkpoint is None:
            self.counts["checkpoint not believed"] += 1
            return
        journal = (gate, checkpoint.journal)
        kept = self._stored(group, journal, checkpoint.head)
        if kept is not None and messages.event_hash(kept) != checkpoint.hash:
            self._alarm(group, journal, "journal.checkpoint", checkpoint.head)
            return
        known = book.journal_row(group.session, *journal)
        if known.head_sequence is None or checkpoint.head >= known.head_sequence:
            known.head_sequence, known.head_hash = checkpoint.head, checkpoint.hash
            known.checked_at = group.now

    def _held(self, session: Session, journal: tuple[str, bytes]) -> Coverage:
        found = self._coverage.get(journal)
        if found is None:
            found = self._coverage[journal] = book.coverage(session, *journal)
        return found

    def _stored(self, group: Group, journal: tuple[str, bytes], sequence: int) -> bytes | None:
        fresh = group.fresh.get((*journal, sequence))
        return fresh if fresh is not None else book.event_data(group.session, *journal, sequence)

    def _alarm(self, group: Group, journal: tuple[str, bytes], what: str, sequence: int) -> None:
        """Write to the audit log, once for each thing found, and count."""
        self.counts[what] += 1
        seen = (*journal, what, sequence)
        if seen in self._alarms or len(self._alarms) >= MOST_ALARMS:
            return
        self._alarms.add(seen)
        detail: dict[str, Any] = {"journal": journal[1].hex(), "sequence": sequence}
        audit.append(group.session, group.now, f"gate:{journal[0]}", what, **detail)

    def _store(self, group: Group) -> None:
        """The hot insert, then how far each journal is held."""
        group.session.flush()  # a checkpoint may have made a journal's row
        # By way of SQLAlchemy, so that a full disk is a DBAPIError like any other.
        execute = group.session.connection().exec_driver_sql
        reached = [(*journal, self._coverage[journal].contiguous_to) for journal in group.touched]
        if reached:
            execute(REACHED, reached)
        if group.rows and execute(INSERT, group.rows).rowcount != len(group.rows):
            raise _OvertakenError
