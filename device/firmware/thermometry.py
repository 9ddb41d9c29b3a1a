"""From raw samples to a temperature with its uncertainty, or to a hint why there is none.

Three values that are never mixed up: *object* and *ambient* are what the chip says; *surface* is the skin,
object corrected against a black body; *body* is surface plus what skin loses to the air. Every map rises
with its input and the step to body is never negative, so a high reading is never pulled towards normal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import hypot
from statistics import fmean
from typing import Final

from device.drivers import Sample
from wire.messages import Temperature
from wire.policy import Site

CHIP_C: Final = 0.2
"""MLX90614xCx, object 36 to 39 °C, ambient 16 to 40 °C (datasheet 3901090614, medical accuracy)."""

# Heat balance of skin and air: body = surface + k · (surface - ambient), k normally about 0.13 for
# exposed skin (Pompei, US patent 6,056,435). The wrist has no published k: 0.20 puts it 2.3 °C below
# the body at 23 °C, and is to be replaced by a study on the spot before anybody relies on it.
SITE_K: Final = {Site.FOREHEAD: 0.13, Site.WRIST: 0.20}

# Forehead against axilla and mouth was studied from 14 to 32 °C (Chen et al., IJERPH 2022, 19, 15883);
# outside it no body temperature is told.
AMBIENT_LOW_C: Final = 14.0
AMBIENT_HIGH_C: Final = 32.0

# Bare skin of somebody who stands where they should, at those ambient temperatures: below is the wall or a
# forehead too far away, above is no skin (44 °C burns it: Moritz and Henriques 1947).
SKIN_LOW_C: Final = 29.0
SKIN_HIGH_C: Final = 44.0
ABOVE_AMBIENT_C: Final = 0.5
"""Nothing that is not warmer than the room is taken for a person."""


class Hint(Enum):
    """Why there is no measurement yet."""

    STEP_CLOSER = "step closer"
    STEP_BACK = "step back"
    AGAIN = "measure again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Black-body calibration of one thermometer, and what "settled" means; °C and seconds."""

    offset_c: float = 0.0
    gain: float = 1.0
    residual_c: float = 0.1
    """Largest residual of the calibration."""
    site_c: float = 0.2
    """How far the site adjustment may be off."""
    samples: int = 5
    window_s: float = 1.5
    tolerance_c: float = 0.3
    """Largest spread of settled samples."""

    def __post_init__(self) -> None:
        if not 0.5 <= self.gain <= 2.0 or min(self.residual_c, self.site_c, self.tolerance_c) < 0:  # noqa: PLR2004 - no sound calibration is farther off
            raise ValueError("a calibration has a gain from 0.5 to 2 and no negative uncertainty")
        if self.samples < 2 or self.window_s <= 0:  # noqa: PLR2004 - one sample cannot be seen to be settled
            raise ValueError("settled needs at least 2 samples and a window longer than 0 s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A settled temperature in °C; `body_c` is None where no site adjustment is known (ambient outside)."""

    object_c: float
    ambient_c: float
    surface_c: float
    body_c: float | None
    uncertainty_c: float
    samples: int
    taken_s: float

    def wire(self) -> Temperature:
        """As it stands in an event."""
        return Temperature(
            object_c100=round(self.object_c * 100),
            ambient_c100=round(self.ambient_c * 100),
            surface_c100=round(self.surface_c * 100),
            body_c100=None if self.body_c is None else round(self.body_c * 100),
            uncertainty_c100=round(self.uncertainty_c * 100),
            samples=self.samples,
        )


def surface_of(object_c: float, calibration: Calibration) -> float:
    """Skin temperature from what the chip says; rises with `object_c`."""
    return object_c * calibration.gain + calibration.offset_c


def body_of(surface_c: float, ambient_c: float, site: Site) -> float | None:
    """Body temperature from skin temperature; never below it; None outside the studied ambient range."""
    if not AMBIENT_LOW_C <= ambient_c <= AMBIENT_HIGH_C:
        return None
    return surface_c + SITE_K[site] * max(0.0, surface_c - ambient_c)


def uncertainty_of(spread_c: float, calibration: Calibration, site: Site) -> float:
    """Root sum of squares of chip, calibration, site and half the spread, carried through to the body."""
    skin_c = hypot(CHIP_C, calibration.residual_c, spread_c / 2)
    return hypot(skin_c * (1 + SITE_K[site]), calibration.site_c)


def measure(
    samples: Sequence[Sample], since_s: float, calibration: Calibration, site: Site
) -> Measurement | Hint:
    """What the newest samples, oldest first, taken at or after `since_s`, say: a measurement or a hint."""
    fresh = [sample for sample in samples if sample.taken_s >= since_s]
    if not fresh:
        return Hint.AGAIN
    newest = fresh[-1]
    surface_c = surface_of(newest.object_c, calibration)
    if surface_c > SKIN_HIGH_C:
        return Hint.STEP_BACK
    if surface_c < SKIN_LOW_C or newest.object_c < newest.ambient_c + ABOVE_AMBIENT_C:
        return Hint.STEP_CLOSER
    return _settled(fresh[-calibration.samples :], calibration, site)


def _settled(fresh: Sequence[Sample], calibration: Calibration, site: Site) -> Measurement | Hint:
    objects = [sample.object_c for sample in fresh]
    spread_c = max(objects) - min(objects)
    too_slow = fresh[-1].taken_s - fresh[0].taken_s > calibration.window_s
    if len(fresh) < calibration.samples or too_slow or spread_c > calibration.tolerance_c:
        return Hint.AGAIN
    object_c, ambient_c = fmean(objects), fmean(sample.ambient_c for sample in fresh)
    surface_c = surface_of(object_c, calibration)
    return Measurement(
        object_c=object_c,
        ambient_c=ambient_c,
        surface_c=surface_c,
        body_c=body_of(surface_c, ambient_c, site),
        uncertainty_c=uncertainty_of(spread_c, calibration, site),
        samples=len(fresh),
        taken_s=fresh[-1].taken_s,
    )
