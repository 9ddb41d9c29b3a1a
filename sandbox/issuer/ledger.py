"""What the issuer keeps on disk: keys, people, the newest list, and what the fleet has not taken yet."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sandbox.errors import SandboxError
from sandbox.issuer.residents import Resident
from wire.reasons import Colour

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS resident (
    number INTEGER PRIMARY KEY, subject BLOB NOT NULL UNIQUE, place INTEGER NOT NULL UNIQUE,
    colour INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER NOT NULL, kind TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (seq, kind));
"""
_RESIDENT: Final = "SELECT number, subject, place, colour FROM resident"


@dataclass(frozen=True, slots=True)
class Parcel:
    """Something for the fleet: `kind` is "list" or "delta", `data` the signed bytes."""

    seq: int
    kind: str
    data: bytes


class Ledger:
    """One SQLite file; a change is on disk when the block that made it ends. Thread-safe."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        try:
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            raise SandboxError(
                f"{path} cannot be read ({error}); start over with: make demo-clean"
            ) from error
        self._lock = threading.RLock()

    @contextmanager
    def change(self) -> Iterator[None]:
        """All that is written inside is kept, or nothing of it."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def fact(self, name: str) -> bytes | None:
        """A value kept under a name, or None."""
        row = self._one("SELECT value FROM fact WHERE name = ?", name)
        return None if row is None else bytes(row[0])

    def keep(self, name: str, value: bytes) -> None:
        """Keep a value under a name."""
        self._do("INSERT OR REPLACE INTO fact VALUES (?, ?)", name, value)

    def add(self, residents: Sequence[Resident]) -> None:
        """Enter people."""
        for one in residents:
            self._do(
                "INSERT INTO resident VALUES (?, ?, ?, ?)",
                one.number,
                one.subject,
                one.index,
                int(one.colour),
            )

    def residents(self) -> tuple[Resident, ...]:
        """Everybody, by number, in their present colours."""
        with self._lock:
            rows = self._database.execute(
                "SELECT number, subject, place, colour FROM resident ORDER BY number"
            )
            return tuple(Resident(n, bytes(s), place, Colour(colour)) for n, s, place, colour in rows)

    def resident(self, number: int) -> Resident:
        """One person; SandboxError if there is no such number."""
        row = self._one(f"{_RESIDENT} WHERE number = ?", number)
        if row is None:
            raise SandboxError(f"nobody here has the number {number}")
        return _resident(row)

    def recolour(self, number: int, colour: Colour) -> None:
        """Write a person's new colour."""
        self._do("UPDATE resident SET colour = ? WHERE number = ?", int(colour), number)

    def post(self, parcel: Parcel) -> None:
        """Put something into the outbox; a list makes every earlier list superfluous."""
        if parcel.kind == "list":
            self._do("DELETE FROM outbox WHERE kind = 'list'")
        self._do("INSERT OR REPLACE INTO outbox VALUES (?, ?, ?)", parcel.seq, parcel.kind, parcel.data)

    def waiting(self) -> tuple[Parcel, ...]:
        """What the fleet has not taken, in the order to send: deltas are seconds faster, so they go first."""
        with self._lock:
            rows = self._database.execute("SELECT seq, kind, data FROM outbox ORDER BY kind, seq")
            return tuple(Parcel(seq, kind, bytes(data)) for seq, kind, data in rows)

    def taken(self, parcel: Parcel) -> None:
        """The fleet has this one; a list that it took covers all deltas up to it."""
        with self.change():
            self._do("DELETE FROM outbox WHERE seq = ? AND kind = ?", parcel.seq, parcel.kind)
            if parcel.kind == "list":
                self._do("DELETE FROM outbox WHERE seq <= ?", parcel.seq)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def _one(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        with self._lock:
            row: tuple[Any, ...] | None = self._database.execute(sql, values).fetchone()
            return row

    def _do(self, sql: str, *values: object) -> None:
        with self._lock:
            self._database.execute(sql, values)


def _resident(row: tuple[Any, ...]) -> Resident:
    number, subject, place, colour = row
    return Resident(number, bytes(subject), place, Colour(colour))
