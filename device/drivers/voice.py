"""The voice: prompts played from WAV files by `aplay` of alsa-utils, one at a time, the newest first."""

import os
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
MOST_BYTES: Final = 65_536
"""As much as a pipe holds; a player that writes more is stopped by it, and by its time."""


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
        argv = [PLAYER, "-q", "-D", self._config.device, str(path)]
        try:
            if not path.is_file():
                return
            # Without the lock: a card may take its time to load a program, and `say` returns at once.
            player = subprocess.Popen(  # noqa: S603 - fixed program, our own files, no shell
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
        except OSError as error:
            self._failed(f"{PLAYER}: {error.strerror}")
            return
        except ValueError as error:  # a name with a zero in it
            self._failed(f"{PLAYER}: {error}")
            return
        with self._changed:
            self._playing = player
            if self._wanted is not None or self._closed:
                self._hush()  # something newer came meanwhile
        self._wait(player)
        with self._changed:
            self._playing = None

    def _wait(self, player: "subprocess.Popen[bytes]") -> None:
        """Wait for its end; a player that was killed to fall silent is no failure.

        Not for the end of what it writes: whoever inherited that may live on.
        """
        try:
            if player.wait(LONGEST_S) > 0:
                lines = _written(player).strip().splitlines()
                self._failed(lines[-1] if lines else f"{PLAYER} ended with {player.returncode}")
        except subprocess.TimeoutExpired:
            self._failed(f"{PLAYER} did not end")
            player.kill()
            with suppress(subprocess.TimeoutExpired):  # stuck in the kernel: the next one is tried without it
                player.wait(_STOPPED_S)
        finally:
            if player.stderr is not None:
                player.stderr.close()

    def _failed(self, why: str) -> None:
        with self._changed:
            self._failure = why


def _written(player: "subprocess.Popen[bytes]") -> str:
    """What a player that has ended wrote, as far as a pipe holds it."""
    if player.stderr is None:
        return ""
    os.set_blocking(player.stderr.fileno(), False)
    try:
        return os.read(player.stderr.fileno(), MOST_BYTES).decode(errors="replace")
    except BlockingIOError:
        return ""
