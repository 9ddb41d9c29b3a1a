"""Lamp and sounder: named patterns as tables, played in time by one small thread on gpiozero devices."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

from device.drivers import DriverError, Lamp, Sound

Rgb: TypeAlias = tuple[float, float, float]

BLACK: Rgb = (0.0, 0.0, 0.0)
WHITE: Rgb = (1.0, 1.0, 1.0)
DIM_WHITE: Rgb = (0.25, 0.25, 0.25)
GREEN: Rgb = (0.0, 1.0, 0.0)
RED: Rgb = (1.0, 0.0, 0.0)
AMBER: Rgb = (1.0, 0.4, 0.0)
DIM_AMBER: Rgb = (0.3, 0.12, 0.0)


class Light(NamedTuple):
    """One step of a lamp pattern."""

    colour: Rgb
    seconds: float


class Tone(NamedTuple):
    """One step of a sound; 0 Hz is a pause."""

    hertz: float
    seconds: float


FOREVER = float("inf")
HOLD_S = 0.3
"""No colour stands shorter, whatever is asked for how fast: three flashes, each brighter and darker again,
then take more than a second."""

# Rhythm alone tells them apart, for eyes that see no red or no green.
# No pattern shows more than two flashes in any second: WCAG 2.2, success criterion 2.3.1, allows three.
LAMP_PATTERNS: dict[Lamp, tuple[Light, ...]] = {
    Lamp.OFF: (Light(BLACK, FOREVER),),
    Lamp.SLOW_WHITE: (Light(WHITE, 2.0), Light(DIM_WHITE, 1.0)),
    Lamp.WHITE: (Light(WHITE, FOREVER),),
    Lamp.WHITE_PULSE: (Light(WHITE, 0.5), Light(DIM_WHITE, 0.5)),
    Lamp.GREEN: (Light(GREEN, FOREVER),),
    Lamp.RED_TWO_FLASHES: (
        Light(RED, 0.4),
        Light(BLACK, 0.3),
        Light(RED, 0.4),
        Light(BLACK, 0.3),
        Light(RED, FOREVER),
    ),
    Lamp.AMBER: (Light(AMBER, 0.9), Light(DIM_AMBER, 0.6)),
    Lamp.AMBER_DOUBLE_BLINK: (Light(AMBER, 0.3), Light(BLACK, 0.3), Light(AMBER, 0.3), Light(BLACK, 1.4)),
}
"""Played in a ring; a step without an end keeps the lamp as it is."""

SOUND_PATTERNS: dict[Sound, tuple[Tone, ...]] = {
    Sound.NONE: (),
    Sound.BLIP: (Tone(880.0, 0.05),),
    Sound.SHORT_HIGH: (Tone(1568.0, 0.18),),
    Sound.TWO_LONG_LOW: (Tone(262.0, 0.45), Tone(0.0, 0.15), Tone(262.0, 0.45)),
    Sound.THREE_NOTES: (
        Tone(523.0, 0.15),
        Tone(0.0, 0.05),
        Tone(659.0, 0.15),
        Tone(0.0, 0.05),
        Tone(784.0, 0.25),
    ),
    Sound.ONE_LOW: (Tone(330.0, 0.7),),
}
"""Heard once. Rhythm alone tells them apart, for a sounder with one pitch and for ears without pitch."""


def light_at(lamp: Lamp, elapsed_s: float) -> tuple[Rgb, float]:
    """Return the colour of a lamp `elapsed_s` after its pattern began, with the seconds until it changes."""
    steps = LAMP_PATTERNS[lamp]
    lap_s = sum(step.seconds for step in steps)
    left_s = elapsed_s if lap_s == FOREVER else elapsed_s % lap_s
    for step in steps:
        if left_s < step.seconds:
            return step.colour, step.seconds - left_s
        left_s -= step.seconds
    return steps[0].colour, steps[0].seconds  # rounding put the moment exactly at the end of a lap


def tone_at(sound: Sound, elapsed_s: float) -> tuple[float, float]:
    """Return the pitch (hertz, 0: silent) `elapsed_s` after a sound began, and the seconds until a change."""
    left_s = elapsed_s
    for step in SOUND_PATTERNS[sound]:
        if left_s < step.seconds:
            return step.hertz, step.seconds - left_s
        left_s -= step.seconds
    return 0.0, FOREVER


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where light and sound go; what is not wired does nothing."""

    light: Callable[[Rgb], None]
    tone: Callable[[float], None]


class PatternPlayer:
    """`Signals` on two outlets. Its thread sleeps until the next change; a steady lamp costs nothing."""

    def __init__(self, outlets: Outlets, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._outlets = outlets
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._lamp, self._lamp_since_s = Lamp.OFF, 0.0
        self._sound, self._sound_since_s = Sound.NONE, 0.0
        self._closed = False
        self._failure = ""
        self._lit: Rgb | None = None
        self._heard: float | None = None
        self._anew = False
        self._coloured_s = -FOREVER
        self._thread = threading.Thread(target=self._play, name="signals", daemon=True)
        self._thread.start()

    def show(self, lamp: Lamp, sound: Sound) -> None:
        """Begin this lamp pattern unless it runs already, and this sound; returns at once.

        The colour that is lit stands `HOLD_S` at least, and the pattern begins after that.

        Raises `DriverError`, once, when the pins refused what was begun before; it is tried again then.
        """
        now_s = self._monotonic()
        with self._changed:
            if lamp is not self._lamp:
                self._lamp, self._lamp_since_s = lamp, max(now_s, self._coloured_s + HOLD_S)
            if sound is not Sound.NONE:
                self._sound, self._sound_since_s = sound, now_s
            failure, self._failure = self._failure, ""
            self._anew = self._anew or bool(failure)  # whatever it is, it is put out once more
            self._changed.notify()
        if failure:
            raise DriverError(f"lamp or sounder could not be switched ({failure}); check their wires")

    def close(self) -> None:
        """Stop the thread, lamp dark and sounder silent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout=2.0)

    def _play(self) -> None:
        with self._changed:
            while not self._closed:
                wait_s = self.step(self._monotonic())
                self._changed.wait(None if wait_s == FOREVER else wait_s)
            self._put(partial(self._outlets.light, BLACK))  # pins that are gone are dark and silent already
            self._put(partial(self._outlets.tone, 0.0))

    def step(self, now_s: float) -> float:
        """Put out what belongs to this moment; returns the seconds until something changes."""
        early_s = self._lamp_since_s - now_s
        colour, lamp_s = light_at(self._lamp, max(0.0, -early_s))
        lit, anew, self._anew = self._lit, self._anew, False
        held_s = max(early_s, 0.0 if colour == lit else self._coloured_s + HOLD_S - now_s)
        if lit is not None and held_s > 0:
            colour, lamp_s = lit, held_s
        hertz, tone_s = tone_at(self._sound, now_s - self._sound_since_s)
        if anew or colour != lit:
            if not self._put(partial(self._outlets.light, colour)):
                lamp_s = FOREVER
            else:
                self._lit = colour
                if colour != lit and (lit, colour) != (None, BLACK):  # the darkness before anything was asked
                    self._coloured_s = now_s
        if anew or hertz != self._heard:
            if self._put(partial(self._outlets.tone, hertz)):
                self._heard = hertz
            else:
                tone_s = FOREVER
        return min(lamp_s, tone_s)

    def _put(self, put: Callable[[], None]) -> bool:
        """Whether the pins took it; why they did not is told by the next `show`."""
        try:
            put()
        except Exception as error:  # noqa: BLE001 -- gpiozero's and lgpio's errors have no common root
            self._failure = str(error) or type(error).__name__
            return False
        return True
