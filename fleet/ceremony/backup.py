"""A copy of an office in one file: sealed keys, cards and documents; and an office made of such a copy."""

import re
import shutil
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from fleet.ceremony.office import Office, load
from fleet.errors import FleetError
from fleet.keys import sticks
from fleet.keys.sealed import sync_directory, write_private

MAX_BYTES: Final = 8_000_000  # a thousand roots of a few kB, or some trust documents of 256 kB
_NAME: Final = re.compile(
    r"(root|trust)-([0-9a-f]{16}\.(key|token|card\.json)|[1-9][0-9]{0,8}\.(cbor|partial))", re.ASCII
)


class _Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file: JSON, each file of the office in base64. Keys in it are sealed as they are in the office."""

    format: Literal[1] = 1
    made_at: Annotated[int, msgspec.Meta(ge=0, le=2**40)]
    files: Annotated[dict[str, bytes], msgspec.Meta(max_length=2_000)]


def write(office: Office, path: Path, now: int) -> int:
    """Write a copy to a new file and read it again; how many files are in it."""
    files = {
        found.name: found.read_bytes()
        for found in sorted(office.directory.iterdir())
        if _NAME.fullmatch(found.name) and not _older_trust(office, found.name)
    }
    data = msgspec.json.encode(_Bundle(made_at=now, files=files)) + b"\n"
    if len(data) > MAX_BYTES:
        raise FleetError(f"the office has more than {MAX_BYTES} bytes; nothing was copied")
    write_private(path, data)
    if _read(path) != files:
        raise FleetError(f"{path} cannot be read back as it was written; take another medium")
    return len(files)


def _older_trust(office: Office, name: str) -> bool:
    newest = f"trust-{office.trust.version}.cbor" if office.trust else ""
    return bool(re.fullmatch(r"trust-\d{1,9}\.cbor", name)) and name != newest


def restore(path: Path, directory: Path) -> Office:
    """Make an office of a copy, in a new directory: whole or not at all; its documents are verified."""
    if not directory.name or (directory.exists() and (not directory.is_dir() or any(directory.iterdir()))):
        raise FleetError(f"{directory} is not an empty directory; nothing was restored, choose a new one")
    files = _read(path)
    fresh = directory.with_name(f".{directory.name}.restoring")
    if fresh.exists():
        shutil.rmtree(fresh)  # of an interrupted try; the copy has all of it
    fresh.mkdir(mode=0o700, parents=True)
    for name, data in files.items():
        write_private(fresh / name, data)
    load(fresh)
    fresh.replace(directory)
    sync_directory(directory.parent)
    return load(directory)


def _read(path: Path) -> dict[str, bytes]:
    data = sticks.read(path, MAX_BYTES)  # sticks have no owners and modes, and the keys in it are sealed
    if len(data) > MAX_BYTES:
        raise FleetError(f"{path} is longer than {MAX_BYTES} bytes; it is no copy of an office")
    try:
        bundle = msgspec.json.decode(data, type=_Bundle)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FleetError(f"{path} is no copy of an office, or damaged; nothing was restored") from error
    if not all(_NAME.fullmatch(name) for name in bundle.files):
        raise FleetError(f"{path} holds files that no office has; nothing was restored")
    return bundle.files
