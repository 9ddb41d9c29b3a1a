"""One lane and the queue before it in virtual time: the firmware's own step, and people who keep moving."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Final

from device.drivers import (
    Frame,
    InputChange,
    InputKind,
    Lamp,
    Sample,
    SensorIdentity,
    Sound,
    ThermometerCounters,
)
from device.drivers.display import NoDisplay
from device.firmware.book import Book
from device.firmware.camera_thread import CameraThread
from device.firmware.clock import Clock
from device.firmware.config_parts import Lane as Durations
from device.firmware.desk import Desk
from device.firmware.door import Door
from device.firmware.front import Front
from device.firmware.health import Health, Organs
from device.firmware.lane_table import State
from device.firmware.loop import Gate
from device.firmware.memory import Memory
from device.firmware.narrate import Narrator
from device.firmware.office import NoOffice
from device.firmware.presenter import Presenter
from device.firmware.scan import Seen
from device.firmware.senses import Senses
from device.firmware.stage import Stage
from device.firmware.store import Store
from device.firmware.thermometry import Calibration, Measurement
from device.firmware.trust import Beliefs
from sandbox.board.thermometer import KELVIN_PER_BIT, RAM_AMBIENT, RAM_OBJECT, ZERO_CELSIUS_K, ThermometerChip
from wire.documents import Time
from wire.policy import Site

TICK_S: Final = 0.01
FRAME_S: Final = 1 / 15
"""A frame is read and its code found every so often: the camera's default rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How people walk, in seconds, and how the thermometer follows."""

    name: str
    go_s: float
    """From the barrier's opening until its person stands in the passage."""
    follow_s: float
    """From then until the next one stands before the thermometer, code in hand."""
    through_s: float
    """In the passage."""
    settle_s: float = 0.9
    skin_c: float = 35.0
    wall_c: float = 22.0


# Estimates of how people walk who know the way; no study of ours.
CLOSE: Final = Style(name="close behind one another", go_s=0.2, follow_s=0.1, through_s=0.8)
ORDINARY: Final = Style(name="at an arm's length", go_s=0.4, follow_s=0.4, through_s=1.0)
WITH_BAGS: Final = Style(name="with bags", go_s=0.8, follow_s=0.9, through_s=1.8)
STYLES: Final = (CLOSE, ORDINARY, WITH_BAGS)


@dataclass(slots=True)
class Report:
    """What a run came to."""

    style: str
    people: int
    a_minute: float
    parts: dict[str, float]
    """Mean seconds of one person's cycle, by what was waited for."""

    @property
    def bottleneck(self) -> str:
        """What most of the time goes into."""
        return max(self.parts, key=lambda part: self.parts[part])


class NoFrames:
    """A `Camera` that nobody asks: codes are put into view as texts."""

    def start(self) -> None:
        """Nothing to open."""

    def frame(self, timeout_s: float) -> Frame:
        """Never called."""
        raise NotImplementedError

    def stop(self) -> None:
        """Nothing to close."""


class Sight(CameraThread):
    """The camera's thread without a thread: what is in view is set by the queue, a frame at a time."""

    def __init__(self, hall: "Hall") -> None:
        super().__init__(NoFrames(), lambda: None, timeout_s=1.0)
        self._hall = hall
        self.working = True
        self.fresh: tuple[Seen, float] | None = None

    def take(self) -> tuple[Seen, float] | None:
        """What the last frame held, once."""
        self.beat_s = self._hall.now_s
        fresh, self.fresh = self.fresh, None
        return fresh


class Chip:
    """A `Thermometer` that reads the lagging chip word by word, as its driver does."""

    counters = ThermometerCounters()

    def __init__(self, chip: ThermometerChip) -> None:
        self._chip = chip

    def read(self) -> Sample:
        """What the chip says now."""
        return Sample(self._celsius(RAM_OBJECT), self._celsius(RAM_AMBIENT), self._chip.monotonic())

    def identity(self) -> SensorIdentity:
        """A chip of no importance."""
        return SensorIdentity(id=self._chip.number, emissivity=0.98, variant="DCI")

    def set_emissivity(self, emissivity: float) -> bool:
        """Nobody asks for it here."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""

    def _celsius(self, command: int) -> float:
        word = int.from_bytes(self._chip.exchange(bytes([command]), 3)[:2], "little")
        return word * KELVIN_PER_BIT - ZERO_CELSIUS_K


class Hall:
    """Everything before and behind one barrier: what the thermometer faces, relay, beam and lamp."""

    chattering: frozenset[InputKind] = frozenset()

    def __init__(self, style: Style) -> None:
        self.style = style
        self.now_s = 0.0
        self.chip = ThermometerChip(
            object_c=style.wall_c, ambient_c=23.0, settle_s=style.settle_s, monotonic=lambda: self.now_s
        )
        self.is_open = False
        self.opened_s: list[float] = []
        self.beam = False
        self._edges: list[InputChange] = []

    def open(self) -> None:
        """Let one person go."""
        if not self.is_open:
            self.opened_s.append(self.now_s)
        self.is_open = True

    def close(self) -> None:
        """The pulse is over."""
        self.is_open = False

    def poll(self) -> tuple[InputChange, ...]:
        """Edges of the beam."""
        edges, self._edges = tuple(self._edges), []
        return edges

    def level(self, kind: InputKind) -> bool | None:
        """The beam; there is nothing else."""
        return self.beam if kind is InputKind.PASSAGE else None

    def show(self, lamp: Lamp, sound: Sound) -> None:
        """Nobody looks."""

    def cross(self, *, inside: bool) -> None:
        """Somebody steps into the beam, or out of it."""
        self.beam = inside
        self._edges.append(InputChange(InputKind.PASSAGE, inside, self.now_s))


@dataclass(slots=True)
class Cycle:
    """One person: when they stood there, could be measured, and the lane was free for them."""

    stood_s: float
    settled_s: float | None = None
    free_s: float | None = None


class Queue:
    """Runs one lane until everybody is through."""

    def __init__(self, beliefs: Beliefs, time: Time, style: Style, path: Path) -> None:
        self.hall = Hall(style)
        self.sight = Sight(self.hall)
        book = Book(
            Store.open(path, beliefs.gate, journal_limit_bytes=10_000_000),
            beliefs,
            Narrator("json", (path.parent / "said").open("w")),
        )
        organs = Organs(
            camera=self.sight,
            senses=Senses(Chip(self.hall.chip), Calibration()),
            door=Door(self.hall, self.hall),
            presenter=Presenter(NoDisplay(), self.hall),
            data=path.parent,
        )
        memory, health = Memory(), Health(organs=organs, book=book, enrolled_until=time.expires)
        stage = Stage(book=book, health=health, memory=memory, durations=Durations())
        clock = Clock(0)
        clock.answered(time, 0.0, 0.0)
        self.gate = Gate(
            clock=clock,
            stage=stage,
            front=Front(stage, Desk(beliefs, memory)),
            office=NoOffice(),
            system_ms=lambda: time.now_ms + round(self.hall.now_s * 1000),
        )
        self._next_s = self._frame_s = 0.0
        self._cycles: list[Cycle] = []

    def run(self, text: Callable[[int, int], str], people: int) -> Report:
        """Let `people` through; `text(number, milliseconds since the begin)` is what a phone shows."""
        hall, style, inf = self.hall, self.hall.style, float("inf")
        stand_s, leave_s, out_s, showing = 1.0, inf, inf, ""
        limit_s = 60.0 + 10.0 * people
        while len(hall.opened_s) < people and hall.now_s < limit_s:
            hall.now_s += TICK_S
            if hall.now_s >= stand_s:
                stand_s, hall.chip.object_c = inf, style.skin_c
                showing = text(len(hall.opened_s), round(hall.now_s * 1000))
                self._cycles.append(Cycle(hall.now_s))
            if hall.now_s >= out_s:
                out_s = inf
                hall.cross(inside=False)
            if hall.now_s >= leave_s:
                stand_s, leave_s, out_s = hall.now_s + style.follow_s, inf, hall.now_s + style.through_s
                showing, hall.chip.object_c = "", style.wall_c
                hall.cross(inside=True)
            before = len(hall.opened_s)
            self._step(showing)
            if len(hall.opened_s) > before:
                leave_s = hall.now_s + style.go_s
        return self._report()

    def close(self) -> None:
        """Shut the files."""
        self.gate.close()
        self.gate.stage.book.store.close()
        out = self.gate.stage.book.narrator.out
        if out is not None:
            out.close()

    def _step(self, showing: str) -> None:
        """A frame when one is due, which wakes the loop, and the loop when its rest is over."""
        now_s, frame = self.hall.now_s, False
        if now_s >= self._frame_s:
            self._frame_s += FRAME_S
            self.sight.fresh = (Seen((showing,) if showing else ()), now_s)
            frame = bool(showing)
        if frame or now_s >= self._next_s:
            self._next_s = now_s + self.gate.step(now_s)
        self._observe(now_s)

    def _observe(self, now_s: float) -> None:
        """When the person in front could first be measured, and when the lane was first theirs."""
        if not self._cycles:
            return
        cycle, stage = self._cycles[-1], self.gate.stage
        if cycle.free_s is None and stage.lane.state is not State.ADMITTING:
            cycle.free_s = now_s
        if cycle.settled_s is None:
            senses = stage.health.organs.senses
            if isinstance(senses.measured(cycle.stood_s, Site.FOREHEAD), Measurement):
                cycle.settled_s = now_s

    def _report(self) -> Report:
        opened = self.hall.opened_s
        spans = [later - sooner for sooner, later in pairwise(opened)]
        parts: dict[str, list[float]] = {"walk": [], "settle": [], "passage": [], "decide": []}
        for cycle, opens_s in zip(self._cycles[1:], opened[1:], strict=False):
            settled_s = opens_s if cycle.settled_s is None else min(cycle.settled_s, opens_s)
            # Free and opened within one step: the lane was all that was waited for.
            free_s = opens_s if cycle.free_s is None else max(settled_s, cycle.free_s)
            parts["walk"].append(self.hall.style.go_s + self.hall.style.follow_s)
            parts["settle"].append(settled_s - cycle.stood_s)
            parts["passage"].append(free_s - settled_s)
            parts["decide"].append(opens_s - free_s)
        return Report(
            style=self.hall.style.name,
            people=len(opened),
            a_minute=60 / fmean(spans) if spans else 0.0,
            parts={name: round(fmean(values), 3) for name, values in parts.items() if values},
        )
