"""The barrier with its contacts: how long it is open, who went through, and what should not have happened."""

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Final

from device.drivers import Barrier, DriverError, InputChange, InputKind, Inputs
from device.firmware.deadman import Deadman

RETRY_S: Final = 2.0
FORCED_GRACE_S: Final = 1.0
"""A leaf that was let go needs this long to fall shut."""


class Happening(Enum):
    """What the contacts told."""

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
    # Who has left the passage is through; who stands in it is not.
    (InputKind.PASSAGE, False): Happening.PASSED,
}


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
    held_said: bool = False
    released: bool = False
    """Open without an end: after a failure the relay is tried to be opened again, not shut."""
    fire: bool = False
    tamper: bool = False
    retry_s: float = 0.0
    stands_open: bool = False
    """The leaf is open and nobody was let through: forced, held, or a relay that sticks."""
    does_not_open: bool = False
    """The relay was driven again and again and the leaf has not moved."""
    chatters: bool = False
    """A contact changes more often than people can make it."""
    deadman: Deadman | None = None
    """Shuts what this object, held up with its loop, does not."""

    def open(self, now_s: float, hold_s: float | None, longest_open_s: float) -> None:
        """Energise the relay for `hold_s`; None: until `close`. Raises `DriverError`."""
        self.released = hold_s is None
        if self.deadman is not None:
            if hold_s is None:
                self.deadman.disarm()
            else:
                self.deadman.arm(hold_s)
        try:
            self.barrier.open()
        except DriverError as error:
            self._failed(error, now_s)
            raise
        self.working, self.failure = True, ""
        self.close_at_s = None if hold_s is None else now_s + hold_s
        self.allowed_until_s = float("inf") if hold_s is None else now_s + longest_open_s

    def close(self, now_s: float) -> None:
        """De-energise the relay; a failure is remembered and tried again. Never raises."""
        self.close_at_s, self.released = None, False
        self.allowed_until_s = min(self.allowed_until_s, now_s + FORCED_GRACE_S)
        try:
            self.barrier.close()
            self.working, self.failure = True, ""
            if self.deadman is not None:
                self.deadman.disarm()
        except DriverError as error:
            self._failed(error, now_s)

    @property
    def has_passage_sensor(self) -> bool:
        """Whether somebody going through can be noticed."""
        return self._level(InputKind.PASSAGE) is not None

    @property
    def somebody_inside(self) -> bool:
        """Whether somebody stands in the passage now."""
        return bool(self._level(InputKind.PASSAGE))

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
            self.close(now_s)
            return
        with suppress(DriverError):
            self.open(now_s, None, 0.0)

    def _drop(self, now_s: float) -> None:
        """The pulse is over, but the person may still be on the way: the leaf may stay open until then."""
        allowed = self.allowed_until_s
        self.close(now_s)
        self.allowed_until_s = allowed

    def _edge(self, change: InputChange, now_s: float) -> Happening | None:
        if change.kind is InputKind.DOOR:
            self.leaf_open_since_s = change.at_s if change.active else None
            self.held_said = False
            return Happening.FORCED_OPEN if change.active and now_s > self.allowed_until_s else None
        if change.kind is InputKind.FIRE:
            self.fire = change.active
        if change.kind is InputKind.TAMPER:
            self.tamper = change.active
        return _EDGES.get((change.kind, change.active))

    def _leaf(self, now_s: float, longest_open_s: float) -> tuple[Happening, ...]:
        since_s = self.leaf_open_since_s
        if (
            since_s is None
            or self.held_said
            or now_s - since_s <= longest_open_s
            or now_s <= self.allowed_until_s
        ):
            return ()
        self.held_said = True
        return (Happening.HELD_OPEN,)

    def _level(self, kind: InputKind) -> bool | None:
        try:
            return self.inputs.level(kind)
        except DriverError:
            return None

    def _failed(self, error: DriverError, now_s: float) -> None:
        self.working, self.failure = False, str(error)
        self.retry_s = now_s + RETRY_S
