"""From raw samples to a temperature with its uncertainty, or to a hint why there is none.

Three values that are never mixed up: *object* and *ambient* are what the chip says; *surface* is the skin,
object corrected against a black body; *body* is surface plus what skin loses to the air. Every map rises
with its input and the step to body is never negative, so a high reading is never pulled towards normal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from math import hypot
from statistics import fmean
from typing import Final

from device.drivers import Sample
from wire.messages import Temperature
from wire.policy import Site

CHIP_C: Final = 0.2
"""MLX90614xCx, object 36 to 39 °C, ambient 16 to 40 °C (datasheet 3901090614, medical accuracy)."""
UNCALIBRATED_C: Final = 0.5
"""Without a black body: objects of 0 to 50 °C (the same, features). Skin is colder than what ±0.2 is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """From the skin of one place to the body, by the heat balance of skin and air.

    body = surface + k · (surface - ambient), within the ambient range that was studied and no farther.
    """

    k: float
    ambient_low_c: float
    ambient_high_c: float
    uncertainty_c: float
    """How far the body may be from what this says of a skin that is known exactly."""
    source: str


SITES: Final[Mapping[Site, Adjustment]] = {
    Site.FOREHEAD: Adjustment(
        k=0.13,
        ambient_low_c=14.0,
        ambient_high_c=32.0,
        uncertainty_c=0.3,
        source="k of exposed skin: Pompei, US patent 6,056,435. Ambient range: Chen et al., Int. J. Environ. "
        "Res. Public Health 2022, 19, 15883, forehead against axilla and mouth. Uncertainty: the "
        "root mean square error of Fisher et al., Sensors 2022, 22, 826, 0.26 °C with a finger measured too, "
        "rounded up; a single person may be farther off than the root mean square.",
    ),
    # There is no sound relation, and so hardly anybody is admitted or denied by the wrist alone: most are
    # referred. k is this house's assumption, to be replaced by a study before anybody relies on it.
    Site.WRIST: Adjustment(
        k=0.20,
        ambient_low_c=14.0,
        ambient_high_c=32.0,
        uncertainty_c=1.5,
        source="No published relation was found; k is an assumption. Wrists told fever no better than chance "
        "in J. Med. Law Public Health 2021, 1(2), doi 10.52609/jmlph.v1i2.12 (area under the curve 0.49), "
        "better indoors in Chen et al., Iran. J. Public Health 2020, 49 (S1), 57 (0.79). The uncertainty is "
        "as wide as what is not known.",
    ),
}
"""Every place where a temperature may be taken."""

# Bare skin of somebody who stands where they should: below is the wall or a forehead too far away, above is
# no skin (44 °C burns it: Moritz and Henriques 1947).
SKIN_LOW_C: Final = 29.0
SKIN_HIGH_C: Final = 44.0
LIVING_LOW_C: Final = 34.0
"""Whose body seems colder than this stands too far away, or has come in from the cold: nobody walks in with
less than 35 °C, where hypothermia begins, and a fever that is half seen must not pass for a normal one."""
CASE_C: Final = 1.0
"""How much warmer or colder than the room the chip may be, whose own temperature is taken for the room's; the
wiring guide asks for no more. Of a warmer case, no uncertainty tells."""
ABOVE_AMBIENT_C: Final = 0.5
"""Nothing that is not warmer than the room is taken for a person."""
DRIFT_C: Final = 0.5
"""The chip's own temperature may not change more than this within one measurement; when it rises so fast,
somebody stands so near that they warm it, as one may before a wide view."""

RISING_C: Final = 0.1
"""From the first half of the samples to the second: who still rises is warmer than what was measured so far.
A lag of up to 1 s (time constant; case, window and filter together) stays within the uncertainty with it."""
FEWEST_SAMPLES: Final = 5
"""Over less than their 0.4 s a chip that lags rises too little to be told from one that has settled."""

# How much of what a thermometer sees is not skin, though somebody stands as near as they can: at the angle of
# the datasheet half the signal is left, so 90° sees past a forehead of 5 cm at 2 cm already, and 5° only from
# 57 cm on. Estimated from geometry, not measured.
NARROW_DEG: Final = 12
MEDIUM_DEG: Final = 35
BACKGROUND: Final = ((NARROW_DEG, 0.0), (MEDIUM_DEG, 0.01), (180, 0.05))
"""Widest angle, and the share of background up to there."""

# What a thermometer in order never says.
JUMP_C: Final = 2.0
"""Between two samples: only somebody who steps in or out does that, not again and again."""
OWN_JUMP_C: Final = 1.0
"""Of the chip's own temperature, which is that of its metal can."""
WATCHED: Final = 32
ERRATIC: Final = 16
"""Jumps among the newest `WATCHED` samples: a crowd of 40 a minute makes 8 to 10 in that time."""
OWN_LOW_C: Final = -20.0
OWN_HIGH_C: Final = 60.0
"""No gate that decides about people is colder or hotter than this inside."""


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
    background: float = 0.0
    """Share of what the thermometer sees that may not be skin; see `background_of`."""
    samples: int = 5
    window_s: float = 1.5
    tolerance_c: float = 0.3
    """Largest spread of settled samples."""

    def __post_init__(self) -> None:
        if not 0.5 <= self.gain <= 2.0 or min(self.residual_c, self.tolerance_c) < 0:  # noqa: PLR2004 - no sound calibration is farther off
            raise ValueError("a calibration has a gain from 0.5 to 2 and no negative uncertainty")
        if not 0 <= self.background < 1:
            raise ValueError("a calibration's share of background is at least 0 and less than 1")
        if self.samples < FEWEST_SAMPLES or self.window_s <= 0:
            raise ValueError(f"settled needs at least {FEWEST_SAMPLES} samples and a window longer than 0 s")


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


def background_of(view_deg: float) -> float:
    """Share of what a thermometer of this full angle sees that may not be skin."""
    return next(share for widest_deg, share in BACKGROUND if view_deg <= widest_deg)


def body_of(surface_c: float, ambient_c: float, site: Site) -> float | None:
    """Body temperature from skin temperature; never below it; None outside the studied ambient range."""
    told = SITES[site]
    if not told.ambient_low_c <= ambient_c <= told.ambient_high_c:
        return None
    return surface_c + told.k * max(0.0, surface_c - ambient_c)


def uncertainty_of(spread_c: float, calibration: Calibration, site: Site, over_c: float = 0.0) -> float:
    """Root sum of squares of chip, calibration, spread and background, of the case, and of the site's own.

    The first four are of the skin and carried through to the body. `over_c`: skin above ambient, °C.
    """
    unseen_c = calibration.background * max(0.0, over_c)
    skin_c = hypot(CHIP_C, calibration.residual_c, spread_c, unseen_c)
    k = SITES[site].k
    return hypot(skin_c * (1 + k), CASE_C * k, SITES[site].uncertainty_c)


def nonsense(samples: Sequence[Sample]) -> str:
    """What the newest samples, oldest first, say that no sound thermometer would; "": nothing."""
    if not samples:
        return ""
    newest = samples[-1]
    if not OWN_LOW_C <= newest.ambient_c <= OWN_HIGH_C:
        return (
            f"the thermometer says that it is {newest.ambient_c:.0f} °C itself; shade or warm the gate, or "
            "replace the thermometer"
        )
    jumps = sum(
        abs(later.object_c - sooner.object_c) > JUMP_C or abs(later.ambient_c - sooner.ambient_c) > OWN_JUMP_C
        for sooner, later in pairwise(list(samples)[-WATCHED:])
    )
    if jumps >= ERRATIC:
        return "the thermometer jumps up and down; check its wires and its supply, or replace it"
    return ""


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
    body_c = body_of(surface_c, newest.ambient_c, site)
    if body_c is not None and body_c < LIVING_LOW_C:
        return Hint.STEP_CLOSER
    return _settled(fresh[-calibration.samples :], calibration, site)


def _settled(fresh: Sequence[Sample], calibration: Calibration, site: Site) -> Measurement | Hint:
    objects = [sample.object_c for sample in fresh]
    ambients = [sample.ambient_c for sample in fresh]
    spread_c, drift_c = max(objects) - min(objects), ambients[-1] - ambients[0]
    too_slow = fresh[-1].taken_s - fresh[0].taken_s > calibration.window_s
    if len(fresh) < calibration.samples or too_slow:
        return Hint.AGAIN
    if drift_c > DRIFT_C:
        return Hint.STEP_BACK
    half = len(objects) // 2
    rising = fmean(objects[-half:]) - fmean(objects[:half]) > RISING_C
    if spread_c > calibration.tolerance_c or rising or max(ambients) - min(ambients) > DRIFT_C:
        return Hint.AGAIN
    object_c, ambient_c = fmean(objects), fmean(ambients)
    surface_c = surface_of(object_c, calibration)
    return Measurement(
        object_c=object_c,
        ambient_c=ambient_c,
        surface_c=surface_c,
        body_c=body_of(surface_c, ambient_c, site),
        uncertainty_c=uncertainty_of(spread_c, calibration, site, surface_c - ambient_c),
        samples=len(fresh),
        taken_s=fresh[-1].taken_s,
    )
