"""An MLX90614 as its bus sees it: RAM, EEPROM, packet error codes, and every way it is known to fail."""

import errno
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.board.i2c import crc8

ADDRESS = 0x5A
RAM_AMBIENT, RAM_OBJECT = 0x06, 0x07
EEPROM = 0x20
EMISSIVITY = 0x04
ERROR_FLAG = 0x8000
KELVIN_PER_BIT = 0.02
ZERO_CELSIUS_K = 273.15
STEP_C, NEAR_C = 13.0, 0.1
"""Settled: within so much of the new value after a step from the wall to a forehead."""
SKIN_EMISSIVITY = 0xFAE0
"""0.98 of 65535: as a field engineer leaves a chip."""


def _delivered() -> dict[int, int]:
    """EEPROM as it leaves the factory (datasheet table 5), with a number of our own."""
    cells = dict.fromkeys(range(0x20), 0)
    cells.update(enumerate((0x9993, 0x62E3, 0x0201, 0xF71C, 0xFFFF, 0x9FB4)))
    return cells | {0x0E: 0xBE5A, 0x1C: 0x4A58, 0x1D: 0x1001, 0x1E: 0x0000, 0x1F: 0x0001}


@dataclass
class ThermometerChip:
    """Set the fields to say what it measures and how it misbehaves."""

    object_c: float = 22.0
    ambient_c: float = 22.0
    unplugged: bool = False
    """No acknowledge: EREMOTEIO."""
    stuck: bool = False
    """Something holds the clock low: ETIMEDOUT."""
    flagged: bool = False
    """Object temperatures carry the error flag."""
    corrupt: int = 0
    """So many of the next reads carry a wrong packet error code."""
    object_raw: int | None = None
    """Instead of `object_c`: any word."""
    eeprom: dict[int, int] = field(default_factory=_delivered)
    corrupted: int = 0
    settle_s: float = 0.0
    """How long after a step it says the new temperature; 0: at once. A case, a window and a filter lag."""
    monotonic: Callable[[], float] = time.monotonic
    torn: int | None = None
    """After so many more EEPROM words power is lost: that word and all later ones never arrive."""
    _seen_c: float = 22.0
    _seen_at_s: float = 0.0

    def __post_init__(self) -> None:
        self._seen_c, self._seen_at_s = self.object_c, self.monotonic()

    def __setattr__(self, name: str, value: object) -> None:
        """Follow what it faced until now before it faces something else."""
        if name in {"object_c", "settle_s"} and "_seen_at_s" in self.__dict__:
            self._follow()
        super().__setattr__(name, value)

    def _follow(self) -> float:
        """What it says by now of what it faces: °C."""
        now_s = self.monotonic()
        left = 0.0
        if self.settle_s >= 0.001:  # noqa: PLR2004 -- a millisecond is at once
            constant_s = self.settle_s / math.log(STEP_C / NEAR_C)
            left = math.exp(-max(0.0, now_s - self._seen_at_s) / constant_s)
        self._seen_c, self._seen_at_s = self.object_c + (self._seen_c - self.object_c) * left, now_s
        return self._seen_c

    @property
    def number(self) -> str:
        """The factory's number, as the driver tells it."""
        return "".join(f"{self.eeprom[cell]:04x}" for cell in range(0x1C, 0x20))

    def write(self, data: bytes) -> None:
        """Take an EEPROM word; one whose packet error code is wrong is not acknowledged."""
        self._present()
        if not data:
            return
        command, body = data[0], data[1:]
        if len(body) != 3 or crc8(bytes([ADDRESS << 1, *data[:-1]])) != data[-1]:  # noqa: PLR2004 -- low byte, high byte, PEC
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))
        if command & 0xE0 == EEPROM:
            if self.torn is not None:
                self.torn -= 1
                if self.torn < 0:
                    self.unplugged = True
                    self._present()
            word = int.from_bytes(body[:2], "little")
            # A cell that was not erased keeps the ones it had.
            cell = command & 0x1F
            self.eeprom[cell] = word if word == 0 else self.eeprom[cell] | word

    def exchange(self, written: bytes, count: int) -> bytes:
        """Give the word at a command: low byte, high byte, packet error code."""
        self._present()
        command = written[0] if written else 0
        answer = self._word(command).to_bytes(2, "little")
        pec = crc8(bytes([ADDRESS << 1, command, ADDRESS << 1 | 1]) + answer)
        if self.corrupt > 0:
            self.corrupt -= 1
            self.corrupted += 1
            pec ^= 0x01
        return (answer + bytes([pec]))[:count].ljust(count, b"\xff")

    def _word(self, command: int) -> int:
        if command & 0xE0 == EEPROM:
            return self.eeprom[command & 0x1F]
        if command == RAM_AMBIENT:
            return _raw(self.ambient_c)
        if command == RAM_OBJECT:
            word = _raw(self._follow()) if self.object_raw is None else self.object_raw
            return word | ERROR_FLAG if self.flagged else word
        return 0

    def _present(self) -> None:
        if self.stuck:
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        if self.unplugged:
            raise OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))


def _raw(celsius: float) -> int:
    return max(0, min(0x7FFF, round((celsius + ZERO_CELSIUS_K) / KELVIN_PER_BIT)))
