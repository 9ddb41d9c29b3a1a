"""The thermometer: an MLX90614 on SMBus, every transfer guarded by its packet error code.

Citations are to Melexis, "MLX90614 family datasheet" 3901090614 rev. 13.
"""

import errno
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import smbus2.smbus2 as i2c_dev
from smbus2 import SMBus

from device.drivers import Sample, SensorFault, SensorIdentity, ThermometerCounters

# Commands: RAM is 0x00 | address, EEPROM 0x20 | address (datasheet 8.4.5, table 6).
RAM_AMBIENT = 0x06  # Ta (8.4.3, RAM)
RAM_OBJECT = 0x07  # Tobj1
EEPROM_EMISSIVITY = 0x24  # EEPROM 0x04: 65535 x emissivity (8.4.2)
EEPROM_ID = (0x3C, 0x3D, 0x3E, 0x3F)  # EEPROM 0x1C-0x1F, ID number

ERROR_FLAG = 0x8000  # bit 15 of a linearised temperature (8.7.3)
KELVIN_PER_BIT = 0.02
ZERO_CELSIUS_K = 273.15
AMBIENT_RAW = range(0x2DE4, 0x4DC4 + 1)  # -38.2 to 125 degrees C: all that Ta can be (8.7.2)
OBJECT_RAW = range(0x27AD, 0x7FFF + 1)  # -70.01 to 382.19 degrees C: all that Tobj1 can be (8.7.3)
EEPROM_WRITE_S = 0.010  # t_write and t_erase are 5 ms typical (table 4); waits twice that

VARIANTS_DEG = {
    "AAA": 90, "BAA": 90, "DAA": 90, "ACC": 35, "BCC": 35, "DCC": 35, "ACF": 10, "BCF": 10,
    "ACH": 12, "BCH": 12, "DCH": 12, "ACI": 5, "BCI": 5, "DCI": 5,
}  # fmt: skip
"""Ordering code to full field of view in degrees (ordering information)."""

FIRST_REST_S = 0.05
LONGEST_REST_S = 2.0

# How long the kernel waits for a transfer that does not end (include/uapi/linux/i2c-dev.h; else a second).
# Longer than any chip may hold the clock (SMBus 3.2, 4.2.3: t_TIMEOUT 35 ms at most) and than any transfer
# of the display on the same bus, for the kernel keeps one limit for all who use it. The kernel's own
# retries (I2C_RETRIES) are left alone: they answer a lost arbitration, and a Pi is the only master.
I2C_TIMEOUT = 0x0702
STUCK_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Mlx90614Config:
    """Where the chip sits and which one it is said to be."""

    bus: int = 1
    address: int = 0x5A  # factory setting (8.4.2, SMBus address)
    variant: str = "DCI"
    """Ordering code on the bag; the chip cannot tell its optics."""
    retries: int = 3
    """How often one transfer is tried again."""

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS_DEG:
            raise SensorFault(
                f"thermometer variant {self.variant!r} is unknown: use one of {sorted(VARIANTS_DEG)}",
                retries=0,
            )
        if not 0x08 <= self.address <= 0x77 or self.retries < 0 or self.bus < 0:  # noqa: PLR2004 -- I2C's reserved addresses (UM10204 3.1.12)
            raise SensorFault(
                "thermometer: address must be in 0x08-0x77, bus and retries not negative", retries=0
            )


class Mlx90614:
    """`Thermometer` on smbus2. Opens the bus when first needed, and anew after an error.

    A bad PEC or an error flag is tried again at once, a bus that is held low is not. Any other bus error
    closes the bus; it is opened again for the next try. When all tries fail the bus rests, 0.05 s at first
    and twice as long each time up to 2 s; a read during the rest fails at once, so a dead bus does not slow
    the loop.
    """

    def __init__(self, config: Mlx90614Config, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._monotonic = monotonic
        self._bus: SMBus | None = None
        self._opened_before = False
        self._rest_until_s = 0.0
        self._rest_s = FIRST_REST_S
        self._why = ""
        self._counters = ThermometerCounters()

    @property
    def counters(self) -> ThermometerCounters:
        """Errors so far."""
        return self._counters

    def read(self) -> Sample:
        """Read object then ambient; any failure raises `SensorFault`."""
        raw_object = self._word(RAM_OBJECT, OBJECT_RAW)
        raw_ambient = self._word(RAM_AMBIENT, AMBIENT_RAW)
        return Sample(_celsius(raw_object), _celsius(raw_ambient), self._monotonic())

    def identity(self) -> SensorIdentity:
        """Read the factory's number and the emissivity; any failure raises `SensorFault`."""
        words = [self._word(command) for command in EEPROM_ID]
        emissivity = self._word(EEPROM_EMISSIVITY) / 0xFFFF
        variant = self._config.variant
        return SensorIdentity(
            "".join(f"{word:04x}" for word in words), emissivity, variant, VARIANTS_DEG[variant]
        )

    def set_emissivity(self, emissivity: float, *, sleep: Callable[[float], None] = time.sleep) -> bool:
        """Write the emissivity (0.1 to 1) to the chip's EEPROM unless it is there; says whether it wrote.

        Raises `SensorFault`, which says what the chip holds then. Takes effect when power returns. Each
        transfer is whole on the bus, whoever else uses it; a reading that meets a chip busy with its
        EEPROM is not acknowledged and tried again. A cell that reads 0 was erased by a run that was cut
        short, and is only written.
        """
        if not 0.1 <= emissivity <= 1.0:  # noqa: PLR2004 -- datasheet 8.4.2: emissivity factor range
            raise SensorFault(f"emissivity {emissivity} is not between 0.1 and 1", retries=0)
        wanted = emissivity_word(emissivity)
        found = self._sound_word()
        if found == wanted:
            return False
        if found:
            self._put(0, f"the erase was not acknowledged: {found:#06x} may be there still", sleep)
        self._put(wanted, "it was erased but not written: it now holds 0", sleep)
        kept = self._word(EEPROM_EMISSIVITY)
        if kept != wanted:
            raise SensorFault(
                f"the thermometer did not keep the emissivity: it holds {kept:#06x}, not {wanted:#06x}; "
                "write it again, and replace the chip if that does not help",
                retries=0,
            )
        return True

    def close(self) -> None:
        """Let go of the bus; the next read opens it again."""
        bus, self._bus = self._bus, None
        if bus is not None:
            try:
                bus.close()
            except OSError:
                return  # a bus that is gone cannot be closed any better

    def _sound_word(self) -> int:
        """The emissivity cell, read twice: what is to be written depends on it."""
        first, second = (self._word(EEPROM_EMISSIVITY) for _ in range(2))
        if first != second:
            raise SensorFault(
                f"the thermometer's emissivity reads {first:#06x}, then {second:#06x}; nothing was written, "
                "check its four wires",
                retries=0,
            )
        return first

    def _put(self, word: int, otherwise: str, sleep: Callable[[float], None]) -> None:
        """Erase (0) or write the emissivity cell and give it time; `otherwise` is said when it fails."""
        try:
            self._transfer(partial(self._write, word))
        except SensorFault as fault:
            raise SensorFault(
                f"the thermometer's emissivity: {otherwise}; leave its power on and run this again ({fault})",
                retries=fault.retries,
            ) from fault
        sleep(EEPROM_WRITE_S)

    def _write(self, word: int, bus: SMBus) -> int:
        self._counters = replace(self._counters, eeprom_writes=self._counters.eeprom_writes + 1)
        bus.write_word_data(self._config.address, EEPROM_EMISSIVITY, word)
        return word

    def _word(self, command: int, allowed: range | None = None) -> int:
        """Read one word; with `allowed`, refuse the error flag and what the chip cannot measure."""
        return self._transfer(partial(_read, self._config.address, command, allowed))

    def _transfer(self, transfer: Callable[[SMBus], int]) -> int:
        """Run one transfer, at most `retries` times again; raises `SensorFault`."""
        if self._monotonic() < self._rest_until_s:
            raise SensorFault(f"{self._why}; it is tried again shortly", retries=0)
        failure: OSError | None = None
        for attempt in range(self._config.retries + 1):
            if attempt:
                self._counters = replace(self._counters, retries=self._counters.retries + 1)
            try:
                value = transfer(self._open())
            except OSError as error:
                failure = error
                self._note(error)
                if error.errno == errno.ETIMEDOUT:
                    break  # a clock line that is held low costs `STUCK_S` each time
            else:
                self._rest_s = FIRST_REST_S
                return value
        if self._bus is None:
            self._rest_until_s = self._monotonic() + self._rest_s
            self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
        self._why = (
            f"thermometer at {self._config.address:#04x} on bus {self._config.bus} gave no value: {failure}; "
            "check its four wires if this stays"
        )
        raise SensorFault(self._why, retries=self._config.retries) from failure

    def _note(self, error: OSError) -> None:
        if error.errno == errno.EBADMSG:  # Documentation/i2c/fault-codes: the PEC does not match
            self._counters = replace(self._counters, pec_errors=self._counters.pec_errors + 1)
        elif not isinstance(error, _RefusedError):
            self.close()

    def _open(self) -> SMBus:
        if self._bus is None:
            if self._opened_before:
                self._counters = replace(self._counters, reopened=self._counters.reopened + 1)
            self._opened_before = True
            bus = SMBus(self._config.bus)
            try:
                bus.pec = 1
            except OSError as error:
                bus.close()
                raise OSError(
                    f"the bus cannot check packets ({error}), and nothing unchecked is believed: use the Pi's"
                ) from error
            with suppress(OSError):  # a kernel without it waits its own second
                i2c_dev.ioctl(bus.fd, I2C_TIMEOUT, round(STUCK_S * 100))  # type: ignore[attr-defined]  # in 10 ms; smbus2's own way to the kernel, which its stubs leave out
            self._bus = bus
        return self._bus


class _RefusedError(OSError):
    """The transfer was sound but its value is refused; the bus stays open."""


def _read(address: int, command: int, allowed: range | None, bus: SMBus) -> int:
    word = bus.read_word_data(address, command)
    if allowed is not None and word & ERROR_FLAG:
        raise _RefusedError("the chip flags its own value as an error")
    if allowed is not None and word not in allowed:
        raise _RefusedError(f"raw value {word:#06x} is outside the chip's range")
    return word


def emissivity_word(emissivity: float) -> int:
    """As the chip's EEPROM has it (datasheet 8.4.2)."""
    return round(emissivity * 0xFFFF)


def _celsius(raw: int) -> float:
    return raw * KELVIN_PER_BIT - ZERO_CELSIUS_K
