"""A console on a fresh database, as pages see it, and a small town to fill it with."""

import importlib.util
from pathlib import Path

import pytest

from fleet.config import Settings
from fleet.db import open_database
from fleet.people import directory, sessions
from fleet.people.cookies import PLAIN_NAME
from fleet.web import wiring

NOW = 1_795_230_000  # 2026-11-21 11:00 in Shanghai


class Clock:
    """The time of day as a test sets it."""

    def __init__(self):
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture(scope="session")
def town():
    spec = importlib.util.spec_from_file_location("town", Path(__file__).parent / "town.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory) -> bytes:
    """The bytes of a database with all tables and nothing in them: closing folds the log into it."""
    path = tmp_path_factory.mktemp("empty") / "fleet.db"
    with open_database(path) as opened:
        opened.upgrade()
    return path.read_bytes()


@pytest.fixture(scope="session")
def console_directory(tmp_path_factory) -> Path:
    """Where consoles of this run keep their secret and static files."""
    return tmp_path_factory.mktemp("console")


@pytest.fixture
def console_database(tmp_path: Path, empty_database: bytes):
    (tmp_path / "fleet.db").write_bytes(empty_database)
    with open_database(tmp_path / "fleet.db") as opened:
        yield opened


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app(console_database, console_directory: Path, clock):
    return wiring.create_console(console_database, Settings(), console_directory, clock)


@pytest.fixture
def client(app):
    """A stranger's browser that can send forms: the token check has tests of its own."""
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


@pytest.fixture
def person(console_database, town, clock):
    """An account whose password is `town.PASSWORD`."""
    town.add_person(console_database, "wang", "owner", clock.now)
    return "wang"


@pytest.fixture
def signed_in(client, console_database, person, clock):
    """The browser of somebody who signed in, without the work of a password."""
    with console_database.session() as session:
        token = sessions.begin(session, directory.get(session, person), "test", clock.now)
    client.set_cookie(PLAIN_NAME, token)
    return client
