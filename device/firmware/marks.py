"""What is true of the table of events: counted once at the start, then kept up to date by the journal."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from device.firmware.errors import JournalError
from wire import messages
from wire.errors import WireError

ROW_BYTES: Final = 16
# `size` counts what SQLite needs beside the bytes: 16 a row, measured over 30,000 events of 123 bytes.
SCHEMA: Final = """
CREATE TABLE event (sequence INTEGER PRIMARY KEY, rank INTEGER NOT NULL, data BLOB NOT NULL,
                    received_ms INTEGER, size INTEGER AS (length(data) + 16) VIRTUAL) STRICT;
CREATE TABLE epoch (id BLOB PRIMARY KEY, current INTEGER NOT NULL) STRICT;
"""
INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS received ON event (received_ms) WHERE received_ms IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS refusals ON event (sequence) WHERE rank = 0 AND received_ms IS NULL",
)
"""Partial ones: appending a passage writes its own page and no other."""
PENDING: Final = """SELECT sequence, data FROM event WHERE sequence > ? AND received_ms IS NULL
    ORDER BY sequence LIMIT ?"""
_COUNT: Final = """SELECT count(*) FILTER (WHERE received_ms IS NULL), coalesce(sum(size), 0),
    coalesce(sum(size) FILTER (WHERE received_ms IS NULL), 0) FROM event"""


@dataclass(slots=True)
class Marks:
    """What an append need not ask; sizes in bytes."""

    head: int
    hash: bytes
    tail: int
    backlog: int
    size: int
    unsent_size: int


def count(db: sqlite3.Connection, genesis: bytes) -> Marks:
    """Read everything from the table; `genesis` is the hash that the first event names."""
    backlog, size, unsent_size = db.execute(_COUNT).fetchone()
    newest = db.execute("SELECT sequence, data FROM event ORDER BY sequence DESC LIMIT 1").fetchone()
    head, head_hash = (newest[0], messages.event_hash(bytes(newest[1]))) if newest else (0, genesis)
    return Marks(head, head_hash, tail_from(db, 0, head), backlog, size, unsent_size)


def tail_from(db: sqlite3.Connection, start: int, head: int) -> int:
    """The oldest sequence from `start` on without a receipt, or the one after `head`."""
    oldest = db.execute(PENDING, (start - 1, 1)).fetchone()
    return head + 1 if oldest is None else int(oldest[0])


def damaged(error: BaseException | None) -> bool:
    """Whether it says that the file itself is torn, and not that the card cannot be reached just now."""
    if isinstance(error, WireError | UnicodeDecodeError):
        return True
    code = getattr(error, "sqlite_errorcode", None)  # errors of the sqlite3 module itself have none
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def reading() -> Iterator[None]:
    """A card that cannot be read, or holds an event that is none, is a JournalError, never a crash."""
    try:
        yield
    except (sqlite3.Error, WireError, UnicodeDecodeError) as error:
        raise JournalError(f"the card could not be read ({error}); nothing was changed, check it") from error
