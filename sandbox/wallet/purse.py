"""What is on people's phones: holder keys and credentials, and the codes made from them."""

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.issuer.authority import CODE_LIFE_S, Authority
from wire import code
from wire.keys import PrivateKey

RENEW_S: Final = 10
"""A wallet shows a new proof this often."""
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS phone (
    number INTEGER PRIMARY KEY, holder BLOB NOT NULL, credential BLOB NOT NULL, expires INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Phone:
    """One person's phone."""

    number: int
    holder: PrivateKey
    credential: bytes


class Purse:
    """All phones, kept in one SQLite file beside the issuer's, whose people they are. Thread-safe."""

    def __init__(self, directory: Path, authority: Authority, now: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "wallet.db"
        path.touch(mode=0o600)
        self._authority = authority
        self._lock = threading.Lock()
        self._phones: dict[int, Phone] = {}
        self._database = sqlite3.connect(path, check_same_thread=False)
        with self._database:
            self._database.executescript(_TABLE)
            self._restore(now)
            for resident in authority.residents:
                if resident.number not in self._phones:
                    self._get(resident.number, PrivateKey.generate(), now)

    def proof(self, number: int, now: int) -> str:
        """The text of a fresh phone code; `now` in unix seconds, rounded down to when it was renewed."""
        phone = self._phones[number]
        return code.to_text(code.prove(phone.credential, now, phone.holder))

    def phone(self, number: int) -> Phone:
        """One phone."""
        return self._phones[number]

    def replace(self, number: int, credential: bytes, now: int) -> str:
        """A fresh proof by this person's phone over another credential than its own: for odd cases."""
        return code.to_text(code.prove(credential, now, self._phones[number].holder))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def _restore(self, now: int) -> None:
        rows = self._database.execute("SELECT number, holder, credential, expires FROM phone").fetchall()
        for number, holder, credential, expires in rows:
            key = PrivateKey.from_pem(holder)
            if expires < now + CODE_LIFE_S // 2:
                self._get(number, key, now)
            else:
                self._phones[number] = Phone(number, key, credential)

    def _get(self, number: int, holder: PrivateKey, now: int) -> None:
        credential = self._authority.issue_phone(number, holder.public, now)
        row = (number, holder.to_pem(), credential, now + CODE_LIFE_S)
        self._database.execute("INSERT OR REPLACE INTO phone VALUES (?, ?, ?, ?)", row)
        self._phones[number] = Phone(number, holder, credential)
