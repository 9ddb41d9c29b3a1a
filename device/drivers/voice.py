"""The voice: prompts played from WAV files by `aplay` of alsa-utils, one at a time, the newest first."""

import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.drivers import DriverError, Prompt

PLAYER: Final = "aplay"
LONGEST_S: Final = 20.0
"""A prompt that plays longer hangs; none takes more than eight seconds."""
_STOPPED_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceConfig:
    """Where the files are, and where they are heard."""

    directory: Path
    device: str = "default"
    """ALSA's name of the output, as `aplay -L` lists them."""


def file_of(directory: Path, prompt: Prompt) -> Path:
    """The file of a prompt."""
    return directory / f"{prompt.value}.wav"


class AlsaVoice:
    """`Voice` on a process of `aplay` for each prompt; its thread waits for the process, nobody else does."""

    def __init__(self, config: VoiceConfig) -> None:
        self._config = config
        self._changed = threading.Condition()
        self._wanted: Prompt | None = None
        self._playing: subprocess.Popen[bytes] | None = None
        self._failure = ""
        self._busy = self._closed = False
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
        self._thread.start()

    def say(self, prompt: Prompt) -> None:
        """Begin to say it and stop what was being said; returns at once.

        Raises `DriverError`, once, when what was to be said before could not be heard; this one is tried.
        """
        with self._changed:
            failure, self._failure = self._failure, ""
            self._wanted = prompt
            self._hush()
            self._changed.notify_all()
        if failure:
            raise DriverError(
                f"the last prompt could not be heard ({failure}); check loudspeaker and alsa-utils"
            )

    def finish(self, timeout_s: float) -> None:
        """Wait until everything is said; raises `DriverError` when it cannot be heard or takes too long."""
        with self._changed:
            ended = self._changed.wait_for(lambda: self._wanted is None and not self._busy, timeout_s)
            failure, self._failure = self._failure, ""
        if failure or not ended:
            raise DriverError(f"the prompt could not be heard ({failure or 'it does not end'})")

    def close(self) -> None:
        """Fall silent and stop the thread."""
        with self._changed:
            self._closed, self._wanted = True, None
            self._hush()
            self._changed.notify_all()
        self._thread.join(timeout=_STOPPED_S)

    def _hush(self) -> None:
        """Stop the process; the thread that waits for it goes on. Called with the lock held."""
        if self._playing is not None:
            with suppress(OSError):
                self._playing.kill()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._closed or self._wanted is not None)
                if self._closed:
                    return
                prompt, self._wanted, self._busy = self._wanted, None, True
            if prompt is not None:
                self._play(file_of(self._config.directory, prompt))

    def _play(self, path: Path) -> None:
        """Play one file to its end, or until it is hushed; what goes wrong is told by the next `say`."""
        if not path.is_file():
            return
        argv = [PLAYER, "-q", "-D", self._config.device, str(path)]
        try:
            with self._changed:
                if self._wanted is not None or self._closed:
                    return  # something newer came meanwhile
                self._playing = subprocess.Popen(  # noqa: S603 - fixed program, our own files, no shell
                    argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
                )
            self._told(self._playing)
        except OSError as error:
            self._failed(f"{PLAYER}: {error.strerror}")
        finally:
            with self._changed:
                self._playing = None

    def _told(self, player: "subprocess.Popen[bytes]") -> None:
        """Wait for its end; a player that was killed to fall silent is no failure."""
        try:
            _, said = player.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            player.kill()
            player.communicate()
            self._failed(f"{PLAYER} did not end")
            return
        if player.returncode > 0:
            lines = said.decode(errors="replace").strip().splitlines()
            self._failed(lines[-1] if lines else f"{PLAYER} ended with {player.returncode}")

    def _failed(self, why: str) -> None:
        with self._changed:
            self._failure = why
