"""Believed documents on their way to the card: what it does not take now is written again until it does."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from device.firmware.errors import GateError
from device.firmware.restore import DELTA, LIST, uri_of
from device.firmware.store import Store

MOST_OWED: Final = 512
"""Beyond that a change is not remembered for later; after a restart it is missed, and asked for."""
_ORDER: Final = {"root": 0, "trust": 1, "assignment": 2, LIST: 3, DELTA: 4}
"""What vouches for others is written before them, so that a power cut in between leaves nothing unvouched."""


@dataclass(frozen=True, slots=True)
class _Owed:
    """A document that the card has not taken yet; `leads_on`: of a list, whether it follows the one there."""

    version: int
    data: bytes
    leads_on: bool = True


class Keeper:
    """For the loop's thread. Nothing here raises: what is believed stands, kept or not."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._owed: dict[tuple[str, str], _Owed] = {}
        self._floor_ms: int | None = None
        self._bound: set[str] | None = None
        self.failed = False
        """Whether the card did not take something, and has not shown since that it can."""

    def keep(self, kind: str, name: str, version: int, data: bytes) -> None:
        """Keep a document in the place of the one of that kind and name, now or as soon as it can be."""
        if kind == DELTA and len(self._owed) >= MOST_OWED:
            self.refused_by_card()
            return
        self._owed[kind, name] = _Owed(version, data)
        self._try()

    def keep_list(self, uri: str, seq: int, data: bytes, *, leads_on: bool) -> None:
        """Keep a whole status list, and let the changes go that it already holds.

        All of them, when it does not lead on from one that was held: they belong on a list that is gone.
        """
        before = self._owed.get((LIST, uri))
        leads_on = leads_on and (before is None or before.leads_on)
        for (kind, name), owed in list(self._owed.items()):
            if kind == DELTA and (owed.version <= seq or not leads_on) and _uri_of(kind, name) == uri:
                del self._owed[kind, name]
        if self._bound is not None:
            self._bound.add(uri)
        self._owed[LIST, uri] = _Owed(seq, data, leads_on)
        self._try()

    def lower_floor(self, floor_ms: int) -> None:
        """Keep an earlier floor of the clock: before the root that asks for it, whatever the card takes."""
        self._floor_ms = floor_ms
        self._try()

    def forget_lists_but(self, uris: Collection[str]) -> None:
        """Let every list go, with its changes, that is none of these: else a later start would believe it."""
        for kind, name in [key for key in self._owed if key[0] in {LIST, DELTA}]:
            if _uri_of(kind, name) not in uris:
                del self._owed[kind, name]
        self._bound = set(uris)
        self._try()

    def holds(self, uri: str, seq: int) -> bool:
        """Whether the card holds this list or a later one, or is to."""
        return (LIST, uri) in self._owed or dict(self._store.names(LIST)).get(uri, -1) >= seq

    def refused_by_card(self) -> None:
        """Count one thing that the card did not take."""
        self.failed = True
        self._store.bump("not kept")

    def settle(self) -> None:
        """Write what is owed; when nothing is, show that the card takes something."""
        if not self.failed:
            return
        try:
            self._write()
            self._store.save_counters()
        except GateError:
            return
        self.failed = False

    def _try(self) -> None:
        try:
            self._write()
        except GateError:
            self.refused_by_card()

    def _write(self) -> None:
        """Everything that is owed, each in one step that a power cut leaves done or undone; GateError."""
        if self._floor_ms is not None:
            self._store.lower_floor(self._floor_ms)
            self._floor_ms = None
        if self._bound is not None:
            self._store.forget(
                [
                    (kind, name)
                    for kind in (LIST, DELTA)
                    for name, _ in self._store.names(kind)
                    if _uri_of(kind, name) not in self._bound
                ]
            )
            self._bound = None
        for (kind, name), owed in sorted(self._owed.items(), key=_place):
            gone = self._outdated(name, owed) if kind == LIST else ()
            self._store.keep(kind, name, owed.version, owed.data, gone)
            del self._owed[kind, name]

    def _outdated(self, uri: str, owed: _Owed) -> list[tuple[str, str]]:
        """The changes on the card that go with the list before; those after it are written after it."""
        return [
            (DELTA, name)
            for name, seq in self._store.names(DELTA)
            if _uri_of(DELTA, name) == uri and (seq <= owed.version or not owed.leads_on)
        ]


def _place(row: tuple[tuple[str, str], _Owed]) -> tuple[int, int]:
    (kind, _), owed = row
    return _ORDER[kind], owed.version


def _uri_of(kind: str, name: str) -> str:
    """Which list a kept row of either kind belongs to."""
    return name if kind == LIST else uri_of(name)
