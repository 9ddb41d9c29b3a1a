"""The second hand at the relay, with timers that go off when a test says so."""

import threading

import pytest

from device.drivers import DriverError
from device.firmware.config import example, read
from device.firmware.deadman import GRACE_S, Deadman
from device.firmware.door import Door
from device.firmware.gate import Hardware, organs_of


class Relay:
    is_open = broken = False
    chattering = frozenset()

    def open(self):
        if self.broken:
            raise DriverError("stuck")
        self.is_open = True

    def close(self):
        if self.broken:
            raise DriverError("stuck")
        self.is_open = False

    def poll(self):
        return ()

    def level(self, _kind):
        return None


class Timer:
    made = ()

    def __init__(self, after_s, act):
        self.after_s, self.act = after_s, act
        self.cancelled = False

    def start(self):
        Timer.made = (*Timer.made, self)

    def cancel(self):
        self.cancelled = True


@pytest.fixture
def relay():
    return Relay()


@pytest.fixture
def door(relay, monkeypatch):
    monkeypatch.setattr(Timer, "made", ())
    return Door(relay, relay, deadman=Deadman(relay, Timer))


def test_what_a_hung_loop_left_open_is_shut(door, relay):
    door.open(10.0, 0.8, 8.0)
    (timer,) = Timer.made
    assert timer.after_s == 0.8 + GRACE_S
    assert timer.daemon
    timer.act()
    assert not relay.is_open


def test_a_relay_that_was_shut_in_time_or_opened_again_is_let_alone(door, relay):
    door.open(10.0, 0.8, 8.0)
    door.step(11.0, 8.0)
    assert Timer.made[0].cancelled
    door.open(12.0, 0.8, 8.0)
    Timer.made[0].act()  # went off in the moment in which it was cancelled
    assert relay.is_open
    Timer.made[1].act()
    assert not relay.is_open


def test_nobody_shuts_what_a_fire_opened(door, relay):
    door.open(10.0, 0.8, 8.0)
    door.open(10.5, None, 8.0)
    assert all(timer.cancelled for timer in Timer.made)
    for timer in Timer.made:
        timer.act()
    assert relay.is_open


def test_a_relay_that_does_not_shut_is_left_to_the_loop(door, relay):
    door.open(10.0, 0.8, 8.0)
    relay.broken = True
    Timer.made[0].act()
    door.close(11.0)
    assert not door.working
    relay.broken = False
    door.step(14.0, 8.0)
    assert not relay.is_open


def test_a_relay_that_does_not_shut_at_once_is_shut_as_soon_as_it_does_though_the_loop_hangs(door, relay):
    door.open(10.0, 0.8, 8.0)
    relay.broken = True
    Timer.made[0].act()
    Timer.made[1].act()
    assert relay.is_open
    relay.broken = False
    assert Timer.made[2].after_s == GRACE_S
    Timer.made[2].act()
    assert not relay.is_open
    assert len(Timer.made) == 3


def test_what_was_shut_by_the_loop_after_all_is_not_tried_again(door, relay):
    door.open(10.0, 0.8, 8.0)
    relay.broken = True
    Timer.made[0].act()
    relay.broken = False
    door.close(11.0)
    assert Timer.made[1].cancelled
    door.open(12.0, None, 8.0)
    Timer.made[1].act()
    assert relay.is_open


def test_nothing_opens_that_nobody_would_shut(relay, monkeypatch):
    def no_thread(_self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Timer, "start", no_thread)
    door = Door(relay, relay, deadman=Deadman(relay, Timer))
    with pytest.raises(DriverError, match="not opened"):
        door.open(10.0, 0.8, 8.0)
    assert not relay.is_open
    assert not door.working
    door.open(11.0, None, 8.0)  # a fire needs no second hand
    assert relay.is_open


def test_it_has_a_thread_of_its_own(relay):
    done = threading.Event()
    relay.close = done.set
    Deadman(relay).arm(-GRACE_S)
    assert done.wait(5)


def test_the_barrier_of_a_real_gate_shuts_without_its_loop(relay, tmp_path, monkeypatch):
    monkeypatch.setattr("device.firmware.deadman.GRACE_S", 0.0)
    shut = threading.Event()
    relay.close = shut.set
    hardware = Hardware(
        camera=relay, thermometer=None, barrier=relay, inputs=relay, signals=relay, display=relay
    )
    config = read(example(data=str(tmp_path)).encode(), "gate.toml")
    organs_of(config, hardware, threading.Event()).door.open(0.0, 0.01, 8.0)
    assert shut.wait(5)
