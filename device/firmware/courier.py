"""What goes out when: live events at once, the backlog in windows behind them, all of it until receipted."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol, TypeAlias

from wire.messages import MAX_BATCH, MAX_MESSAGE_BYTES

STATE_EVERY_S: Final = 10.0
CHECKPOINT_EVERY_S: Final = 60.0
RESEND_AFTER_S: Final = 15.0
WINDOW: Final = 4  # batches of backlog under way at a time
MOST_UNDER_WAY: Final = 32  # batches of any kind; beyond that live events wait like the backlog
_ROOM: Final = MAX_MESSAGE_BYTES - 1_024  # for the events of a batch, beside its own fields


class Due(Enum):
    """What is to be said that is not an event."""

    HELLO = "hello"
    STATE = "state"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Events:
    """Consecutive events in their exact bytes, the first one's sequence being `first`."""

    first: int
    events: tuple[bytes, ...]

    @property
    def last(self) -> int:
        """The sequence of the last event."""
        return self.first + len(self.events) - 1


Outgoing: TypeAlias = Due | Events


class Source(Protocol):
    """The part of a journal that a courier needs."""

    @property
    def head(self) -> int:
        """The newest sequence."""
        ...

    def pending(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Events without a receipt above `after`, oldest first."""
        ...


class Courier:
    """Decides; whoever asks `next` performs it. `mono` is monotonic seconds."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._online = False
        self._due: dict[Due, float] = {}
        self._live = 0
        self._back = 0
        self._border = 0
        self._under_way: dict[tuple[int, int], float] = {}
        self._old: set[tuple[int, int]] = set()  # those of them that are backlog

    def connected(self, mono: float) -> None:
        """A connection has begun: say hello, and count what is in the journal by now as backlog."""
        self._online = True
        self._due = {Due.HELLO: mono, Due.STATE: mono, Due.CHECKPOINT: mono + CHECKPOINT_EVERY_S}
        self._live = self._border = self._source.head
        self._back = 0
        self._under_way.clear()
        self._old.clear()

    def lost(self) -> None:
        """The connection has ended: nothing is under way any more."""
        self._online = False

    def changed(self, mono: float) -> None:
        """The state is another than the one last said."""
        self._due[Due.STATE] = mono

    def hello_again(self, mono: float) -> None:
        """Something about this gate makes its last hello untrue, or no answer came."""
        self._due[Due.HELLO] = mono

    def again(self) -> None:
        """Receipts were taken back: everything is backlog."""
        self._under_way.clear()
        self._old.clear()
        self._back, self._border = 0, self._live

    def next(self, mono: float) -> Sequence[Outgoing]:
        """What is due at this moment, in the order in which it should go."""
        if not self._online:
            return ()
        self._settle(mono)
        said = [due for due, at in self._due.items() if at <= mono]
        for due in said:
            del self._due[due]
        self._due.setdefault(Due.STATE, mono + STATE_EVERY_S)
        self._due.setdefault(Due.CHECKPOINT, mono + CHECKPOINT_EVERY_S)
        return (*said, *self._live_events(mono), *self._backlog(mono))

    def not_sent(self, outgoing: Outgoing, mono: float) -> None:
        """The line did not take it: it is due again."""
        if isinstance(outgoing, Due):
            self._due[outgoing] = mono
        else:
            self._let_go(outgoing.first, outgoing.last)
            self._retreat(outgoing.first)

    def _settle(self, mono: float) -> None:
        """Let go of batches that were receipted, and send those again that were not in time."""
        for (first, last), sent in list(self._under_way.items()):
            left = self._source.pending(first - 1, 1)
            if not left or left[0][0] > last:
                self._let_go(first, last)
            elif mono - sent >= RESEND_AFTER_S:
                self._let_go(first, last)
                self._retreat(first)

    def _let_go(self, first: int, last: int) -> None:
        self._under_way.pop((first, last), None)
        self._old.discard((first, last))

    def _retreat(self, first: int) -> None:
        """Count everything from `first` on that is not under way as backlog again."""
        self._back = min(self._back, first - 1)
        self._border = max(self._border, self._live)

    def _live_events(self, mono: float) -> list[Events]:
        ready = []
        while self._live < self._source.head and len(self._under_way) < MOST_UNDER_WAY:
            batch = self._batch(self._live, self._source.head, mono)
            if batch is None:
                self._live = self._source.head
                break
            self._live = batch.last
            ready.append(batch)
        return ready

    def _backlog(self, mono: float) -> list[Events]:
        ready: list[Events] = []
        while self._back < self._border and len(self._old) < WINDOW:
            batch = self._batch(self._back, self._border, mono)
            if batch is None:
                self._back = self._border
                break
            self._back = batch.last
            self._old.add((batch.first, batch.last))
            ready.append(batch)
        return ready

    def _batch(self, after: int, until: int, mono: float) -> Events | None:
        """The next consecutive events above `after` and up to `until` that are not under way already."""
        rows = self._source.pending(after, MAX_BATCH)
        while rows and (busy := self._busy(rows[0][0])):
            rows = self._source.pending(busy, MAX_BATCH)
        events: list[bytes] = []
        size = 0
        for sequence, data in rows:
            size += len(data) + 3  # CBOR's head of a byte string of at most 1,024 bytes
            if sequence != rows[0][0] + len(events) or sequence > until or size > _ROOM:
                break
            if events and self._busy(sequence):
                break
            events.append(data)
        if not events:
            return None
        batch = Events(rows[0][0], tuple(events))
        self._under_way[batch.first, batch.last] = mono
        return batch

    def _busy(self, sequence: int) -> int:
        """The last sequence of the batch under way that holds `sequence`, or 0."""
        return next((last for first, last in self._under_way if first <= sequence <= last), 0)
