"""The stand-in against what picamera2 documents: shapes, strides, reference counts, refusals."""

import sys

import numpy as np
import pytest

from sandbox.board import environment, machine
from sandbox.board.film import Film


@pytest.fixture
def picamera2(monkeypatch, tmp_path):
    machine.MACHINE.power_on()
    monkeypatch.setenv(machine.CAMERA_VARIABLE, str(tmp_path / "film"))
    Film.create(tmp_path / "film", 100, 60).show(np.full((60, 100), 9, np.uint8))
    monkeypatch.syspath_prepend(str(environment.SITE))
    import picamera2

    yield picamera2
    for name in [name for name in sys.modules if name.split(".")[0] == "picamera2"]:
        del sys.modules[name]


@pytest.fixture
def camera(picamera2):
    with picamera2.Picamera2() as made:
        made.configure(made.create_video_configuration(main={"size": (100, 60), "format": "YUV420"}))
        made.start()
        yield made


def test_yuv420_is_half_as_high_again_and_as_wide_as_the_stride(camera, picamera2):
    stream = camera.stream_configuration()
    assert stream["stride"] == 128
    assert stream["framesize"] == 128 * 90
    request = camera.capture_request()
    with picamera2.MappedArray(request, "main") as mapped:
        assert mapped.array.shape == (90, 128)
        assert (mapped.array[:60, :100] == 9).all()
    with picamera2.MappedArray(request, "main", reshape=False) as mapped:
        assert mapped.array.shape == (128 * 90,)
    assert request.make_array("main").shape == (90, 128)
    assert request.make_buffer("main").shape == (128 * 90,)
    assert request.get_metadata()["SensorTimestamp"] > 0
    request.release()


def test_nv12_is_mapped_without_what_pads_its_rows(picamera2):
    with picamera2.Picamera2() as camera:
        camera.configure(camera.create_video_configuration(main={"size": (100, 60), "format": "NV12"}))
        camera.start()
        request = camera.capture_request(wait=1.0)
        with picamera2.MappedArray(request, "main") as mapped:
            assert mapped.array.shape == (90, 100)
            assert mapped.array.strides == (128, 1)
        request.release()


def test_a_request_goes_back_with_its_last_reference(camera):
    request = camera.capture_request()
    request.acquire()
    request.release()
    assert request.request is not None
    request.release()
    assert request.request is None
    with pytest.raises(RuntimeError, match="negative ref_count"):
        request.release()
    with pytest.raises(RuntimeError, match="not defined"):
        request.make_buffer("main")


def test_what_the_camera_does_not_have_is_refused(camera):
    with pytest.raises(RuntimeError, match="not advertised"):
        camera.set_controls({"Teleport": 1})
    with pytest.raises(RuntimeError, match="must be stopped"):
        camera.configure()
    camera.stop()
    with pytest.raises(RuntimeError, match="not MJPEG"):
        camera.configure(camera.create_video_configuration(main={"format": "MJPEG"}))


def test_pictures_come_at_the_rate_that_was_asked_for(camera):
    camera.set_controls({"FrameDurationLimits": (5000, 5000)})
    stamps = []
    for _ in range(5):
        request = camera.capture_request()
        stamps.append(request.get_metadata()["SensorTimestamp"])
        request.release()
    assert stamps[-1] - stamps[1] >= 3 * 4_000_000


def test_a_film_of_another_size_is_scaled(picamera2):
    with picamera2.Picamera2() as camera:
        camera.configure(camera.create_video_configuration(main={"size": (50, 30), "format": "YUV420"}))
        camera.start()
        request = camera.capture_request()
        assert (request.make_array("main")[:30, :50] == 9).all()
        request.release()


def test_without_a_film_there_is_no_camera(picamera2):
    machine.MACHINE.camera.unplugged = True
    with pytest.raises(RuntimeError, match="No camera number 0"):
        picamera2.Picamera2()
