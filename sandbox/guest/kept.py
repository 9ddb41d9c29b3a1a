"""What takes long to make and is kept: under `.hil/`, named after a digest of all that it was made from."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.layout import REPOSITORY

ROOT: Final = REPOSITORY / ".hil"
DIGITS: Final = 12


def digest(parts: Iterable[str | bytes | Path]) -> str:
    """Of texts, bytes, and files by name and content; the order counts."""
    whole = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            data = part.name.encode() + b"\0" + part.read_bytes()
        else:
            data = part.encode() if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8) + data)
    return whole.hexdigest()[:DIGITS]


@dataclass(frozen=True, slots=True)
class Kept:
    """A place for made things. A thing is there whole or not at all; of each name the newest one only."""

    root: Path = ROOT

    def get(self, name: str, parts: Iterable[str | bytes | Path], make: Callable[[Path], None]) -> Path:
        """The directory of this thing, made now unless it is there; `make` gets an empty directory."""
        place = self.root / f"{name}-{digest(parts)}"
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f".{name}.lock").open("w") as lock:  # whoever wants the same waits, and has it made
            fcntl.flock(lock, fcntl.LOCK_EX)
            return place if place.exists() else self._made(name, place, make)

    def _made(self, name: str, place: Path, make: Callable[[Path], None]) -> Path:
        unfinished = self.root / f"{name}.unfinished-{os.getpid()}"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        try:
            make(unfinished)
            unfinished.rename(place)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        self._forget(name, place)
        return place

    def _forget(self, name: str, newest: Path) -> None:
        """Remove what was made of something older, and what a killed run left."""
        for other in self.root.glob(f"{name}[-.]*"):
            rest = other.name.removeprefix(name)
            is_kept = rest.startswith("-") and len(rest) == DIGITS + 1
            if other != newest and (is_kept or (rest.startswith(".unfinished-") and not _runs(rest))):
                shutil.rmtree(other, ignore_errors=True)


def _runs(rest: str) -> bool:
    return Path(f"/proc/{rest.rpartition('-')[2]}").exists()
