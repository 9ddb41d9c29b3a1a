"""The stream that tells open pages when to ask again: one watcher of the database for all of them.

A stream carries no content, only `changed` and `beat` with the time of day; pages fetch what they show,
so that rights and filters are checked in one place. Each stream holds a thread of the server, so their
number is capped; a page without a stream asks every ten seconds instead.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from fleet.db import Database

LOOK_S: Final = 0.25  # how often the database is asked, at a cost of microseconds
BEAT_S: Final = 15.0  # proxies commonly cut a silent connection after 30 to 60 s
CALM_S: Final = 1.0  # a page is told of changes at most this often
LIFE_S: Final = 900.0  # then the browser connects anew: nothing hangs on a stream for ever
RETRY_MS: Final = 2000


class Pulse:
    """Counts the commits of other connections, as seen by one watcher thread that runs while pages listen."""

    def __init__(self, database: Database, limit: int) -> None:
        """Make it for at most `limit` streams; nothing runs before the first one is admitted."""
        self._database = database
        self._limit = limit
        self._condition = threading.Condition()
        self._count = 0
        self._streams = 0
        self._watching = False
        self._closed = False

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return self._streams

    def admit(self) -> bool:
        """Take one of the places for a stream; False when all are taken or the server is stopping."""
        with self._condition:
            if self._closed or self._streams >= self._limit:
                return False
            self._streams += 1
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="pulse", daemon=True).start()
            return True

    def leave(self) -> None:
        """Give the place back."""
        with self._condition:
            self._streams -= 1
            self._condition.notify_all()

    def stop(self) -> None:
        """End every stream and the watcher within LOOK_S; takes no lock, so a signal handler may call it."""
        self._closed = True

    def count(self) -> int:
        """Changes so far; hand it to `wait`."""
        return self._count

    def wait(self, seen: int, timeout_s: float) -> int | None:
        """Sleep until the count is not `seen` or time is up; return the count, None: the server stops."""
        ends = time.monotonic() + timeout_s
        with self._condition:
            while not self._closed and self._count == seen and (left := ends - time.monotonic()) > 0:
                self._condition.wait(min(left, LOOK_S))
            return None if self._closed else self._count

    def _watch(self) -> None:
        changes = self._database.changes()
        try:
            changes.changed()
            while True:
                with self._condition:
                    self._condition.wait_for(lambda: self._closed or self._streams == 0, LOOK_S)
                    if self._closed or self._streams == 0:
                        self._watching = False
                        return
                if changes.changed():
                    with self._condition:
                        self._count += 1
                        self._condition.notify_all()
        finally:
            changes.close()


def stream(pulse: Pulse, allowed: Callable[[], bool], clock: Callable[[], str]) -> Iterator[str]:
    """Yield server-sent events until the person's session ends, the life is over, or the server stops.

    `allowed` says whether the session still stands; `clock` gives the time of day people read. Who took the
    place with `Pulse.admit` gives it back when the response is closed: a generator nobody began cannot.
    """
    seen = pulse.count()
    ends = time.monotonic() + LIFE_S
    yield f"retry: {RETRY_MS}\nevent: beat\ndata: {clock()}\n\n"
    while time.monotonic() < ends:
        count = pulse.wait(seen, BEAT_S)
        if count is None or not allowed():
            return
        yield f"event: {'beat' if count == seen else 'changed'}\ndata: {clock()}\n\n"
        seen = count
        if _pause(pulse, CALM_S):
            return


def _pause(pulse: Pulse, seconds: float) -> bool:
    """Let changes gather for a moment; True when the server stops meanwhile."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        if pulse.wait(pulse.count(), left) is None:
            return True
    return False
