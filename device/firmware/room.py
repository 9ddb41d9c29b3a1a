"""Which events give way when a journal is full, in what order, and the tombstone that says so.

Counts of refusals go first, where at least `WORTH` of them follow each other. One alone between two
passages stays with its neighbours: the tombstone that had to stand for it would be as long as itself. At
one count a minute all of them are less than a hundredth of a journal of 512 MB in thirty days.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from device.firmware import link
from wire import messages
from wire.messages import Entry, Event
from wire.reasons import Reason

STRETCH: Final = 256  # events that one tombstone stands for, at most
WORTH: Final = 4  # a stretch shorter than this frees less than its tombstone takes
MARK_HEX: Final = 32  # half of the 64 characters that `word` has
_REFUSALS: Final = """SELECT sequence, rank FROM event INDEXED BY refusals
    WHERE rank = 0 AND received_ms IS NULL AND sequence >= ? AND sequence < ? ORDER BY sequence"""
_UNSENT: Final = """SELECT sequence, rank FROM event
    WHERE sequence >= ? AND sequence < ? AND received_ms IS NULL ORDER BY sequence"""


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
    Event.ATTENDED: Rank.ALARM,
}
_SERIOUS: Final = frozenset({Reason.FEVER, Reason.RED, Reason.ORANGE, Reason.FOREIGN_POSITIVE})


def rank_of(entry: Entry) -> Rank:
    """How long an event is kept when room runs out."""
    return Rank.ALARM if entry.reason in _SERIOUS else _RANKS[entry.kind]


@dataclass(slots=True)
class Sought:
    """Up to which sequence nothing more is to be found, by rank: what was passed over is not read again."""

    refusals: int = 0
    routine: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events next to each other in what is kept, in their exact bytes, that go together."""

    first: int
    last: int
    events: tuple[bytes, ...]

    def tombstone(self, at: Entry) -> Entry:
        """What stands for them, dated like the event `at` that needed the room; not in the chain yet."""
        entries = [entry for data in self.events if (entry := link.known(data)) is not None]
        stones = [entry.about for entry in entries if entry.kind is Event.TOMBSTONE]
        _, previous = link.of(self.events[0])
        return Entry(
            sequence=0,
            previous=bytes(messages.HASH_BYTES),
            at_ms=at.at_ms,
            clock=at.clock,
            kind=Event.TOMBSTONE,
            about=min([self.first, *(about for about in stones if about is not None)]),
            until=self.last,
            counts=_reasons(entries),
            word=previous.hex()[:MARK_HEX] + messages.event_hash(self.events[-1]).hex()[:MARK_HEX],
        )


def _reasons(entries: Sequence[Entry]) -> dict[Reason, int]:
    total: Counter[Reason] = Counter()
    for entry in entries:
        total.update(entry.counts or {})
        if entry.reason is not None:
            total[entry.reason] += 1
    return dict(total)


def oldest_stretch(db: sqlite3.Connection, before: int, sought: Sought) -> Stretch | None:
    """What gives way next among the events below `before`, or None when nothing is left that could.

    Refusal counts first, then routine, then alarms too; each time the oldest stretch that is worth it.
    What it reads is what goes, and what had to be passed over for the first time.
    """
    rows = db.execute(_REFUSALS, (sought.refusals, before))
    run, sought.refusals = _run(rows, Rank.REFUSALS, WORTH, sought.refusals)
    if not run:
        rows = db.execute(_UNSENT, (sought.routine, before))
        run, sought.routine = _run(rows, Rank.ROUTINE, WORTH, sought.routine)
    if not run:
        run, _ = _run(db.execute(_UNSENT, (0, before)), Rank.ALARM, 2, 0)
    return _read(db, run[0], run[-1]) if run else None


def _run(rows: Iterable[tuple[int, int]], rank: Rank, least: int, begun: int) -> tuple[list[int], int]:
    """The first run of at least `least` events of at most this rank, and from where to look next time."""
    run: list[int] = []
    for sequence, its_rank in rows:
        broken = its_rank > rank or (rank is Rank.REFUSALS and bool(run) and sequence != run[-1] + 1)
        if broken:
            if len(run) >= least:
                break
            begun = sequence if its_rank <= rank else sequence + 1
            run = []
        if its_rank <= rank:
            run.append(sequence)
        if len(run) == STRETCH:
            break
    if len(run) < least:
        return [], begun
    return run, run[-1] + 1


def _read(db: sqlite3.Connection, first: int, last: int) -> Stretch:
    rows = db.execute(
        "SELECT data FROM event WHERE sequence BETWEEN ? AND ? AND received_ms IS NULL ORDER BY sequence",
        (first, last),
    )
    return Stretch(first, last, tuple(bytes(row[0]) for row in rows))
