"""One gate as the town sees it: a camera to stand before, a forehead's place, a screen, a barrier, a log."""

import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sandbox.board.client import Board, BoardError
from sandbox.board.film import Film
from sandbox.optics import ORDINARY, Optics, empty_scene, photograph
from sandbox.town.body import AMBIENT_C
from sandbox.town.hear import Heard, verdict_in
from sandbox.wallet.doors import GateName

CONNECT_S: Final = 0.5

Picture: TypeAlias = NDArray[np.uint8]
"""A code, flat and sharp: one pixel a module."""


@dataclass(frozen=True, slots=True)
class Fittings:
    """Where a gate's virtual hardware is, and its wiring as its gate.toml has it."""

    socket: Path
    film: Path
    passage_pin: int
    passage_active_high: bool
    scene: Optics = ORDINARY


class Site:
    """Everything a person can do at one gate. One visitor at a time; the screen from any thread."""

    def __init__(self, name: GateName, fittings: Fittings) -> None:
        self.name = name
        self.fittings = fittings
        self._film = Film.create(fittings.film, fittings.scene.width, fittings.scene.height)
        self._verdicts: queue.Queue[Heard] = queue.Queue()
        self._board: Board | None = None
        self._mirror: Board | None = None
        self._mirror_lock = threading.Lock()
        self.clear(np.random.default_rng(0))

    def hear(self, line: str) -> None:
        """Take a line of the gate's log; any thread."""
        heard = verdict_in(line)
        if heard is not None:
            self._verdicts.put(heard)

    def present(self, code: Picture, grain: np.random.Generator) -> None:
        """Hold a code before the camera, as a hand would: never twice the same way."""
        self._film.show(photograph(code, self.fittings.scene, grain))

    def clear(self, grain: np.random.Generator) -> None:
        """Nobody is there."""
        self._film.show(empty_scene(grain, self.fittings.scene))

    def warm(self, object_c: float) -> None:
        """What the thermometer faces now; without a gate nothing happens."""
        self._touch(lambda board: board.temperature(object_c, AMBIENT_C))

    def walk_through(self, pause_s: float = 0.15) -> None:
        """Break the light beam of the passage and leave it."""
        pin, active = self.fittings.passage_pin, self.fittings.passage_active_high
        self._touch(lambda board: board.pin(pin, active))
        time.sleep(pause_s)
        self._touch(lambda board: board.pin(pin, not active))

    def forget(self) -> None:
        """Throw away verdicts that nobody waited for."""
        while not self._verdicts.empty():
            self._verdicts.get_nowait()

    def verdict(self, wait_s: float) -> Heard | None:
        """The next verdict, if it comes in time."""
        try:
            return self._verdicts.get(timeout=wait_s)
        except queue.Empty:
            return None

    def screen(self) -> Image.Image | None:
        """What the display shows; None while the gate is not there."""
        with self._mirror_lock:
            try:
                if self._mirror is None:
                    self._mirror = Board.connect(self.fittings.socket, wait_s=0)
                return self._mirror.display()
            except BoardError:
                if self._mirror is not None:
                    self._mirror.close()
                self._mirror = None
                return None

    def _touch(self, act: Callable[[Board], None]) -> None:
        """Reach into the machine; a gate that died and came back is found again."""
        for _ in range(2):
            try:
                if self._board is None:
                    self._board = Board.connect(self.fittings.socket, wait_s=CONNECT_S)
                act(self._board)
            except BoardError:
                if self._board is not None:
                    self._board.close()
                self._board = None
            else:
                return


def grain_of(seed: int) -> tuple[np.random.Generator, random.Random]:
    """The chance of one visit: for its photographs, and for its warmth."""
    return np.random.default_rng(seed), random.Random(seed)
