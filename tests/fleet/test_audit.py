"""The audit log: an edit, a gap or an insertion shows."""

from pathlib import Path

import pytest
from sqlalchemy import text

from fleet import audit
from fleet.db import Database, open_database


@pytest.fixture
def database(tmp_path: Path):
    with open_database(tmp_path / "fleet.db") as opened:
        opened.upgrade()
        with opened.session() as session:
            for n in range(5):
                audit.append(session, 1000 + n, "command", "gate.add", gate=f"{n:012x}", note="门")
        yield opened


def check(database: Database) -> audit.Chain:
    with database.reading() as session:
        return audit.verify(session)


def test_an_untouched_log_holds(database: Database):
    chain = check(database)
    assert chain.holds
    assert chain.rows == 5


def test_an_empty_log_holds(tmp_path: Path):
    with open_database(tmp_path / "empty.db") as database:
        database.upgrade()
        assert check(database) == audit.Chain(0, audit.START, None)


@pytest.mark.parametrize(
    ("edit", "broken_at"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE id = 3", 3),
        ("UPDATE audit SET at = 1 WHERE id = 1", 1),
        ("UPDATE audit SET detail = '{}' WHERE id = 5", 5),
        ("UPDATE audit SET hash = prev_hash WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 2", 3),
        ("UPDATE audit SET id = 9 WHERE id = 5", 9),
    ],
)
def test_a_change_shows_at_its_row(database: Database, edit: str, broken_at: int):
    with database.session() as session:
        session.execute(text(edit))
    assert check(database).broken_at == broken_at


def test_rows_cut_off_at_the_end_show_against_a_kept_head(database: Database):
    kept = check(database).head
    with database.session() as session:
        session.execute(text("DELETE FROM audit WHERE id = 5"))
    assert check(database).head != kept
