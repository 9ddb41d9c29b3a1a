"""Believed documents on their way to the card: what it does not take now is written again until it does."""

from collections.abc import Collection
from typing import Final

from device.firmware.errors import GateError
from device.firmware.restore import DELTA, LIST
from device.firmware.store import Store

MOST_OWED: Final = 512
"""Beyond that a document is not remembered for later; after a restart it is missed, and asked for."""


class Keeper:
    """For the loop's thread. Nothing here raises: what is believed stands, kept or not."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._owed: dict[tuple[str, str], tuple[int, bytes]] = {}
        self.failed = False
        """Whether the card did not take something, and has not shown since that it can."""

    def keep(self, kind: str, name: str, version: int, data: bytes) -> None:
        """Keep a document in the place of the one of that kind and name, now or as soon as it can be."""
        self._owed.pop((kind, name), None)
        try:
            self._store.keep(kind, name, version, data)
        except GateError:
            self.refused_by_card()
            if len(self._owed) < MOST_OWED:
                self._owed[kind, name] = (version, data)

    def keep_list(self, uri: str, seq: int, data: bytes, *, leads_on: bool) -> None:
        """Keep a whole status list, and let the changes go that it already holds.

        All of them, when it does not lead on from one that was held: they belong on a list that is gone.
        """
        self.keep(LIST, uri, seq, data)
        mine = f"{uri} "
        for (kind, name), (version, _) in list(self._owed.items()):
            if kind == DELTA and (version <= seq or not leads_on) and name.startswith(mine):
                del self._owed[kind, name]
        if (LIST, uri) in self._owed:
            return  # until the list is on the card, the changes there are all that leads to it
        try:
            for name, version in self._store.names(DELTA):
                if (version <= seq or not leads_on) and name.startswith(mine):
                    self._store.forget(DELTA, name)
        except GateError:
            self.refused_by_card()

    def forget_lists_but(self, uris: Collection[str]) -> None:
        """Let every list go, with its changes, that is none of these: else a later start would believe it."""
        for kind, name in [key for key in self._owed if key[0] in {LIST, DELTA}]:
            if _uri_of(kind, name) not in uris:
                del self._owed[kind, name]
        try:
            for kind in (DELTA, LIST):
                for name, _ in self._store.names(kind):
                    if _uri_of(kind, name) not in uris:
                        self._store.forget(kind, name)
        except GateError:
            self.refused_by_card()

    def holds(self, uri: str, seq: int) -> bool:
        """Whether the card holds this list or a later one."""
        return (LIST, uri) not in self._owed and dict(self._store.names(LIST)).get(uri, -1) >= seq

    def changes(self, uri: str) -> int:
        """How many changes of this list are kept one by one."""
        return sum(name.startswith(f"{uri} ") for name, _ in self._store.names(DELTA))

    def refused_by_card(self) -> None:
        """Count one thing that the card did not take."""
        self.failed = True
        self._store.bump("not kept")

    def settle(self) -> None:
        """Write what is owed; when nothing is, show that the card takes something."""
        if not self.failed:
            return
        try:
            for (kind, name), (version, data) in sorted(self._owed.items(), key=lambda row: row[1][0]):
                self._store.keep(kind, name, version, data)
                del self._owed[kind, name]
            self._store.save_counters()
        except GateError:
            return
        self.failed = False


def _uri_of(kind: str, name: str) -> str:
    """Of a list, or of a change as `restore.delta_name` names it."""
    return name if kind == LIST else name.rsplit(" ", 1)[0]
