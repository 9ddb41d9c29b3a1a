"""The units of a gate before systemd itself, and the firmware behind the locks that they ask for."""

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.firmware.config import example
from provisioning import image
from sandbox.board.client import Board
from sandbox.board.environment import environment
from sandbox.board.film import Film

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd"),
]
UNITS = image.HERE / "systemd"
GATE_UNIT = UNITS / "jixiang-gate.service"
GATE = "0123456789ab"
RELAY, FIRE, TAMPER = 17, "16", "20"
# Tenths, as systemd-analyze takes them. The gate's reasons stand in its unit; the two oneshots are over when
# it starts, and one makes file systems, which takes an administrator.
EXPOSURE = {
    "jixiang-gate.service": 15,
    "jixiang-trouble.service": 15,
    "jixiang-card.service": 15,
    "jixiang-data.service": 25,
}
CONFINED = Path(__file__).with_name("confined.py")
# ProtectSystem=strict: everything is read-only but what is named; /dev, /proc and /sys stay.
READ_ONLY = """set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -o remount,bind,ro /
cd "$1"
shift
exec "$@"
"""


@pytest.fixture
def root(tmp_path):
    """A file system as the card's: the units where they will stand, what they start, systemd's own units."""
    shutil.copytree("/usr/lib/systemd", tmp_path / "usr/lib/systemd", symlinks=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    for item in image.MANIFEST:
        place = tmp_path / item.destination[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(item.path, place)
    python = tmp_path / "opt/jixiang-gate/bin/python"
    python.parent.mkdir(parents=True)
    shutil.copy("/bin/true", python)
    return tmp_path


def analyze(*words):
    return subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True, timeout=60, check=False
    )


def test_systemd_finds_nothing_wrong_with_the_units(root):
    found = analyze(
        "verify",
        f"--root={root}",
        *image.ENABLED,
        "jixiang-data.service",
        "jixiang-trouble.service",
        image.MOUNT,
    )
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_a_wrong_word_in_a_unit_would_be_found(root):
    unit = root / "etc/systemd/system/jixiang-gate.service"
    unit.write_text(unit.read_text().replace("WatchdogSec=20s", "WatchdogSecs=20s"))
    assert "WatchdogSecs" in analyze("verify", f"--root={root}", "jixiang-gate.service").stderr


@pytest.mark.parametrize("name", sorted(EXPOSURE))
def test_a_unit_is_locked_up_as_far_as_it_can_be(name):
    found = analyze(
        "security", "--offline=true", f"--threshold={EXPOSURE[name]}", "--no-pager", str(UNITS / name)
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_setting_of_the_manager_and_the_log_is_known(root):
    names = analyze("cat-config", f"--root={root}", "systemd/system.conf").stdout
    assert "RuntimeWatchdogSec=15s" in names
    assert "Storage=volatile" in analyze("cat-config", f"--root={root}", "systemd/journald.conf").stdout


def first_root():
    """A root document of this very day: a process has no other clock."""
    place = Path(__file__).parents[1] / "device" / "firmware" / "conftest.py"
    spec = importlib.util.spec_from_file_location("firmware_conftest", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    authority = module.Authority()
    now = int(time.time())
    return authority.sign(authority.root(issued=now - 60, expires=now + 86_400))


class Locked:
    """A gate behind the unit's filter, without capabilities, on a file system that cannot be written to."""

    def __init__(self, place):
        self.place = place
        (place / "root.1.jx").write_bytes(first_root())
        config = example(gate=GATE, data=str(place), host="127.0.0.1", port=1)
        (place / "gate.toml").write_text(config)
        self.film = Film.create(place / "film", 1280, 720)
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.systemd.bind(str(place / "notify"))
        self.systemd.settimeout(0.5)
        self.log = (place / "log").open("w+")
        program = [sys.executable, "-m", "device.firmware", "--config", place / "gate.toml", "--log", "json"]
        locked = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, CONFINED, GATE_UNIT]
        self.process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", place, *locked, *program],
            env=os.environ
            | environment(place / "s", place / "film")
            | {"NOTIFY_SOCKET": str(place / "notify"), "PYTHONDONTWRITEBYTECODE": "1"},
            stderr=self.log,
        )

    def hears(self, word):
        """Wait until the service manager has been told so."""
        said, deadline_s = [], time.monotonic() + 30
        while not (said and word in said[-1]):
            ended = self.process.poll() is not None or time.monotonic() > deadline_s
            try:
                said.append(self.systemd.recv(4096).decode())
            except TimeoutError:
                assert not ended, f"no {word} among {said}: {(self.place / 'log').read_text()}"
        return said

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)
        self.systemd.close()
        self.log.close()


def may_lock_up():
    """Whether this machine lets a test make a mount namespace of its own."""
    asked = subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount --make-rprivate / && mount -o remount,bind,ro /"],
        capture_output=True,
        check=False,
    )
    return asked.returncode == 0 and shutil.which("setpriv")


@pytest.fixture
def locked():
    if not may_lock_up():
        pytest.skip("needs root and mount namespaces")
    # A unix socket's path may have 107 bytes at most.
    place = Path("/tmp") / f"jx{os.getpid()}{time.monotonic_ns() % 10_000}"
    place.mkdir()
    gate = Locked(place)
    yield gate
    gate.close()
    shutil.rmtree(place)


def test_the_firmware_lives_behind_the_locks_of_its_unit(locked):
    locked.hears("READY=1")
    with contextlib.closing(Board.connect(locked.place / "s", wait_s=30)) as board:
        board.set(pin={FIRE: False, TAMPER: False}, object_c=23.0, ambient_c=23.0)  # loops that are closed
        locked.hears("STATUS=out of service: not enrolled; no trust document")
        deadline_s = time.monotonic() + 15
        while board.pins()[RELAY]:
            assert time.monotonic() < deadline_s, "the relay stays energised"
            time.sleep(0.05)
    status = Path(f"/proc/{locked.process.pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    locked.process.terminate()
    assert "STOPPING=1" in locked.hears("STOPPING=1")[-1]
    assert locked.process.wait(15) == 0
    lines = (locked.place / "log").read_text().splitlines()
    kinds = [json.loads(line)["kind"] for line in lines if line.startswith("{")]
    assert "boot" in kinds
    assert kinds[-1] == "stopped"
    made = {path.name: path.stat().st_mode & 0o077 for path in locked.place.glob("gate.db*")}
    assert made
    assert set(made.values()) == {0}


def test_the_locks_hold(tmp_path):
    if not may_lock_up():
        pytest.skip("needs root and mount namespaces")
    tries = """
import ctypes, errno, os, pathlib, socket
def refused(act, *numbers):
    try:
        act()
    except OSError as error:
        assert error.errno in numbers, error
    else:
        raise AssertionError("was let")
refused(lambda: pathlib.Path("/etc/jixiang").touch(), errno.EROFS)
refused(lambda: os.chown(".", 1, 1), errno.EPERM)
refused(lambda: os.setpriority(os.PRIO_PROCESS, 0, -5), errno.EPERM)
refused(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW), errno.EPERM)
socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()
called = []
ctypes.CFUNCTYPE(None)(lambda: called.append(1))()
assert called == [1]
pathlib.Path("written").touch()
assert pathlib.Path("written").stat().st_mode & 0o077 == 0
"""
    locked = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, CONFINED, GATE_UNIT]
    run = subprocess.run(
        ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", tmp_path, *locked, sys.executable, "-c", tries],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
