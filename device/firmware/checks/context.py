"""What a self-test is given: the configuration, drivers opened when asked for, the time, somebody to ask."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from device.drivers import Barrier, Camera, Display, Inputs, Signals, Thermometer
from device.firmware import evidence, parts
from device.firmware.checks.finding import Finding
from device.firmware.config import GateConfig
from device.firmware.live import Running
from device.firmware.restore import Restored
from device.firmware.store import Store
from device.firmware.words import Both
from wire.health import Trouble

COMMAND_S: Final = 5.0


class Asks(Protocol):
    """Somebody in front of the gate; None: nobody is there to ask."""

    def sure(self, question: Both) -> bool | None:
        """Yes or no."""
        ...

    def answer(self, question: Both) -> str | None:
        """A word."""
        ...


class Equipment(Protocol):
    """The drivers of a gate, each opened when first asked for; any of them may raise `DriverError`."""

    def camera(self) -> Camera:
        """Started."""
        ...

    def thermometer(self) -> Thermometer | None:
        """None: not fitted."""
        ...

    def barrier(self) -> Barrier:
        """The relay, without power."""
        ...

    def inputs(self) -> Inputs:
        """The contacts."""
        ...

    def signals(self) -> Signals:
        """Lamp and sounder."""
        ...

    def display(self) -> Display:
        """The screen."""
        ...


class Fitted:
    """`Equipment` as the configuration says it is fitted; `close` lets go of all of it."""

    def __init__(self, config: GateConfig) -> None:
        self._config = config
        self._closing = ExitStack()
        self._camera: Camera | None = None
        self._thermometer: Thermometer | None = None
        self._pins: tuple[Barrier, Inputs, Signals] | None = None
        self._display: Display | None = None

    def camera(self) -> Camera:
        """Started; a camera that failed is tried anew."""
        if self._camera is None:
            self._camera = parts.camera_of(self._config)
            self._closing.callback(self._camera.stop)
        self._camera.start()
        return self._camera

    def thermometer(self) -> Thermometer | None:
        """None: not fitted."""
        if self._thermometer is None:
            self._thermometer = parts.thermometer_of(self._config)
            if self._thermometer is not None:
                self._closing.callback(self._thermometer.close)
        return self._thermometer

    def barrier(self) -> Barrier:
        """The relay, without power."""
        return self._opened()[0]

    def inputs(self) -> Inputs:
        """The contacts."""
        return self._opened()[1]

    def signals(self) -> Signals:
        """Lamp and sounder."""
        return self._opened()[2]

    def display(self) -> Display:
        """The screen."""
        if self._display is None:
            self._display = parts.display_of(self._config)
            self._closing.callback(self._display.close)
        return self._display

    def close(self) -> None:
        """Let go of everything, the relay without power."""
        self._closing.close()

    def _opened(self) -> tuple[Barrier, Inputs, Signals]:
        if self._pins is None:
            gpio = parts.gpio_of(self._config)
            self._closing.callback(gpio.close)
            self._pins = gpio.barrier, gpio.inputs, gpio.signals
        return self._pins


@dataclass(slots=True)
class Files:
    """What the gate keeps, read when first asked for; GateError when it cannot be."""

    config: GateConfig
    _held: tuple[Store, Restored] | None = None

    def held(self) -> tuple[Store, Restored]:
        """The open store, and what the gate believes."""
        if self._held is None:
            self._held = evidence.from_data(Path(self.config.data), self.config.root)
        return self._held

    def close(self) -> None:
        """Close the file."""
        if self._held is not None:
            self._held[0].close()


def said_by(command: Sequence[str]) -> str | None:
    """What a program of the system prints; None: it is not there, fails, or says nothing in time."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            command, capture_output=True, text=True, timeout=COMMAND_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a check may look at."""

    config: GateConfig
    equipment: Equipment
    files: Files
    asks: Asks
    now_s: int
    """Unix seconds, by the system's clock."""
    running: Running | None = None
    """What the running gate tells; None: it does not."""
    busy: bool = False
    """A gate runs and holds the hardware."""
    relay: bool = False
    """The relay may be pulsed though nobody is asked."""
    watch_s: float = 0.0
    """How long the contacts are watched."""
    machine: Path = Path("/")
    """Where /sys, /proc and /run stand."""
    said_by: Callable[[Sequence[str]], str | None] = said_by
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def read(self, path: str) -> str | None:
        """A small file of the machine; None: there is none."""
        try:
            return (self.machine / path.lstrip("/")).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One self-test."""

    name: str
    title: Both
    proves: Both
    run: Callable[[Context], Iterable[Finding]]
    hardware: bool = False
    """It needs what a running gate holds."""
    troubles: tuple[Trouble, ...] = field(default=())
    """What a running gate would say about the same thing."""
    silent: bool = False
    """That a running gate does not complain proves nothing here."""
