"""A founded fleet packed for another machine: everything it serves with, nothing of where it was founded."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Final

from fleet.config import Paths, load_settings
from fleet.db import open_database
from fleet.errors import FleetError
from fleet.issuers.colours import PushError, take_list
from sandbox.errors import SandboxError
from sandbox.guest.settings import Reach
from sandbox.layout import REPOSITORY

THERE: Final = PurePosixPath("/opt/fleet")
"""Where guests have it."""
DATABASE: Final = "fleet.db"
COPIED: Final = ("ca", "tls", "keys")
EMPTY: Final = ("broker", "requests", "answers")
"""The broker's files name where they lie and are written at every start; the offline signer stays at home."""


def command(program: str, directory: PurePosixPath = THERE, only: tuple[str, ...] = ()) -> list[str]:
    """How to start a shipped fleet with the `jx-fleet` of the machine it is on; `only` some processes."""
    return [program, "serve", "--dir", str(directory), *(f"--only={name}" for name in only)]


def ship(fleet: Path, into: Path, reach: Reach, token: bytes) -> None:
    """Pack the fleet in `fleet` into the new directory `into`, reached as `reach`, holding the list `token`.

    The fleet may serve meanwhile; of two copies only one may ever serve the same gates. SandboxError when
    `into` exists, or when something in it would name this computer's directories.
    """
    if into.exists():
        raise SandboxError(f"{into} exists and was left as it is; ship into a new directory")
    into.mkdir(mode=0o700, parents=True)
    for name in EMPTY:
        (into / name).mkdir(mode=0o700)
    for name in COPIED:
        shutil.copytree(fleet / name, into / name)
    settings = Paths(into).settings
    settings.write_text(reach.servers(Paths(fleet).settings.read_text(encoding="utf-8")), encoding="utf-8")
    settings.chmod(0o600)
    _copy_database(fleet / DATABASE, into / DATABASE)
    _bring(into, token)
    _check(into, (fleet, REPOSITORY))


def _copy_database(source: Path, target: Path) -> None:
    """One consistent copy (sqlite.org/backup.html), whoever writes meanwhile."""
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)


def _bring(into: Path, token: bytes) -> None:
    """What the issuer would push: gates refuse an old list, and nobody pushes on the other machine."""
    with open_database(Paths(into).database(load_settings(into))) as database:
        try:
            with database.session() as session:
                take_list(session, token, int(time.time()))
        except (FleetError, PushError) as error:
            raise SandboxError(f"the shipped fleet does not take the issuer's list: {error}") from error


def _check(into: Path, places: tuple[Path, ...]) -> None:
    for path in into.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        found = [place for place in places if os.fsencode(place) in data]
        if found:
            raise SandboxError(f"{path} names {found[0]} of this computer; what was packed cannot be shipped")
