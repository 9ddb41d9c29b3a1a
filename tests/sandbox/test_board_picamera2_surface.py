"""The stand-in for picamera2 against what the real one said where it is (tests/hil/camera.py)."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from sandbox.board import environment, machine, surface
from sandbox.board.film import Film

RECORDED = Path(__file__).with_name("picamera2-surface.json")
WIDTH, HEIGHT = surface.SIZE


@pytest.fixture
def picamera2(monkeypatch, tmp_path):
    machine.MACHINE.power_on()
    monkeypatch.setenv(machine.CAMERA_VARIABLE, str(tmp_path / "film"))
    Film.create(tmp_path / "film", WIDTH, HEIGHT).show(np.zeros((HEIGHT, WIDTH), np.uint8))
    monkeypatch.syspath_prepend(str(environment.SITE))
    import picamera2

    yield picamera2
    for name in [name for name in sys.modules if name.split(".")[0] == "picamera2"]:
        del sys.modules[name]


@pytest.fixture
def recorded():
    return json.loads(RECORDED.read_text())


def test_the_stand_in_has_every_name_and_parameter_that_the_driver_uses_as_the_real_one(picamera2, recorded):
    assert surface.described(picamera2, 0.2)["attributes"] == recorded["attributes"]


def test_the_stand_in_behaves_as_the_real_one(picamera2, recorded):
    assert surface.described(picamera2, 0.2)["behaviour"] == recorded["behaviour"]


def test_the_record_says_whom_it_was_taken_from(recorded):
    assert set(recorded["taken_from"]) == {"picamera2", "libcamera", "numpy", "python"}


def test_what_the_driver_uses_is_read_from_its_own_source():
    used = surface.used(
        "from picamera2 import Picamera2\ncamera = Picamera2()\ncamera.start()\n_.stop()\nrequest.release()\n"
    )
    assert used == {"Picamera2": {"__init__", "start"}, "CompletedRequest": {"release"}}


def test_a_second_process_cannot_open_the_camera_either(picamera2):
    with picamera2.Picamera2():
        child = os.fork()
        if child == 0:
            try:
                picamera2.Picamera2()
            except RuntimeError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    picamera2.Picamera2().close()
