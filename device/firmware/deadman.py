"""The second hand at the relay: what the loop opened and does not shut in time, a thread of its own shuts."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from device.drivers import Barrier, DriverError

GRACE_S: Final = 1.0
"""How late the loop may be: a card that stalls holds it up, and then nobody else would shut."""


class Deadman:
    """For the loop thread. What is opened without an end is not watched: a fire outlasts a hung loop."""

    def __init__(
        self,
        barrier: Barrier,
        timer: Callable[[float, Callable[[], None]], threading.Timer] = threading.Timer,
    ) -> None:
        self._barrier = barrier
        self._timer = timer
        self._lock = threading.Lock()
        self._pending: threading.Timer | None = None

    def arm(self, hold_s: float) -> None:
        """From now on the relay drops after `hold_s` and a moment, unless `disarm` comes first.

        Raises `DriverError` when there is no thread to be had: nothing is to be opened then.
        """
        with self._lock:
            self._cancel()
            try:
                self._begin(hold_s + GRACE_S)
            except RuntimeError as error:
                self._pending = None
                raise DriverError(
                    f"nobody would shut the barrier if the gate hung ({error}); not opened, restart the gate"
                ) from error

    def disarm(self) -> None:
        """Nothing is open, or what is opened next shall stay open; on return no timer shuts it any more."""
        with self._lock:
            self._cancel()

    def _cancel(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None

    def _begin(self, after_s: float) -> None:
        self._pending = timer = self._timer(after_s, lambda: self._shut(timer))
        timer.daemon = True
        timer.start()

    def _shut(self, timer: threading.Timer) -> None:
        with self._lock:
            if timer is not self._pending:
                return
            self._pending = None
            try:
                self._barrier.close()
            except DriverError:  # the loop tries again, too, when it comes back
                with suppress(RuntimeError):
                    self._begin(GRACE_S)
