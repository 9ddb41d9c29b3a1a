"""What is done about a gate's file that is found damaged: mended where nothing is lost, else put aside."""

import os
import re
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

_ORPHANS: Final = re.compile(r"(\*\*\* in database main \*\*\*|Page \d+ is never used|ok|\n)*")
_SAVED: Final = {
    "document": "1",
    "counter": "1",
    "command": "1",
    "fact": "name = 'floor' AND length(value) = 8 AND value <= x'0000E677D21FDBFF'",  # the year 9999
}


def without_indexes(path: Path) -> bool:
    """Whether the damage was in the indexes alone: then they are gone, the tables whole, and that is all.

    `VACUUM` writes the file anew in one transaction; a power cut leaves it as it was.
    """
    with suppress(sqlite3.Error, UnicodeDecodeError), closing(sqlite3.connect(path, timeout=5)) as db:
        db.execute("PRAGMA writable_schema = ON")
        gone = db.execute("DELETE FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").rowcount
        db.execute("PRAGMA writable_schema = RESET")
        found = "\n".join(str(row[0]) for row in db.execute("PRAGMA quick_check(10000)"))
        if not gone or not _ORPHANS.fullmatch(found):
            db.rollback()
            return False
        db.commit()
        db.execute("VACUUM")
        return True
    return False


def put_aside(path: Path) -> Path:
    """Rename a damaged file with its companions; what was in it may still be of use to somebody."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-shm", "-wal", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    sync_directory(path.parent)
    return aside


def save(aside: Path, db: sqlite3.Connection) -> None:
    """Take over what a damaged file still shows, row by row: documents are verified anew in any case.

    Without its trust document a gate that is offline would be out of service until it is not. Commands
    come along, so that none is done twice, and of the facts only the clock's floor: the journal is another.
    """
    uri = f"{aside.absolute().as_uri()}?mode=ro"
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True)) as torn:
        db.execute("BEGIN")
        for table, where in _SAVED.items():
            rows: list[tuple[object, ...]] = []
            with suppress(sqlite3.Error, UnicodeDecodeError):
                rows.extend(torn.execute(f"SELECT * FROM {table} WHERE {where}"))  # noqa: S608 - names of a table above
            for row in rows:
                marks = ", ".join("?" * len(row))
                with suppress(sqlite3.Error, UnicodeDecodeError, OverflowError):
                    db.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - the same
        db.execute("COMMIT")


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
