"""What a gate keeps beside its journal: signed documents as they came, counters, and commands it has done."""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from device.firmware import marks
from device.firmware.errors import GateError

SCHEMA: Final = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE document (kind TEXT NOT NULL, subject TEXT NOT NULL, version INTEGER NOT NULL,
                       data BLOB NOT NULL, PRIMARY KEY (kind, subject)) STRICT;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE command (id BLOB PRIMARY KEY, expires INTEGER NOT NULL) STRICT;
"""
_ADD: Final = """INSERT INTO counter VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = value + excluded.value"""
_FORGET: Final = "DELETE FROM document WHERE kind = ? AND subject = ?"
_FLOOR: Final = "floor"


class Shelf:
    """Documents, counters and commands in an open database; for the one thread that opened it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._bumped: Counter[str] = Counter()

    def keep(
        self, kind: str, subject: str, version: int, data: bytes, gone: Collection[tuple[str, str]] = ()
    ) -> None:
        """Keep a document in the place of the one with the same kind and subject, and of those `gone`."""
        with self._at_once():
            self._db.execute("REPLACE INTO document VALUES (?, ?, ?, ?)", (kind, subject, version, data))
            self._db.executemany(_FORGET, gone)

    def kept(self, kind: str) -> list[tuple[str, int, bytes]]:
        """Subject, version and bytes of every kept document of a kind, lowest version first."""
        with marks.reading():
            rows = self._db.execute(
                "SELECT subject, version, data FROM document WHERE kind = ? ORDER BY version, subject",
                (kind,),
            )
            return [(subject, version, bytes(data)) for subject, version, data in rows]

    def names(self, kind: str) -> list[tuple[str, int]]:
        """Subject and version of every kept document of a kind: for when the bytes are not needed."""
        with marks.reading():
            rows = self._db.execute("SELECT subject, version FROM document WHERE kind = ?", (kind,))
            return [(subject, version) for subject, version in rows]

    def forget(self, gone: Collection[tuple[str, str]]) -> None:
        """Let documents go by kind and subject: all of them or none. One that is not there is no error."""
        with self._at_once():
            self._db.executemany(_FORGET, gone)

    def bump(self, name: str, by: int = 1) -> None:
        """Count; durable with the next `save_counters`: a hand waving paper must not wear the card."""
        self._bumped[name] += by

    def save_counters(self) -> None:
        """Make the counters durable."""
        with self._at_once():
            self._db.executemany(_ADD, list(self._bumped.items()))
        self._bumped.clear()

    def counters(self) -> Mapping[str, int]:
        """All counts since the file was made."""
        with marks.reading():
            total = Counter(dict(self._db.execute("SELECT name, value FROM counter").fetchall()))
        total.update(self._bumped)
        return dict(total)

    @property
    def floor_ms(self) -> int:
        """The newest signed date that was believed, unix milliseconds; 0 when none was."""
        with marks.reading():
            row = self._db.execute("SELECT value FROM fact WHERE name = ?", (_FLOOR,)).fetchone()
        return 0 if row is None else int.from_bytes(row[0])

    @floor_ms.setter
    def floor_ms(self, value: int) -> None:
        """Keep a later date; an earlier one changes nothing."""
        if value > self.floor_ms:
            with _durably():
                self._db.execute("REPLACE INTO fact VALUES (?, ?)", (_FLOOR, value.to_bytes(8)))

    def lower_floor(self, value: int) -> None:
        """Keep an earlier date: who signed the later one is not believed any more.

        A later one changes nothing: it is that of a document which the card does not hold yet.
        """
        if value >= self.floor_ms:
            return
        with _durably():
            self._db.execute("REPLACE INTO fact VALUES (?, ?)", (_FLOOR, value.to_bytes(8)))

    def executed(self, command: bytes) -> bool:
        """Whether a command with this id was taken up before."""
        with marks.reading():
            row = self._db.execute("SELECT 1 FROM command WHERE id = ?", (command,)).fetchone()
        return row is not None

    def take_up(self, command: bytes, expires: int, now_s: int) -> None:
        """Remember a command until it expires, *before* it is performed: rather not at all than twice."""
        with self._at_once():
            self._db.execute("DELETE FROM command WHERE expires < ?", (now_s,))
            self._db.execute("REPLACE INTO command VALUES (?, ?)", (command, expires))

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """One durable transaction: each by itself would wait for the card, and a power cut leave half."""
        with _durably():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise


@contextmanager
def _durably() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise GateError(
            f"the card could not be written ({error}); what it held is unchanged, check it"
        ) from error
