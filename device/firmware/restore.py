"""What a gate believes again after a start: everything it kept, verified anew from the card's root on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from device.firmware import lists
from device.firmware.errors import Refused
from device.firmware.store import Store
from device.firmware.trust import Beliefs

LIST: Final = "list"
DELTA: Final = "delta"


@dataclass(frozen=True, slots=True)
class Restored:
    """The beliefs, and in words what was kept and is not believed any more."""

    beliefs: Beliefs
    dropped: tuple[str, ...]


def delta_name(uri: str, seq: int) -> str:
    """Under which subject a delta is kept: one a step, so that they are applied in order."""
    return f"{uri} {seq:019d}"


def restore(store: Store, first_root: bytes) -> Restored:
    """Believe what the disk holds, as far as the chain of roots from the card's on vouches for it.

    Dates are not compared: readiness says what is old. Refused when the card's own root is no root.
    """
    beliefs = Beliefs(store.gate)
    beliefs.first_root(first_root)
    dropped: list[str] = []

    def attempt(name: str, believe: Callable[[], object]) -> None:
        try:
            believe()
        except Refused as refused:
            dropped.append(f"{name}: {refused.detail}")

    for _, version, data in store.kept("root"):
        attempt(f"root {version}", lambda data=data: beliefs.new_root(data))  # type: ignore[misc]  # bound now
    for _, version, data in store.kept("trust"):
        attempt(f"trust {version}", lambda data=data: beliefs.new_trust(data, 0, kept=True))  # type: ignore[misc]  # bound now
    for _, version, data in store.kept("assignment"):
        attempt(f"assignment {version}", lambda data=data: beliefs.new_assignment(data, 0, kept=True))  # type: ignore[misc]  # bound now
    return Restored(beliefs, (*dropped, *_restore_lists(store, beliefs)))


def _restore_lists(store: Store, beliefs: Beliefs) -> list[str]:
    dropped: list[str] = []
    carried = lists.carried(beliefs.trust, beliefs.gate)
    rows = [(uri, uri, data, beliefs.new_list) for uri, _, data in store.kept(LIST)]
    rows += [(name, name.rsplit(" ", 1)[0], data, beliefs.new_delta) for name, _, data in store.kept(DELTA)]
    for name, uri, data, believe in rows:
        if uri not in carried:
            dropped.append(f"{name}: not carried any more")
            continue
        issuer, ref = carried[uri]
        try:
            believe(issuer.id, ref.shard, data, 0, kept=True)
        except Refused as refused:
            dropped.append(f"{name}: {refused.detail}")
    return dropped
