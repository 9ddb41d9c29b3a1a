"""What every command of jx-fleet shares: the directory it works on, tables and JSON, words for refusals."""

import getpass
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from fleet.config import Paths, load_settings
from fleet.db import Database, open_database

DIRECTORY: Final = Path("fleet-data")
Directory = Annotated[
    Path, typer.Option("--dir", envvar="JX_FLEET_DIR", help="The fleet's directory.", show_default=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

_TIMES: Final = ("_at", "_until", "_from", "_seen", "since")
out: Final = Console(highlight=False)


def now() -> int:
    """Unix seconds UTC."""
    return int(time.time())


def actor() -> str:
    """Who acts, for the audit log: the account of the operating system."""
    try:
        return f"command:{getpass.getuser()}"
    except (OSError, KeyError):
        return f"command:{os.getuid()}"


@contextmanager
def opened(directory: Path) -> Iterator[Database]:
    """The database of the fleet in `directory`, its tables brought up to date."""
    settings = load_settings(directory)
    with open_database(Paths(directory).database(settings)) as database:
        database.upgrade()
        yield database


@contextmanager
def writing(directory: Path) -> Iterator[Session]:
    """One transaction that commits at its end."""
    with opened(directory) as database, database.session() as session:
        yield session


@contextmanager
def reading(directory: Path) -> Iterator[Session]:
    """One consistent look."""
    with opened(directory) as database, database.reading() as session:
        yield session


def day(seconds: int | None) -> str:
    """A time as people read it here: UTC, to the minute; a dash for none."""
    if seconds is None:
        return "–"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%MZ")
    except (ValueError, OverflowError):
        return f"@{seconds}"  # beyond every calendar


def show(title: str, rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str) -> None:
    """Print rows of one shape as a table, or as JSON; `empty` says what to do when there are none."""
    if as_json:
        typer.echo(json.dumps(list(rows), ensure_ascii=False, indent=2))
        return
    if not rows:
        say(f"{title}: –  {empty}")
        return
    table = Table(title=title, title_justify="left")
    for position, heading in enumerate(rows[0]):
        table.add_column(heading.replace("_", " "), no_wrap=position == 0, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(name, value) for name, value in row.items()))
    out.print(table)


def show_one(title: str, row: Mapping[str, Any]) -> None:
    """Print one thing, a line for each of its properties."""
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in row.items():
        table.add_row(name.replace("_", " "), _cell(name, value))
    out.print(table)


def say(sentence: str) -> None:
    """Print a sentence as it is: no markup, no line breaks that would cut a command in two."""
    out.print(sentence, soft_wrap=True, markup=False)


def _cell(name: str, value: object) -> Text:
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if value is None or value in ([], {}, ""):
        return Text("–")
    if isinstance(value, int) and name.endswith(_TIMES):
        return Text(day(value))
    return Text(str(value))  # never markup: names are written by people
