import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.children import Child, Order, end_all, wait_for
from sandbox.errands import Clerk
from sandbox.errors import SandboxError

PATIENT = "import sys, time; print('up', flush=True); time.sleep(60)"


def order(tmp_path, program, name="child", **more):
    return Order(name, [sys.executable, "-c", program], tmp_path / f"{name}.log", "Try again.", **more)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"


def until(condition, limit_s=30.0):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_a_child_says_is_kept_and_told(tmp_path):
    heard = []
    child = Child(order(tmp_path, "print('one'); print('two')", listener=heard.append))
    assert child.wait(10) == 0
    child.end()
    assert heard == ["one", "two"]
    assert (tmp_path / "child.log").read_text().split() == ["one", "two"]


def test_a_dead_child_is_mourned_with_its_last_words_and_advice(tmp_path):
    child = Child(order(tmp_path, "print('the disk is full'); raise SystemExit(3)", name="fleet"))
    with pytest.raises(SandboxError) as caught:
        child.wait(10)
    for said in ("fleet", "exit code 3", "the disk is full", "fleet.log", "Try again."):
        assert said in str(caught.value)


def test_waiting_ends_when_a_child_dies(tmp_path):
    child = Child(order(tmp_path, "raise SystemExit(1)"))
    with pytest.raises(SandboxError, match="exit code 1"):
        wait_for("the impossible", lambda: False, [child], 10)


def test_all_children_are_ended_together(tmp_path):
    heard = []
    children = [Child(order(tmp_path, PATIENT, name=f"c{n}", listener=heard.append)) for n in range(3)]
    until(lambda: len(heard) == 3)
    end_all(children)
    assert not any(child.alive for child in children)


def test_a_child_that_ignores_the_request_is_ended_by_force(tmp_path):
    heard = []
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + PATIENT
    child = Child(order(tmp_path, stubborn, listener=heard.append))
    until(lambda: heard)
    child.end(0.1)
    assert child.exit_code == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_children_end_when_the_demo_is_killed(tmp_path):
    parent = (
        "import sys, time; from pathlib import Path; from sandbox.children import Child, Order\n"
        f"argv, log = [sys.executable, '-c', {PATIENT!r}], Path({str(tmp_path)!r}) / 'c.log'\n"
        "child = Child(Order('c', argv, log, ''))\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as demo:
        pid = int(demo.stdout.readline())
        until(lambda: (tmp_path / "c.log").exists() and (tmp_path / "c.log").read_text())
        assert alive(pid)
        demo.kill()
    until(lambda: not alive(pid))


def test_a_clerk_runs_real_commands_and_reports_failures(tmp_path):
    with Clerk("clerk", tmp_path / "clerk.log", "fleet.command") as clerk:
        assert "countersign" in clerk.run("jx-fleet", "ceremony", "--help")
        with pytest.raises(SandboxError, match="failed"):
            clerk.run("jx-fleet", "gate", "list", "--dir", tmp_path / "nowhere")
    assert (tmp_path / "clerk.log").read_text().count("exit") == 2
