"""What a gate's hardware can do, as the firmware sees it: Protocols and frozen values, no chip named.

Threads. One *loop* thread calls everything except `Camera.frame`, which belongs to one *camera* thread.
Each Protocol says what else is safe. All times are `time.monotonic()` seconds; temperatures are °C.
A driver never answers with a made-up value: it raises `DriverError`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Final, Literal, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Luma: TypeAlias = NDArray[np.uint8]
"""height × width brightness, 0 black to 255 white; may be strided and read-only."""


GONE: Final = np.empty((0, 0), np.uint8)
"""The brightness of a frame that was released."""


class DriverError(Exception):
    """A piece of hardware is absent, broken, silent, or configured wrongly; nothing was made up instead."""


class SensorFault(DriverError):  # noqa: N818 -- the state and the console call it a sensor fault
    """A temperature could not be read; `retries` says how often it was tried again before giving up."""

    def __init__(self, message: str, *, retries: int) -> None:
        super().__init__(message)
        self.retries = retries


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture, on loan from the camera: use it inside `with`, or call `release()` when done.

    A camera owns few buffers; a frame that is kept stops it. Keep no view of `luma` past its release.
    """

    luma: Luma = field(repr=False)
    """height × width view of the camera's own buffer: no copy, rows may be padded, do not write."""
    sequence: int
    """1 for the first picture since `Camera.start`, one more for each."""
    taken_s: float
    """Monotonic seconds when the camera had this picture."""
    give_back: Callable[[], None] = field(default=lambda: None, repr=False)
    """Set by the driver: returns the buffer; calling it twice does nothing more."""

    def release(self) -> None:
        """Give the buffer back to the camera; a second call does nothing. `luma` is empty from then on."""
        # A picture that is still referred to when the camera closes keeps the buffers' memory and files.
        object.__setattr__(self, "luma", GONE)
        self.give_back()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


@runtime_checkable
class Camera(Protocol):
    """A stream of brightness pictures.

    `start` and `stop` belong to one thread at a time; `frame` may run in another, one caller at a time.
    `stop` makes a `frame` that waits in another thread raise `DriverError`. `start` after `stop`, or after
    any `DriverError`, opens the camera anew.
    """

    def start(self) -> None:
        """Open the camera and begin to deliver; started already: does nothing. Raises `DriverError`."""

    def frame(self, timeout_s: float) -> Frame:
        """Wait for the next picture; raises `DriverError` when none came in `timeout_s` or it is stopped."""

    def stop(self) -> None:
        """Close the camera; never raises; stopped already: does nothing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One raw reading: what the chip says, uncalibrated."""

    object_c: float
    ambient_c: float
    taken_s: float


@dataclass(frozen=True, slots=True)
class ThermometerCounters:
    """What went wrong on the bus since the driver was made; only ever grows."""

    pec_errors: int = 0
    """Transfers whose packet error code did not fit; their value was thrown away."""
    retries: int = 0
    """Transfers that were tried again, for whatever reason."""
    reopened: int = 0
    """Times the bus was closed and opened again to recover it."""
    eeprom_writes: int = 0
    """Words sent to the chip's EEPROM, erasures too: a cell bears only so many."""


@dataclass(frozen=True, slots=True)
class SensorIdentity:
    """Which chip this is."""

    id: str
    """The factory's 64-bit number as 16 lower-case hex digits."""
    emissivity: float
    """As the chip is set, 0 to 1; skin is 0.98."""
    variant: str
    """What the configuration says is fitted (`DCI`, `BAA`, …): the chip itself cannot tell its optics."""
    view_deg: int = 5
    """The full angle that this variant sees."""


@runtime_checkable
class Thermometer(Protocol):
    """A contactless thermometer. Not thread-safe: the loop thread alone calls it (`counters`: any thread)."""

    @property
    def counters(self) -> ThermometerCounters:
        """Errors so far."""

    def read(self) -> Sample:
        """Read once (a few ms; at worst the configured retries); any failure raises `SensorFault`."""

    def identity(self) -> SensorIdentity:
        """Read the chip's number and emissivity; any failure raises `SensorFault`."""

    def set_emissivity(self, emissivity: float) -> bool:
        """Keep it (0.1 to 1) in the chip for when power returns, unless it is there; whether it wrote.

        Not for the running gate. `SensorFault` says what the chip holds then, and what to do.
        """

    def close(self) -> None:
        """Let go of the bus; never raises."""


@runtime_checkable
class Barrier(Protocol):
    """The relay that lets people through. Thread-safe.

    Energised = open. Whether a relay without power leaves the way open or shut is wiring, not software.
    Who opens it counts the time; the relay drops on `close` and whenever the process ends in order.
    """

    @property
    def is_open(self) -> bool:
        """Whether the relay is energised now."""

    def open(self) -> None:
        """Energise the relay; open already: does nothing. Raises `DriverError` when the pin is gone."""

    def close(self) -> None:
        """De-energise the relay; closed already: does nothing. Raises `DriverError` when the pin is gone."""


class InputKind(Enum):
    """The contacts a gate can have; the value is the name used in configurations."""

    DOOR = "door"
    """Active: the door leaf or barrier arm is away from its closed position."""
    PASSAGE = "passage"
    """Active: somebody is in the passage."""
    FIRE = "fire"
    """Active: the fire alarm asks for free ways."""
    TAMPER = "tamper"
    """Active: the housing is open."""
    BUTTON = "button"
    """Active: the attendant presses the button."""


@dataclass(frozen=True, slots=True)
class InputChange:
    """One edge of one contact, after debouncing."""

    kind: InputKind
    active: bool
    at_s: float


@runtime_checkable
class Inputs(Protocol):
    """The contacts. `poll` belongs to the loop thread; the rest is thread-safe."""

    @property
    def chattering(self) -> frozenset[InputKind]:
        """The contacts that change more often than people can make them; their calmest level counts."""

    def poll(self) -> tuple[InputChange, ...]:
        """Edges since the last call, oldest first, without waiting.

        A contact that is already active when the driver is made appears as an edge in the first poll.
        """

    def level(self, kind: InputKind) -> bool | None:
        """Whether the contact is active, debounced; None: this gate has none. Raises `DriverError`."""


class Lamp(Enum):
    """What the lamp does until told otherwise."""

    OFF = "off"
    SLOW_WHITE = "slow white"
    WHITE = "white"
    WHITE_PULSE = "white pulse"
    GREEN = "green"
    RED_TWO_FLASHES = "red, two flashes"
    AMBER = "amber"
    AMBER_DOUBLE_BLINK = "amber double blink"


class Sound(Enum):
    """What is heard once."""

    NONE = "none"
    BLIP = "blip"
    SHORT_HIGH = "short high"
    TWO_LONG_LOW = "two long low"
    THREE_NOTES = "three notes"
    ONE_LOW = "one low"


@runtime_checkable
class Signals(Protocol):
    """Lamp and sounder. Thread-safe; returns at once, the driver's own thread plays the pattern."""

    def show(self, lamp: Lamp, sound: Sound) -> None:
        """Let the lamp do `lamp` until the next call, and play `sound` once.

        The same lamp again does not begin its pattern anew; `Sound.NONE` lets a running sound finish.
        What is not wired is skipped. Never more than two flashes in any second. Raises `DriverError` when
        what was asked for before could not be put out; the caller asks again.
        """


class Prompt(Enum):
    """What can be said aloud; the value is the name of its file. Never a colour, a fever or a name."""

    SHOW_CODE = "show-code"
    STEP_CLOSER = "step-closer"
    STEP_BACK = "step-back"
    HOLD_STILL = "hold-still"
    ENTER = "enter"
    REFRESH = "refresh"
    ONE_AT_A_TIME = "one-at-a-time"
    ATTENDANT = "attendant"
    WAIT = "wait"
    CLOSED = "closed"
    OUT_OF_SERVICE = "out-of-service"
    EVACUATE = "evacuate"


@runtime_checkable
class Voice(Protocol):
    """Spoken prompts. Thread-safe; returns at once, and what is said replaces what was being said."""

    def say(self, prompt: Prompt) -> None:
        """Begin to say it; a prompt without a file is silence. `DriverError`: nothing can be heard."""

    def close(self) -> None:
        """Fall silent; never raises."""


DisplayMode: TypeAlias = Literal["1", "RGB"]


@runtime_checkable
class Display(Protocol):
    """A small screen. Not thread-safe: one thread calls `show` (100 ms on a real bus, 400 at first)."""

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in pixels; (0, 0): the gate has none, and `show` does nothing."""

    @property
    def mode(self) -> DisplayMode:
        """Pillow's name of the pictures it takes: "1" for black and white, or "RGB"."""

    def show(self, image: Image.Image) -> None:
        """Show a picture of exactly this `size` and `mode`; raises `DriverError` when it cannot."""

    def close(self) -> None:
        """Blank the screen and let go of the bus; never raises."""
