"""The voice on a program called `aplay` that writes down what it is asked to play."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest

from device.drivers import DriverError, Prompt, Voice
from device.drivers.voice import AlsaVoice, VoiceConfig, file_of

PLAYER = """#!{python} -S
import os, sys, time
with open({log!r}, "a") as log:
    log.write(" ".join(sys.argv[1:]) + chr(10))
while os.path.exists({hold!r}):
    time.sleep(0.005)
if os.path.exists({broken!r}):
    sys.exit("aplay: main:831: audio open error: No such file or directory")
"""


def until(condition):
    deadline_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.003)


class Room:
    """A directory with prompts, and an aplay that records, hangs or fails."""

    def __init__(self, path):
        self.path = path
        self.log, self.hold, self.broken = path / "log", path / "hold", path / "broken"
        self.log.touch()
        self.files = path / "voice"
        self.files.mkdir()
        for prompt in set(Prompt) - {Prompt.CLOSED}:
            file_of(self.files, prompt).write_bytes(b"RIFF")

    def install(self):
        player = self.path / "bin" / "aplay"
        player.parent.mkdir()
        names = {name: str(getattr(self, name)) for name in ("log", "hold", "broken")}
        player.write_text(PLAYER.format(python=sys.executable, **names))
        player.chmod(player.stat().st_mode | stat.S_IXUSR)

    def played(self):
        return [os.path.basename(line.split()[-1]) for line in self.log.read_text().splitlines()]  # noqa: PTH119 -- of a line, not a path


@pytest.fixture
def room(tmp_path, monkeypatch):
    made = Room(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return made


@pytest.fixture
def voice(room):
    room.install()
    made = AlsaVoice(VoiceConfig(directory=room.files, device="plughw:1"))
    yield made
    room.hold.unlink(missing_ok=True)
    made.close()


def test_it_is_a_voice(voice):
    assert isinstance(voice, Voice)


def test_a_prompt_is_played_from_its_file_on_its_device(voice, room):
    voice.say(Prompt.ENTER)
    voice.finish(10)
    assert room.log.read_text() == f"-q -D plughw:1 {room.files / 'enter.wav'}\n"


def test_what_is_said_replaces_what_was_being_said_and_nobody_waits(voice, room):
    room.hold.touch()
    voice.say(Prompt.STEP_CLOSER)
    until(lambda: room.played() == ["step-closer.wav"])
    first = voice._playing
    before_s = time.monotonic()
    voice.say(Prompt.ENTER)
    assert time.monotonic() - before_s < 1
    until(lambda: room.played() == ["step-closer.wav", "enter.wav"])
    assert first.returncode < 0
    room.hold.unlink()
    voice.finish(10)  # a prompt that was cut short is no failure


def test_of_many_prompts_in_a_row_the_newest_is_heard(voice, room):
    room.hold.touch()
    for prompt in (Prompt.STEP_BACK, Prompt.HOLD_STILL, Prompt.ENTER):
        voice.say(prompt)
    room.hold.unlink()
    voice.finish(10)
    assert room.played()[-1] == "enter.wav"


def test_a_prompt_without_a_file_is_silence(voice, room):
    voice.say(Prompt.CLOSED)
    voice.finish(10)
    assert not room.played()


def test_an_output_that_is_gone_is_told_once_and_heals(voice, room):
    room.broken.touch()
    voice.say(Prompt.ENTER)
    until(lambda: voice._failure)
    room.broken.unlink()
    with pytest.raises(DriverError, match="audio open error"):
        voice.say(Prompt.WAIT)
    voice.finish(10)
    voice.say(Prompt.ENTER)
    voice.finish(10)
    assert room.played()[-2:] == ["wait.wav", "enter.wav"]


def test_a_missing_player_is_told(room):
    voice = AlsaVoice(VoiceConfig(directory=room.files))
    voice.say(Prompt.ENTER)
    with pytest.raises(DriverError, match="aplay: No such file"):
        voice.finish(10)
    voice.close()


def test_a_player_that_hangs_is_ended_and_told(voice, room, monkeypatch):
    monkeypatch.setattr("device.drivers.voice.LONGEST_S", 0.05)
    room.hold.touch()
    voice.say(Prompt.ENTER)
    with pytest.raises(DriverError, match="did not end"):
        voice.finish(10)


def test_waiting_for_what_does_not_end_ends(voice, room):
    room.hold.touch()
    voice.say(Prompt.ENTER)
    with pytest.raises(DriverError, match="does not end"):
        voice.finish(0.05)


def test_closing_falls_silent(voice, room):
    room.hold.touch()
    voice.say(Prompt.EVACUATE)
    until(lambda: room.played() and voice._playing)
    player = voice._playing
    voice.close()
    assert player.returncode < 0
    assert not voice._thread.is_alive()


def test_nobody_waits_for_a_card_that_takes_its_time_to_load_the_player(voice, room, monkeypatch):
    loaded, loading = threading.Event(), threading.Event()
    begin = subprocess.Popen

    def slowly(*args, **options):
        loading.set()
        assert loaded.wait(10)
        return begin(*args, **options)

    monkeypatch.setattr("device.drivers.voice.subprocess.Popen", slowly)
    voice.say(Prompt.STEP_CLOSER)
    assert loading.wait(10)
    asking = threading.Thread(target=voice.say, args=(Prompt.ENTER,))
    asking.start()
    asking.join(2)
    told_at_once = not asking.is_alive()
    loaded.set()
    asking.join(10)
    assert told_at_once
    voice.finish(10)
    assert room.played()[-1] == "enter.wav"


def test_a_file_that_the_card_refuses_to_look_for_is_told_and_heals(room):
    room.install()
    voice = AlsaVoice(VoiceConfig(directory=room.files / ("x" * 300)))
    voice.say(Prompt.ENTER)
    with pytest.raises(DriverError, match="too long"):
        voice.finish(10)
    assert voice._thread.is_alive()
    voice.close()


def test_an_output_with_an_impossible_name_is_told(room):
    room.install()
    voice = AlsaVoice(VoiceConfig(directory=room.files, device="hw\x000"))
    voice.say(Prompt.ENTER)
    with pytest.raises(DriverError, match="null byte"):
        voice.finish(10)
    assert voice._thread.is_alive()
    voice.close()


@pytest.mark.parametrize("replaced", [True, False], ids=["replaced", "hung"])
def test_what_a_player_leaves_behind_holds_nobody_up(voice, room, monkeypatch, replaced):
    player = room.path / "bin" / "aplay"
    pids = room.path / "pids"
    player.write_text(
        f"#!/bin/sh\necho x $5 >> {room.log}\n"
        f"[ $(/usr/bin/basename $4) = enter.wav ] && exit 0\n"
        f"/bin/sleep 60 & echo $! >> {pids}\nwait\n"
    )
    if not replaced:
        # Long enough for the player to start another.
        monkeypatch.setattr("device.drivers.voice.LONGEST_S", 1.0)
    voice.say(Prompt.STEP_CLOSER)
    try:
        until(lambda: pids.exists() and pids.read_text())
        if replaced:
            before_s = time.monotonic()
            voice.say(Prompt.ENTER)
            voice.finish(10)
            assert time.monotonic() - before_s < 30
        else:
            with pytest.raises(DriverError, match="did not end"):
                voice.finish(30)
    finally:
        for pid in pids.read_text().split():
            os.kill(int(pid), signal.SIGKILL)
