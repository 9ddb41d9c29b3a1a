"""A gate in this very process, all of it its own but the chips, for measurements of whole admissions.

Camera thread, search, loop, journal with its sync to the disk, and the relay's driver on mock pins.
"""

import io
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import numpy as np
import segno
from numpy.typing import NDArray
from PIL import Image

from device.drivers import DriverError, Frame, Sample, SensorIdentity, ThermometerCounters
from device.firmware import config as configs
from device.firmware.gate import Hardware, build
from device.firmware.lane_table import State
from device.firmware.narrate import Narrator
from device.firmware.parts import gpio_of
from sandbox.board.touch import touch
from sandbox.errors import SandboxError
from sandbox.lone import Lone
from sandbox.optics import Optics, empty_scene, photograph

FRAME_MS: Final = 1000 / 30
STARTS_S: Final = 30.0
PERSON_S: Final = 5.0
DOOR, PASSAGE, FIRE, TAMPER = 5, 6, 16, 20


def mock_pins() -> None:
    """Let gpiozero make pins of nothing, before it makes the first."""
    os.environ |= {"GPIOZERO_PIN_FACTORY": "mock", "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin"}


class Sight:
    """`Camera`: shows an empty entrance at 30 pictures a second, and what it is told to at once."""

    def __init__(self, empty: NDArray[np.uint8]) -> None:
        self.empty, self.picture = empty, empty
        self.told, self.stopped = threading.Event(), threading.Event()
        self.handed_s = 0.0
        self.sequence = 0

    def start(self) -> None:
        """Nothing to open."""

    def stop(self) -> None:
        """Let a waiting `frame` go."""
        self.stopped.set()
        self.told.set()

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Let the next picture be this one."""
        self.picture, self.handed_s = picture, 0.0
        self.told.set()

    def frame(self, _timeout_s: float) -> Frame:
        """The picture of this moment."""
        self.told.wait(FRAME_MS / 1000)
        if self.stopped.is_set():
            raise DriverError("stopped")
        self.told.clear()
        self.sequence += 1
        picture = self.picture
        if picture is not self.empty and not self.handed_s:
            self.handed_s = time.monotonic()
        return Frame(picture, self.sequence, time.monotonic())


class Warm:
    """`Thermometer`: a forehead that has been there for a while, and breathes."""

    counters = ThermometerCounters()

    def __init__(self) -> None:
        self._dice = random.Random(1)

    def read(self) -> Sample:
        """36.6 °C in the body, give or take a bit of the chip's."""
        return Sample(35.0 + 0.02 * self._dice.randint(-1, 1), 23.0, time.monotonic())

    def identity(self) -> SensorIdentity:
        """A chip of the kind the configuration names."""
        return SensorIdentity(id="0123456789abcdef", emissivity=0.98, variant="DCI")

    def set_emissivity(self, _emissivity: float) -> bool:
        """Nothing to write."""
        return False

    def close(self) -> None:
        """Nothing to close."""


class Dark:
    """`Display` and nothing on it."""

    size = (0, 0)
    mode: Literal["1"] = "1"

    def show(self, _image: object) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Rig:
    """The gate and the hands of the person in front of it."""

    def __init__(self, directory: Path, lone: Lone, scene: Optics) -> None:
        self.lone, self.scene = lone, scene
        self.rng = np.random.default_rng(1)
        self.sight = Sight(empty_scene(self.rng, scene))
        loaded = configs.load(lone.furnish(directory))
        gpio = gpio_of(loaded)
        self.barrier = gpio.barrier
        self.opened_s = 0.0
        hardware = Hardware(
            camera=self.sight,
            thermometer=Warm(),
            barrier=self,
            inputs=gpio.inputs,
            signals=gpio.signals,
            display=Dark(),
        )
        for pin in (FIRE, TAMPER):  # both active high, at rest
            touch(pin, False)
        self.wake = threading.Event()
        self.built = build(loaded, hardware, Narrator("json", io.StringIO()), self.wake)

    @property
    def is_open(self) -> bool:
        """As the relay says."""
        return self.barrier.is_open

    def open(self) -> None:
        """Drive the relay, and look at the clock."""
        fresh = not self.barrier.is_open
        self.barrier.open()
        if fresh:
            self.opened_s = time.monotonic()

    def close(self) -> None:
        """Let the relay go."""
        self.barrier.close()

    def run(self, until: Callable[[], bool], longest_s: float) -> bool:
        """Step the gate as its own main loop does, until it is so; False when it took too long."""
        deadline_s = time.monotonic() + longest_s
        while not until():
            if time.monotonic() > deadline_s:
                return False
            wait_s = self.built.gate.step(time.monotonic())
            self.wake.wait(wait_s)
            self.wake.clear()
        return True

    def serve(self) -> None:
        """Tell the time as a fleet would, and wait until the gate serves."""
        gate = self.built.gate
        gate.stage.health.enrolled_until = self.lone.now_s + 90 * 86_400
        mono = time.monotonic()
        gate.clock.answered(self.lone.time(bytes(16), time.time_ns() // 1_000_000), mono, mono)
        if not self.run(lambda: gate.stage.lane.state is State.IDLE, STARTS_S):
            found = ", ".join(trouble.name for trouble in sorted(gate.stage.health.found))
            raise SandboxError(f"the gate does not serve: {found}")

    def phone(self, number: int) -> NDArray[np.uint8]:
        """What the camera sees of this person."""
        code = io.BytesIO()
        segno.make(self.lone.text(number), error="m").save(code, kind="png", scale=4, border=4)
        return photograph(Image.open(code).convert("L"), self.scene, self.rng)

    def admit(self, picture: NDArray[np.uint8]) -> float | None:
        """Hold this up and walk in; milliseconds from the picture to the relay. None: not let in."""
        lane = self.built.gate.stage
        before_s = self.opened_s
        self.sight.show(picture)
        opened = self.run(lambda: self.opened_s != before_s, PERSON_S)
        handed_s = self.sight.handed_s
        self.sight.show(self.sight.empty)
        took_ms = (self.opened_s - handed_s) * 1000
        for pin in (DOOR, PASSAGE):
            touch(pin, False)
        self.run(lambda: lane.lane.state is not State.ADMITTING, 0.2)
        for pin in (PASSAGE, DOOR):
            touch(pin, True)
        self.run(lambda: lane.lane.state is State.IDLE, PERSON_S)
        return took_ms if opened else None
