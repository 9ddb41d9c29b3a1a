"""The database: one engine with durable SQLite settings, sessions for reading and for writing, migrations."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

from fleet.errors import FleetError

# A writer waits this long for another process's commit; commits take milliseconds: this is a fault limit.
BUSY_TIMEOUT_MS: Final = 10_000
_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_WRITE: Final = {"jx_write": True}


def _prepare_sqlite(raw: Any, _record: object) -> None:  # noqa: ANN401 - DB-API connections share no type
    """WAL lets pages read while ingest writes; FULL makes a commit survive a power cut."""
    raw.isolation_level = None  # transactions are begun by `_begin`, never implicitly by the driver
    cursor = raw.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")  # first: switching to WAL can meet a busy file
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take the write lock at once where writing is meant: a read that turns writer fails under WAL."""
    writes = connection.get_execution_options().get("jx_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _url(target: Path | str | URL) -> URL:
    if isinstance(target, URL):
        return target
    if isinstance(target, str) and "://" in target:
        return make_url(target)
    return URL.create("sqlite+pysqlite", database=str(target))


class Changes:
    """Tells cheaply whether another connection, of any process, has committed since the last look.

    SQLite answers with `PRAGMA data_version` (sqlite.org/pragma.html) on one connection held open;
    other databases have no such counter and every look says yes. Not for use by two threads.
    """

    def __init__(self, engine: Engine) -> None:
        self._raw = engine.raw_connection() if engine.dialect.name == "sqlite" else None
        self._seen: int | None = None

    def changed(self) -> bool:
        """Return True on the first look and after every commit made elsewhere."""
        if self._raw is None:
            return True
        try:
            cursor = self._raw.cursor()
            cursor.execute("PRAGMA data_version")
            (version,) = cursor.fetchone() or (None,)
            cursor.close()
        except sqlite3.Error:
            return True  # who looks because of it meets the trouble where it is dealt with
        moved, self._seen = version != self._seen, version
        return moved

    def close(self) -> None:
        """Give the connection back."""
        if self._raw is not None:
            self._raw.close()


class Database:
    """One engine, made by `open_database`: open it after a fork, not before; close it at the end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(**_WRITE)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Write: holds the write lock from the first statement, commits at the end, rolls back on error."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Read one consistent snapshot without blocking anybody; what is changed in it is thrown away."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    def changes(self) -> Changes:
        """A new watcher of other connections' commits."""
        return Changes(self.engine)

    def upgrade(self, revision: str = "head") -> None:
        """Bring the tables to `revision`; FleetError when they are newer.

        Safe to call at every start, from several processes at once.
        """
        # Imported here: it costs every process 0.2 s at its start, and one of them migrates.
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        with self._writer.begin() as connection:
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, revision)
            except CommandError as error:
                raise FleetError(
                    "the database was made by a newer version of this program; nothing was changed,"
                    " use that version or restore an older backup"
                ) from error

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_database(target: Path | str | URL) -> Database:
    """Open a SQLite file by path, or any database by URL; `Database.upgrade()` makes its tables."""
    # An error of the database ends in a log sooner or later: subjects and names must not stand in it.
    engine = create_engine(_url(target), hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin)
    return Database(engine)
