"""The supervisor: what it starts again, when, and that nothing is left."""

import os
import signal
import sys
import time

import pytest

from fleet.stop import Stop
from fleet.supervisor import CHORE_S, LONGEST_DELAY_S, STEADY_S, Child, Supervisor, delay_s

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import os, signal as s, time; s.signal(s.SIGTERM, s.SIG_IGN); os.write(1, b'x'); time.sleep(600)",
]
# Starts a grandchild in its own group, tells its process id, waits.
FAMILY = [
    sys.executable,
    "-c",
    """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
open(sys.argv[1], 'w').write(str(child.pid))
time.sleep(600)
""",
]


def until(condition, what: str):
    deadline = time.monotonic() + 20
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.01)
    return value


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - a file of the kernel
            return stat.read().split()[2] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture
def supervise():
    made = []

    def make(**commands):
        supervisor = Supervisor(commands, lambda _children: None)
        made.append(supervisor)
        return supervisor

    yield make
    for supervisor in made:
        supervisor.stop_all()


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (1, 0.5), (2, 1), (3, 2), (6, 16), (7, 30), (10_000, LONGEST_DELAY_S)]
)
def test_the_wait_doubles_up_to_its_limit(failures, seconds):
    assert delay_s(failures) == seconds


def test_a_child_that_ran_for_long_starts_counting_anew():
    child = Child("a", [], started_s=0, failures=5)
    child.ended(STEADY_S)
    assert (child.failures, child.start_at_s, child.restarts) == (1, STEADY_S + 0.5, 1)


def test_a_child_that_ends_at_once_waits_longer_each_time():
    child = Child("a", [], started_s=100)
    child.ended(101)
    child.started_s = 101.5
    child.ended(102)
    assert (child.failures, child.start_at_s) == (2, 103)


def test_a_killed_child_is_started_again_after_its_wait(supervise):
    supervisor = supervise(a=SLEEPER)
    supervisor.step(0.0)
    (child,) = supervisor.children
    first = child.process.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: child.process.poll() is not None, "the end of the child")
    supervisor.step(1.0)
    assert child.process is None
    supervisor.step(1.4)
    assert child.process is None
    supervisor.step(1.5)
    assert child.process.pid != first


def test_what_a_dead_child_left_running_is_killed_too(supervise, tmp_path):
    supervisor = supervise(a=[*FAMILY, str(tmp_path / "pid")])
    supervisor.step(0.0)
    (child,) = supervisor.children
    grandchild = int(until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), "its pid"))
    os.kill(child.process.pid, signal.SIGKILL)
    until(lambda: child.process.poll() is not None, "the end of the child")
    supervisor.step(1.0)
    until(lambda: gone(grandchild), "the end of the grandchild")


def test_stopping_leaves_nothing_even_of_a_stubborn_child(supervise, monkeypatch, capfd):
    monkeypatch.setattr("fleet.supervisor.STOP_S", 0.2)
    supervisor = supervise(a=SLEEPER, b=STUBBORN)
    supervisor.step(0.0)
    until(lambda: "x" in capfd.readouterr().out, "the stubborn child's readiness")
    pids = [child.process.pid for child in supervisor.children]
    supervisor.stop_all()
    assert all(gone(pid) for pid in pids)
    assert [child.process for child in supervisor.children] == [None, None]


def test_a_chore_starts_the_children_it_names_anew():
    supervisor = Supervisor({"a": SLEEPER, "b": SLEEPER}, lambda _children: None, lambda: ["a"])
    start_s = time.monotonic()
    try:
        supervisor.step(start_s)
        first = [child.process for child in supervisor.children]
        supervisor.step(start_s + CHORE_S + 1)
        until(lambda: first[0].poll() is not None, "the end of the named child")
        supervisor.step(start_s + CHORE_S + 2)
        supervisor.step(start_s + CHORE_S + 3)
        assert supervisor.children[0].process.pid != first[0].pid
        assert supervisor.children[1].process is first[1]
    finally:
        supervisor.stop_all()


def test_it_runs_until_it_is_told_to_stop():
    told, stop = [], Stop()

    def report(children):
        told.append([child.process is not None for child in children])
        stop.set()

    Supervisor({"a": SLEEPER}, report).run(stop)
    assert told == [[True], [False]]


def test_a_program_that_does_not_exist_is_an_error_and_nothing_stays():
    supervisor = Supervisor({"a": SLEEPER, "b": ["/no/such/program"]}, lambda _children: None)
    with pytest.raises(FileNotFoundError):
        supervisor.run(Stop())
    assert supervisor.children[0].process is None


def test_a_full_disk_stops_nothing():
    def full(*_):
        raise OSError(28, "No space left on device")

    supervisor = Supervisor({"a": SLEEPER}, full, full)
    try:
        start_s = time.monotonic()
        supervisor.step(start_s)
        supervisor.step(start_s + CHORE_S + 1)
        assert supervisor.children[0].process.poll() is None
    finally:
        supervisor.stop_all()
    assert supervisor.children[0].process is None


def test_a_machine_without_room_for_a_process_is_asked_again(supervise, monkeypatch):
    def refuse(*_arguments, **_named):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    supervisor = supervise(a=SLEEPER)
    (child,) = supervisor.children
    with monkeypatch.context() as patch:
        patch.setattr("fleet.supervisor.subprocess.Popen", refuse)
        supervisor.step(1.0)
    assert (child.process, child.start_at_s) == (None, 1.5)
    supervisor.step(1.4)
    assert child.process is None
    supervisor.step(1.5)
    assert child.process.poll() is None
