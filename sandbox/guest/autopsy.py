"""What stands on a card whose power was cut: its file system, its journal and documents, read on a copy."""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.firmware.errors import GateError, Refused
from device.firmware.gate import CARD_ROOT, DATABASE
from device.firmware.restore import DELTA, restore
from device.firmware.store import Store
from sandbox.errors import SandboxError
from sandbox.guest.apart import told
from sandbox.guest.card import data_offset

LIMIT_BYTES: Final = 2**40
KINDS: Final = (CARD_ROOT, "root", "trust", "assignment", "list", DELTA)
ORDINARY: Final = (
    r"^[^:]*: recovering journal$",
    r"^[^:]*: Clearing orphaned inode \d+ \(.*\)$",
    r"^Setting free (blocks|inodes) count to .*$",
    r"^[^:]*: \d+/\d+ files \(.*\), \d+/\d+ blocks$",
    r"^[^:]*: Setting free (blocks|inodes) count to .*$",
    r"^$",
)
"""What e2fsck says of a file system that needed nothing but its log: ext4 writes the sums of free blocks and
the files that were deleted while open nowhere else."""


class AutopsyError(SandboxError):
    """A dead card is not as it must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What a gate would find on this card. Of a gate that had no journal yet, `journal` is empty."""

    journal: bytes = b""
    events: Mapping[int, bytes]
    """Sequence to the exact bytes."""
    documents: Mapping[tuple[str, str], int]
    """Kind and name to version; every one of them was verified."""
    files: frozenset[str]
    replayed: bool
    """Whether the file system's own log had something to tell."""


def taken(card: Path, into: Path) -> Path:
    """A copy of the data partition."""
    offset = data_offset()
    image = into / "data.ext4"
    size = card.stat().st_size - offset
    image.unlink(missing_ok=True)
    with image.open("wb") as file:
        file.truncate(size)
    with card.open("rb") as reader, image.open("r+b") as writer:
        at = offset
        while at < offset + size:
            try:
                at = os.lseek(reader.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                break
            end = os.lseek(reader.fileno(), at, os.SEEK_HOLE)
            while at < end:
                at += os.copy_file_range(reader.fileno(), writer.fileno(), end - at, at, at - offset)
    return image


def unusual(said: str) -> list[str]:
    """The lines of e2fsck that tell of more than its log's replay."""
    return [line for line in said.splitlines() if not any(re.match(known, line) for known in ORDINARY)]


def mended(image: Path) -> bool:
    """Replay the file system's log; whether there was one. AutopsyError when that was not all there was."""
    preen = ("e2fsck", "-fp", str(image))
    done = subprocess.run(preen, capture_output=True, text=True, check=False)  # noqa: S603 -- our own words
    said = done.stdout + done.stderr
    (image.parent / "e2fsck").write_text(said)
    if done.returncode not in {0, 1} or unusual(said):
        raise AutopsyError(f"the file system needed more than its log ({done.returncode}): {said.strip()}")
    return "recovering journal" in said


def files(image: Path) -> Path:
    """Everything on the file system, in a directory beside it."""
    place = image.with_name("files")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    told(["debugfs", "-R", f"rdump / {place}", image], "reading the card", image.with_name("debugfs"))
    return place


def whole(database: Path) -> bool:
    """Whether tables were begun; AutopsyError unless SQLite finds nothing wrong. It changes a copy only."""
    place = database.with_name("looked-at")
    place.mkdir(exist_ok=True)
    for part in database.parent.glob(f"{database.name}*"):
        shutil.copy(part, place)
    try:
        with closing(sqlite3.connect(place / database.name)) as db:
            found = [row[0] for row in db.execute("PRAGMA integrity_check")]
            begun = bool(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        found, begun = [str(error)], False
    shutil.rmtree(place)
    if found != ["ok"]:
        raise AutopsyError(f"SQLite finds {database.name} damaged: {found[:3]}")
    return begun


def read(place: Path, gate: str, *, replayed: bool) -> Remains:
    """Open the files as the firmware does at a start; AutopsyError for whatever it would miss or refuse."""
    names = frozenset(path.name for path in place.iterdir())
    database = place / DATABASE
    if not database.exists() or not whole(database):
        return Remains(events={}, documents={}, files=names, replayed=replayed)
    try:
        with closing(Store.open(database, gate, journal_limit_bytes=LIMIT_BYTES)) as store:
            if store.set_aside is not None:
                raise AutopsyError("the firmware puts the journal aside and begins another")
            checked = store.verify_chain()
            events = _events(database)
            if checked != len(events) or store.head != max(events, default=0):
                raise AutopsyError(f"{checked} events verify, of {len(events)} up to {store.head}")
            _believed(store, place)
            documents = {(kind, name): version for kind in KINDS for name, version, _ in store.kept(kind)}
            journal = store.journal
    except GateError as error:
        raise AutopsyError(f"the firmware cannot open what is left: {error}") from error
    return Remains(journal=journal, events=events, documents=documents, files=names, replayed=replayed)


def examine(card: Path, into: Path, gate: str) -> Remains:
    """All of it; what was looked at is kept in the directory `into`. The card is only read."""
    into.mkdir(parents=True, exist_ok=True)
    image = taken(card, into)
    replayed = mended(image)
    return read(files(image), gate, replayed=replayed)


def _events(database: Path) -> dict[int, bytes]:
    with closing(sqlite3.connect(database)) as db:
        return {sequence: bytes(data) for sequence, data in db.execute("SELECT sequence, data FROM event")}


def _believed(store: Store, place: Path) -> None:
    """Every document verifies from the card's own root on."""
    try:
        restored = restore(store, (place / "root.1.jx").read_bytes())
    except (Refused, OSError) as error:
        raise AutopsyError(f"the card's own root is lost: {error}") from error
    if dropped := _unexpected(restored.dropped):
        raise AutopsyError(f"kept documents are not believed any more: {'; '.join(dropped)}")


def _unexpected(dropped: Iterable[str]) -> list[str]:
    """Without changes that a whole list holds already: the power went before they were let go."""
    return [name for name in dropped if not re.search(r" \d{19}: sequence \d+ of this list is held$", name)]
