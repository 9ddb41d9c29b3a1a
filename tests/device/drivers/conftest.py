"""The virtual machine in this very process: the real libraries, soldered to simulated chips and wires."""

import sys
from pathlib import Path

import gpiozero
import numpy as np
import pytest
import smbus2.smbus2
from gpiozero.pins.mock import MockFactory

from sandbox.board import environment, install, machine, pins
from sandbox.board.film import Film

WIDTH, HEIGHT = 320, 240


class Clock:
    """Monotonic seconds that pass when a test says so."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def board(monkeypatch):
    """The machine's parts, fresh, with smbus2, gpiozero, picamera2 and spidev standing on it."""
    machine.MACHINE.power_on()
    pins.BENCH.clear()
    monkeypatch.setattr(smbus2.smbus2, "os", smbus2.smbus2.os)  # restored afterwards
    monkeypatch.setattr(smbus2.smbus2, "ioctl", smbus2.smbus2.ioctl)
    install.solder_i2c()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", MockFactory(pin_class=pins.BoardPin))
    monkeypatch.syspath_prepend(str(environment.SITE))
    yield machine.MACHINE
    gpiozero.Device.pin_factory.close()
    for name in [name for name in sys.modules if name.split(".")[0] in {"picamera2", "spidev"}]:
        del sys.modules[name]


@pytest.fixture
def bench(board):  # noqa: ARG001 -- the wires need the machine
    return pins.BENCH


@pytest.fixture
def film(board, monkeypatch, tmp_path: Path):  # noqa: ARG001 -- the film needs the machine
    path = tmp_path / "film"
    monkeypatch.setenv(machine.CAMERA_VARIABLE, str(path))
    made = Film.create(path, WIDTH, HEIGHT)
    made.show(np.tile(np.arange(WIDTH, dtype=np.uint8), (HEIGHT, 1)))
    return made
