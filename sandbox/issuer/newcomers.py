"""People who move to the province after its founding, as many as are needed."""

import secrets
from collections.abc import Iterator
from itertools import islice

from sandbox.errors import SandboxError
from sandbox.issuer.ledger import Ledger
from sandbox.issuer.residents import Resident
from wire.code import SUBJECT_BYTES
from wire.reasons import Colour
from wire.status import MAX_PEOPLE, StatusList


def enter(ledger: Ledger, statuses: StatusList, count: int, colour: Colour) -> tuple[Resident, ...]:
    """Enter new people at free places of the list that have this colour already; SandboxError if too few."""
    with ledger.change():
        known = ledger.residents()
        taken = {resident.index for resident in known}
        free = (index for index in _everywhere() if index not in taken and statuses[index] == colour)
        first = max((resident.number for resident in known), default=0) + 1
        people = tuple(
            Resident(number, secrets.token_bytes(SUBJECT_BYTES), index, colour)
            for number, index in enumerate(islice(free, count), start=first)
        )
        if len(people) < count:
            raise SandboxError(f"only {len(people)} more people here can be {colour.name.lower()}")
        ledger.add(people)
    return people


def _everywhere() -> Iterator[int]:
    """Every index of the list once, beginning anywhere; an odd step meets all of a power of two."""
    start, step = secrets.randbelow(MAX_PEOPLE), secrets.randbelow(MAX_PEOPLE) | 1
    return ((start + step * count) % MAX_PEOPLE for count in range(MAX_PEOPLE))
