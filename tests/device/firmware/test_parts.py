"""From a gate's file to the wiring of its pins."""

import re

import pytest

from device.drivers import DriverError, InputKind
from device.firmware.config import example, read
from device.firmware.parts import cautions_of, wires_of, wiring_of


def config(*changes):
    text = example()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read(text.encode(), "gate.toml")


LCD = ('kind = "oled"', 'kind = "lcd"')
NO_THERMOMETER = (example()[example().index("[thermometer]") : example().index("[pins]")], "")


def test_the_file_as_it_is_prepared_needs_no_caution():
    assert cautions_of(config()) == ()


def test_what_the_file_says_reaches_the_pins():
    wiring = wiring_of(config(("relay = 17", 'relay = 26\nbarrier = "door"'), ("fail-safe", "fail-secure")))
    assert (wiring.relay_pin, wiring.barrier, wiring.relay_wiring) == (26, "door", "fail-secure")
    assert set(wiring.contacts) == set(InputKind)


def test_the_guide_names_every_wire_of_the_file():
    rows = wires_of(config())
    assert [row.gpio for row in rows] == [2, 3, 5, 6, 12, 13, 16, 17, 18, 19, 20, 21]
    assert all(row.zh != row.en for row in rows)


def test_the_lcd_and_its_bus_are_in_the_guide():
    rows = wires_of(config(LCD))
    assert {row.gpio: row.en for row in rows}.items() >= {9: "SPI data in", 24: "LCD data/command"}.items()
    assert all(re.search("[\u4e00-\u9fff]", row.zh) for row in rows)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([("relay = 17", "relay = 2")], "relay: pin 2 is already used by I2C data"),
        ([("relay = 17", "relay = 8"), LCD], "pin 8 is already used by SPI select 0"),
        ([("relay = 17", "relay = 24"), LCD], "pin 24 is already used by LCD data/command"),
        ([('kind = "oled"', 'kind = "lcd"\nreset = 24')], "LCD reset: pin 24 is already used by LCD data"),
        ([('kind = "oled"', 'kind = "lcd"\nlight = 17')], "pin 17 is already used by LCD backlight"),
        ([('kind = "oled"', 'kind = "lcd"\ndata_command = 10')], "pin 10 is already used by SPI data"),
        ([("lamp = [12, 13, 19]", "lamp = [12, 13, 13]")], "pin 13 is already used by green lamp"),
        ([("tamper = { pin = 20", "tamper = { pin = 17")], "pin 17 is already used by relay"),
    ],
)
def test_a_pin_that_two_parts_want_is_refused(changes, message):
    with pytest.raises(DriverError, match=re.escape(message)):
        wiring_of(config(*changes))


def test_the_pins_of_a_bus_that_no_part_uses_are_free():
    free = config(('kind = "oled"', 'kind = "none"'), NO_THERMOMETER, ("relay = 17", "relay = 3"))
    assert wiring_of(free).relay_pin == 3
    other = config(('kind = "oled"', 'kind = "none"'), ('variant = "DCI"', 'variant = "DCI"\nbus = 3'))
    assert wiring_of(other).taken_pins == {}
