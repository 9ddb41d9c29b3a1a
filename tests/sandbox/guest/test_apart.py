"""Programs that make guests: their words are kept, and none of them outlives who wanted it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.guest.apart import Works, told

LONG = "600"
PARENT = """
import sys
from pathlib import Path
from sandbox.guest.apart import told
told(["sh", "-c", "echo $$ > $0; exec sleep 600", sys.argv[1]], "sleeping", Path(sys.argv[2]))
"""


def pid_in(file):
    """The number that a program wrote there, once it is there."""
    deadline_s = time.monotonic() + 20
    while time.monotonic() < deadline_s:
        if file.exists() and (text := file.read_text()).endswith("\n"):
            return int(text)
        time.sleep(0.01)
    raise AssertionError("it never began")


def is_gone(pid):
    """Whether a process ends within a few seconds; one that nobody waited for counts as ended."""
    deadline_s = time.monotonic() + 20
    while time.monotonic() < deadline_s:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_words_are_kept_and_the_last_ones_told_when_it_fails(tmp_path):
    log = tmp_path / "logs" / "made.log"
    fails = "echo no good >&2; exit 3"
    told(["sh", "-c", "echo fine"], "trying", log)
    with pytest.raises(SandboxError, match=r"trying failed \(3\)(.|\n)*the last:(.|\n)*no good$"):
        told(["sh", "-c", fails], "trying", log)
    assert log.read_text().splitlines() == [
        "$ sh -c echo fine",
        "fine",
        f"$ sh -c {fails}",
        "no good",
    ]


def test_what_takes_too_long_is_ended_and_said(tmp_path):
    file = tmp_path / "pid"
    with pytest.raises(SandboxError, match=r"sleeping took longer than 0 s; its words are in .*log"):
        told(["sleep", LONG], "sleeping", tmp_path / "log", limit_s=0.01)
    assert not file.exists()


def test_all_that_runs_is_stopped_and_nothing_begins_after(tmp_path):
    works, codes = Works(), []
    script = ["sh", "-c", "echo $$ > $0; exec sleep 600", str(tmp_path / "pid")]
    thread = threading.Thread(target=lambda: codes.append(works.run(script, tmp_path / "log", 60)))
    thread.start()
    pid = pid_in(tmp_path / "pid")
    works.stop()
    thread.join(20)
    assert codes == [-signal.SIGKILL]
    assert is_gone(pid)
    assert works.run(["sleep", LONG], tmp_path / "log", 60) == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel that keeps the leash is Linux")
def test_it_ends_with_whoever_started_it(tmp_path):
    words = [sys.executable, "-c", PARENT, str(tmp_path / "pid"), str(tmp_path / "log")]
    parent = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    pid = pid_in(tmp_path / "pid")
    parent.kill()
    parent.wait()
    assert is_gone(pid)
