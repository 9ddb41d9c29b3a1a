import subprocess
import sys

import gpiozero
import pytest

from device.drivers import Barrier, DriverError, InputKind, Inputs, Lamp, Signals, Sound
from device.drivers.contacts import KEPT
from device.drivers.gpio import Gpio
from device.drivers.signals import LAMP_PATTERNS
from device.drivers.steady import CHANGES
from device.drivers.wiring import Contact, GpioConfig

CONTACTS = {
    InputKind.DOOR: Contact(pin=5),
    InputKind.PASSAGE: Contact(pin=6, pull="down", active="high"),
    InputKind.FIRE: Contact(pin=16, active="high"),
    InputKind.BUTTON: Contact(pin=20, pull="none", active="low"),
}


def wiring(**changes):
    usual = {"relay_pin": 17, "contacts": CONTACTS, "lamp_pins": (12, 13, 19), "sounder_pin": 18}
    return GpioConfig(**(usual | {"debounce_s": 0} | changes))


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


def test_a_pin_that_something_else_holds_is_refused_and_nothing_stays_taken(bench):  # noqa: ARG001 -- the machine
    other = gpiozero.LED(13)
    with pytest.raises(DriverError, match="already in use"):
        Gpio(wiring())
    other.close()
    Gpio(wiring()).close()


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


class Waiting:
    """Timers that go off when a test says so."""

    def __init__(self):
        self.timers = []

    def __call__(self, after_s, act):
        made = Timer(after_s, act)
        self.timers.append(made)
        return made

    def go_off(self):
        due, self.timers = self.timers, []
        for timer in due:
            if not timer.cancelled:
                timer.act()


class Timer:
    cancelled = started = daemon = False

    def __init__(self, after_s, act):
        self.after_s, self.act = after_s, act

    def start(self):
        self.started = True

    def cancel(self):
        self.cancelled = True


@pytest.fixture
def waiting(bench, monkeypatch):
    waiting = Waiting()
    monkeypatch.setattr(bench, "timer", waiting)
    bench.drive(16, False)
    bench.drive(20, True)
    return waiting


def test_a_bouncing_contact_is_one_change(bench, waiting):
    gpio = Gpio(wiring(debounce_s=0.02))
    assert changes(gpio) == []
    for level in (False, True, False, True, False):
        bench.drive(5, level)
    assert changes(gpio) == []
    assert gpio.inputs.level(InputKind.DOOR) is False
    assert {timer.after_s for timer in waiting.timers} == {0.02}
    waiting.go_off()
    assert changes(gpio) == [(InputKind.DOOR, True)]
    assert gpio.inputs.level(InputKind.DOOR) is True
    gpio.close()


def test_a_spike_shorter_than_the_bounce_time_is_nothing(bench, waiting):
    gpio = Gpio(wiring(debounce_s=0.02))
    bench.drive(5, False)
    waiting.go_off()
    bench.drive(5, True)
    bench.drive(5, False)
    waiting.go_off()
    assert changes(gpio) == [(InputKind.DOOR, True)]
    gpio.close()


def test_what_waits_for_the_bounce_time_when_the_pins_are_let_go_is_forgotten(bench, waiting):
    gpio = Gpio(wiring(debounce_s=0.02))
    bench.drive(5, False)
    gpio.close()
    waiting.go_off()
    assert gpio.inputs.poll() == ()


def test_a_loop_that_does_not_poll_finds_a_short_queue_and_the_last_word(gpio, bench, monkeypatch):
    now_s = iter(range(1_000_000, 9_000_000, 10))  # slow enough to be people
    monkeypatch.setattr(gpio.inputs, "_monotonic", lambda: float(next(now_s)))
    for _ in range(500):
        bench.drive(5, False)
        bench.drive(5, True)
    bench.drive(5, False)
    found = gpio.inputs.poll()
    assert len(found) == KEPT
    assert (found[-1].kind, found[-1].active) == (InputKind.DOOR, True)


def test_a_fire_that_a_full_queue_had_no_room_for_is_told_all_the_same(gpio, bench, monkeypatch):
    now_s = iter(range(1_000_000, 9_000_000, 10))
    monkeypatch.setattr(gpio.inputs, "_monotonic", lambda: float(next(now_s)))
    gpio.inputs.poll()
    bench.drive(16, True)
    for _ in range(KEPT):  # while the loop hangs people go on
        bench.drive(5, False)
        bench.drive(5, True)
    assert changes(gpio)[-1] == (InputKind.FIRE, True)
    assert changes(gpio) == []
    bench.drive(16, False)
    assert changes(gpio) == [(InputKind.FIRE, False)]


def test_a_contact_that_chatters_is_named_and_fills_nothing(gpio, bench):
    for _ in range(200):
        bench.drive(5, False)
        bench.drive(5, True)
    assert gpio.inputs.chattering == {InputKind.DOOR}
    assert len(changes(gpio)) <= CHANGES
    bench.drive(6, True)
    assert changes(gpio) == [(InputKind.PASSAGE, True)]


def test_a_fire_contact_that_chatters_is_a_fire(gpio, bench):
    for _ in range(20):
        bench.drive(16, True)
        bench.drive(16, False)
    assert gpio.inputs.level(InputKind.FIRE) is True
    assert changes(gpio)[-1] == (InputKind.FIRE, True)


def test_an_edge_that_got_lost_is_found_by_looking(gpio, bench, monkeypatch, clock):
    monkeypatch.setattr(gpio.inputs, "_monotonic", clock)
    monkeypatch.setattr("sandbox.board.pins.BoardPin._call_when_changed", lambda _: None)
    bench.drive(5, False)
    assert changes(gpio) == []
    clock.now_s += 0.4
    assert changes(gpio) == [(InputKind.DOOR, True)]


def test_no_contact_reads_anything_while_it_is_not_wired(bench):  # noqa: ARG001 -- the machine
    gpio = Gpio(GpioConfig(relay_pin=17))
    assert gpio.inputs.chattering == frozenset()
    assert gpio.inputs.level(InputKind.FIRE) is None
    gpio.close()


PROGRAM = (
    "import os, signal, sys, threading\n"
    "from gpiozero import Device\n"
    "from gpiozero.pins.mock import MockFactory\n"
    "from sandbox.board.pins import BENCH, BoardPin\n"
    "from device.drivers.gpio import Gpio\n"
    "from device.drivers.wiring import GpioConfig\n"
    "Device.pin_factory = MockFactory(pin_class=BoardPin)\n"
    "gpio = Gpio(GpioConfig(relay_pin=17))\n"
    "BENCH.watch(lambda change: print(change.pin, change.value, flush=True))\n"
    "gpio.barrier.open()\n"
)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("raise SystemExit(3)", 3),
        ("raise RuntimeError('a mistake in the loop')", 1),
        ("signal.raise_signal(signal.SIGINT)", -2),
        ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); signal.raise_signal(signal.SIGTERM)", 5),
        ("threading.Thread(target=lambda: 1 / 0).start()", 0),
        ("del gpio", 0),
    ],
)
def test_however_a_process_ends_in_order_the_relay_drops(end, code):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + end], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.split("\n")[:2] == ["17 1.0", "17 0.0"]
