"""The camera's and the screen's threads, and the small edges: narration and systemd."""

import io
import json
import socket
import threading
import time

import numpy as np
import pytest
from PIL import Image

from device.drivers import DriverError, Frame, Lamp, Sound
from device.firmware.camera_thread import CameraThread
from device.firmware.lane_table import State
from device.firmware.narrate import Narrator
from device.firmware.notify import Systemd
from device.firmware.presenter import Presenter
from device.firmware.scan import Seen
from device.firmware.screens import card
from wire.reasons import Reason


def until(condition):
    """Wait for another thread, at most five seconds."""
    deadline_s = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.002)


class Camera:
    """Gives blank frames until it is stopped or told to fail."""

    def __init__(self):
        self.started = self.given_back = 0
        self.failing = self.stopped = False

    def start(self):
        if self.failing:
            raise DriverError("no camera")
        self.started += 1

    def frame(self, _timeout_s):
        time.sleep(0.001)
        if self.failing or self.stopped:
            raise DriverError("it hangs")
        luma = np.zeros((64, 64), np.uint8)
        return Frame(luma=luma, sequence=1, taken_s=7.0, give_back=self.take_back)

    def take_back(self):
        self.given_back += 1

    def stop(self):
        self.stopped = True


@pytest.fixture
def watching(monkeypatch):
    monkeypatch.setattr("device.firmware.camera_thread.REST_S", 0.01)
    camera, woken = Camera(), threading.Event()
    thread = CameraThread(camera, woken.set, timeout_s=0.1)
    thread.start()
    yield camera, thread, woken
    thread.stop()
    assert not thread._thread.is_alive()


def test_frames_are_read_and_given_back(watching):
    camera, thread, woken = watching
    until(lambda: thread.frames > 5 and thread.working)
    assert woken.is_set()
    until(lambda: camera.given_back >= 5)
    until(lambda: thread.take() is not None)


def test_a_camera_that_fails_is_started_anew(watching):
    camera, thread, _ = watching
    until(lambda: thread.working)
    camera.failing = True
    until(lambda: not thread.working)
    assert thread.failure
    camera.failing = False
    until(lambda: thread.working)
    assert camera.started >= 2
    assert not thread.failure


def test_a_sight_of_a_code_is_kept_until_it_is_taken():
    woken = []
    thread = CameraThread(Camera(), lambda: woken.append(1), timeout_s=1.0)
    assert thread.take() is None
    thread._offer(Seen(("JX1:A",)), 1.0)
    thread._offer(Seen(()), 2.0)
    assert woken == [1]
    assert thread.take() == (Seen(("JX1:A",)), 1.0)
    thread._offer(Seen(()), 3.0)
    assert thread.take() == (Seen(()), 3.0)
    assert thread.take() is None


class Screen:
    """A display and signals that can fail."""

    size, mode = (128, 64), "1"

    def __init__(self):
        self.pictures, self.signals = [], []
        self.failing = self.mute = self.closed = False

    def show(self, *what):
        if isinstance(what[0], Image.Image):
            if self.failing:
                raise DriverError("no display")
            self.pictures.append(what[0])
        else:
            if self.mute:
                raise DriverError("no lamp")
            self.signals.append(what)

    def close(self):
        self.closed = True


IDLE = card(State.IDLE, None, None)
ADMITTED = card(State.ADMITTING, Reason.GREEN, None)


@pytest.fixture
def showing(monkeypatch):
    monkeypatch.setattr("device.firmware.presenter.RETRY_S", 0.02)
    screen = Screen()
    presenter = Presenter(screen, screen)
    presenter.start()
    yield screen, presenter
    presenter.stop()
    assert screen.closed
    assert not presenter.alive


def test_a_card_is_shown_once_and_heard_at_once(showing):
    screen, presenter = showing
    presenter.show(ADMITTED)
    assert screen.signals == [(Lamp.GREEN, Sound.SHORT_HIGH)]
    until(lambda: len(screen.pictures) == 1)
    presenter.show(IDLE)
    until(lambda: len(screen.pictures) == 2)


def test_a_blip_is_not_repeated_while_nothing_else_happens(showing):
    screen, presenter = showing
    measuring = card(State.MEASURING, None, None)
    presenter.show(measuring)
    presenter.show(measuring)
    assert [sound for _, sound in screen.signals] == [Sound.BLIP, Sound.NONE]


def test_a_display_that_comes_back_shows_what_belongs_there(showing):
    screen, presenter = showing
    screen.failing = True
    presenter.show(IDLE)
    until(lambda: not presenter.display_working)
    screen.failing = False
    until(lambda: presenter.display_working)
    assert screen.pictures


def test_a_broken_lamp_does_not_stop_the_screen(showing):
    screen, presenter = showing
    screen.mute = True
    presenter.show(IDLE)
    assert not presenter.signals_working
    until(lambda: screen.pictures)
    screen.mute = False
    presenter.show(ADMITTED)
    assert presenter.signals_working


def test_without_a_display_light_and_sound_suffice():
    screen = Screen()
    screen.size = (0, 0)
    presenter = Presenter(screen, screen)
    presenter._put(IDLE)
    assert not screen.pictures
    presenter.stop()


def test_the_gate_tells_in_words_or_json_what_it_did():
    out = io.StringIO()
    Narrator("words", out).verdict("passage", Reason.GREEN, 12, 3)
    Narrator("json", out).verdict("boot", None, None, 1)
    words, line = out.getvalue().splitlines()
    assert words == "passage verdict=admit reason=P-101 took_ms=12 sequence=3"
    assert json.loads(line) == {"kind": "boot", "sequence": 1}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("closed file")])
def test_a_log_that_takes_nothing_stops_nobody(error):
    class Full(io.StringIO):
        def write(self, _text):
            raise error

    Narrator("words", Full()).say("boot")


def test_systemd_hears_what_the_gate_says(tmp_path, monkeypatch):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        Systemd.from_environment().say("READY=1")
        assert listener.recv(64) == b"READY=1"
    Systemd(str(tmp_path / "nobody")).say("WATCHDOG=1")
    Systemd(None).say("READY=1")


def test_systemd_may_listen_on_an_abstract_address():
    name = f"jx-{threading.get_ident()}-{time.monotonic_ns()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        Systemd(f"@{name}").say("READY=1")
        assert listener.recv(64) == b"READY=1"
