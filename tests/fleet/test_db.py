"""The database room: durable settings, sessions, migrations that agree with the models."""

import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from fleet.db import Database, open_database
from fleet.models import Base, Gate, Meta, Region


@pytest.fixture
def database(tmp_path: Path):
    with open_database(tmp_path / "fleet.db") as opened:
        opened.upgrade()
        yield opened


def test_migrations_and_models_agree(database: Database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_check_constraints_of_migrations_are_those_of_the_models(database: Database, tmp_path: Path):
    def checks(of: Database) -> dict[str, set[str]]:
        looked = inspect(of.engine)
        return {
            table: {str(check["name"]) + check["sqltext"] for check in looked.get_check_constraints(table)}
            for table in Base.metadata.tables
        }

    with open_database(tmp_path / "models.db") as made:
        Base.metadata.create_all(made.engine)
        assert checks(database) == checks(made)


def test_upgrading_twice_changes_nothing(database: Database):
    with database.session() as session:
        session.add(Meta(key="epoch", value="00"))
    database.upgrade()
    with database.reading() as session:
        assert session.scalars(select(Meta.key)).all() == ["epoch"]


def test_a_directory_with_a_percent_sign_is_a_directory(tmp_path: Path):
    place = tmp_path / "50%(x)s"
    place.mkdir()
    with open_database(place / "fleet.db") as database:
        database.upgrade()


def test_every_connection_is_durable_and_checks_foreign_keys(database: Database):
    with database.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    with pytest.raises(IntegrityError), database.session() as session:
        session.add(Gate(id="0" * 12, name="", venue_id="nowhere", created_at=0))


def test_a_session_commits_at_its_end_and_rolls_back_on_error(database: Database):
    with database.session() as session:
        session.add(Meta(key="kept", value="1"))
    with pytest.raises(IntegrityError), database.session() as session:  # noqa: PT012 - the second statement fails
        session.add(Meta(key="lost", value="1"))
        session.flush()
        session.execute(text("INSERT INTO meta (key, value) VALUES ('kept', 'twice')"))
    with database.reading() as session:
        assert session.scalars(select(Meta.key)).all() == ["kept"]


def test_reading_keeps_nothing_and_sees_one_snapshot(database: Database):
    with database.reading() as reader:
        assert reader.scalars(select(Meta.key)).all() == []
        with database.session() as writer:
            writer.add(Meta(key="new", value="1"))
        assert reader.scalars(select(Meta.key)).all() == []
        reader.add(Meta(key="never", value="1"))
    with database.reading() as reader:
        assert reader.scalars(select(Meta.key)).all() == ["new"]


def test_a_second_writer_waits_for_the_first_instead_of_failing(database: Database):
    with database.session() as session:
        session.add(Meta(key="count", value="0"))

    def count() -> None:
        for _ in range(10):
            with database.session() as session:
                row = session.get_one(Meta, "count")
                row.value = str(int(row.value) + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.get_one(Meta, "count").value == "40"


def test_changes_of_other_connections_show_once(database: Database):
    watcher = database.changes()
    assert watcher.changed()
    assert not watcher.changed()
    with database.session() as session:
        session.add(Meta(key="a", value="1"))
    assert watcher.changed()
    assert not watcher.changed()
    watcher.close()


def test_a_watcher_that_cannot_look_says_that_something_changed(database: Database):
    watcher = database.changes()
    assert watcher.changed()
    database.engine.dispose()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watcher, "_raw", Broken())
        assert watcher.changed()
        assert watcher.changed()
    watcher.close()


class Broken:
    """A connection whose file is gone."""

    def cursor(self):
        raise sqlite3.OperationalError("disk I/O error")


def test_an_error_tells_nothing_of_what_was_to_be_stored(database: Database):
    with pytest.raises(IntegrityError) as refused, database.session() as session:
        session.add(Region(id="x", level=6, name_zh="秘密", name_en=""))
    assert "秘密" not in str(refused.value)


def test_a_value_outside_its_table_is_refused(database: Database):
    with pytest.raises(IntegrityError), database.session() as session:
        session.add(Region(id="x", level=6, name_zh="", name_en=""))
    with pytest.raises(IntegrityError), database.session() as session:
        session.add(Gate(id="0" * 12, name="", state="lost", created_at=0))


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path):
    broken = tmp_path / "fleet.db"
    broken.write_bytes(b"this is no database, however long it may be" * 100)
    with open_database(broken) as database, pytest.raises(DatabaseError):
        database.upgrade()


def test_a_url_opens_the_same_file_as_its_path(tmp_path: Path):
    with open_database(f"sqlite+pysqlite:///{tmp_path}/fleet.db") as database:
        database.upgrade()
    with open_database(str(tmp_path / "fleet.db")) as database, database.reading() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0004"
