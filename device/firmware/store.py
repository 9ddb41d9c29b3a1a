"""What a gate keeps over a power cut: journal, documents and counters in one SQLite file."""

import fcntl
import os
import secrets
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from device.firmware import marks, mending, shelf
from device.firmware.errors import CardError, GateError, JournalError
from device.firmware.journal import Journal
from device.firmware.shelf import Shelf

APPLICATION_ID: Final = 0x4A584754  # "JXGT", in the header of the file
FORMAT: Final = 1
LATEST_FORMAT: Final = 1_000
"""A number that no firmware will reach: above it the header is torn, and not of a later format."""
_LOG_BYTES: Final = 1_048_576
_LOG_PAGES: Final = 250
"""The write-ahead log is written from its beginning again after so many pages, which fill it."""
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
        self,
        db: sqlite3.Connection,
        path: Path,
        gate: str,
        *,
        journal_limit_bytes: int,
        set_aside: Path | None = None,
    ) -> None:
        Shelf.__init__(self, db)
        ((identity,),) = db.execute("SELECT value FROM fact WHERE name = 'journal'")
        Journal.__init__(self, db, gate, bytes(identity), limit_bytes=journal_limit_bytes)
        self._path, self._closed = path, False
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
            store = cls._whole(path, gate, journal_limit_bytes)
        except BaseException:
            os.close(lock)
            raise
        store.lock = lock
        return store

    def mend(self) -> bool:
        """Open the file anew when it was found torn while it was open; whether a new journal was begun.

        As at a start: what cannot be read is put aside. GateError when the card cannot be used at all.
        """
        self._db.close()
        fresh = self._whole(self._path, self.gate, self._limit)
        bumped, lock, before = self._bumped, self.lock, self.journal
        vars(self).update(vars(fresh))
        self._bumped, self.lock = bumped, lock
        return self.journal != before

    @classmethod
    def look(cls, path: Path) -> Self:
        """Open a file for reading only, whatever gate it belongs to, also while its gate runs."""
        try:
            db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            ((gate,),) = db.execute("SELECT value FROM fact WHERE name = 'gate'")
            return cls(db, path, bytes(gate).decode(), journal_limit_bytes=2**62)
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise GateError(f"{path} is not a gate's file that can be read ({error})") from error

    @classmethod
    def _whole(cls, path: Path, gate: str, limit: int) -> Self:
        """The file, or a new one in its place with what could be saved of it."""
        try:
            return cls._opened(path, gate, limit, None)
        except (sqlite3.DatabaseError, JournalError, ValueError, TypeError) as error:
            unreachable = isinstance(error, sqlite3.OperationalError)
            # SQLITE_ERROR: tables that are none any more, and words about it that are no text.
            if unreachable and error.sqlite_errorcode != sqlite3.SQLITE_ERROR:  # type: ignore[union-attr]  # sqlite3's own
                raise CardError(
                    f"{path} cannot be opened ({error}); nothing was changed, check the card"
                ) from error
        if mending.without_indexes(path):
            with suppress(sqlite3.DatabaseError, JournalError, ValueError, TypeError):
                return cls._opened(path, gate, limit, None)
        try:
            aside = mending.put_aside(path)
            return cls._opened(path, gate, limit, aside)
        except (sqlite3.Error, OSError) as error:
            raise CardError(
                f"{path} is damaged and no new one can be made ({error}); nothing is lost, check the card"
            ) from error

    @classmethod
    def _opened(cls, path: Path, gate: str, limit: int, aside: Path | None) -> Self:
        fresh = not path.exists()
        db = sqlite3.connect(path, isolation_level=None, timeout=5)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute(f"PRAGMA journal_size_limit = {4 * _LOG_BYTES}")
            db.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
            if db.execute("PRAGMA user_version").fetchone() == (0,):
                _begin(db, gate)
            if fresh:
                mending.sync_directory(path.parent)
            _check(db, path, gate)
            if aside is not None:
                mending.save(aside, db)
            for statement in marks.INDEXES:
                db.execute(statement)
            store = cls(db, path, gate, journal_limit_bytes=limit, set_aside=aside)
            store.verify_chain(CHECKED_AT_OPEN)
            _lengthen(path.with_name(f"{path.name}-wal"))
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
        raise CardError(
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
    if application != APPLICATION_ID or not 0 < version < LATEST_FORMAT:
        raise sqlite3.DatabaseError("the header of the file is damaged")
    if version > FORMAT:  # what a newer firmware keeps is not this one's to put aside
        raise GateError(
            f"{path} is of a later format than this firmware reads; nothing was changed, update the firmware"
        )
    for columns in _COLUMNS:
        db.execute(f"SELECT {columns} LIMIT 0")
    ((owner,),) = db.execute("SELECT value FROM fact WHERE name = 'gate'")
    if bytes(owner) != gate.encode():
        raise GateError(
            f"{path} belongs to another gate; nothing was changed, give this gate a directory of its own"
        )


def _lengthen(log: Path) -> None:
    """Give the write-ahead log its full length at once, so that a commit waits for its own bytes only.

    While a file grows, each sync waits for the file system's books too: measured on ext4 that doubles the
    time of a commit, for the first thousand of them after every start. SQLite takes zeros at the end of a
    log for the end of it (file format, 4.2: a frame counts only with the header's salt and a checksum). A
    card without room for it is no reason not to start.
    """
    with suppress(OSError), log.open("ab") as file:
        missing = _LOG_BYTES - file.tell()
        if missing > 0:
            file.write(bytes(missing))
            file.flush()
            os.fsync(file.fileno())
