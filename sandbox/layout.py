"""Where everything of one demo lies on disk."""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
DEFAULT: Final = REPOSITORY / ".demo"
SOCKET_ROOM: Final = 107 - len("/0123456789ab.sock")
"""A unix socket's path may have 107 bytes (unix(7))."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The demo's directory; everything in it is only for its owner."""

    root: Path

    @property
    def officer(self) -> Path:
        """The key officer's own place: office and passphrase."""
        return self.root / "officer"

    @property
    def office(self) -> Path:
        """Root and trust keys."""
        return self.officer / "office"

    @property
    def passphrase(self) -> Path:
        """Of the office; only the officer's processes are told where it lies."""
        return self.officer / "passphrase"

    @property
    def carried(self) -> Path:
        """Online keys on their way from the ceremony to the server."""
        return self.root / "carried"

    @property
    def first_root(self) -> Path:
        """Root version 1, as the officer hands it to whoever prepares cards: it is no secret."""
        return self.root / "root-1.cbor"

    @property
    def fleet(self) -> Path:
        """The fleet server's directory."""
        return self.root / "fleet"

    @property
    def issuer(self) -> Path:
        """Keys, people and lists of the issuer."""
        return self.root / "issuer"

    @property
    def wallet(self) -> Path:
        """People's phones."""
        return self.root / "wallet"

    @property
    def logs(self) -> Path:
        """What each process says."""
        return self.root / "logs"

    @property
    def town(self) -> Path:
        """What a second run must know: ports, seed, gates. Written when everything is founded."""
        return self.root / "town.json"

    @property
    def password(self) -> Path:
        """Of the console's first account."""
        return self.root / "password"

    def gate(self, gate: str) -> Path:
        """What would be on one gate's card."""
        return self.root / "gates" / gate

    @property
    def sockets(self) -> Path:
        """The virtual boards' sockets and films: below the system's place for temporary files if need be."""
        place = self.root / "boards"
        if len(os.fsencode(place)) <= SOCKET_ROOM:
            return place
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"jx-{os.getuid()}-{name}"

    def make(self) -> None:
        """Make the directories that the demo itself writes to."""
        for place in (self.root, self.officer, self.logs, self.sockets):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)

    def clear(self) -> None:
        """Forget everything, logs excepted: they may say why the last run ended."""
        for place in (self.sockets, *(p for p in self.root.glob("*") if p != self.logs)):
            if place.is_dir():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
