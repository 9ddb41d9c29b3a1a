"""A gate's process whose display is pulled out and plugged in again."""

import importlib.util
import tempfile
from pathlib import Path

import pytest

from device.firmware import picture
from device.firmware.lane_table import State
from device.firmware.screens import card
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
