"""A gate's process with a display that is pulled out and plugged in again, and with a loudspeaker."""

import importlib.util
import os
import tempfile
from pathlib import Path

import pytest

from device.firmware import picture
from device.firmware.lane_table import State
from device.firmware.screens import card
from sandbox.board.client import Board
from wire.health import Trouble
from wire.reasons import Reason


def harness():
    spec = importlib.util.spec_from_file_location("test_main", Path(__file__).parent / "test_main.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def running(authority):
    with tempfile.TemporaryDirectory(prefix="jx") as path:  # a unix socket's path has 107 bytes at most
        gate = harness().Running(Path(path), authority)
        yield gate
        gate.stop()
        gate.board.close()


def test_a_display_that_is_plugged_in_again_shows_what_belongs_there(running):
    def shown():
        return running.board.display().tobytes()

    def troubled():
        ready = [line for line in running.said() if line["kind"] == "ready"]
        return "display" in (ready[-1].get("troubles") or "").split()

    waits = card(State.OUT_OF_SERVICE, Reason.ENROLLING, None)
    named = card(State.OUT_OF_SERVICE, Reason.ENROLLING, None, {Trouble.NOT_ENROLLED})
    right = {picture.draw(one, (128, 64), "1", turn).tobytes() for one in (waits, named) for turn in (0, 1)}
    running.until(lambda: shown() in right, "the first picture")
    running.board.set(display_unplug=True)
    running.until(troubled, "the trouble")
    assert shown() not in right
    running.board.set(display_unplug=False)
    running.until(lambda: shown() in right, "the picture again")
    running.until(lambda: not troubled(), "the end of the trouble")


def test_a_gate_with_a_voice_says_that_it_is_out_of_service(running, tmp_path, monkeypatch):
    player, log = tmp_path / "bin" / "aplay", tmp_path / "log"
    player.parent.mkdir()
    player.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\n')
    player.chmod(0o755)
    files = running.path / "voice"
    files.mkdir()
    (files / "out-of-service.wav").write_bytes(b"RIFF")
    monkeypatch.setenv("PATH", str(player.parent), prepend=os.pathsep)
    running.board.close()
    running.process.terminate()
    running.process.wait(15)
    with (running.path / "gate.toml").open("a", encoding="utf-8") as config:
        config.write('\n[voice]\ndevice = "plughw:2"\n')
    running.process = running.start()
    running.board = Board.connect(running.path / "s", wait_s=30)
    running.board.set(
        pin={"16": False, "20": False}
    )  # no fire, no tampering: all that is said is why it waits
    running.until(log.exists, "the prompt")
    running.until(lambda: log.read_text().endswith("\n"), "the whole of it")
    assert log.read_text() == f"-q -D plughw:2 {files / 'out-of-service.wav'}\n"
