"""The barrier with its contacts: how long it is open, who went through, and what should not have happened."""

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from device.drivers import Barrier, DriverError, InputChange, InputKind, Inputs
from device.firmware.deadman import Deadman

RETRY_S: Final = 2.0
FORCED_GRACE_S: Final = 1.0
"""A leaf that was let go needs this long to fall shut."""
STUCK_AFTER: Final = 3
"""So many openings in a row without a movement of the leaf are no accident."""


class Happening(Enum):
    """What the contacts told."""

    STEPPED_IN = "stepped in"
    PASSED = "passed"
    BUTTON = "button"
    FIRE = "fire"
    FIRE_OVER = "fire over"
    TAMPER = "tamper"
    TAMPER_OVER = "tamper over"
    FORCED_OPEN = "forced open"
    HELD_OPEN = "held open"


_EDGES: Final = {
    (InputKind.BUTTON, True): Happening.BUTTON,
    (InputKind.FIRE, True): Happening.FIRE,
    (InputKind.FIRE, False): Happening.FIRE_OVER,
    (InputKind.TAMPER, True): Happening.TAMPER,
    (InputKind.TAMPER, False): Happening.TAMPER_OVER,
}


@dataclass(slots=True)
class Opening:
    """From the relay's pull to the moment when the lane shuts: what one person was let through for."""

    since_s: float
    counts: bool
    """Whether the leaf should be seen to move: it has a contact, was shut, and the relay is pulsed."""
    stepped_in: bool = False
    moved: bool = False


@dataclass(slots=True)
class Door:
    """One barrier and its contacts, for the loop thread. All times monotonic seconds."""

    barrier: Barrier
    inputs: Inputs
    working: bool = True
    failure: str = ""
    close_at_s: float | None = None
    allowed_until_s: float = 0.0
    """Until when an open leaf is nobody's fault."""
    leaf_open_since_s: float | None = None
    last_opening_s: float = float("-inf")
    """A leaf that a stream of people keeps open is held by the last of them alone."""
    stands_open: bool = False
    """The leaf is open and nobody was let through: forced, held, or a relay that sticks."""
    held_said: bool = False
    released: bool = False
    """Open without an end: after a failure the relay is tried to be opened again, not shut."""
    fire: bool = False
    tamper: bool = False
    retry_s: float = 0.0
    deadman: Deadman | None = None
    """Shuts what this object, held up with its loop, does not."""
    kind: Literal["turnstile", "door"] = "turnstile"
    """"turnstile": a pulse frees one passage; "door": a strike, let go once the leaf has moved."""
    opening: Opening | None = None
    unmoved: int = 0
    """Openings in a row in which the leaf should have moved and did not."""

    def open(self, now_s: float, hold_s: float | None, longest_open_s: float) -> None:
        """Energise the relay for `hold_s`, `longest_open_s` at most; None: until `close`. `DriverError`."""
        hold_s = None if hold_s is None else min(hold_s, longest_open_s)
        self._ended()
        self.released = hold_s is None
        try:
            if self.deadman is not None and hold_s is None:
                self.deadman.disarm()
            elif self.deadman is not None and hold_s is not None:
                self.deadman.arm(hold_s)
            self.barrier.open()
        except DriverError as error:
            self._failed(error, now_s)
            raise
        shut = self._level(InputKind.DOOR) is False and self.leaf_open_since_s is None
        self.last_opening_s = now_s
        self.opening = Opening(now_s, counts=shut and not self.released)
        self.working, self.failure = True, ""
        self.close_at_s = None if hold_s is None else now_s + hold_s
        self.allowed_until_s = float("inf") if hold_s is None else now_s + longest_open_s

    def close(self, now_s: float) -> None:
        """De-energise the relay and end the opening; a failure is tried again. Never raises."""
        self._ended()
        self.allowed_until_s = min(self.allowed_until_s, now_s + FORCED_GRACE_S)
        self._drop(now_s)

    @property
    def has_passage_sensor(self) -> bool:
        """Whether somebody going through can be noticed; by a sensor that chatters nobody is."""
        return self._level(InputKind.PASSAGE) is not None and InputKind.PASSAGE not in self.inputs.chattering

    @property
    def somebody_inside(self) -> bool:
        """Whether somebody who stepped in after this opening still stands in the passage."""
        stepped_in = self.opening is not None and self.opening.stepped_in
        return stepped_in and bool(self._level(InputKind.PASSAGE))

    @property
    def does_not_open(self) -> bool:
        """The relay was driven again and again and the leaf has not moved."""
        return self.unmoved >= STUCK_AFTER

    @property
    def chatters(self) -> bool:
        """A contact changes more often than people can make it."""
        return bool(self.inputs.chattering)

    def step(self, now_s: float, longest_open_s: float) -> tuple[Happening, ...]:
        """Drop the relay when its time is over, and say what the contacts told since the last call."""
        if self.close_at_s is not None and now_s >= self.close_at_s:
            self._drop(now_s)
        if not self.working and now_s >= self.retry_s:
            self._retry(now_s)
        happened = [h for change in self.inputs.poll() if (h := self._edge(change, now_s)) is not None]
        return (*happened, *self._leaf(now_s, longest_open_s))

    def _retry(self, now_s: float) -> None:
        if not self.released:
            self._drop(now_s)
            return
        with suppress(DriverError):
            self.open(now_s, None, 0.0)

    def _drop(self, now_s: float) -> None:
        """The pulse is over, but the person may still be on the way: the leaf may stay open until then."""
        self.close_at_s, self.released = None, False
        try:
            self.barrier.close()
            self.working, self.failure = True, ""
            if self.deadman is not None:
                self.deadman.disarm()
        except DriverError as error:
            self._failed(error, now_s)

    def _ended(self) -> None:
        """Nobody is let through any more: a leaf that somebody tried and that did not move is remembered."""
        opening, self.opening = self.opening, None
        if opening is None or not opening.counts or opening.moved:
            return
        if opening.stepped_in or not self.has_passage_sensor:
            self.unmoved += 1

    def _edge(self, change: InputChange, now_s: float) -> Happening | None:
        if change.kind is InputKind.FIRE:
            self.fire = change.active
        if change.kind is InputKind.TAMPER:
            self.tamper = change.active
        told = self._told(change, now_s)
        # What a chattering contact says is known but nothing that anybody did; an alarm is one all the same.
        doubted = change.kind in self.inputs.chattering and change.kind is not InputKind.FIRE
        return None if doubted else told

    def _told(self, change: InputChange, now_s: float) -> Happening | None:
        if change.kind is InputKind.DOOR:
            return self._moved(change, now_s)
        if change.kind is InputKind.PASSAGE:
            return self._beam(change)
        return _EDGES.get((change.kind, change.active))

    def _beam(self, change: InputChange) -> Happening | None:
        """Who stepped in while it was open and has left is through; who was there before is nobody's."""
        opening = self.opening
        if opening is None:
            return None
        if change.active:
            opening.stepped_in = opening.stepped_in or change.at_s >= opening.since_s
            return Happening.STEPPED_IN if opening.stepped_in else None
        return Happening.PASSED if opening.stepped_in else None

    def _moved(self, change: InputChange, now_s: float) -> Happening | None:
        self.leaf_open_since_s = change.at_s if change.active else None
        self.held_said, self.unmoved = False, 0
        if not change.active:
            self.stands_open = False
            return None
        if self.opening is not None:
            self.opening.moved = True
            if self.kind == "door" and self.close_at_s is not None:
                self._drop(now_s)
        if change.at_s <= self.allowed_until_s:
            return None
        self.stands_open = True
        return Happening.FORCED_OPEN

    def _leaf(self, now_s: float, longest_open_s: float) -> tuple[Happening, ...]:
        since_s = self.leaf_open_since_s
        if (
            since_s is None
            or self.held_said
            or now_s - max(since_s, self.last_opening_s) <= longest_open_s
            or now_s <= self.allowed_until_s
        ):
            return ()
        self.held_said = self.stands_open = True
        return () if InputKind.DOOR in self.inputs.chattering else (Happening.HELD_OPEN,)

    def _level(self, kind: InputKind) -> bool | None:
        try:
            return self.inputs.level(kind)
        except DriverError:
            return None

    def _failed(self, error: DriverError, now_s: float) -> None:
        self.working, self.failure = False, str(error)
        self.retry_s = now_s + RETRY_S
