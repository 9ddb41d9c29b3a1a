"""Documents that gates lack: gathered, so that what many ask for goes out once. Pure."""

from typing import Final

from fleet.publish.shelf import Slot

# What vouches for the others goes first: a gate refuses what is signed by keys that it does not know yet.
_ORDER: Final = {"root": 0, "trust": 1}


class Wanted:
    """By topic, the lowest version that somebody holds and when to send; `mono` is monotonic seconds."""

    def __init__(self) -> None:
        self._due: dict[str, tuple[int, float]] = {}
        self._rank: dict[str, int] = {}
        self._last: dict[str, float] = {}

    def want(self, slot: Slot, held: int, mono: float, every_s: float) -> None:
        """Somebody holds `held` of a slot; at most every `every_s` seconds it goes out."""
        at = max(mono, self._last.get(slot.topic, mono - every_s) + every_s)
        lowest, before = self._due.get(slot.topic, (held, at))
        self._due[slot.topic] = (min(lowest, held), min(before, at))
        self._rank[slot.topic] = _ORDER.get(slot.kind, len(_ORDER))

    def take(self, mono: float) -> list[tuple[str, int]]:
        """Topics that are due, each with the lowest version held; they count as sent from now on.

        None while one that vouches for it waits.
        """
        waits = min((self._rank[topic] for topic, (_, at) in self._due.items() if at > mono), default=None)
        due = [
            (topic, held)
            for topic, (held, at) in self._due.items()
            if at <= mono and (waits is None or self._rank[topic] <= waits)
        ]
        for topic, _ in due:
            del self._due[topic]
            self._last[topic] = mono
        return sorted(due, key=lambda row: self._rank[row[0]])
