"""The camera's and the screen's threads, and the small edges: narration and systemd."""

import io
import json
import math
import socket
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from device.drivers import DriverError, Frame, Lamp, Sound
from device.firmware.camera_thread import DARK_S, LASTING_FRAMES, CameraThread, Pace
from device.firmware.health import SILENT_S, Health
from device.firmware.lane_table import State
from device.firmware.narrate import Narrator
from device.firmware.notify import Systemd
from device.firmware.presenter import Presenter
from device.firmware.scan import Seen
from device.firmware.screens import card
from wire.reasons import Reason


def until(condition):
    """Wait for another thread, at most half a minute."""
    deadline_s = time.monotonic() + 30
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


class Moment:
    """A clock, and the event a thread waits on: waiting makes time pass, and it is set after a while."""

    def __init__(self, stop_after_s):
        self.now_s, self.stop_s, self.waits = 100.0, 100.0 + stop_after_s, []

    def monotonic(self):
        return self.now_s

    def is_set(self):
        return self.now_s >= self.stop_s

    def wait(self, for_s):
        self.waits.append(for_s)
        self.now_s += for_s
        return self.is_set()


class Filmed(Camera):
    """A camera whose pictures take as long as a test says, and show what it says."""

    def __init__(self, moment, every_s=1 / 15):
        super().__init__()
        self.moment, self.every_s = moment, every_s
        self.luma = np.full((480, 640), 90, np.uint8)
        self.good = math.inf
        """Pictures after each start, then it hangs inside the call until the time is over."""

    def start(self):
        super().start()
        self.left = self.good

    def frame(self, timeout_s):
        if self.left <= 0:
            self.moment.now_s += timeout_s
            raise DriverError("camera gave no picture; it was closed, start it again")
        self.left -= 1
        self.moment.now_s += self.every_s
        return Frame(luma=self.luma, sequence=1, taken_s=self.moment.now_s)


def filming(stop_after_s=60.0, **changes):
    moment = Moment(stop_after_s)
    camera = Filmed(moment, **changes)
    thread = CameraThread(camera, lambda: None, timeout_s=2.0, frames_per_s=15.0, monotonic=moment.monotonic)
    thread._stopped = moment
    return moment, camera, thread


def step_for(moment, thread, for_s):
    """Step so long; what `slow` and `dark` were, each time."""
    until_s, was = moment.now_s + for_s, []
    while moment.now_s < until_s:
        thread.step()
        was.append((thread.slow, thread.dark))
    return was


def test_too_few_pictures_are_noticed_and_it_heals():
    moment, camera, thread = filming()
    camera.start()
    assert not any(slow for slow, _ in step_for(moment, thread, 20.0))
    camera.every_s = 1 / 8
    assert any(slow for slow, _ in step_for(moment, thread, 8.0))
    assert thread.slow
    camera.every_s = 1 / 15
    step_for(moment, thread, 8.0)
    assert not thread.slow


def test_a_rate_a_little_lower_is_no_trouble_and_a_camera_without_a_promise_has_none():
    moment, camera, thread = filming(every_s=1 / 11)
    camera.start()
    assert not any(slow for slow, _ in step_for(moment, thread, 20.0))
    pace = Pace(0.0)
    assert not any(pace.slow(float(second)) for second in range(0, 100, 3))


def test_a_camera_that_was_just_started_is_not_called_slow():
    pace = Pace(15.0)
    assert not any(pace.slow(second / 2) for second in range(10))
    assert pace.slow(6.0)
    pace.begin()
    assert not pace.slow(7.0)


def test_a_covered_lens_is_noticed_after_a_while_and_uncovered_at_once():
    moment, camera, thread = filming()
    camera.start()
    camera.luma = np.full((480, 640), 7, np.uint8)
    assert not any(dark for _, dark in step_for(moment, thread, DARK_S - 0.5))
    step_for(moment, thread, 1.0)
    assert thread.dark
    camera.luma = camera.luma.copy()
    camera.luma[150:300, 200:400] = 150  # a phone is held up in a dark room
    thread.step()
    assert not thread.dark


def test_a_camera_that_hangs_again_and_again_is_given_longer_and_longer_rests_and_never_seems_dead():
    moment, camera, thread = filming(stop_after_s=120.0)
    camera.good = 3
    health = Health(organs=SimpleNamespace(camera=thread), book=None)
    health._begun_s, wait = 0.0, moment.wait
    told = []

    def watched(for_s):
        told.append((health._camera(moment.now_s), moment.now_s - thread.beat_s))
        return wait(for_s)

    moment.wait = watched
    thread._run()
    rests = [for_s for for_s in moment.waits if for_s > 1e-6]
    assert set(rests) == {1.0}, "it says that it lives, every second"
    assert 9 <= camera.started <= 16  # 1, 2, 4 and then 8 s apart, 2 s of hanging each
    assert not any(working for working, _ in told)
    assert all(silent_s < SILENT_S for _, silent_s in told)
    assert "start it again" in thread.failure


def test_a_camera_that_is_well_again_starts_from_a_short_rest():
    moment, camera, thread = filming(stop_after_s=60.0)
    camera.good = LASTING_FRAMES + 1
    thread._run()
    assert set(moment.waits) == {1.0}
    assert camera.started >= 10


def test_a_call_that_never_comes_back_shows_in_the_beat_though_the_last_word_was_good():
    moment, camera, thread = filming()
    camera.start()
    thread.step()
    health = Health(organs=SimpleNamespace(camera=thread), book=None)
    health._begun_s = moment.now_s - 60
    assert health._camera(moment.now_s + SILENT_S - 0.1)
    assert thread.working
    assert not health._camera(moment.now_s + SILENT_S)


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
