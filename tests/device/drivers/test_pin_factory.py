"""How gpiozero reaches the pins: its real lgpio factory above a library that stands in for lgpio."""

import sys
import types

import gpiozero
import pytest

from device.drivers import DriverError, InputKind, pin_factory
from device.drivers.gpio import Gpio
from device.drivers.wiring import Contact, GpioConfig


class Chip(types.ModuleType):
    """lgpio's functions, as gpiozero calls them (lgpio 0.2.2, py_lgpio)."""

    BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2
    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64

    class error(Exception):  # noqa: N801, N818 -- lgpio's own name
        """What lgpio raises."""

    def __init__(self):
        super().__init__("lgpio")
        self.levels, self.modes, self.debounce_us, self.callbacks = {}, {}, {}, {}
        self.busy = self.shut = False

    def gpiochip_open(self, _chip):
        if self.shut:
            raise self.error("can not open gpiochip")
        return 0

    def gpiochip_close(self, _handle):
        pass

    def gpio_free(self, _handle, _pin):
        pass

    def gpio_claim_input(self, _handle, pin, flags=0):
        if self.busy:
            raise self.error("GPIO busy")
        self.modes[pin] = flags

    def gpio_claim_output(self, _handle, pin, level=0):
        self.modes[pin], self.levels[pin] = 2, level

    def gpio_claim_alert(self, _handle, pin, _edges, flags=0):
        self.modes[pin] = flags

    def gpio_get_mode(self, _handle, pin):
        return self.modes.get(pin, 0)

    def gpio_read(self, _handle, pin):
        return self.levels.get(pin, int(bool(self.modes.get(pin, 0) & self.SET_PULL_UP)))

    def gpio_write(self, _handle, pin, level):
        self.levels[pin] = int(level)

    def gpio_set_debounce_micros(self, _handle, pin, micros):
        self.debounce_us[pin] = micros

    def callback(self, _handle, pin, _edges, act):
        self.callbacks[pin] = act
        return types.SimpleNamespace(cancel=lambda: self.callbacks.pop(pin, None))

    def change(self, pin, level):
        """A level that has been stable for the time of debouncing."""
        self.levels[pin] = level
        self.callbacks[pin](0, pin, level, 0)


@pytest.fixture
def lgpio(monkeypatch):
    chip = Chip()
    monkeypatch.setitem(sys.modules, "lgpio", chip)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", lambda: 0xC03115)
    yield chip
    if gpiozero.Device.pin_factory is not None:
        gpiozero.Device.pin_factory.close()
    sys.modules.pop("gpiozero.pins.lgpio", None)


def test_a_gate_uses_lgpio_which_debounces_every_contact(lgpio):
    config = GpioConfig(relay_pin=17, contacts={InputKind.DOOR: Contact(pin=5)}, debounce_s=0.02)
    gpio = Gpio(config)
    assert type(gpiozero.Device.pin_factory).__name__ == "LGPIOFactory"
    assert lgpio.debounce_us == {5: 20_000}
    assert gpio.inputs.level(InputKind.DOOR) is False
    lgpio.change(5, 0)
    assert [(change.kind, change.active) for change in gpio.inputs.poll()] == [(InputKind.DOOR, True)]
    gpio.barrier.open()
    assert lgpio.levels[17] == 1
    gpio.close()
    assert lgpio.levels[17] == 0


def test_a_pin_that_an_overlay_holds_is_said(lgpio):
    lgpio.busy = True
    with pytest.raises(DriverError, match=r"GPIO busy.*overlay in config\.txt holds one of them; gpioinfo"):
        Gpio(GpioConfig(relay_pin=17))


def test_a_missing_library_is_named_and_nothing_worse_is_used_instead(lgpio, monkeypatch):
    monkeypatch.setitem(sys.modules, "lgpio", None)
    with pytest.raises(DriverError, match="sudo apt install python3-lgpio"):
        Gpio(GpioConfig(relay_pin=17))
    assert gpiozero.Device.pin_factory is None
    assert not lgpio.modes


@pytest.mark.parametrize(
    ("there", "mode", "message"),
    [
        (False, 0, "there is no .*gpiochip0.*run the gate on a Raspberry Pi"),
        (True, 0, "may not be opened .*group gpio"),
        (True, 0o600, "lgpio fails .*update python3-lgpio"),
    ],
)
def test_pins_that_cannot_be_reached_say_what_to_do(lgpio, monkeypatch, tmp_path, there, mode, message):
    lgpio.shut = True
    if there:
        (tmp_path / "gpiochip0").touch()
    monkeypatch.setattr(pin_factory, "DEVICES", tmp_path)
    monkeypatch.setattr("os.access", lambda *_: bool(mode))
    with pytest.raises(DriverError, match=message):
        Gpio(GpioConfig(relay_pin=17))


def test_a_factory_that_was_chosen_is_kept(lgpio, monkeypatch):
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    pin_factory.choose(gpiozero)
    assert gpiozero.Device.pin_factory is None
    assert not lgpio.modes
