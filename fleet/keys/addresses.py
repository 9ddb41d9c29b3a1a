"""Status lists that move to another address: for a while trust binds both, so that old codes go on.

A code carries the address of its list. A shard of an issuer has one topic, so the second list of the same
people gets a shard number of its own; gates hold both until the old address leaves.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

from fleet.errors import FleetError, NotFoundError
from fleet.keys import issuers
from wire import schema
from wire.documents import Issuer, ListRef, Trust
from wire.errors import WireError
from wire.topics import MAX_SHARD

MOST_LISTS: Final = 256  # of one issuer, as wire.documents has it
_URI: Final = schema.text(128)


@dataclass(frozen=True, slots=True)
class Move:
    """From where to where; `prefix`: every list whose address begins with `old` keeps its own ending."""

    old: str
    new: str
    prefix: bool = False

    def target(self, uri: str) -> str | None:
        """The new address of a list, or None when it stays where it is."""
        if self.prefix and uri.startswith(self.old):
            return self.new + uri.removeprefix(self.old)
        return self.new if uri == self.old else None


@dataclass(frozen=True, slots=True)
class Pair:
    """A list under both its addresses."""

    old: ListRef
    new: ListRef


def both(trust: Trust, name: str, move: Move) -> tuple[Trust, tuple[Pair, ...]]:
    """`trust` with every list that moves bound to both of its addresses."""
    issuer = issuers.find(trust, name)
    pairs = tuple(_pairs(issuer, move))
    if not pairs:
        raise NotFoundError(f"issuer {name} has no list there; nothing was changed. See: trust show")
    if len(issuer.lists) + len(pairs) > MOST_LISTS:
        raise FleetError(
            f"issuer {name} would have more than {MOST_LISTS} lists; nothing was changed: move some first"
        )
    made = replace(issuer, lists=(*issuer.lists, *(pair.new for pair in pairs)))
    return issuers.with_issuer(trust, made), pairs


def without(trust: Trust, name: str, uris: Collection[str]) -> Trust:
    """`trust` without some lists of an issuer."""
    issuer = issuers.find(trust, name)
    return issuers.with_issuer(
        trust, replace(issuer, lists=tuple(ref for ref in issuer.lists if ref.uri not in uris))
    )


def _pairs(issuer: Issuer, move: Move) -> Iterator[Pair]:
    taken = {ref.shard for ref in issuer.lists}
    free = (number for number in range(MAX_SHARD + 1) if number not in taken)
    for ref in issuer.lists:
        uri = move.target(ref.uri)
        if uri is not None:
            yield Pair(ref, ListRef(uri=_checked(uri), shard=next(free), carried_by=ref.carried_by))


def _checked(uri: str) -> str:
    try:
        return _URI.load(uri)
    except WireError as error:
        raise FleetError(f"a list's address is {error.detail}; nothing was changed") from error
