"""Online role keys on disk: an encrypted PKCS#8 PEM with its own pass file, opened by one process each."""

import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from fleet.errors import FleetError
from fleet.stop import Stop
from wire.documents import Role
from wire.errors import WireError
from wire.keys import PrivateKey

ONLINE: Final = (Role.DIRECTOR, Role.RECORDER, Role.TIMEKEEPER)
OFFLINE: Final = (Role.ROOT, Role.TRUST)
MAX_FILE_BYTES: Final = 4096  # a sealed P-256 key has about 400
WAIT_S: Final = 0.2
_log = structlog.get_logger("keys")
_PASS: Final = re.compile(rb"[0-9a-f]{64}\n?")


def key_file(directory: Path, role: Role, label: str = "") -> Path:
    """Where the sealed key of an online role lies; `label` tells a coming or leaving key from the present."""
    return directory / f"{role.value}{label and '-'}{label}.key"


def pass_file(directory: Path, role: Role, label: str = "") -> Path:
    """Where the pass of a sealed key lies."""
    return key_file(directory, role, label).with_suffix(".pass")


def write_private(path: Path, data: bytes) -> None:
    """Keep `data` durably in a new file (0600) in a directory made 0700; an existing file is an error.

    The file is there whole or not at all, whenever the power goes.
    """
    fresh = _beside(path, data)
    try:
        _name(fresh, path)
    except FileExistsError as error:
        raise FleetError(f"{path} exists and was left as it is; choose another directory") from error
    finally:
        fresh.unlink(missing_ok=True)
    sync_directory(path.parent)


def replace_private(path: Path, data: bytes) -> None:
    """As `write_private`, but an older file there is replaced: it stands until the new one is whole."""
    _beside(path, data).replace(path)
    sync_directory(path.parent)


def _beside(path: Path, data: bytes) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        fresh.unlink(missing_ok=True)  # half of it on a full stick would keep the stick full
        raise
    return fresh


def _name(fresh: Path, path: Path) -> None:
    try:
        os.link(fresh, path)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        fresh.rename(path)  # sticks are formatted without links: nobody else writes there meanwhile


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_private(path: Path, most: int = MAX_FILE_BYTES) -> bytes:
    """At most `most` bytes of a secret file; FleetError unless it is our plain file and nobody else's."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise FleetError(f"{path} is missing; install the keys: jx-fleet keys install FROM") from error
    except OSError as error:
        raise FleetError(f"{path} cannot be opened: {error.strerror}; correct it and try again") from error
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid():
            raise FleetError(f"{path} is not a file of this user; it was not read: give it to this user")
        if about.st_mode & 0o077:
            raise FleetError(f"{path} may be read by others; it was not opened: chmod 600 {path}")
        return file.read(most)


def seal_role_key(directory: Path, role: Role, key: PrivateKey, label: str = "") -> None:
    """Write `key` sealed with a fresh random pass; only online roles are ever written this way."""
    if role not in ONLINE:
        raise FleetError(f"a {role.value} key is never sealed with a pass file; it stays in the office")
    secret = secrets.token_hex(32).encode()
    write_private(pass_file(directory, role, label), secret + b"\n")
    write_private(key_file(directory, role, label), key.to_pem(secret))


def open_role_key(
    directory: Path, role: Role, label: str = "", read: Callable[[Path], bytes] = read_private
) -> PrivateKey:
    """Open the sealed key of an online role; FleetError names the file and what is wrong with it."""
    if role not in ONLINE:
        raise FleetError(f"a {role.value} key is never opened on a server; it stays in the office")
    place = key_file(directory, role, label)
    pem, secret = read(place), read(pass_file(directory, role, label))
    if not _PASS.fullmatch(secret):
        raise FleetError(f"{place.with_suffix('.pass')} is not a pass file; restore it from the ceremony")
    try:
        return PrivateKey.from_pem(pem, secret.strip())
    except WireError as error:
        raise FleetError(f"{place} does not open with its pass file; restore both") from error


def wait_for_key(keys: Path, role: Role, stop: Stop) -> bool:
    """Wait until the ceremony's keys are installed; False when told to stop before."""
    told = False
    while not key_file(keys, role).exists():
        if not told:
            _log.warning("waiting for keys: jx-fleet keys install FROM", role=role.value)
            told = True
        if stop.wait(WAIT_S):
            return False
    return True
