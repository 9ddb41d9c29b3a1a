"""`jx-gate voice` with a stand-in for espeak-ng that makes real sound files; the real one: tests/services."""

import stat
import sys
import wave

import pytest
from typer.testing import CliRunner

from device.drivers import Prompt
from device.firmware import config
from device.firmware.command import app
from device.firmware.commands.voice import VOICES, join, make
from device.firmware.errors import GateError
from device.firmware.prompts import SPOKEN

SPEAKER = """#!{python} -S
import sys, wave
arguments = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(" ".join(arguments) + chr(10))
if arguments[arguments.index("-v") + 1] == {mute!r}:
    sys.exit("no such voice")
with wave.open(arguments[arguments.index("-w") + 1], "wb") as file:
    file.setnchannels(1), file.setsampwidth(2), file.setframerate(22050)
    file.writeframes(b"ab" * 2205)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A gate's file and an empty PATH; `install` puts the stand-ins there."""
    (tmp_path / "data").mkdir()
    (tmp_path / "bin").mkdir()
    text = config.example(gate="0123456789ab", data=str(tmp_path / "data"))
    (tmp_path / "silent.toml").write_text(text, encoding="utf-8")
    (tmp_path / "gate.toml").write_text(f"{text}\n[voice]\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def install(place, mute="", name="espeak-ng", text=SPEAKER):
    path = place / "bin" / name
    path.write_text(text.format(python=sys.executable, log=str(place / "log"), mute=mute))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def run(*arguments):
    return CliRunner().invoke(app, ["voice", *(str(one) for one in arguments)])


def length_s(path):
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


def test_every_prompt_becomes_a_file_chinese_first(place):
    install(place)
    result = run("--config", place / "gate.toml")
    assert result.exit_code == 0, result.output
    files = {path.name for path in (place / "data" / "voice").iterdir()}
    assert files == {f"{prompt.value}.wav" for prompt in Prompt}
    assert length_s(place / "data" / "voice" / "enter.wav") == pytest.approx(0.1 + 0.35 + 0.1, abs=0.001)
    said = (place / "log").read_text().splitlines()
    assert [line.split()[2] for line in said[:2]] == [VOICES["zh"], VOICES["en"]]
    assert said[0].endswith(SPOKEN[next(iter(Prompt))].zh)
    assert all(prompt.value in result.output for prompt in Prompt)
    assert "[voice]" not in result.output


def test_a_gate_without_a_voice_is_told_so_and_another_directory_can_be_named(place):
    install(place)
    result = run("--config", place / "silent.toml", "--directory", place / "here")
    assert result.exit_code == 0
    assert "[voice]" in result.output
    assert (place / "here" / "evacuate.wav").exists()


def test_a_missing_program_is_named_with_what_to_install(place):
    result = run("--config", place / "gate.toml")
    assert result.exit_code == 2
    assert "apt install espeak-ng alsa-utils" in result.output
    assert not (place / "data" / "voice").exists()


def test_a_missing_voice_is_named_and_files_of_before_stay(place):
    install(place)
    make(place / "voice", ("en",))
    install(place, mute=VOICES["zh"])
    with pytest.raises(GateError, match="cmn"):
        make(place / "voice", ("zh", "en"))
    assert len(list((place / "voice").iterdir())) == len(Prompt)


def test_a_directory_that_cannot_be_written_is_named(place):
    install(place)
    (place / "file").touch()
    with pytest.raises(GateError, match="could not be written"):
        make(place / "file" / "voice", ("zh",))


def test_sounds_of_two_kinds_or_none_are_not_joined(tmp_path):
    for name, rate in (("a", 8000), ("b", 22050)):
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setnchannels(1), file.setsampwidth(2), file.setframerate(rate)
            file.writeframes(b"ab" * 100)
    with pytest.raises(GateError, match="2 kinds"):
        join([tmp_path / "a", tmp_path / "b"], tmp_path / "c", 0.1)
    (tmp_path / "b").write_bytes(b"no sound")
    with pytest.raises(GateError, match="no sound that can be read"):
        join([tmp_path / "b"], tmp_path / "c", 0.1)


def test_a_prompt_can_be_played_and_what_is_missing_is_named(place):
    missing = run("--config", place / "gate.toml", "--play", "enter")
    assert missing.exit_code == 2
    assert "make the files first" in missing.output
    install(place)
    make(place / "data" / "voice", ("zh",))
    unheard = run("--config", place / "gate.toml", "--play", "enter")
    assert unheard.exit_code == 2
    assert "aplay" in unheard.output
    install(place, name="aplay", text="#!/bin/sh\nexit 0\n")
    assert run("--config", place / "gate.toml", "--play", "enter").exit_code == 0
