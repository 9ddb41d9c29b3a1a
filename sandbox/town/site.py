"""One gate as the town sees it: a camera to stand before, a forehead's place, a screen, a barrier, a log."""

import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from device.firmware.config import load
from device.firmware.config_parts import ContactPin, Lane
from sandbox.board.client import Board, BoardError
from sandbox.board.film import Film
from sandbox.optics import ORDINARY, Optics, empty_scene, photograph
from sandbox.town.body import AMBIENT_C, WALL_C
from sandbox.town.hear import Heard, serving_in, verdict_in
from sandbox.wallet.doors import GateName
from wire.reasons import Verdict

CONNECT_S: Final = 3.0

Picture: TypeAlias = NDArray[np.uint8]
"""A code, flat and sharp: one pixel a module."""


@dataclass(frozen=True, slots=True)
class Fittings:
    """Where a gate's virtual hardware is, and the gate.toml that says how it is wired."""

    socket: Path
    film: Path
    config: Path
    scene: Optics = ORDINARY


class Site:
    """Everything a person can do at one gate. One visitor at a time; the screen from any thread."""

    def __init__(self, name: GateName, fittings: Fittings) -> None:
        self.name = name
        self.fittings = fittings
        self.serving = threading.Event()
        """Set while the gate says that it can decide."""
        self._film = Film.create(fittings.film, fittings.scene.width, fittings.scene.height)
        self._verdicts: queue.Queue[Heard] = queue.Queue()
        self._door: ContactPin | None = None
        self._beam: ContactPin | None = None
        self._button: ContactPin | None = None
        self._lane = Lane()
        self._board: Board | None = None
        self._mirror: Board | None = None
        self._mirror_lock = threading.Lock()
        self._board_lock = threading.Lock()
        self.clear(np.random.default_rng(0))

    def hear(self, line: str) -> None:
        """Take a line of the gate's log; any thread."""
        serving = serving_in(line)
        if serving is not None:
            (self.serving.set if serving else self.serving.clear)()
        heard = verdict_in(line)
        if heard is not None:
            self._verdicts.put(heard)

    def present(self, code: Picture, grain: np.random.Generator, *, close: bool = False) -> None:
        """Hold a code before the camera, as a hand would: never twice the same way."""
        scene = self.fittings.scene
        self._film.show(photograph(code, close_up(scene) if close else scene, grain))

    def clear(self, grain: np.random.Generator) -> None:
        """Nobody is there."""
        self._film.show(empty_scene(grain, self.fittings.scene))

    def warm(self, object_c: float) -> None:
        """What the thermometer faces now; without a gate nothing happens."""
        self._touch(lambda board: board.temperature(object_c, AMBIENT_C))

    def power_up(self) -> None:
        """Just started: no alarm, no hand on anything, nobody there. Waits a moment for the machine."""
        self.serving.clear()
        config = load(self.fittings.config)
        self._lane, contacts = config.lane, config.pins.contacts
        self._door, self._beam, self._button = contacts.door, contacts.passage, contacts.button
        for wired in (contacts.door, contacts.passage, contacts.fire, contacts.tamper, contacts.button):
            if wired is not None:
                self._put(wired, active=False)
        self.warm(WALL_C)

    def walk_through(self, pause_s: float = 0.15) -> None:
        """Push the arm, break the light beam of the passage and leave both."""
        wired = [contact for contact in (self._door, self._beam) if contact is not None]
        for contact in wired:
            self._put(contact, active=True)
        time.sleep(pause_s)
        for contact in reversed(wired):
            self._put(contact, active=False)

    def press(self, held_s: float) -> None:
        """Press the attendant's button and let it go."""
        if self._button is not None:
            self._put(self._button, active=True)
            time.sleep(held_s)
            self._put(self._button, active=False)

    def shown_s(self, verdict: Verdict) -> float:
        """How long the gate shows a verdict before it looks at the next person."""
        lane = self._lane
        longer = {Verdict.DENY: lane.denied_s, Verdict.REFER: lane.referred_s, Verdict.ADMIT: 0.0}
        return longer.get(verdict, lane.waiting_s)

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

    def close(self) -> None:
        """Hang up on the board."""
        with self._board_lock, self._mirror_lock:
            for line in (self._board, self._mirror):
                if line is not None:
                    line.close()
            self._board = self._mirror = None

    def _put(self, wired: ContactPin, *, active: bool) -> None:
        level = active if wired.active == "high" else not active
        self._touch(lambda board: board.pin(wired.pin, level))

    def _touch(self, act: Callable[[Board], None]) -> None:
        """Reach into the machine; a gate that died and came back is found again."""
        with self._board_lock:
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


def close_up(scene: Optics) -> Optics:
    """Two codes side by side fill the phone: held nearer and straighter, they are as large as one."""
    return replace(scene, distance_cm=8.0, distance_spread_cm=0.2, code_cm=7.0, tilt_deg=2.0, turn_deg=2.0)
