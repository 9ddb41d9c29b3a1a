"""The real espeak-ng speaks every prompt in both languages."""

import array
import shutil
import wave

import pytest

from device.drivers import Prompt
from device.firmware.commands.voice import make

pytestmark = pytest.mark.services


def test_espeak_speaks_every_prompt_in_mandarin_and_english_loud_enough_and_briefly(tmp_path):
    assert shutil.which("espeak-ng"), "run sh tests/services/install.sh"
    both = dict(make(tmp_path / "both", ("zh", "en")))
    chinese = dict(make(tmp_path / "zh", ("zh",)))
    assert set(both) == set(Prompt)
    for prompt, path in both.items():
        with wave.open(str(path)) as file, wave.open(str(chinese[prompt])) as first:
            samples = array.array("h", file.readframes(file.getnframes()))
            assert 1 < file.getnframes() / file.getframerate() < 8
            assert first.getnframes() < file.getnframes()
            assert max(samples) > 8000
