"""Which sequences of one journal are held, and whether their hash chain joins up. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class Span:
    """Sequences `first` to `last` without a gap; `before` is the hash its first event names as previous.

    Hashes are None where they are not known, and 16 bytes long where only a tombstone tells them.
    """

    first: int
    last: int
    before: bytes | None
    hash: bytes | None


def _joins(left: bytes | None, right: bytes | None) -> bool:
    """Whether two forms of a hash, either of them perhaps shortened or unknown, can be the same."""
    if left is None or right is None:
        return True
    least = min(len(left), len(right))
    return left[:least] == right[:least]


class Coverage:
    """The spans of one journal in order, never touching one another."""

    def __init__(self, genesis: bytes, spans: Iterable[Span] = ()) -> None:
        self._genesis = genesis
        self._spans: list[Span] = []
        for span in spans:
            self.add(span)

    @property
    def contiguous_to(self) -> int:
        """The last sequence up to which nothing is missing from 1 on; 0 while 1 is missing."""
        return self._spans[0].last if self._spans and self._spans[0].first <= 1 else 0

    @property
    def last(self) -> int:
        """The highest sequence held, 0 for none."""
        return self._spans[-1].last if self._spans else 0

    def between(self, first: int, last: int) -> Iterator[Span]:
        """Spans that reach into a range, in order."""
        return (span for span in self._spans if span.last >= first and span.first <= last)

    def gaps(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The parts of a range that are not held, in order."""
        at = first
        for span in list(self.between(first, last)):
            if span.first > at:
                yield at, span.first - 1
            at = span.last + 1
        if at <= last:
            yield at, last

    def add(self, span: Span) -> list[int]:
        """Take a span in that holds nothing held already; return sequences whose chain is broken there."""
        at = bisect_right(self._spans, span.first, key=lambda other: other.first)
        broken = []
        if span.first == 1 and not _joins(self._genesis, span.before):
            broken.append(1)
        merged = Span(span.first, span.last, span.before, span.hash)
        if at < len(self._spans) and self._spans[at].first == span.last + 1:
            right = self._spans.pop(at)
            if not _joins(span.hash, right.before):
                broken.append(right.first)
            merged.last, merged.hash = right.last, right.hash
        if at > 0 and self._spans[at - 1].last == span.first - 1:
            at -= 1
            left = self._spans.pop(at)
            if not _joins(left.hash, span.before):
                broken.append(span.first)
            merged.first, merged.before = left.first, left.before
        self._spans.insert(at, merged)
        return broken

    def bury(self, first: int, last: int, before: bytes, after: bytes) -> list[int]:
        """Count what a tombstone says will never come as held; return sequences where it does not join."""
        broken = []
        for begin, end in list(self.gaps(first, last)):
            left = before if begin == first else None
            right = after if end == last else None
            broken += self.add(Span(begin, end, left, right))
        return broken
