"""What an installer must know of one frame: the codes that were found and where, light, focus and rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from device.drivers import Luma
from device.firmware import scan
from device.firmware.scan import COSTLY, Rung
from wire import code as codes
from wire.errors import WireError
from wire.foreign import reader, shc

BINS: Final = 64
WHITE_LEVEL: Final = 250
"""From here on a picture is burnt out."""
BLACK_LEVEL: Final = 5
TILE: Final = 32
"""Rows and columns of the squares in which sharpness is measured."""
SHARP_TILES: Final = 0.02
"""The share of tiles with the most contrast: edges are there, and elsewhere is only noise."""
QUIET_PERCENT: Final = 20
"""So many tiles at least show nothing but the sensor's noise, which is no edge."""
FAINT: Final = 400.0
"""Less contrast than this, in squared levels over three pixels, is noise: nothing to focus on."""
# Over a step, squared differences one pixel apart add up to 1/3 of those three pixels apart; over a wide
# ramp, to 1/9. Between these two lies how sharp the edges are, whatever their height and number.
STEP_RATIO: Final = 1 / 3
RAMP_RATIO: Final = 1 / 9

Points = tuple[tuple[float, float], ...]


class Kind(Enum):
    """What a text is, and nothing about whose."""

    PHONE = "phone"
    PAPER = "paper"
    DAMAGED = "damaged"
    """It begins like a code or a pass and is none."""
    FOREIGN = "foreign"
    """Of another system; a part of one too."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Found:
    """One code in the frame."""

    kind: Kind
    corners: Points
    """Four, clockwise from the code's own top left, in pixels of the frame."""
    module_px: float
    """Pixels for one of its modules."""
    spare: float
    """The share of its error correction that was not needed."""
    rung: str
    """The first rung that read it."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One frame's findings."""

    found: tuple[Found, ...]
    histogram: NDArray[np.int64]
    """How many pixels in each of BINS equal steps of brightness."""
    white: float
    """The share of pixels that are burnt out; inside the codes where there are any."""
    black: float
    sharpness: float | None
    """0 blurred, 1 sharp to the pixel; None: nothing in view has an edge."""
    dark: bool
    """Nothing but black."""
    rate_per_s: float
    wanted_per_s: float


def view(luma: Luma, rate_per_s: float, wanted_per_s: float) -> View:
    """Look at a height × width frame; the rates are told, not measured."""
    found = tuple(find(luma))
    lit = np.concatenate([_inside(luma, one).ravel() for one in found]) if found else luma.ravel()
    return View(
        found=found,
        histogram=np.bincount(luma.ravel() // (256 // BINS), minlength=BINS),
        white=float(np.count_nonzero(lit >= WHITE_LEVEL) / max(1, lit.size)),
        black=float(np.count_nonzero(luma <= BLACK_LEVEL) / luma.size),
        sharpness=sharpness(luma),
        dark=scan.is_black(scan.grid_of(luma)),
        rate_per_s=rate_per_s,
        wanted_per_s=wanted_per_s,
    )


def find(luma: Luma) -> Iterator[Found]:
    """Every code that any rung reads, each once: an installer has the time that a gate has not."""
    known: set[str] = set()
    for rung in _all_rungs(luma.shape[0]):
        for code in rung.read(luma):
            if code.text and code.text not in known:
                known.add(code.text)
                yield _found(code, rung, luma)


def _all_rungs(rows: int) -> Iterator[Rung]:
    """The cheap ones, then each of the costly."""
    *cheap, _ = scan.rungs(rows, 0)
    yield from cheap
    yield from (*COSTLY[1:], COSTLY[0])


def _found(code: Any, rung: Rung, luma: Luma) -> Found:  # noqa: ANN401 -- zxing-cpp publishes no types
    place = code.position
    drawn = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    left, top = rung.origin(luma)
    corners = tuple((left + point.x * rung.scale, top + point.y * rung.scale) for point in drawn)
    sides = np.hypot(*(np.array(corners) - np.roll(np.array(corners), 1, axis=0)).T)
    modules = 17 + 4 * int(code.extra["Version"])  # ISO/IEC 18004, 6.3.1
    return Found(
        kind=kind_of(code.text),
        corners=corners,
        module_px=float(sides.mean()) / modules,
        spare=max(0.0, float(code.extra.get("UEC", 0.0))),
        rung=rung.name,
    )


def kind_of(text: str) -> Kind:
    """What a text is; who is named in it is not looked at, and nothing is verified."""
    if not scan.readable(text):
        return Kind.OTHER
    try:
        if codes.is_code(text):
            return Kind.PHONE if codes.parse(text).claims.paper is None else Kind.PAPER
        if not shc.is_chunk(text):
            reader.parse(text)
    except WireError:
        return Kind.DAMAGED
    return Kind.FOREIGN


def _inside(luma: Luma, one: Found) -> Luma:
    """The upright box around a code."""
    across, down = zip(*one.corners, strict=True)
    left, top = max(0, int(min(across))), max(0, int(min(down)))
    return luma[top : int(max(down)) + 1, left : int(max(across)) + 1]


def sharpness(luma: Luma) -> float | None:
    """How sharp the clearest edges are: 0 to 1; None where there are none."""
    rows, columns = luma.shape[0] // TILE * TILE, (luma.shape[1] - 3) // TILE * TILE
    wide = luma[:rows].astype(np.int32)
    near = np.square(wide[:, 1 : columns + 1] - wide[:, :columns])
    far = np.square(wide[:, 3 : columns + 3] - wide[:, :columns])
    near_sums, far_sums = (_tiles(each).ravel() for each in (near, far))
    noise = float(np.percentile(near_sums, QUIET_PERCENT))
    most = max(1, round(far_sums.size * SHARP_TILES))
    clearest = np.argsort(far_sums)[-most:]
    edges = float(far_sums[clearest].mean()) - noise
    if edges < FAINT * TILE**2:
        return None
    ratio = (float(near_sums[clearest].mean()) - noise) / edges
    return min(1.0, max(0.0, (ratio - RAMP_RATIO) / (STEP_RATIO - RAMP_RATIO)))


def _tiles(squares: NDArray[np.int32]) -> NDArray[np.int64]:
    """Sums over squares of TILE × TILE."""
    rows, columns = squares.shape[0] // TILE, squares.shape[1] // TILE
    sums: NDArray[np.int64] = squares.reshape(rows, TILE, columns, TILE).sum(axis=(1, 3), dtype=np.int64)
    return sums
