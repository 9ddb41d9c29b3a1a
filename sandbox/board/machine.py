"""The machine that this process believes it runs on: its chips, wires and camera in one place."""

import os
import threading
from pathlib import Path

from sandbox.board.i2c import I2cDevices
from sandbox.board.screens import OLED_ADDRESS, LcdChip, OledChip
from sandbox.board.thermometer import ADDRESS, ThermometerChip

CAMERA_VARIABLE = "JX_BOARD_CAMERA"
SOCKET_VARIABLE = "JX_BOARD_SOCKET"


class CameraSocket:
    """Whether a camera is on the ribbon and alive, and which film it looks at."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.hanging = False
        self.unplugged = False
        self.frames = 0
        self.copies = 0

    @property
    def film(self) -> Path | None:
        """Where the film is; None: no camera is fitted."""
        path = os.environ.get(CAMERA_VARIABLE)
        return Path(path) if path and not self.unplugged and Path(path).exists() else None


class Machine:
    """A Raspberry Pi with an MLX90614 and an SSD1306 on I²C 1, an LCD on SPI 0 and a camera."""

    def __init__(self) -> None:
        self.power_on()

    def power_on(self) -> None:
        """Fit every part anew, as it left the factory."""
        self.thermometer = ThermometerChip()
        self.oled = OledChip()
        self.lcd = LcdChip()
        self.camera = CameraSocket()
        self.i2c = I2cDevices({1: {ADDRESS: self.thermometer, OLED_ADDRESS: self.oled}})


MACHINE = Machine()
