"""The contacts of a gate: what gpiozero's input devices say, as changes that a loop polls."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from device.drivers import DriverError, InputChange, InputKind
from device.drivers.steady import LOST_S, Steady

KEPT: Final = 64
"""Changes that wait for a loop which does not come; the oldest go first, and what they told is told anew."""


class Contacts:
    """`Inputs` on gpiozero input devices, whose edge callbacks fill a short queue that `poll` empties."""

    def __init__(
        self,
        devices: Mapping[InputKind, tuple[Any, bool]],
        *,
        debounce_s: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take for each kind a device and whether its activity means the opposite."""
        self._devices = devices
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._changes: deque[InputChange] = deque(maxlen=KEPT)
        self._told = dict.fromkeys(devices, False)
        self._steady = {
            kind: Steady(
                cautious=kind is InputKind.FIRE,
                finger=kind is InputKind.BUTTON,
                lost_s=LOST_S + debounce_s,
            )
            for kind in devices
        }
        for kind, (device, inverted) in devices.items():
            device.when_activated = partial(self._edge, kind, not inverted)
            device.when_deactivated = partial(self._edge, kind, inverted)
            active, now_s = bool(device.is_active) is not inverted, self._monotonic()
            self._note(kind, active, now_s, self._steady[kind].edge)

    @property
    def chattering(self) -> frozenset[InputKind]:
        """The contacts that change more often than people can make them."""
        return frozenset(kind for kind, steady in self._steady.items() if steady.chatters)

    def poll(self) -> tuple[InputChange, ...]:
        """Look at every contact; changes since the last call, oldest first."""
        for kind, (device, inverted) in self._devices.items():
            if not device.closed:
                active = bool(device.is_active) is not inverted
                self._note(kind, active, self._monotonic(), self._steady[kind].look)
        with self._lock:
            changes = tuple(self._changes)
            self._changes.clear()
            self._told |= {change.kind: change.active for change in changes}
            lost = tuple(
                InputChange(kind, steady.level, self._monotonic())
                for kind, steady in self._steady.items()
                if steady.level is not self._told[kind]
            )
            self._told |= {change.kind: change.active for change in lost}
        return changes + lost

    def level(self, kind: InputKind) -> bool | None:
        """Whether the contact is active, debounced; None when this gate has none."""
        if kind not in self._devices:
            return None
        if self._devices[kind][0].closed:
            raise DriverError(f"the {kind.value} contact's pin was let go; start the gate again")
        return self._steady[kind].level

    def _edge(self, kind: InputKind, active: bool) -> None:
        self._note(kind, active, self._monotonic(), self._steady[kind].edge)

    def _note(self, kind: InputKind, active: bool, at_s: float, take: Callable[[bool, float], bool]) -> None:
        with self._lock:
            if take(active, at_s):
                self._changes.append(InputChange(kind, self._steady[kind].level, at_s))
