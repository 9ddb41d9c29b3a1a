"""What hands would do at the board: push contacts, warm the sensor, pull a wire, hold up a picture."""

import contextlib
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import smbus2

from device.drivers.mlx90614 import KELVIN_PER_BIT, RAM_AMBIENT, RAM_OBJECT, ZERO_CELSIUS_K

if TYPE_CHECKING:
    from sandbox.board.film import Film

BUS, CHIP = 1, 0x5A
BREATH_S: Final = 0.1
PLATFORM: Final = Path("/sys/devices/platform")
TRACE: Final = Path("/sys/kernel/tracing")
FILM: Final = Path("/run/jx-bench/film")
FAULT: Final = Path("/sys/module/i2c_stub_pec/parameters/fault")
EDGE: Final = re.compile(rb" (\d+\.\d+): gpio_value: (\d+) set (\d)")


def bank() -> Path:
    """The simulated pins in sysfs."""
    return next(PLATFORM.glob("gpio-sim.*/gpiochip*"))


def first_pin() -> int:
    """The number that the kernel's trace gives to pin 0."""
    return int(next(PLATFORM.glob("gpio-sim.*/gpio/gpiochip*/base")).read_text())


def raw(celsius: float) -> int:
    """A temperature as the chip has it."""
    return round((celsius + ZERO_CELSIUS_K) / KELVIN_PER_BIT)


class Hands:
    """Everything outside the gate's process. `edge(pin, level, at_s)` hears of watched pins, monotonic."""

    def __init__(self, edge: Callable[[int, int, float], None]) -> None:
        self._edge = edge
        self._warmth: tuple[float, float] | None = None
        self._breathing: threading.Thread | None = None
        self._film: Film | None = None
        """Kept: the camera has it open, and sees what is put into that very file."""

    def contact(self, pin: int, level: bool) -> None:
        """Hold a pin at 3.3 V (True) or 0 V (False)."""
        (bank() / f"sim_gpio{pin}/pull").write_text("pull-up" if level else "pull-down")

    def level(self, pin: int) -> bool:
        """Whether a pin is high, whoever drives it."""
        return (bank() / f"sim_gpio{pin}/value").read_text().strip() == "1"

    def words(self, words: Mapping[str, int]) -> None:
        """Put words into the chip: command, as text, to value."""
        with smbus2.SMBus(BUS, force=True) as bus:
            for command, word in words.items():
                bus.write_word_data(CHIP, int(command), word, force=True)

    def word(self, command: int) -> int:
        """What the chip has there."""
        with smbus2.SMBus(BUS, force=True) as bus:
            return int(bus.read_word_data(CHIP, command, force=True))

    def warm(self, object_c: float, ambient_c: float) -> None:
        """Let the chip face this from now on; its last bit is never still, as in every real one."""
        self._warmth = (object_c, ambient_c)
        self._exhale()
        if self._breathing is None:
            self._breathing = threading.Thread(target=self._breathe, daemon=True)
            self._breathing.start()

    def still(self) -> None:
        """Leave the chip's words as they are."""
        self._warmth = None

    def fault(self, errno: int) -> None:
        """Let every transfer on the bus end with this error; 0: none."""
        FAULT.write_text(str(errno))

    def watch(self, pins: list[int]) -> None:
        """Tell every level that is given to these pins, from the kernel's own trace."""
        base, event = first_pin(), TRACE / "events/gpio/gpio_value"
        (TRACE / "trace_clock").write_text("mono")
        # Else the switch of tasks is traced too, for their names: more code that is rewritten as it runs.
        (TRACE / "options/record-cmd").write_text("0")
        (event / "filter").write_text(" || ".join(f"(gpio == {base + pin} && get == 0)" for pin in pins))
        (event / "enable").write_text("1")
        threading.Thread(target=self._listen, args=(base,), daemon=True).start()

    def show(self, width: int, height: int, luma: bytes) -> None:
        """Hold a picture before the camera stand-in."""
        import numpy as np

        from sandbox.board.film import Film

        film = self._film
        if film is None or (film.width, film.height) != (width, height):
            film = self._film = Film.create(FILM, width, height)
            FILM.chmod(0o644)
        film.show(np.frombuffer(luma, np.uint8).reshape(height, width))

    def _exhale(self) -> None:
        warmth = self._warmth
        if warmth is None:
            return
        words = {
            str(RAM_OBJECT): raw(warmth[0]) + random.randint(-1, 1),
            str(RAM_AMBIENT): raw(warmth[1]) + random.randint(0, 1),
        }
        with contextlib.suppress(OSError):  # the wire is off
            self.words(words)

    def _breathe(self) -> None:
        while True:
            self._exhale()
            time.sleep(BREATH_S)

    def _listen(self, base: int) -> None:
        rest = b""
        with (TRACE / "trace_pipe").open("rb", buffering=0) as pipe:
            while data := pipe.read(65536):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    found = EDGE.search(line)
                    if found:
                        self._edge(int(found[2]) - base, int(found[3]), float(found[1]))
