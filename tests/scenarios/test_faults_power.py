"""Kills and power cuts: whatever the moment, an event is there once, and nobody is counted twice."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from device.firmware.store import Store
from sandbox.board.client import Board
from sandbox.board.environment import environment
from wire.messages import ClockTrust, Entry, Event
from wire.reasons import Reason, Verdict

GATE = "0123456789ab"
RELAY, FIRE, TAMPER, BUTTON = 17, 16, 20, 21


def killed(live):
    """Run `live` in a process of its own that is expected to be killed."""
    child = os.fork()
    if child == 0:
        try:
            live()
        finally:
            os._exit(1)  # it was not killed: the test sees another status
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("moment", "events"),
    [("before the event is written", 0), ("between event and relay", 1), ("after the relay", 1)],
)
def test_a_kill_at_any_moment_of_an_admission_leaves_the_event_once_and_nobody_twice(
    world_at, tmp_path, moment, events
):
    path = tmp_path / "gate.db"

    def live():
        world = world_at(path)
        world.online()
        world.run(1)
        (tmp_path / "code").write_text(world.code(1))
        door, append = world.hands.open, world.store.append
        if moment == "before the event is written":
            world.store.append = lambda entry: die() if entry.kind is Event.PASSAGE else append(entry)
        else:
            late = moment == "after the relay"
            world.hands.open = lambda: (door() if late else None, die())
        world.show((tmp_path / "code").read_text())

    killed(live)
    text = (tmp_path / "code").read_text()
    again = world_at(path)
    passages = again.journal(Event.PASSAGE)
    assert [entry.reason for entry in passages] == [Reason.GREEN] * events
    assert again.store.verify_chain() == again.store.head
    assert not again.hands.is_open  # a gate that starts has not opened
    again.online()
    again.run(1)
    again.show(text)
    again.leave()
    admitted = [e for e in again.journal(Event.PASSAGE) if e.verdict is Verdict.ADMIT]
    assert len(admitted) == 1  # who was written down is not written down again as another visitor
    sequences = [entry.sequence for entry in again.journal()]
    assert sequences == list(range(1, len(sequences) + 1))


def connect(running, socket):
    running.board = Board.connect(socket, wait_s=30)
    running.board.set(pin={str(FIRE): False, str(TAMPER): False}, object_c=23.0, ambient_c=23.0)


CHILD = """
import os, signal, sys
from device.firmware import door
from device.firmware.__main__ import main
door.Door.open = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(main(["--config", sys.argv[1], "--log", "json"]))
"""


def test_a_real_gate_killed_between_journal_and_relay_has_the_event_once_after_its_restart(running):
    running.until(lambda: "boot" in running.kinds(), "boot")
    running.enrol()
    running.until(lambda: any(line.get("ready") for line in running.said()), "ready")
    running.process.terminate()
    assert running.process.wait(15) == 0
    running.board.close()
    with tempfile.TemporaryDirectory(prefix="jx") as place:
        running.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, running.path / "gate.toml"],
            env=os.environ | environment(Path(place) / "s", running.path / "film"),
            stderr=running.log,
        )
        connect(running, Path(place) / "s")
        running.until(lambda: running.kinds().count("boot") == 2, "boot")
        running.until(lambda: [line.get("ready") for line in running.said()].count(True) == 2, "ready")
        running.board.pin(BUTTON, False)
        assert running.process.wait(15) == -signal.SIGKILL
        running.board.close()
    entries = running.store(lambda store: (store.verify_chain(), store.newest(50))[1])
    assert [entry.kind for entry in entries].count(Event.OPENED_BY_HAND) == 1
    running.process = running.start()
    connect(running, running.path / "s")
    running.until(lambda: running.kinds().count("boot") == 3, "boot")
    assert running.board.pins()[RELAY] == 0
    running.process.terminate()
    assert running.process.wait(15) == 0
    entries = running.store(lambda store: store.newest(50))
    assert [entry.kind for entry in entries].count(Event.OPENED_BY_HAND) == 1
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))


APPENDS = """
import sys
from pathlib import Path
from device.firmware.store import Store
from wire.messages import ClockTrust, Entry, Event
store = Store.open(Path(sys.argv[1]), "0123456789ab", journal_limit_bytes=1 << 24)
for number in range(20):
    print("append", flush=True)
    store.append(Entry(sequence=0, previous=bytes(32), at_ms=1, clock=ClockTrust.NONE, kind=Event.BOOT))
    print("acknowledged", flush=True)
"""


@pytest.mark.services
@pytest.mark.skipif(
    shutil.which("strace") is None and os.environ.get("CI") != "true",
    reason="only strace sees what reaches the kernel (never skipped in CI)",
)
def test_every_event_is_on_the_card_before_it_is_acknowledged(tmp_path):
    trace = tmp_path / "trace"
    calls = "trace=write,pwrite64,fsync,fdatasync"
    command = ["strace", "-y", "-e", calls, "-o", trace, sys.executable, "-c", APPENDS, tmp_path / "gate.db"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "not permitted" in done.stderr:
        pytest.skip("this account may not trace a process")
    assert done.stdout.count("acknowledged") == 20
    unsynced = synced = 0
    appending = False
    for line in trace.read_text().splitlines():
        if line.startswith("write(1") and '"append' in line:
            appending, synced = True, 0
        elif line.startswith("pwrite64") and "gate.db-wal>" in line:
            unsynced += 1
        elif line.startswith(("fsync", "fdatasync")) and "gate.db-wal>" in line:
            synced, unsynced = synced + (unsynced > 0), 0
        elif line.startswith("write(1") and '"acknowledged' in line:
            assert appending
            assert synced
            assert not unsynced
            appending = False


def test_the_log_has_its_length_from_the_start_and_does_not_grow_for_each_event(tmp_path):
    store = Store.open(tmp_path / "gate.db", GATE, journal_limit_bytes=1 << 24)
    log = tmp_path / "gate.db-wal"
    before = log.stat().st_size
    assert before >= 1_048_576
    for _ in range(600):  # more than one turn of the log
        store.append(Entry(sequence=0, previous=bytes(32), at_ms=1, clock=ClockTrust.NONE, kind=Event.BOOT))
    assert log.stat().st_size <= before + 65_536
    store.close()
