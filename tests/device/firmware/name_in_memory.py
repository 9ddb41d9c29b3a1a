"""A masked name on a simulated screen, and whether it is gone from this process once it is covered.

A process of its own, which holds little else: every object in it is looked at. `python -m
tests.device.firmware.name_in_memory oled` ends with 0 when the name is gone.
"""

import gc
import sys
import threading
import time

import gpiozero
from gpiozero.pins.mock import MockFactory
from PIL import Image

from device.drivers import display
from device.drivers.display import LcdConfig, LumaDisplay, OledConfig
from device.firmware import panel_picture
from device.firmware.panel import HIDDEN, Panel, covered
from device.firmware.presenter import SECRET_S, Presenter
from sandbox.board import environment, install, machine, pins
from tests.device.firmware.kept_texts import texts

CONFIGS = {"oled": OledConfig, "lcd": LcdConfig}
LIMIT_S = 60
# Backwards, and never spelt: the name would be among the constants of this module, and be found.
DRAWN = "".join(map(chr, (0x5B64, 0x7368, 0x002A, 0x535C, 0x672A, 0x6B78)))


class Quiet:
    """A lamp and a sounder that nobody looks at."""

    def show(self, *_):
        pass


class Clock:
    now_s = 50.0

    def __call__(self):
        return self.now_s


def secret():
    items = (("一致", "It matches"), ("不一致", "It differs"))
    return Panel(zh="核对证件", en="Check", items=items, plain=(DRAWN[::-1], "123X"), secret=True)


def until(condition, what):
    deadline_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline_s, f"it did not happen: {what}"
        time.sleep(0.002)


def screen(config):
    """A real driver and the real libraries on a simulated chip, and what a person sees there."""
    machine.MACHINE.power_on()
    display.LCD_RESET_S = 0.0
    install.solder_i2c()
    gpiozero.Device.pin_factory = MockFactory(pin_class=pins.BoardPin)
    sys.path.insert(0, str(environment.SITE))
    driver = LumaDisplay(config)

    def seen():
        chip = machine.MACHINE.oled if driver.mode == "1" else machine.MACHINE.lcd
        got = chip.picture()
        image = Image.frombytes(got.mode, got.size, got.pixels)
        return image.transpose(Image.Transpose.ROTATE_90) if got.mode == "RGB" else image

    return driver, seen


def holding(drawn_name):
    """The texts that hold the name, but for the two that are searched for; nobody else has it spelt."""
    name = drawn_name[::-1]
    coded = name.encode()
    return [
        one
        for one in texts()
        if one is not name and one is not coded and (name if isinstance(one, str) else coded) in one
    ]


def main(name):
    driver, seen = screen(CONFIGS[name]())
    named = panel_picture.draw(secret(), driver.size, driver.mode)
    hidden = panel_picture.draw(covered(secret()), driver.size, driver.mode)
    clock = Clock()
    showing = Presenter(driver, Quiet(), monotonic=clock)
    showing.start()
    try:
        showing.show_panel(secret())
        until(lambda: seen() == named, "the name stands on the screen")
        clock.now_s += SECRET_S
        until(lambda: seen() == hidden, "the name is covered")
        until(lambda: driver._shown == hidden, "the driver has let go of it")
        assert showing.panel.plain == (HIDDEN,)
        assert not showing.panel.secret
        gc.collect()
        assert not holding(DRAWN), "the name is still in memory"
    finally:
        showing.stop()
    held = secret()
    assert holding(held.plain[0][::-1]), "the search finds what is there"
    assert threading.active_count() < 20


if __name__ == "__main__":
    main(sys.argv[1])
