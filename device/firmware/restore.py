"""What a gate believes again after a start: everything it kept, verified anew from the card's root on."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from device.firmware import lists
from device.firmware.errors import Refused
from device.firmware.store import Store
from device.firmware.trust import Beliefs
from wire.status import Token

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


def uri_of(delta: str) -> str:
    """The list that a delta of this name changes."""
    return delta.rsplit(" ", 1)[0]


def restore(store: Store, first_root: bytes) -> Restored:
    """Believe what the disk holds, as far as the chain of roots from the card's on vouches for it.

    Dates are not compared: readiness says what is old. Refused when the card's own root is no root.
    """
    beliefs = Beliefs(store.gate)
    beliefs.first_root(first_root)
    documents = _Documents(store, beliefs)
    dropped: list[str] = []
    documents.believe()
    for _, version, data in store.kept("root"):
        try:
            beliefs.new_root(data)
        except Refused as refused:
            dropped.append(f"root {version}: {refused.detail}")
        else:
            documents.believe()
    return Restored(beliefs, (*dropped, *documents.dropped(), *_restore_lists(store, beliefs)))


class _Documents:
    """Trust and assignment as they were kept: each belongs somewhere in the chain of roots, or to none.

    What a later root took away binds later versions nevertheless (see `trust`), so each is believed by the
    first root that vouches for it, and the roots after that one judge it as they did when they came.
    """

    def __init__(self, store: Store, beliefs: Beliefs) -> None:
        self._beliefs = beliefs
        self._rows = [(kind, *row[1:]) for kind in ("trust", "assignment") for row in store.kept(kind)]
        self._refused: dict[str, str] = {}

    def believe(self) -> None:
        """Try again what is not held."""
        believes = {"trust": self._beliefs.new_trust, "assignment": self._beliefs.new_assignment}
        for kind, version, data in self._rows:
            if getattr(self._beliefs, kind) is None:
                try:
                    believes[kind](data, 0, kept=True)
                except Refused as refused:
                    self._refused[f"{kind} {version}"] = refused.detail

    def dropped(self) -> list[str]:
        """What is not believed after the last root, and why."""
        missing = [(kind, version) for kind, version, _ in self._rows if getattr(self._beliefs, kind) is None]
        return [f"{kind} {version}: {self._refused[f'{kind} {version}']}" for kind, version in missing]


def _restore_lists(store: Store, beliefs: Beliefs) -> list[str]:
    carried = lists.carried(beliefs.trust, beliefs.gate)
    steps: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for name, _, data in store.kept(DELTA):
        steps[uri_of(name)].append((name, data))
    whole = {uri: data for uri, _, data in store.kept(LIST)}
    dropped: list[str] = []
    for uri in sorted(whole.keys() | steps.keys()):
        if uri not in carried:
            names = ([uri] if uri in whole else []) + [name for name, _ in steps[uri]]
            dropped += [f"{name}: not carried any more" for name in names]
            continue
        issuer, ref = carried[uri]
        place = (issuer.id, ref.shard)
        if uri in whole:
            dropped += _tried(uri, partial(beliefs.new_list, *place, whole[uri], 0, kept=True))
        if steps[uri]:
            believe = partial(beliefs.new_deltas, *place, now_s=0, kept=True)
            dropped += _restore_steps(believe, steps[uri])
    return dropped


def _restore_steps(believe: Callable[[Sequence[bytes]], Token], steps: list[tuple[str, bytes]]) -> list[str]:
    """All at once, so that a list is hashed once and not at each of some hundred steps; else one by one."""
    try:
        believe([data for _, data in steps])
    except Refused:
        return [words for name, data in steps for words in _tried(name, partial(believe, [data]))]
    return []


def _tried(name: str, believe: Callable[[], object]) -> list[str]:
    try:
        believe()
    except Refused as refused:
        return [f"{name}: {refused.detail}"]
    return []
