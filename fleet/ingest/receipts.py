"""Receipts on their way out: what was committed, gathered and signed at most once a second for a gate."""

from collections.abc import Iterator
from typing import Final

from wire import envelope, topics
from wire.documents import Range, Receipt
from wire.keys import Signer
from wire.messages import HASH_BYTES
from wire.topics import Down

EVERY_S: Final = 1.0
LIFE_S: Final = 86_400
MOST_RANGES: Final = 256  # the receipt's own limit

Journal = tuple[str, bytes]  # gate and journal id
Part = tuple[int, int, bytes]  # first, last, hash at the last


def merged(parts: list[Part]) -> list[Part]:
    """Ranges in order, those that touch or overlap made one."""
    joined: list[Part] = []
    for first, last, digest in sorted(parts):
        if joined and first <= joined[-1][1] + 1:
            if last > joined[-1][1]:
                joined[-1] = (joined[-1][0], last, digest)
        else:
            joined.append((first, last, digest))
    return joined


class Receipts:
    """What is to be receipted; times are monotonic seconds, `now_ms` unix milliseconds."""

    def __init__(self, signer: Signer, epoch: bytes) -> None:
        self._signer = signer
        self._epoch = epoch
        self._parts: dict[Journal, list[Part]] = {}
        self._sent: dict[str, float] = {}
        self._version = 0

    def committed(self, journal: Journal, parts: list[Part]) -> None:
        """Take note of ranges that are durable in the database; none at all still tells the epoch."""
        held = self._parts.setdefault(journal, [])
        held += [part for part in parts if len(part[2]) == HASH_BYTES]

    def due_in(self, mono: float) -> float | None:
        """Seconds until the next receipt is due, 0 when one is; None when there is nothing to say."""
        waits = [self._sent.get(gate, -EVERY_S) + EVERY_S - mono for gate, _ in self._parts]
        return max(0.0, min(waits)) if waits else None

    def due(self, mono: float, now_ms: int) -> Iterator[tuple[str, bytes]]:
        """Topic and signed receipt for every gate whose last one is a second old or older."""
        for journal in list(self._parts):
            gate = journal[0]
            if mono - self._sent.get(gate, -EVERY_S) < EVERY_S:
                continue
            parts = merged(self._parts.pop(journal))
            for at in range(0, max(len(parts), 1), MOST_RANGES):
                yield (
                    topics.down(gate, Down.RECEIPT),
                    self._sign(journal, parts[at : at + MOST_RANGES], now_ms),
                )
            if not any(other == gate for other, _ in self._parts):
                self._sent[gate] = mono

    def _sign(self, journal: Journal, parts: list[Part], now_ms: int) -> bytes:
        self._version = max(self._version + 1, now_ms)
        now = now_ms // 1000
        receipt = Receipt(
            version=self._version,
            issued=now,
            expires=now + LIFE_S,
            audience=journal[0],
            journal=journal[1],
            epoch=self._epoch,
            ranges=tuple(Range(first=first, last=last, hash=digest) for first, last, digest in parts),
        )
        return envelope.sign(receipt, [self._signer])
