"""A stop asked for by a signal: whatever instruction it interrupts, nothing hangs and none is lost."""

import re
import signal
import sys
import threading
from pathlib import Path

import pytest

import device.firmware.stop
import fleet.stop

HOUSE = Path(__file__).parents[2]
STOPS = [device.firmware.stop.Stop, fleet.stop.Stop]
ASK, GUARD = signal.SIGUSR1, signal.SIGUSR2
LONG_S = 60.0


class HangsError(Exception):
    """Somebody waits for what will never come."""


@pytest.fixture(autouse=True)
def _as_before():
    before = {number: signal.getsignal(number) for number in (ASK, GUARD)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def guarded(what, longest_s):
    """Do it; HangsError, raised in the main thread, when it takes too long."""

    def hangs(*_):
        raise HangsError

    signal.signal(GUARD, hangs)
    main = threading.main_thread().ident
    timer = threading.Timer(longest_s, signal.pthread_kill, (main, GUARD))
    timer.start()
    try:
        what()
    finally:
        timer.cancel()
        timer.join()


def interrupted(stop, instruction):
    """Wait a moment, with a signal at this instruction of the wait; whether there was such a one."""
    passed = 0

    def trace(frame, _event, _argument):
        nonlocal passed
        frame.f_trace_opcodes = True
        passed += 1
        if passed == instruction:
            signal.raise_signal(ASK)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        stop.wait(0.001)
    finally:
        sys.settrace(before)
    return passed >= instruction


def everywhere(made):
    """A signal at each instruction of a wait: how many there are. The next wait has to know of it."""
    instruction = 1
    while interrupted(stop := made(), instruction):
        assert stop.is_set()
        assert stop.wait(LONG_S)
        instruction += 1
    assert not stop.is_set()
    assert instruction > 10


@pytest.mark.parametrize("kind", STOPS)
def test_a_signal_at_any_instruction_of_a_wait_is_heard(kind):
    guarded(lambda: everywhere(lambda: kind.at(ASK)), LONG_S / 2)


def test_an_event_in_the_same_place_hangs():
    def made():
        event = threading.Event()
        signal.signal(ASK, lambda *_: event.set())
        return event

    with pytest.raises(HangsError):
        guarded(lambda: everywhere(made), 2.0)


@pytest.mark.parametrize("kind", STOPS)
@pytest.mark.parametrize("by_signal", [True, False])
def test_who_waits_is_woken_at_once(kind, by_signal):
    stop = kind.at(ASK)
    main = threading.main_thread().ident
    asking = threading.Timer(0.05, *((signal.pthread_kill, (main, ASK)) if by_signal else (stop.set,)))

    def wait():
        asking.start()
        assert stop.wait(LONG_S)

    guarded(wait, LONG_S / 2)
    asking.join()


@pytest.mark.parametrize("kind", STOPS)
def test_it_is_set_once_however_often_one_asks(kind):
    stop = kind()
    assert not stop.is_set()
    assert not stop.wait(0.0)
    for _ in range(3):
        stop.set()
        assert stop.is_set()
        assert stop.wait(LONG_S)
        assert stop.wait(LONG_S)
    assert stop._woken.qsize() == 1


def test_signals_are_taken_nowhere_else():
    """Another handler needs the same thought: it may use no lock that the main thread uses, too."""
    takes = {
        str(path.relative_to(HOUSE))
        for room in ("device", "fleet", "provisioning", "sandbox")
        for path in (HOUSE / room).rglob("*.py")
        if re.search(r"signal\.signal\(|add_signal_handler\(|import signal as|from signal ", path.read_text())
    }
    assert takes == {
        "device/firmware/stop.py",
        "fleet/stop.py",
        "device/firmware/__main__.py",  # ignores Ctrl-Z
        "device/firmware/commands/terminal.py",  # raises
        "sandbox/demo.py",  # raises
    }
