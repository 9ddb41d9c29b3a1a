"""An event as a row of the event table, and the one statement that inserts it."""

from enum import IntEnum
from typing import Any, Final

from wire.documents import Direction
from wire.messages import Entry

COLUMNS: Final = (
    "gate_id",
    "journal",
    "sequence",
    "venue_id",
    "at",
    "clock",
    "kind",
    "verdict",
    "reason",
    "colour",
    "issuer",
    "subject",
    "lane",
    "direction",
    "raw_centi_c",
    "estimate_centi_c",
    "millis",
    "data",
    "received_at",
)
# Measured: SQLAlchemy Core reaches 0.67 of what the plain statement does, the ORM 0.14.
INSERT: Final = (
    f"INSERT INTO event ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) "  # noqa: S608 - fixed names
    "ON CONFLICT (gate_id, journal, sequence) DO NOTHING"
)
# By the plain statement as well: row by row through the ORM it took longer than all the events of a group.
REACHED: Final = (
    "INSERT INTO journal (gate_id, journal, contiguous_to) VALUES (?, ?, ?) "
    "ON CONFLICT (gate_id, journal) DO UPDATE SET contiguous_to = excluded.contiguous_to"
)
_DIRECTIONS: Final = {Direction.ENTRY: "in", Direction.EXIT: "out", None: None}

Row = tuple[Any, ...]


def stored(member: IntEnum | None) -> str | None:
    """How the event table spells an enum member: its name in lower case."""
    return None if member is None else member.name.lower()


def row(gate: str, journal: bytes, venue: str | None, entry: Entry, data: bytes, now: int) -> Row:
    """The values of COLUMNS for one event; `now` is when it arrived."""
    heat = entry.temperature
    return (
        gate,
        journal,
        entry.sequence,
        venue,
        entry.at_ms // 1000,
        stored(entry.clock),
        stored(entry.kind),
        stored(entry.verdict),
        stored(entry.reason),
        stored(entry.colour),
        entry.issuer,
        entry.subject,
        int(entry.lane) if entry.lane and entry.lane.isdecimal() and len(entry.lane) <= 9 else None,  # noqa: PLR2004 - SQLite integers
        _DIRECTIONS[entry.direction],
        heat.object_c100 if heat else None,
        (heat.body_c100 if heat.body_c100 is not None else heat.surface_c100) if heat else None,
        entry.took_ms,
        data,
        now,
    )
