"""Messages on their way from the network thread to the loop: bounded, so that a broker cannot fill a gate."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from wire import topics
from wire.errors import WireError
from wire.topics import All, FromGate, ToAll, ToGate

MAX_MESSAGES: Final = 1_000
MAX_BYTES: Final = 32 * 2**20  # all shards of a province at 5 % not green are 1.7 MB

_LISTS: Final = frozenset({All.STATUS, All.DELTA})
_FOR_LISTS: Final = 0.75
"""Of either limit. Lists are many, and one that is dropped is missed; an assignment nobody would miss."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message as it came; `received_mono` is monotonic seconds."""

    topic: ToGate | ToAll
    payload: bytes
    received_mono: float


class Inbox:
    """A queue with one writer and one reader, in different threads."""

    def __init__(self, gate: str, *, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> None:
        self._gate = gate
        self._limits = (max_messages, max_bytes)
        self._lock = threading.Lock()
        self._messages: deque[Incoming] = deque()
        self._size = 0
        self._dropped = 0

    def put(self, topic: str, payload: bytes, received_mono: float) -> bool:
        """Take a message in; False when it is not for this gate, or there is no room and it is dropped.

        A list that is dropped shows as withheld at the next signed time, and is asked for again.
        """
        try:
            parsed = topics.parse(topic)
        except WireError:
            return False
        if isinstance(parsed, FromGate) or (isinstance(parsed, ToGate) and parsed.gate != self._gate):
            return False
        share = _FOR_LISTS if isinstance(parsed, ToAll) and parsed.leaf in _LISTS else 1
        most, most_bytes = self._limits
        with self._lock:
            if len(self._messages) >= share * most or self._size + len(payload) > share * most_bytes:
                self._dropped += 1
                return False
            self._messages.append(Incoming(parsed, payload, received_mono))
            self._size += len(payload)
        return True

    def take(self, most: int = MAX_MESSAGES) -> list[Incoming]:
        """At most `most` messages, oldest first."""
        with self._lock:
            taken = [self._messages.popleft() for _ in range(min(most, len(self._messages)))]
            self._size -= sum(len(message.payload) for message in taken)
        return taken

    @property
    def dropped(self) -> int:
        """How many messages found no room."""
        return self._dropped
