"""Everybody who comes to a guest's gate: never the same person twice, under the real issuer."""

import dataclasses
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from sandbox.issuer import newcomers
from sandbox.issuer.authority import Authority
from sandbox.issuer.ledger import Ledger
from sandbox.issuer.residents import Resident
from sandbox.town.cases import NEIGHBOUR
from wire import code
from wire.keys import PrivateKey
from wire.reasons import Colour

CROWD: Final = 128
"""So many move here at once: one look into the list for all of them."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody holds up: the code's text, and who it is, as the events at the fleet name them."""

    text: str
    subject: bytes
    number: int
    """Of the issuer's register, for a change of colour."""
    credential: bytes
    holder: PrivateKey | None = field(default=None, repr=False)
    """None: paper."""


class Citizens:
    """Makes people on demand; a text is good for as long as a proof is (30 s by the usual policy)."""

    def __init__(self, authority: Authority, register: Ledger) -> None:
        """`register` is the authority's own ledger, opened once more."""
        self._authority = authority
        self._register = register
        self._waiting: dict[Colour, deque[Resident]] = {}
        self._neighbour = PrivateKey.generate()

    def phone(self, colour: Colour = Colour.GREEN, now: int | None = None) -> Shown:
        """Somebody new with a phone, who has this colour; the proof is signed `now` (unix seconds)."""
        at, holder, person = _at(now), PrivateKey.generate(), self._next(colour)
        credential = self._authority.issue_phone(person.number, holder.public, at)
        return _shown(person, credential, holder, at)

    def again(self, shown: Shown, now: int | None = None) -> Shown:
        """The same phone with a new proof; paper stays as it is."""
        if shown.holder is None:
            return shown
        text = code.to_text(code.prove(shown.credential, _at(now), shown.holder))
        return dataclasses.replace(shown, text=text)

    def paper(self, now: int | None = None) -> Shown:
        """Somebody new and green with a printed code."""
        person = self._next(Colour.GREEN)
        credential = self._authority.issue_paper(person.number, _at(now))
        return Shown(code.to_text(credential), person.subject, person.number, credential)

    def stranger(self, now: int | None = None) -> Shown:
        """Somebody new with a phone of another province, whose issuer no trust document here knows."""
        at, shown = _at(now), self.phone(now=now)
        own = code.parse(shown.text).claims
        foreign = dataclasses.replace(own, issuer=NEIGHBOUR, list_uri=f"{NEIGHBOUR}:0")
        credential = code.issue(foreign, self._neighbour)
        text = code.to_text(code.prove(credential, at, shown.holder or self._neighbour))
        return dataclasses.replace(shown, text=text, credential=credential)

    def _next(self, colour: Colour) -> Resident:
        waiting = self._waiting.setdefault(colour, deque())
        if not waiting:
            statuses = self._authority.current().statuses
            count = CROWD if colour is Colour.GREEN else 1
            waiting += newcomers.enter(self._register, statuses, count, colour)
        return waiting.popleft()


def _at(now: int | None) -> int:
    return int(time.time()) if now is None else now


def _shown(person: Resident, credential: bytes, holder: PrivateKey, at: int) -> Shown:
    text = code.to_text(code.prove(credential, at, holder))
    return Shown(text, person.subject, person.number, credential, holder)
