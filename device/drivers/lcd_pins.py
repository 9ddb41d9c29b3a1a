"""The LCD's data/command, reset and backlight pins: gpiozero under the five names luma calls on RPi.GPIO."""

from collections.abc import Iterable
from typing import Any


class LcdPins:
    """What luma asks of its `gpio` argument. RPi.GPIO itself does not run on a Pi 5; gpiozero does."""

    LOW = 0
    HIGH = 1
    OUT = 0

    def __init__(self) -> None:
        self._pins: dict[int, Any] = {}

    def setup(self, pin: int, _direction: int) -> None:
        """Make a pin an output, low; made already: does nothing."""
        from gpiozero import DigitalOutputDevice

        if pin not in self._pins:
            self._pins[pin] = DigitalOutputDevice(pin)

    def output(self, pin: int, level: int) -> None:
        """Set a pin's level."""
        self._pins[pin].value = bool(level)

    def cleanup(self, pins: int | Iterable[int] | None = None) -> None:
        """Let one pin, several or all of them go."""
        if isinstance(pins, int):
            pins = (pins,)
        for pin in tuple(self._pins if pins is None else pins):
            device = self._pins.pop(pin, None)
            if device is not None:
                device.close()
