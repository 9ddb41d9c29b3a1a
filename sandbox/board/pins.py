"""The wires on the pins: gpiozero's mock pins that know what is attached and tell who watches."""

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from gpiozero.pins.mock import MockPWMPin


class PinChange(NamedTuple):
    """One pin took a new level: 0 to 1, in between for a pulse width; `hertz` of the pulses or None."""

    pin: int
    value: float
    hertz: float | None
    at: float


class Bench:
    """Which voltages are put on pins from outside, and who is told about changes; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.timer: Callable[[float, Callable[[], None]], threading.Timer] = threading.Timer
        """What debouncing waits with."""
        self.clear()

    def clear(self) -> None:
        """Take every wire off."""
        self._pins: dict[int, BoardPin] = {}
        self._driven: dict[int, bool] = {}
        self._watchers: list[Callable[[PinChange], None]] = []

    def attach(self, number: int, pin: "BoardPin") -> None:
        """Connect a pin that the program has begun to use."""
        with self._lock:
            self._pins[number] = pin

    def drive(self, number: int, level: bool | None) -> None:
        """Put a voltage on a pin, now or as soon as it is used; None lets it float back to its pull."""
        with self._lock:
            if level is None:
                self._driven.pop(number, None)
            else:
                self._driven[number] = level
            pin = self._pins.get(number)
        if pin is not None:
            pin.settle()

    def driven(self, number: int) -> bool | None:
        """Return the voltage put on a pin from outside, if any."""
        with self._lock:
            return self._driven.get(number)

    def levels(self) -> dict[int, float]:
        """Return the level of every pin that the program uses."""
        with self._lock:
            return {number: float(pin.state) for number, pin in self._pins.items()}

    def level(self, number: int) -> bool:
        """Whether a pin is high; one that nobody uses is not."""
        pin = self._pins.get(number)
        return pin is not None and bool(pin.state)

    def watch(self, watcher: Callable[[PinChange], None]) -> Callable[[], None]:
        """Tell this watcher of each change, from whichever thread made it; returns how to stop."""
        with self._lock:
            self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def changed(self, number: int, value: float, hertz: float | None) -> None:
        """Tell all watchers."""
        change = PinChange(number, float(value), hertz, time.monotonic())
        for watcher in tuple(self._watchers):
            watcher(change)


BENCH = Bench()
"""The wires of the machine that this process runs on."""


class BoardPin(MockPWMPin):  # type: ignore[misc]  # gpiozero publishes no types
    """A pin of this machine. gpiozero finds it by GPIOZERO_MOCK_PIN_CLASS=boardpin.

    It debounces as lgpio does (lgPthAlerts.c, xDebWatEvt): an edge is told once the level has stayed the same
    for the bounce time, unless it is the level told last. Who reads the pin sees every bounce.
    """

    def __init__(self, factory: Any, info: Any) -> None:  # noqa: ANN401 -- gpiozero publishes no types
        self._edge_lock = threading.Lock()
        self._waiting: threading.Timer | None = None
        self._told: bool | None = None
        super().__init__(factory, info)
        self._number = int(info.name.removeprefix("GPIO"))
        BENCH.attach(self._number, self)

    def settle(self) -> None:
        """Take the voltage from outside; else the pull; else low, as a relay board's pull-down does."""
        if self.function != "input":
            return
        driven = BENCH.driven(self._number)
        high = self._pull == "up" if driven is None else driven
        if high:
            self.drive_high()
        else:
            self.drive_low()

    def _call_when_changed(self) -> None:
        with self._edge_lock:
            if self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None
            if self._bounce:
                self._waiting = timer = BENCH.timer(self._bounce, lambda: self._stable(timer))
                timer.daemon = True
                timer.start()
                return
        super()._call_when_changed()

    def _stable(self, timer: threading.Timer) -> None:
        """No other edge came in the bounce time."""
        with self._edge_lock:
            if timer is not self._waiting:
                return
            self._waiting, level = None, bool(self._state)
            known, self._told = self._told is level, level
        if not known and self._when_changed is not None:
            super()._call_when_changed()

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        self.settle()

    def _set_frequency(self, value: float | None) -> None:
        super()._set_frequency(value)
        if value is not None and self._state:
            BENCH.changed(self._number, self._state, value)

    def _change_state(self, value: float) -> bool:
        changed = bool(super()._change_state(value))
        if changed:
            BENCH.changed(self._number, value, self._frequency)
        return changed
