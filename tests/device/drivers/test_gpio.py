import subprocess
import sys

import gpiozero
import pytest

from device.drivers import Barrier, DriverError, InputKind, Inputs, Lamp, Signals, Sound
from device.drivers.gpio import Gpio
from device.drivers.signals import LAMP_PATTERNS
from device.drivers.wiring import Contact, GpioConfig

CONTACTS = {
    InputKind.DOOR: Contact(pin=5),
    InputKind.PASSAGE: Contact(pin=6, pull="down", active="high"),
    InputKind.FIRE: Contact(pin=16, active="high"),
    InputKind.BUTTON: Contact(pin=20, pull="none", active="low"),
}


def wiring(**changes):
    return GpioConfig(
        **({"relay_pin": 17, "contacts": CONTACTS, "lamp_pins": (12, 13, 19), "sounder_pin": 18} | changes)
    )


@pytest.fixture
def gpio(bench):
    bench.drive(16, False)  # the fire loop is whole
    bench.drive(20, True)
    made = Gpio(wiring())
    yield made
    made.close()


def changes(gpio):
    return [(change.kind, change.active) for change in gpio.inputs.poll()]


def test_they_are_a_barrier_inputs_and_signals(gpio):
    assert isinstance(gpio.barrier, Barrier)
    assert isinstance(gpio.inputs, Inputs)
    assert isinstance(gpio.signals, Signals)


def test_the_relay_is_energised_by_open_and_dropped_by_close(gpio, bench):
    assert not gpio.barrier.is_open
    assert not bench.level(17)
    gpio.barrier.open()
    gpio.barrier.open()
    assert gpio.barrier.is_open
    assert bench.level(17)
    gpio.barrier.close()
    gpio.barrier.close()
    assert not bench.level(17)


def test_an_active_low_relay_rests_high(bench):
    gpio = Gpio(wiring(relay_active="low"))
    assert bench.level(17)
    gpio.barrier.open()
    assert not bench.level(17)
    gpio.barrier.close()
    assert bench.level(17)
    gpio.close()


def test_closing_everything_drops_the_relay_first(gpio, bench):
    gpio.barrier.open()
    seen = []
    bench.watch(seen.append)
    gpio.close()
    assert (seen[0].pin, seen[0].value) == (17, 0.0)
    assert not gpio.barrier.is_open
    with pytest.raises(DriverError, match="let go"):
        gpio.barrier.open()
    with pytest.raises(DriverError, match="let go"):
        gpio.inputs.level(InputKind.DOOR)
    gpio.close()


def test_edges_come_in_order_with_their_meaning(gpio, bench):
    assert changes(gpio) == []
    bench.drive(5, False)
    bench.drive(6, True)
    bench.drive(6, False)
    bench.drive(16, True)
    bench.drive(20, False)
    assert changes(gpio) == [
        (InputKind.DOOR, True),
        (InputKind.PASSAGE, True),
        (InputKind.PASSAGE, False),
        (InputKind.FIRE, True),
        (InputKind.BUTTON, True),
    ]
    assert changes(gpio) == []


def test_edges_carry_monotonic_times(gpio, bench):
    bench.drive(5, False)
    bench.drive(5, True)
    first, second = gpio.inputs.poll()
    assert first.at_s <= second.at_s


def test_a_level_is_what_the_contact_says_now_and_none_when_it_is_not_wired(gpio, bench):
    assert gpio.inputs.level(InputKind.FIRE) is False
    bench.drive(16, True)
    assert gpio.inputs.level(InputKind.FIRE) is True
    assert gpio.inputs.level(InputKind.TAMPER) is None


def test_a_broken_fire_loop_is_a_fire_from_the_first_poll(bench):  # noqa: ARG001 -- nothing drives the pin
    gpio = Gpio(wiring())
    assert (InputKind.FIRE, True) in changes(gpio)
    gpio.close()


def test_lamp_and_sounder_follow_the_pattern(gpio, bench):
    gpio.signals.close()  # its thread would race with the steps below
    seen = []
    bench.watch(seen.append)
    gpio.signals.show(Lamp.AMBER, Sound.SHORT_HIGH)
    gpio.signals.step(gpio.signals._sound_since_s)
    assert [bench.levels()[pin] for pin in (12, 13, 19)] == [1.0, 0.4, 0.0]
    assert any(change.pin == 18 and change.hertz == pytest.approx(1568.0) for change in seen)
    gpio.signals.step(gpio.signals._sound_since_s + 5)
    assert bench.levels()[18] == 0.0


def test_every_lamp_and_sound_is_played_by_real_devices(gpio):
    for lamp in LAMP_PATTERNS:
        for sound in Sound:
            gpio.signals.show(lamp, sound)


def test_an_active_buzzer_is_switched_on_and_off(bench):
    gpio = Gpio(wiring(sounder="buzzer", lamp_pins=None))
    gpio.signals.close()
    gpio.signals.show(Lamp.GREEN, Sound.BLIP)
    gpio.signals.step(gpio.signals._sound_since_s)
    assert bench.level(18)
    gpio.signals.step(gpio.signals._sound_since_s + 1)
    assert not bench.level(18)
    gpio.close()


def test_a_gate_without_lamp_and_sounder_works(bench):  # noqa: ARG001 -- the machine
    gpio = Gpio(GpioConfig(relay_pin=17))
    gpio.signals.show(Lamp.GREEN, Sound.BLIP)
    assert gpio.inputs.poll() == ()
    gpio.close()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"relay_pin": 5}, "pin 5 is already used by relay"),
        ({"sounder_pin": 13}, "pin 13 is already used by green lamp"),
        ({"lamp_pins": (12, 12, 19)}, "green lamp: pin 12 is already used by red lamp"),
        ({"relay_pin": 2}, "already used by I2C data"),
        ({"relay_pin": 24, "taken_pins": {24: "LCD data/command"}}, "already used by LCD data/command"),
        ({"relay_pin": 28}, "pin 28 does not exist"),
        ({"relay_pin": 0}, "pin 0 does not exist"),
        ({"relay_pin": True}, "does not exist"),
        ({"relay_active": "up"}, "use high"),
        ({"sounder": "bell"}, "tonal"),
        ({"contacts": {InputKind.DOOR: Contact(pin=5, pull="sideways")}}, "door contact"),
    ],
)
def test_wrong_wiring_is_refused_with_its_reason(changed, message):
    with pytest.raises(DriverError, match=message):
        wiring(**changed)


def test_a_pin_that_something_else_holds_is_refused_and_nothing_stays_taken(bench):  # noqa: ARG001 -- the machine
    other = gpiozero.LED(13)
    with pytest.raises(DriverError, match="already in use"):
        Gpio(wiring())
    other.close()
    Gpio(wiring()).close()


def test_a_process_that_ends_drops_the_relay():
    program = (
        "from gpiozero import Device\n"
        "from gpiozero.pins.mock import MockFactory\n"
        "from sandbox.board.pins import BENCH, BoardPin\n"
        "from device.drivers.gpio import Gpio\n"
        "from device.drivers.wiring import GpioConfig\n"
        "Device.pin_factory = MockFactory(pin_class=BoardPin)\n"
        "gpio = Gpio(GpioConfig(relay_pin=17))\n"
        "BENCH.watch(lambda change: print(change.pin, change.value))\n"
        "gpio.barrier.open()\n"
        "raise SystemExit(3)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stdout.split("\n")[:2] == ["17 1.0", "17 0.0"]
    assert done.stderr == ""


def test_a_relay_pin_that_fails_is_an_error_and_closing_everything_still_works(gpio, monkeypatch):
    def fail(*_):
        raise OSError("gpiochip is gone")

    with monkeypatch.context() as broken:
        broken.setattr("sandbox.board.pins.BoardPin._set_state", fail)
        with pytest.raises(DriverError, match="gpiochip is gone"):
            gpio.barrier.open()
        gpio.barrier.release()
    gpio.barrier.open()
    assert gpio.barrier.is_open
