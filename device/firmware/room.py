"""Which events give way when a journal is full, in what order, and the tombstone that says so."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from wire import messages
from wire.messages import Entry, Event
from wire.reasons import Reason

STRETCH: Final = 256  # events that one tombstone stands for, at most
WORTH: Final = 4  # a stretch shorter than this frees less than its tombstone takes
MARK_HEX: Final = 32  # half of the 64 characters that `word` has


class Rank(IntEnum):
    """What an event is worth when there is no room left; the lowest goes first."""

    REFUSALS = 0
    ROUTINE = 1
    ALARM = 2


_RANKS: Final = {
    Event.REFUSALS: Rank.REFUSALS,
    Event.PASSAGE: Rank.ROUTINE,
    Event.PASSED: Rank.ROUTINE,
    Event.NOT_PASSED: Rank.ROUTINE,
    Event.REGISTRATION: Rank.ALARM,
    Event.OPENED_BY_HAND: Rank.ALARM,
    Event.FORCED_OPEN: Rank.ALARM,
    Event.HELD_OPEN: Rank.ALARM,
    Event.FIRE: Rank.ALARM,
    Event.TAMPER: Rank.ALARM,
    Event.FAULT: Rank.ROUTINE,
    Event.FAULT_END: Rank.ROUTINE,
    Event.BOOT: Rank.ROUTINE,
    Event.CLOCK_STEP: Rank.ROUTINE,
    Event.DOCUMENT_ACCEPTED: Rank.ROUTINE,
    Event.DOCUMENT_REFUSED: Rank.ROUTINE,
    Event.COMMAND_DONE: Rank.ROUTINE,
    Event.TOMBSTONE: Rank.ALARM,
}
_SERIOUS: Final = frozenset({Reason.FEVER, Reason.RED, Reason.ORANGE})


def rank_of(entry: Entry) -> Rank:
    """How long an event is kept when room runs out."""
    return Rank.ALARM if entry.reason in _SERIOUS else _RANKS[entry.kind]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events next to each other in what is kept, in their exact bytes, that go together."""

    events: tuple[bytes, ...]

    def tombstone(self, at: Entry) -> Entry:
        """What stands for them, dated like the event `at` that needed the room; not in the chain yet."""
        entries = [messages.read_entry(data) for data in self.events]
        return Entry(
            sequence=0,
            previous=bytes(messages.HASH_BYTES),
            at_ms=at.at_ms,
            clock=at.clock,
            kind=Event.TOMBSTONE,
            about=min(_first(entry) for entry in entries),
            until=entries[-1].sequence,
            counts=_reasons(entries),
            word=entries[0].previous.hex()[:MARK_HEX] + messages.event_hash(self.events[-1]).hex()[:MARK_HEX],
        )


def _first(entry: Entry) -> int:
    """The first sequence that is gone with `entry`: for a tombstone, the first that it stands for."""
    if entry.kind is Event.TOMBSTONE and entry.about is not None:
        return entry.about
    return entry.sequence


def _reasons(entries: Sequence[Entry]) -> dict[Reason, int]:
    total: Counter[Reason] = Counter()
    for entry in entries:
        total.update(entry.counts or {})
        if entry.reason is not None:
            total[entry.reason] += 1
    return dict(total)


def oldest_stretch(db: sqlite3.Connection, before: int) -> Stretch | None:
    """What gives way next among the events below `before`, or None when nothing is left that could.

    Refusal counts first, then routine, then alarms too; each time the oldest stretch that is worth it.
    """
    for rank, least in ((Rank.REFUSALS, WORTH), (Rank.ROUTINE, WORTH), (Rank.ALARM, 2)):
        run: list[int] = []
        for sequence, its_rank in db.execute(
            "SELECT sequence, rank FROM event WHERE sequence < ? AND received_ms IS NULL ORDER BY sequence",
            (before,),
        ):
            if its_rank <= rank:
                run.append(sequence)
            elif len(run) >= least:
                break
            else:
                run.clear()
            if len(run) == STRETCH:
                break
        if len(run) >= least:
            return _read(db, run[0], run[-1])
    return None


def _read(db: sqlite3.Connection, first: int, last: int) -> Stretch:
    rows = db.execute(
        "SELECT data FROM event WHERE sequence BETWEEN ? AND ? AND received_ms IS NULL ORDER BY sequence",
        (first, last),
    )
    return Stretch(tuple(bytes(row[0]) for row in rows))
