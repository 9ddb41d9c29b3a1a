"""`jx-gate voice`: makes the files of the spoken prompts with espeak-ng, and plays one."""

import os
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from device.drivers import DriverError, Prompt
from device.firmware import config as configs
from device.firmware.commands.terminal import out, refusals, told
from device.firmware.config_parts import Voice
from device.firmware.errors import GateError
from device.firmware.prompts import SPOKEN

SPEAKER: Final = "espeak-ng"
VOICES: Final = {"zh": "cmn", "en": "en-gb"}
"""espeak-ng's names: cmn is Mandarin."""
WORDS_PER_MINUTE: Final = {"zh": 165, "en": 150}
"""Slower than its 175: an entrance is loud, and many who pass are old."""
PAUSE_S: Final = 0.35
SPEAKS_S: Final = 30.0
HEARD_S: Final = 20.0
MADE: Final = ("✓", "OK  ", "green")
NO_VOICE: Final = (
    "配置中没有 [voice]，闸机不会说话 · the configuration has no [voice]; add it, or the gate stays silent"
)


def voice_command(
    config_file: Annotated[Path, typer.Option("--config", help="The gate's TOML file.")],
    *,
    directory: Annotated[
        Path | None, typer.Option(help="Where the files go instead of the gate's own directory.")
    ] = None,
    play: Annotated[Prompt | None, typer.Option(help="Play this prompt; nothing is made.")] = None,
) -> None:
    """制作或试听语音提示。Make the files of the spoken prompts, or play one."""
    with refusals():
        found = configs.load(config_file)
        voice = found.voice or Voice()
        target = directory or found.path(voice.directory)
        if play is not None:
            _play(voice, target, play)
            return
        made = make(target, voice.languages)
    console = out()
    for prompt, path in made:
        spoken = SPOKEN[prompt]
        told(console, MADE, Text(f"{path.name:<20} {spoken.zh} · {spoken.en}"))
    console.print(Text(f"{len(made)} 个文件在 {target} · {len(made)} files in {target}"))
    if found.voice is None:
        console.print(Text(NO_VOICE, style="yellow"))


def make(directory: Path, languages: Sequence[str]) -> list[tuple[Prompt, Path]]:
    """Every prompt as a WAV file in `directory`, the languages one after another.

    Each file is there whole or not at all. GateError when espeak-ng is missing, or the disk refuses.
    """
    if shutil.which(SPEAKER) is None:
        raise GateError(
            f"{SPEAKER} is not installed; nothing was made: sudo apt install {SPEAKER} alsa-utils"
        )
    made = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory, prefix=".making-") as scratch:
            for prompt in Prompt:
                parts = [_spoken(prompt, language, Path(scratch)) for language in languages]
                whole = Path(scratch) / f"{prompt.value}.wav"
                join(parts, whole, PAUSE_S)
                made.append((prompt, whole.replace(directory / whole.name)))
    except OSError as error:
        raise GateError(
            f"{directory} could not be written ({error.strerror}); {len(made)} files are new, the others are "
            "as they were; mount the data partition or make room"
        ) from error
    return made


def _spoken(prompt: Prompt, language: str, scratch: Path) -> Path:
    """One prompt in one language, as espeak-ng says it."""
    path = scratch / f"{prompt.value}.{language}.part"
    words = getattr(SPOKEN[prompt], language)
    # -z: no pause after the last sentence; the next person waits already.
    argv = [
        SPEAKER,
        "-z",
        "-v",
        VOICES[language],
        "-s",
        str(WORDS_PER_MINUTE[language]),
        "-w",
        str(path),
        words,
    ]
    try:
        subprocess.run(argv, check=True, capture_output=True, timeout=SPEAKS_S)  # noqa: S603 - fixed words
    except (subprocess.SubprocessError, OSError) as error:
        raise GateError(
            f"{SPEAKER} could not say {prompt.value} with its voice {VOICES[language]}; "
            "what was made before is kept: sudo apt install --reinstall espeak-ng-data"
        ) from error
    return path


def join(parts: Sequence[Path], whole: Path, pause_s: float) -> None:
    """One WAV file of several of one kind, a pause between them. GateError when they are of two kinds."""
    sounds = []
    for part in parts:
        try:
            with wave.open(str(part), "rb") as file:
                sounds.append((file.getparams(), file.readframes(file.getnframes())))
        except (wave.Error, EOFError) as error:
            raise GateError(
                f"{SPEAKER} made no sound that can be read ({error}); install it again"
            ) from error
    kinds = {(p.nchannels, p.sampwidth, p.framerate) for p, _ in sounds}
    if len(kinds) != 1:
        raise GateError(f"{SPEAKER} speaks in {len(kinds)} kinds of sound; use voices of one kind")
    ((channels, width, rate),) = kinds
    silence = bytes(channels * width * round(rate * pause_s))
    with whole.open("wb") as kept:
        with wave.open(kept, "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(width)
            file.setframerate(rate)
            file.writeframes(silence.join(sound for _, sound in sounds))
        kept.flush()
        os.fsync(kept.fileno())  # a rename alone is not durable


def _play(told: Voice, target: Path, prompt: Prompt) -> None:
    """Let one prompt be heard. GateError when it was not made, or cannot be heard."""
    from device.firmware.parts import voice_of  # the drivers: needed by nobody who only makes files

    if not (target / f"{prompt.value}.wav").is_file():
        raise GateError(f"{target} holds no {prompt.value}.wav; make the files first: jx-gate voice")
    speaking = voice_of(told, target)
    try:
        speaking.say(prompt)
        speaking.finish(HEARD_S)
    except DriverError as error:
        raise GateError(str(error)) from error
    finally:
        speaking.close()
