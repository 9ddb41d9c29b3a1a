"""The next root: officers' keys that come in and leave, thresholds, new dates. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fleet.errors import FleetError
from fleet.keys import fingerprints
from fleet.keys.cards import Card
from wire.documents import Role, RoleKeys, Root
from wire.keys import PublicKey

DAY_S: Final = 86_400
ROOT_LIFE_S: Final = 3 * 365 * DAY_S  # gates may lie in a store for a long time
MOST_KEYS: Final = 8  # COSE_Sign holds 16 signatures: those of an old and of a new set of root keys
ROLES: Final = (Role.ROOT, Role.TRUST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to differ in the next root; nothing at all gives it new dates."""

    add: tuple[Card, ...] = ()
    remove: tuple[PublicKey, ...] = ()
    thresholds: Mapping[Role, int] = field(default_factory=dict)


def find(root: Root, said: Sequence[str]) -> tuple[PublicKey, ...]:
    """Root and trust keys by fingerprint (ten letters or more) or key id; FleetError for any other."""
    keys = {key for role in ROLES for key in root.keys_of(role).values()}
    found = []
    for name in said:
        meant = fingerprints.named(name, keys)
        if len(meant) != 1:
            raise FleetError(
                f"{name!r} names no root or trust key of root version {root.version}; nothing was changed. "
                "See: jx-fleet ceremony paper at the desk, jx-fleet keys list on the server"
            )
        found += meant
    return tuple(found)


def all_others(root: Root, add: Sequence[Card]) -> tuple[PublicKey, ...]:
    """Every key of the roles that get new ones: they leave together."""
    roles = {card.role for card in add}
    return tuple(key for role in ROLES if role in roles for key in root.keys_of(role).values())


def next_root(root: Root, change: Change, now: int) -> Root:
    """The root after `root`; FleetError for one that nobody could ever follow or sign."""
    known = {key.kid for key in root.keys}
    added = [card.key.kid for card in change.add]
    if known & set(added) or len(set(added)) != len(added):
        raise FleetError("a key that is to come in stands in the root already; nothing was changed")
    gone = {key.kid for key in change.remove}
    roles = dict(root.roles) | {role: _row(root, role, change, gone) for role in ROLES}
    used = {kid for row in roles.values() for kid in row.kids}
    keys = tuple(key for key in root.keys if key.kid in used)
    return replace(
        root,
        version=root.version + 1,
        issued=now,
        expires=max(root.expires, now + ROOT_LIFE_S),
        keys=(*keys, *(card.key for card in change.add)),
        roles=roles,
    )


def _row(root: Root, role: Role, change: Change, gone: set[bytes]) -> RoleKeys:
    row = root.roles[role]
    stay = tuple(kid for kid in row.kids if kid not in gone)
    kids = (*stay, *(card.key.kid for card in change.add if card.role is role))
    threshold = change.thresholds.get(role, row.threshold)
    check(role, threshold, len(kids))
    return RoleKeys(threshold=threshold, kids=kids)


def check(role: Role, threshold: int, keys: int) -> None:
    """FleetError for a threshold that cannot be."""
    if not 1 <= threshold <= keys <= MOST_KEYS:
        raise FleetError(
            f"{threshold} of {keys} {role.value} keys cannot be: a threshold is at least 1 and at most the "
            f"number of keys, and there are at most {MOST_KEYS} keys; nothing was made"
        )
