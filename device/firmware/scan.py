"""A frame's brightness to the texts of the QR codes in it, as cheaply as the scene allows.

The order that measured best: a motion gate on a grid of 1/16 (an empty doorway costs next to nothing), then
half size, then full size, then full size after a 3×3 blur, which breaks the grid of a phone's own pixels.
The costly rungs (full, blurred, full and thorough) take turns over frames; all rest while nothing moves.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import zxingcpp
from numpy.typing import NDArray

from device.drivers import Luma

GRID: Final = 16
POINTS: Final = 8
"""Pixels of a row that make one point of the grid: their mean has little of the sensor's noise left."""
MOVED_LEVELS: Final = 12
"""A point that changed by this much is motion: 5 standard deviations where a pixel's noise is 5 levels."""
MOVED_SHARE: Final = 0.002
AWAKE_FRAMES: Final = 15
"""Frames in which every rung is tried after something moved: one second."""
LOOK_ANYWAY: Final = 30
"""Even in a still scene every so many frames are read: a phone that is held very still is found in 2 s."""
LOOK_AGAIN: Final = 5
"""The same while a code was in view: so that its end, or the next proof of the same phone, is noticed."""
SMALLEST_HALF: Final = 240
"""Rows below which halving loses codes: full size at once."""
MOST_CODES: Final = 4
_QR: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)

Grid = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Seen:
    """The texts of the codes in one frame, in no order; none: no code was read."""

    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What earlier frames leave behind: the last grid, the frames still to be read with care, a counter."""

    grid: Grid | None = None
    awake: int = 0
    frames: int = 0
    still_code: bool = False
    """The last frame that was read held a code."""


def look(luma: Luma, history: History) -> tuple[Seen | None, History]:
    """Read a frame; None: it was not read, because nothing has moved since the last one."""
    grid = grid_of(luma)
    moved = _moved(grid, history.grid)
    awake = AWAKE_FRAMES if moved else max(0, history.awake - 1)
    frames = history.frames + 1
    after = replace(history, grid=grid, awake=awake, frames=frames)
    every = LOOK_AGAIN if history.still_code else LOOK_ANYWAY
    if not awake and frames % every:
        return None, after
    seen = _read(luma, frames)
    return seen, replace(after, still_code=bool(seen.texts))


def grid_of(luma: Luma) -> Grid:
    """Every 16th row in stretches of 16 pixels, each the sum of every second pixel in it."""
    rows = luma[GRID // 2 :: GRID, : luma.shape[1] // GRID * GRID]
    grid: Grid = rows[:, ::GRID].astype(np.int16)
    for column in range(GRID // POINTS, GRID, GRID // POINTS):
        grid += rows[:, column::GRID]
    return grid


def _moved(grid: Grid, before: Grid | None) -> bool:
    if before is None or before.shape != grid.shape:
        return True
    changed = np.count_nonzero(np.abs(grid - before) > MOVED_LEVELS * POINTS)
    return bool(changed > MOVED_SHARE * grid.size)


def _read(luma: Luma, frames: int) -> Seen:
    """The rungs in order until one finds something."""
    if luma.shape[0] >= SMALLEST_HALF * 2:
        seen = _decode(luma[::2, ::2])
        if seen.texts:
            return seen
    if frames % 2:
        return _decode(_blurred(luma))
    return _decode(luma, thorough=frames % 4 == 0)


def _decode(luma: Luma, *, thorough: bool = False) -> Seen:
    """One pass of zxing-cpp; `thorough` also turns, shrinks and inverts, as some dark modes draw codes."""
    barcodes: list[Any] = zxingcpp.read_barcodes(
        luma,
        formats=_QR,
        try_rotate=thorough,
        try_downscale=thorough,
        try_invert=thorough,
    )
    return Seen(tuple(dict.fromkeys(barcode.text for barcode in barcodes if barcode.text))[:MOST_CODES])


def _blurred(luma: Luma) -> Luma:
    """A 3×3 box blur at full size, in 16-bit sums."""
    wide = luma.astype(np.uint16)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    sums = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    blurred: Luma = (sums // 9).astype(np.uint8)
    return blurred
