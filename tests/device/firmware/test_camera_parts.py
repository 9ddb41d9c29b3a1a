"""Every key of a gate's [camera] reaches the driver; what it cannot do is refused at the start."""

import pytest

from device.drivers import DriverError
from device.drivers.camera import CameraConfig
from device.firmware import config, parts
from device.firmware.errors import GateError

CAMERA = """
[camera]
number = 1
width = 1920
height = 1080
pixel_format = "NV12"
frames_per_s = 20.0
exposure_value = -1.0
exposure_s = 0.01
gain = 2.0
focus = "fixed"
focus_dioptres = 8.0
"""


@pytest.fixture
def load(tmp_path):
    def load(camera):
        path = tmp_path / "gate.toml"
        example = config.example(data=str(tmp_path))
        kept = [part for part in example.split("\n[") if not part.startswith("camera]")]
        path.write_text("\n[".join(kept) + camera, encoding="utf-8")
        return config.load(path)

    return load


def test_every_key_reaches_the_driver(load):
    assert parts.camera_of(load(CAMERA))._config == CameraConfig(
        number=1,
        width=1920,
        height=1080,
        pixel_format="NV12",
        frames_per_s=20.0,
        exposure_value=-1.0,
        exposure_s=0.01,
        gain=2.0,
        focus="fixed",
        focus_dioptres=8.0,
    )


def test_without_a_word_about_it_the_camera_is_the_drivers_own(load):
    assert parts.camera_of(load(""))._config == CameraConfig()


def test_an_exposure_longer_than_a_frame_is_refused_in_words(load):
    with pytest.raises(DriverError, match=r"use at most a frame's 0\.0500 s"):
        parts.camera_of(load(CAMERA.replace("exposure_s = 0.01", "exposure_s = 0.1")))


@pytest.mark.parametrize("wrong", ['focus = "auto"', "focus_dioptres = -1.0", "timeout_s = 9.0", "zoom = 2"])
def test_what_a_camera_cannot_be_told_is_refused_with_its_key(load, wrong):
    with pytest.raises(GateError, match=wrong.split(" ", maxsplit=1)[0]):
        load(f"\n[camera]\n{wrong}\n")
