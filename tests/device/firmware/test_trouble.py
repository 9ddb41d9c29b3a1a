"""The card that is shown while the gate itself cannot start: a process on a virtual board."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from device.firmware.config import example
from device.firmware.trouble import main
from sandbox.board.client import Board
from sandbox.board.environment import environment

GATE = "0123456789ab"


def begun(path):
    return subprocess.Popen(
        [sys.executable, "-m", "device.firmware.trouble", "--config", path / "gate.toml"],
        env=os.environ | environment(path / "s", path / "film"),
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_display_says_out_of_service_and_no_pin_is_touched():
    with tempfile.TemporaryDirectory(prefix="jx") as directory:
        path = Path(directory)
        (path / "gate.toml").write_text(example(gate=GATE, data=str(path / "not mounted"), host="127.0.0.1"))
        process = begun(path)
        try:
            with Board.connect(path / "s", wait_s=30) as board:
                deadline_s = time.monotonic() + 30
                while not board.display().getbbox():
                    assert time.monotonic() < deadline_s, "the display stays dark"
                    time.sleep(0.02)
                first = board.display().tobytes()
                while board.display().tobytes() == first:
                    assert time.monotonic() < deadline_s, "one language alone"
                    time.sleep(0.02)
                assert board.pins() == {}
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
            assert "the data partition is not mounted" in process.stderr.read()
            assert not (path / "not mounted").exists()
        finally:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("text", [None, "nonsense", 'kind = "none"'])
def test_without_a_display_or_a_file_it_waits_all_the_same(tmp_path, text):
    if text is not None:
        whole = example(gate=GATE, data=str(tmp_path)).replace('kind = "oled"', text)
        (tmp_path / "gate.toml").write_text(whole if "kind" in text else text)
    assert main(["--config", str(tmp_path / "gate.toml"), "--seconds", "0.01"]) == 0
