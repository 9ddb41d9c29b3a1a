"""The kernel's SPI device as luma uses it (py-spidev 3.x): one LCD on bus 0."""  # noqa: INP001 -- a place on PYTHONPATH, not a package

import errno
import os
from collections.abc import Sequence

from sandbox.board.machine import MACHINE
from sandbox.board.pins import BENCH

DATA_COMMAND_PIN = 24
"""Where the LCD's data/command wire is soldered; luma's default too."""


class SpiDev:
    """One open SPI device."""

    def __init__(self) -> None:
        self.max_speed_hz = 500_000
        self.mode = 0
        self._open = False

    def open(self, bus: int, device: int) -> None:
        """Open /dev/spidev<bus>.<device>."""
        if bus != 0 or device not in {0, 1}:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self._open = True

    def writebytes(self, values: Sequence[int]) -> None:
        """Send bytes, at most 4096 at a time as the kernel's buffer allows."""
        if not self._open:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if len(values) > 4096:  # noqa: PLR2004 -- spidev's bufsiz
            raise OverflowError("Argument list size exceeds 4096 bytes.")
        MACHINE.lcd.transfer(bytes(values), command=not BENCH.level(DATA_COMMAND_PIN))

    def close(self) -> None:
        """Close the device."""
        self._open = False
