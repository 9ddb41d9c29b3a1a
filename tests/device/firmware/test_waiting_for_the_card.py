"""A gate whose card cannot be used says so in both languages, also where a screen has room for one only."""

from device.drivers import DriverError
from device.firmware.errors import CardError
from device.firmware.narrate import Narrator
from device.firmware.notify import Systemd
from device.firmware.patience import patiently
from device.firmware.stop import Stop


class Oled:
    size, mode = (128, 64), "1"

    def __init__(self):
        self.shown = []

    def show(self, picture):
        self.shown.append(picture.tobytes())
        if len(self.shown) == 2:
            raise DriverError("the wire is loose")


class Lamps:
    def __init__(self):
        self.played = 0

    def show(self, *_):
        self.played += 1


class Times(Stop):
    """Stops after so many waits, which take no time."""

    left = 4

    def wait(self, _timeout_s=None):
        self.left -= 1
        if not self.left:
            self.set()
        return self.is_set()


def test_the_screen_takes_turns_and_the_lamp_is_set_once():
    def gone():
        raise CardError("gone")

    oled, lamps = Oled(), Lamps()
    assert patiently(gone, (oled, lamps), Narrator(), Systemd(None), Times()) is None
    assert len(oled.shown) == 4
    assert oled.shown[0] == oled.shown[2] != oled.shown[1] == oled.shown[3]
    assert lamps.played == 1
