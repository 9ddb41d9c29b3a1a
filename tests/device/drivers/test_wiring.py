"""What can be wired, what cannot, and what is risky about it."""

import re

import pytest

from device.drivers import DriverError, InputKind
from device.drivers.wiring import HEADER, SPI_PINS, Contact, GpioConfig, apart
from device.drivers.wiring_guide import cautions, guide

CONTACTS = {
    InputKind.DOOR: Contact(pin=5),
    InputKind.FIRE: Contact(pin=16, active="high"),
    InputKind.TAMPER: Contact(pin=20, active="high"),
}


def wiring(**changes):
    usual = {"relay_pin": 17, "contacts": CONTACTS, "lamp_pins": (12, 13, 19), "sounder_pin": 18}
    return GpioConfig(**(usual | changes))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"relay_pin": 5}, "pin 5 is already used by relay"),
        ({"sounder_pin": 13}, "pin 13 is already used by green lamp"),
        ({"lamp_pins": (12, 12, 19)}, "green lamp: pin 12 is already used by red lamp"),
        ({"relay_pin": 2}, "already used by I2C data"),
        ({"relay_pin": 24, "taken_pins": {24: "LCD data/command"}}, "already used by LCD data/command"),
        ({"relay_pin": 9, "taken_pins": SPI_PINS}, "pin 9 is already used by SPI data in"),
        ({"relay_pin": 28}, "pin 28 does not exist"),
        ({"relay_pin": 0}, "pin 0 does not exist"),
        ({"relay_pin": True}, "does not exist"),
        ({"relay_active": "up"}, "relay_active 'up': use high|low"),
        ({"relay_wiring": "open"}, "relay_wiring 'open': use fail-safe|fail-secure"),
        ({"barrier": "drawbridge"}, "barrier 'drawbridge': use turnstile|door"),
        ({"lamp_active": "on"}, "lamp_active 'on'"),
        ({"sounder": "bell"}, "use tonal|buzzer"),
        ({"contacts": {InputKind.DOOR: Contact(pin=5, pull="sideways")}}, "door contact: use pull"),
        (
            {"contacts": {InputKind.DOOR: Contact(pin=3, pull="down")}, "taken_pins": {}},
            "pull-up on the board",
        ),
    ],
)
def test_wrong_wiring_is_refused_with_its_reason(changed, message):
    with pytest.raises(DriverError, match=re.escape(message)):
        wiring(**changed)


def test_pins_of_a_bus_that_nobody_uses_are_free():
    assert wiring(relay_pin=9, taken_pins={}).relay_pin == 9
    assert wiring(contacts={InputKind.DOOR: Contact(pin=3)}, taken_pins={}).contacts[InputKind.DOOR].pin == 3


def test_every_gpio_of_the_header_has_a_place_of_its_own():
    assert set(HEADER) == set(range(2, 28))
    assert len(set(HEADER.values())) == len(HEADER)
    supply_and_ground = {1, 2, 4, 6, 9, 14, 17, 20, 25, 30, 34, 39}
    assert set(HEADER.values()) == set(range(1, 41)) - supply_and_ground - {27, 28}  # the HAT's identity


def test_two_uses_of_a_pin_are_told_apart():
    assert apart([("relay", 17), ("sounder", 18)]) == {17: "relay", 18: "sounder"}


def test_a_good_wiring_needs_no_caution():
    assert cautions(wiring()) == ()


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"relay_active": "low"}, "active low"),
        ({"relay_active": "low"}, "from power-on until the gate starts"),
        ({"relay_pin": 6}, "from power-on until the gate starts"),
        ({"relay_pin": 14}, "serial pin"),
        ({"contacts": {InputKind.FIRE: Contact(pin=16)}}, "a broken fire wire does not read as fire"),
        ({"contacts": {InputKind.FIRE: Contact(pin=16, pull="down", active="high")}}, "broken fire wire"),
        ({"contacts": {}, "relay_wiring": "fail-secure"}, "the alarm must free it in hardware"),
        ({"contacts": {InputKind.TAMPER: Contact(pin=20)}}, "cut tamper wire"),
        ({"contacts": {InputKind.DOOR: Contact(pin=5, pull="none")}}, "no pull"),
        ({"barrier": "door", "contacts": {}}, "strike without a door contact"),
        ({"debounce_s": 0}, "every bounce"),
    ],
)
def test_a_risky_wiring_is_said_in_both_languages(changed, word):
    said = [caution for caution in cautions(wiring(**changed)) if word in caution.en]
    assert len(said) == 1
    assert re.search("[\u4e00-\u9fff]", said[0].zh)


@pytest.mark.parametrize(
    "contact", [Contact(pin=16, active="high"), Contact(pin=16, pull="down", active="low")]
)
def test_a_loop_that_opens_on_alarm_is_safe(contact):
    assert cautions(wiring(contacts={InputKind.FIRE: contact})) == ()


def test_the_guide_has_a_row_for_every_wire_in_the_order_of_their_numbers():
    rows = guide(wiring())
    assert [row.gpio for row in rows] == [2, 3, 5, 12, 13, 16, 17, 18, 19, 20]
    relay = next(row for row in rows if row.gpio == 17)
    assert (relay.header, relay.zh, relay.en, relay.detail) == (11, "继电器", "relay", "active high")
    fire = next(row for row in rows if row.en == "fire contact")
    assert fire.detail == "pull up, active high"
    assert all(re.search("[\u4e00-\u9fff]", row.zh) for row in rows)
    assert [row.gpio for row in guide(GpioConfig(relay_pin=17, taken_pins={}))] == [17]
