"""How a signal asks this process to stop: a flag to wait for that a signal handler may set at any moment."""

import queue
import signal
from contextlib import suppress
from typing import Self


class Stop:
    """Asked for by signals, waited for by the main thread; the words are those of `threading.Event`.

    An Event is no flag for a handler: it runs in the main thread between any two instructions, and `set`
    takes the lock that an interrupted `wait` of that same thread may hold, for ever. `SimpleQueue.put` is
    documented as reentrant and needs no lock of ours.
    """

    def __init__(self) -> None:
        self._set = False
        self._woken: queue.SimpleQueue[None] = queue.SimpleQueue()

    @classmethod
    def at(cls, *numbers: signal.Signals) -> Self:
        """One that these signals set, from now on. For the main thread."""
        stop = cls()
        for number in numbers:
            signal.signal(number, lambda *_: stop.set())
        return stop

    def set(self) -> None:
        """Ask for the end: from a signal handler, from any thread, as often as one likes."""
        if not self._set:
            # The flag first: who is woken, or comes to wait only now, has to find it.
            self._set = True
            self._woken.put(None)

    def is_set(self) -> bool:
        """Whether the end was asked for."""
        return self._set

    def wait(self, timeout_s: float) -> bool:
        """Sleep for so long, or until the end is asked for; whether it was. For one thread."""
        if not self._set:
            with suppress(queue.Empty):
                self._woken.get(timeout=timeout_s)
        return self._set
