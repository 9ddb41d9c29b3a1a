"""The health authority's desk: it issues codes, decides colours, and signs what it tells the fleet."""

import threading
from pathlib import Path
from typing import Final

from sandbox.issuer.ledger import Ledger, Parcel
from sandbox.issuer.residents import Resident, first_list, populate
from wire import code, status
from wire.keys import PrivateKey, PublicKey
from wire.reasons import Colour
from wire.status import StatusList, Token

ISSUER: Final = "jl"
NAME_ZH: Final = "吉林省"
NAME_EN: Final = "Jilin Province"
SHARD: Final = 0
LIST_URI: Final = "jl:0"
"""Stands in every code, so it is as short as it can be."""
CODE_LIFE_S: Final = 30 * 86_400
KEY_LIFE_S: Final = 730 * 86_400
LIST_LIFE_S: Final = 7 * 86_400
LIST_TTL_S: Final = 600
"""A new list is signed at least this often, changed or not."""


class Authority:
    """Everything the issuer does, on top of its ledger; times are unix seconds. Thread-safe."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._code_key = _key(ledger, "code key")
        self._list_key = _key(ledger, "list key")
        self.changed = threading.Event()
        """Set whenever there is something new to send."""

    @classmethod
    def open(cls, directory: Path, seed: int, now: int) -> "Authority":
        """Carry on with the authority in `directory`, or found it with people made up from `seed`."""
        ledger = Ledger(directory / "issuer.db")
        if ledger.fact("token") is None:
            with ledger.change():
                _found(ledger, seed, now)
        authority = cls(ledger)
        authority.renew(now)
        return authority

    @property
    def code_key(self) -> PublicKey:
        """Verifies codes."""
        return self._code_key.public

    @property
    def list_key(self) -> PublicKey:
        """Verifies status lists and deltas."""
        return self._list_key.public

    @property
    def founded(self) -> int:
        """When this authority began; unix seconds."""
        return int(self._ledger.fact("founded") or b"0")

    @property
    def residents(self) -> tuple[Resident, ...]:
        """Everybody in their present colours."""
        return self._ledger.residents()

    def resident(self, number: int) -> Resident:
        """One person; SandboxError for a number nobody has."""
        return self._ledger.resident(number)

    def issue_phone(self, number: int, holder: PublicKey, now: int, life_s: int = CODE_LIFE_S) -> bytes:
        """A phone's credential, bound to the phone's key; a negative life is one that has ended."""
        return code.issue(self._claims(number, now, life_s, holder), self._code_key)

    def issue_paper(self, number: int, now: int) -> bytes:
        """A paper credential with a masked name."""
        return code.issue(self._claims(number, now, CODE_LIFE_S, None), self._code_key)

    def recolour(self, number: int, colour: Colour, now: int) -> int:
        """Give a person another colour and tell the fleet; returns the list's new sequence."""
        with self._lock:
            resident = self._ledger.resident(number)
            return self._issue({resident.index: int(colour)}, now, {number: colour})

    def renew(self, now: int) -> int:
        """Sign the list again, unchanged but fresh; returns its new sequence."""
        with self._lock:
            return self._issue({}, now, {})

    def token(self) -> bytes:
        """The newest signed list."""
        return self._ledger.fact("token") or b""

    def current(self) -> Token:
        """The newest list, read."""
        return status.verify_token(self.token(), self.list_key)

    def waiting(self) -> tuple[Parcel, ...]:
        """What the fleet has not taken yet, in the order to send."""
        return self._ledger.waiting()

    def taken(self, parcel: Parcel) -> None:
        """The fleet has this one."""
        self._ledger.taken(parcel)

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    def _claims(self, number: int, now: int, life_s: int, holder: PublicKey | None) -> code.Claims:
        resident = self._ledger.resident(number)
        return code.Claims(
            issuer=ISSUER,
            issued=min(now, now + life_s) - 60,
            expires=now + life_s,
            list_uri=LIST_URI,
            index=resident.index,
            subject=resident.subject,
            holder=holder,
            paper=resident.paper_name if holder is None else None,
        )

    def _issue(self, changes: dict[int, int], now: int, people: dict[int, Colour]) -> int:
        base = self.current()
        after = _token(base.seq + 1, now, base.statuses.changed(changes))
        delta = status.issue_delta(base, after, changes, self._list_key)
        data = status.issue_token(after, self._list_key)
        with self._ledger.change():
            for number, colour in people.items():
                self._ledger.recolour(number, colour)
            self._ledger.keep("token", data)
            self._ledger.post(Parcel(after.seq, "delta", delta))
            self._ledger.post(Parcel(after.seq, "list", data))
        self.changed.set()
        return after.seq


def _key(ledger: Ledger, name: str) -> PrivateKey:
    return PrivateKey.from_pem(ledger.fact(name) or b"")


def _token(seq: int, now: int, statuses: StatusList) -> Token:
    expires = now + LIST_LIFE_S
    return Token(uri=LIST_URI, issued=now, expires=expires, seq=seq, statuses=statuses, ttl_s=LIST_TTL_S)


def _found(ledger: Ledger, seed: int, now: int) -> None:
    people = populate(seed)
    list_key = PrivateKey.generate()
    token = status.issue_token(_token(1, now, first_list(seed, people)), list_key)
    ledger.keep("founded", str(now).encode())
    ledger.keep("code key", PrivateKey.generate().to_pem())
    ledger.keep("list key", list_key.to_pem())
    ledger.keep("token", token)
    ledger.add(people)
    ledger.post(Parcel(1, "list", token))
