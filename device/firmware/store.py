"""What a gate keeps over a power cut: journal, documents and counters in one SQLite file."""

import fcntl
import os
import secrets
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from device.firmware import marks, shelf
from device.firmware.errors import GateError, JournalError
from device.firmware.journal import Journal
from device.firmware.shelf import Shelf

APPLICATION_ID: Final = 0x4A584754  # "JXGT", in the header of the file
FORMAT: Final = 1
CHECKED_AT_OPEN: Final = 5_000
"""Events, all that a start looks into; a whole journal takes seconds on a Raspberry Pi."""
_COLUMNS: Final = (
    "sequence, rank, data, received_ms, size FROM event",
    "id, current FROM epoch",
    "name, value FROM fact",
    "kind, subject, version, data FROM document",
    "name, value FROM counter",
    "id, expires FROM command",
)
"""What a torn card may have taken the names of."""


class Store(Journal, Shelf):
    """One open file of one gate. For one thread; a method that changes something is durable on return."""

    def __init__(
        self, db: sqlite3.Connection, gate: str, *, journal_limit_bytes: int, set_aside: Path | None = None
    ) -> None:
        Shelf.__init__(self, db)
        ((identity,),) = db.execute("SELECT value FROM fact WHERE name = 'journal'")
        Journal.__init__(self, db, gate, bytes(identity), limit_bytes=journal_limit_bytes)
        self._closed = False
        self.lock: int | None = None
        """Descriptor that keeps other processes away; None for a file that is only looked at."""
        self.set_aside = set_aside
        """Where a damaged file was put when this one was begun in its place."""

    @classmethod
    def open(cls, path: Path, gate: str, *, journal_limit_bytes: int) -> Self:
        """Open the file of this gate, or begin one; `path`'s directory must exist.

        A damaged file is put aside under another name, and a new journal begun: `set_aside` says so.
        GateError when the file is another gate's, of a later format, in use, or cannot be opened at all.
        """
        lock = _locked(path)
        try:
            try:
                store = cls._opened(path, gate, journal_limit_bytes, None)
            except (sqlite3.DatabaseError, JournalError, ValueError, TypeError) as error:
                if (
                    isinstance(error, sqlite3.OperationalError)
                    and error.sqlite_errorcode != sqlite3.SQLITE_ERROR
                ):
                    raise GateError(
                        f"{path} cannot be opened ({error}); nothing was changed, check the card"
                    ) from error
                # Damaged: also tables that are none any more, and words about it that are no text.
                store = cls._opened(path, gate, journal_limit_bytes, _put_aside(path))
        except BaseException:
            os.close(lock)
            raise
        store.lock = lock
        return store

    @classmethod
    def look(cls, path: Path) -> Self:
        """Open a file for reading only, whatever gate it belongs to, also while its gate runs."""
        try:
            db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            ((gate,),) = db.execute("SELECT value FROM fact WHERE name = 'gate'")
            return cls(db, bytes(gate).decode(), journal_limit_bytes=2**62)
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise GateError(f"{path} is not a gate's file that can be read ({error})") from error

    @classmethod
    def _opened(cls, path: Path, gate: str, limit: int, aside: Path | None) -> Self:
        fresh = not path.exists()
        db = sqlite3.connect(path, isolation_level=None, timeout=5)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA journal_size_limit = 4194304")
            if db.execute("PRAGMA user_version").fetchone() == (0,):
                _begin(db, gate)
            if fresh:
                _sync_directory(path.parent)
            _check(db, path, gate)
            store = cls(db, gate, journal_limit_bytes=limit, set_aside=aside)
            store.verify_chain(CHECKED_AT_OPEN)
        except BaseException:
            db.close()
            raise
        return store

    def close(self) -> None:
        """Save the counters, if the card takes them, and close the file; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        with suppress(sqlite3.Error, GateError):
            if not self._db.execute("PRAGMA query_only").fetchone()[0]:
                self.save_counters()
        self._db.close()
        if self.lock is not None:
            os.close(self.lock)


def _locked(path: Path) -> int:
    """A descriptor that, while it is open, keeps every other firmware away; a kill closes it too.

    SQLite alone lets two processes write in turn: each would number its events after its own last one.
    """
    try:
        descriptor = os.open(
            path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
    except OSError as error:
        raise GateError(
            f"{path} cannot be opened ({error.strerror}); nothing was changed, check the card"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise GateError(
            f"{path} is in use by another firmware process; nothing was changed, stop that one first"
        ) from error
    return descriptor


def _begin(db: sqlite3.Connection, gate: str) -> None:
    """Make all tables in one transaction: a power cut leaves an empty file or a whole one."""
    db.execute("BEGIN IMMEDIATE")
    for statement in (shelf.SCHEMA + marks.SCHEMA).split(";"):
        db.execute(statement)
    facts = {"gate": gate.encode(), "journal": secrets.token_bytes(16)}
    db.executemany("INSERT INTO fact VALUES (?, ?)", list(facts.items()))
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {FORMAT}")
    db.execute("COMMIT")


def _check(db: sqlite3.Connection, path: Path, gate: str) -> None:
    if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("the file is damaged")
    ((application, version),) = db.execute("SELECT * FROM pragma_application_id, pragma_user_version")
    if application != APPLICATION_ID or version > FORMAT:
        raise GateError(
            f"{path} is of a later format than this firmware reads; nothing was changed, update it"
        )
    for columns in _COLUMNS:
        db.execute(f"SELECT {columns} LIMIT 0")
    ((owner,),) = db.execute("SELECT value FROM fact WHERE name = 'gate'")
    if bytes(owner) != gate.encode():
        raise GateError(
            f"{path} belongs to another gate; nothing was changed, give this gate a directory of its own"
        )


def _put_aside(path: Path) -> Path:
    """Rename a damaged file with its companions; what was in it may still be of use to somebody."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-shm", "-wal", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    _sync_directory(path.parent)
    return aside


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
