import gc
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import segno
import zxingcpp

from device.drivers import Camera, DriverError
from device.drivers.camera import CameraConfig, PiCamera, controls_for
from device.firmware import camera_thread
from sandbox.optics import Optics, covered_scene, empty_scene


def config(**changes):
    return CameraConfig(**({"width": 320, "height": 240, "frames_per_s": 120.0} | changes))


@pytest.fixture
def camera(film):  # noqa: ARG001 -- a camera needs something to see
    made = PiCamera(config())
    made.start()
    yield made
    made.stop()


def test_it_is_a_camera(camera):
    assert isinstance(camera, Camera)


def test_a_frame_shows_what_is_in_front_of_the_camera(camera):
    with camera.frame(1.0) as frame:
        assert frame.luma.shape == (240, 320)
        assert frame.luma.dtype == np.uint8
        assert (frame.luma[17] == np.arange(320, dtype=np.uint8)).all()


@pytest.mark.parametrize("pixel_format", ["YUV420", "NV12"])
def test_padded_rows_are_viewed_without_a_copy(film, board, pixel_format):
    camera = PiCamera(config(width=300, pixel_format=pixel_format))
    camera.start()
    with camera.frame(1.0) as frame:
        assert frame.luma.shape == (240, 300)
        assert frame.luma.strides == (320, 1)
        buffer = camera._camera._all[-1].memory
        assert np.shares_memory(frame.luma, buffer)
        assert not frame.luma.flags.writeable
    camera.stop()
    assert board.camera.frames == 1
    assert film.width == 320


def test_a_code_is_read_straight_from_the_cameras_padded_buffer(film):
    drawn = segno.make("JX1:HELLO", error="m", micro=False)
    modules = np.array([list(row) for row in drawn.matrix_iter(border=4)], np.uint8)
    code = np.kron(1 - modules, np.full((8, 8), 255, np.uint8))
    picture = np.full((240, 320), 90, np.uint8)
    picture[: code.shape[0], : code.shape[1]] = code[:240]
    film.show(picture)
    camera = PiCamera(config(width=300))
    camera.start()
    with camera.frame(1.0) as frame:
        assert not frame.luma.flags.c_contiguous
        assert [found.text for found in zxingcpp.read_barcodes(frame.luma)] == ["JX1:HELLO"]
    camera.stop()


def test_a_frame_may_be_released_after_the_camera_was_stopped(camera):
    frame = camera.frame(1.0)
    camera.stop()
    frame.release()


def test_frames_are_counted_and_come_in_time_order(camera):
    times = []
    for expected in (1, 2, 3):
        with camera.frame(1.0) as frame:
            assert frame.sequence == expected
            times.append(frame.taken_s)
    assert times == sorted(times)


def test_a_scene_that_stands_still_is_delivered_without_being_copied_again(camera, board):
    for _ in range(6):
        camera.frame(1.0).release()
    assert board.camera.frames == 6
    assert board.camera.copies == 1


def test_a_new_scene_is_seen_in_the_next_frame(camera, film):
    camera.frame(1.0).release()
    film.show(np.full((240, 320), 200, np.uint8))
    with camera.frame(1.0) as frame:
        assert (frame.luma == 200).all()


def test_a_released_buffer_can_be_filled_again_and_releasing_twice_does_nothing(camera):
    for _ in range(12):  # three times as many as there are buffers
        frame = camera.frame(1.0)
        frame.release()
        frame.release()


def test_frames_that_are_kept_stop_the_camera(camera):
    kept = [camera.frame(1.0) for _ in range(4)]
    with pytest.raises(DriverError, match="no picture"):
        camera.frame(0.02)
    for frame in kept:
        frame.release()


def test_a_camera_that_hangs_raises_and_can_be_started_again(camera, board):
    board.camera.hanging = True
    with pytest.raises(DriverError, match=r"no picture in 0\.02 s"):
        camera.frame(0.02)
    with pytest.raises(DriverError, match="stopped"):
        camera.frame(0.02)
    board.camera.hanging = False
    camera.start()
    with camera.frame(1.0) as frame:
        assert frame.sequence == 1


def test_stopping_wakes_the_thread_that_waits_for_a_frame(camera, board):
    board.camera.hanging = True
    failures = []

    def wait():
        try:
            camera.frame(30.0)
        except DriverError as error:
            failures.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while thread.is_alive():
        camera.stop()
        thread.join(timeout=0.01)
    assert failures


def test_no_camera_on_the_ribbon_is_a_driver_error_and_it_may_come_later(film, board):  # noqa: ARG001 -- the machine
    board.camera.unplugged = True
    camera = PiCamera(config())
    with pytest.raises(DriverError, match="did not start"):
        camera.start()
    board.camera.unplugged = False
    camera.start()
    camera.frame(1.0).release()
    camera.stop()


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_camera_that_does_not_come_up_costs_no_file_however_often_it_is_tried(film, board):  # noqa: ARG001 -- the machine
    board.camera.unplugged = True
    camera = PiCamera(config())
    gc.collect()
    before = open_files()
    for _ in range(3):
        with pytest.raises(DriverError, match="No camera number 0"):
            camera.start()
        assert open_files() == before


def test_a_camera_that_another_holds_is_a_driver_error_and_costs_no_file(camera):  # noqa: ARG001 -- the other one
    gc.collect()
    before = open_files()
    for _ in range(3):
        with pytest.raises(DriverError, match="did not start"):
            PiCamera(config()).start()
        assert open_files() == before


def test_a_constructor_that_fails_after_opening_leaves_nothing_open(film, monkeypatch):  # noqa: ARG001 -- the machine
    import picamera2

    opened = picamera2.Picamera2.__init__

    def fail(camera, number):
        opened(camera, number)
        raise RuntimeError("Could not open any dmaHeap device")

    gc.collect()
    before = open_files()
    monkeypatch.setattr(picamera2.Picamera2, "__init__", fail)
    with pytest.raises(DriverError, match="dmaHeap"):
        PiCamera(config()).start()
    assert open_files() == before


def test_a_frame_that_was_released_shows_nothing_and_holds_no_buffer(camera):
    frame = camera.frame(1.0)
    buffer = camera._camera._all[-1].memory
    assert np.shares_memory(frame.luma, buffer)
    frame.release()
    assert frame.luma.size == 0


def test_start_and_stop_twice_do_nothing_more(camera):
    camera.start()
    camera.frame(1.0).release()
    camera.stop()
    camera.stop()


def test_a_camera_without_a_control_is_not_asked_for_it():
    wanted = controls_for(config(), {"FrameDurationLimits", "ExposureValue"})
    assert wanted == {"FrameDurationLimits": (8333, 8333), "ExposureValue": -0.7}


EVERYTHING = {
    *("FrameDurationLimits", "AeExposureMode", "AeConstraintMode", "AeMeteringMode", "ExposureValue"),
    *("ExposureTime", "AnalogueGain", "AfMode", "AfRange", "AfSpeed", "LensPosition"),
}


def test_a_camera_with_everything_is_set_for_phones_that_are_held_close():
    assert controls_for(config(), EVERYTHING) == {
        "FrameDurationLimits": (8333, 8333),
        "AeExposureMode": 1,
        "AeConstraintMode": 1,
        "AeMeteringMode": 0,
        "ExposureValue": -0.7,
        "AfMode": 2,
        "AfRange": 1,
        "AfSpeed": 1,
    }


def test_a_fixed_exposure_replaces_the_automatic_one():
    available = EVERYTHING - {"AfRange", "AfSpeed", "LensPosition"}
    wanted = controls_for(config(exposure_s=0.004, gain=2.0), available)
    assert wanted["ExposureTime"] == 4000
    assert wanted["AnalogueGain"] == 2.0
    assert "ExposureValue" not in wanted


def test_a_fixed_lens_stands_where_it_was_told_and_a_module_without_one_is_not_asked():
    fixed = config(focus="fixed", focus_dioptres=7.5)
    wanted = controls_for(fixed, EVERYTHING)
    assert (wanted["AfMode"], wanted["LensPosition"]) == (0, 7.5)
    assert not {"AfRange", "AfSpeed"} & wanted.keys()
    no_lens = EVERYTHING - {"AfMode", "AfRange", "AfSpeed", "LensPosition"}
    for one in (fixed, config()):
        assert controls_for(one, no_lens).keys() <= no_lens


@pytest.mark.parametrize("pixel_format", ["YUV420", "NV12"])
def test_every_control_arrives_at_a_module_that_has_it(film, pixel_format):  # noqa: ARG001 -- the machine
    camera = PiCamera(config(focus="fixed", exposure_s=0.004, gain=2.0, pixel_format=pixel_format))
    camera.start()
    camera.frame(1.0).release()
    told = camera._camera.metadata
    camera.stop()
    assert {
        "ExposureTime": 4000,
        "AnalogueGain": 2.0,
        "AfMode": 0,
        "LensPosition": 6.0,
    }.items() <= told.items()
    assert told["AeConstraintMode"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 321},
        {"height": 0},
        {"pixel_format": "RGB888"},
        {"frames_per_s": 0},
        {"buffers": 1},
        {"frames_per_s": 15.0, "exposure_s": 0.1},
        {"exposure_s": 0.0},
        {"focus": "auto"},
        {"focus_dioptres": -1.0},
    ],
)
def test_an_impossible_configuration_is_refused(wrong):
    with pytest.raises(DriverError):
        config(**wrong)


def test_a_machine_without_picamera2_says_which_packages_to_install(board, monkeypatch):  # noqa: ARG001 -- the machine
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(DriverError, match="system-packages"):
        PiCamera(config()).start()


def test_a_camera_that_gives_another_format_is_refused_and_closed(film, monkeypatch):  # noqa: ARG001 -- the machine
    import picamera2

    monkeypatch.setattr(picamera2.Picamera2, "stream_configuration", lambda *_: {"format": "MJPEG"})
    with pytest.raises(DriverError, match="gives MJPEG, YUV420 was asked for"):
        PiCamera(config()).start()
    picamera2.Picamera2().close()  # nobody holds it any more


def test_a_camera_that_fails_in_the_middle_is_closed_and_can_be_started_again(camera, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("camera frontend has timed out")

    with monkeypatch.context() as broken:
        broken.setattr(type(camera._camera), "capture_request", fail)
        with pytest.raises(DriverError, match="frontend has timed out"):
            camera.frame(1.0)
    camera.start()
    camera.frame(1.0).release()


def test_a_picture_that_cannot_be_mapped_goes_back_to_the_camera(camera, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(type(camera._camera), "stream_configuration", lambda *_: {})
        for _ in range(6):  # more often than there are buffers
            with pytest.raises(DriverError, match="could not be mapped"):
                camera.frame(1.0)
    camera.frame(1.0).release()


@pytest.fixture
def thread(film, monkeypatch):  # noqa: ARG001 -- a camera needs something to see
    monkeypatch.setattr(camera_thread, "REST_S", 0.005)
    monkeypatch.setattr(camera_thread, "MOST_REST_S", 0.02)
    made = camera_thread.CameraThread(PiCamera(config()), lambda: None, timeout_s=0.1, frames_per_s=120.0)
    made.start()
    yield made
    made.stop()
    assert not made._thread.is_alive()


def until(condition):
    """Wait for another thread, at most half a minute."""
    deadline_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.002)


@pytest.mark.parametrize("fault", ["hanging", "unplugged"])
def test_a_camera_that_hangs_or_is_unplugged_again_and_again_comes_back_each_time(thread, board, fault):
    for _ in range(3):
        frames = thread.frames
        until(lambda frames=frames: thread.working and thread.frames > frames)
        setattr(board.camera, fault, True)
        until(lambda: not thread.working)
        assert "start it again" in thread.failure or "did not start" in thread.failure
        setattr(board.camera, fault, False)
        with board.camera.changed:
            board.camera.changed.notify_all()
    until(lambda: thread.working)


def test_a_lens_that_is_covered_is_black_to_the_gate(thread, film, monkeypatch):
    monkeypatch.setattr(camera_thread, "DARK_S", 0.05)
    film.show(covered_scene(np.random.default_rng(1), Optics(width=320, height=240)))
    until(lambda: thread.dark)
    film.show(empty_scene(np.random.default_rng(1), Optics(width=320, height=240)))
    until(lambda: not thread.dark)
