"""A frame's brightness to the texts of the QR codes in it, as cheaply as the scene allows.

A motion gate on a grid of 1/16 lets an empty doorway cost next to nothing. A frame that is read climbs rungs,
the cheapest first, until one finds something: half size with one threshold for all (an eighth of full size's
price), half size with local thresholds, then one of the costly rungs, which take turns over frames: softened
by 2×2 pixels, which breaks the grid of a phone's own pixels; by 3×3; the middle magnified, for small codes;
everything that zxing-cpp can try. A code that was in view already does not end the climb each time: beside a
poster that is easily read there may be a phone that is not.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import Image

from device.drivers import Luma
from wire.code import is_code
from wire.foreign.reader import is_pass

GRID: Final = 16
POINTS: Final = 8
"""Pixels of a row that make one point of the grid: their mean has little of the sensor's noise left."""
MOVED_LEVELS: Final = 12
"""A point that changed by this much is motion: 5 standard deviations where a pixel's noise is 5 levels."""
MOVED_SHARE: Final = 0.002
BLACK_LEVEL: Final = 24
"""Below it a point is black: what a lens under a cap shows, its noise included, at any gain."""
LIT_SHARE: Final = 0.005
"""So many points above it are something to see: a lit phone across a dark room has 40 times as many."""
AWAKE_FRAMES: Final = 15
"""Frames in which every rung is tried after something moved: one second."""
LOOK_ANYWAY: Final = 30
"""Even in a still scene every so many frames are read: a phone that is held very still is found in 2 s."""
LOOK_AGAIN: Final = 5
"""The same while a code was in view: so that its end, or the next proof of the same phone, is noticed."""
LOOK_BESIDE: Final = 3
"""Every so many frames the climb goes on past codes that were in view already."""
SMALLEST_HALF: Final = 240
"""Rows below which halving loses codes: softened at full size with one threshold, then a costly rung."""
MIDDLE: Final = (420, 560)
"""Rows and columns that are magnified: a code close to a 480p camera, or far from a larger one."""
MOST_CODES: Final = 4
"""More are never told: four are as many too many as forty."""
MAX_TEXT: Final = 7_089
"""What a QR code of version 40-L holds in numeric mode: no code holds more (ISO/IEC 18004, table 7)."""
_QR: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)

Grid = NDArray[np.int16]


def mark_of(text: str) -> bytes:
    """What is remembered of a text: good for telling it from others, and for reading nobody's name in it."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def readable(text: str) -> bool:
    """Whether a text claims to be a code, or a pass of another system; others get a hint, not a denial."""
    return is_code(text) or is_pass(text)


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
    marks: frozenset[bytes] = frozenset()
    """Of what the last frame that was read held."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to read a picture: how it is prepared, and what zxing-cpp is told."""

    name: str
    prepare: Callable[[Luma], Luma]
    scale: float = 1.0
    """Pixels of the frame for one of the prepared picture."""
    binarizer: zxingcpp.Binarizer = zxingcpp.Binarizer.LocalAverage
    thorough: bool = False
    """Also turned, shrunk and inverted, as some dark modes draw codes."""

    def read(self, luma: Luma) -> list[Any]:
        """zxing-cpp's codes in this frame, their places as the prepared picture has them."""
        found: list[Any] = zxingcpp.read_barcodes(
            self.prepare(luma),
            formats=_QR,
            try_rotate=self.thorough,
            try_downscale=self.thorough,
            try_invert=self.thorough,
            binarizer=self.binarizer,
        )
        return found

    def origin(self, luma: Luma) -> tuple[int, int]:
        """Column and row of the frame at which the prepared picture begins; for who draws places."""
        top, left = _middle_of(luma) if self.prepare is _magnified else (0, 0)
        return left, top


def look(luma: Luma, history: History) -> tuple[Seen | None, History]:
    """Read a frame; None: it was not read, because nothing has moved since the last one."""
    grid = grid_of(luma)
    moved = _moved(grid, history.grid)
    awake = AWAKE_FRAMES if moved else max(0, history.awake - 1)
    frames = history.frames + 1
    after = replace(history, grid=grid, awake=awake, frames=frames)
    every = LOOK_AGAIN if history.marks else LOOK_ANYWAY
    if not awake and frames % every:
        return None, after
    seen = _read(luma, frames, history.marks)
    return seen, replace(after, marks=frozenset(map(mark_of, seen.texts)))


def grid_of(luma: Luma) -> Grid:
    """Every 16th row in stretches of 16 pixels, each the sum of every second pixel in it."""
    rows = luma[GRID // 2 :: GRID, : luma.shape[1] // GRID * GRID]
    grid: Grid = rows[:, ::GRID].astype(np.int16)
    for column in range(GRID // POINTS, GRID, GRID // POINTS):
        grid += rows[:, column::GRID]
    return grid


def is_black(grid: Grid) -> bool:
    """Whether there is nothing but black to see: a cap on the lens, not a dim room with a lit phone in it."""
    return bool(np.count_nonzero(grid > BLACK_LEVEL * POINTS) <= LIT_SHARE * grid.size)


def _moved(grid: Grid, before: Grid | None) -> bool:
    if before is None or before.shape != grid.shape:
        return True
    changed = np.count_nonzero(np.abs(grid - before) > MOVED_LEVELS * POINTS)
    return bool(changed > MOVED_SHARE * grid.size)


def _read(luma: Luma, frames: int, before: frozenset[bytes]) -> Seen:
    """Climb until a rung finds something new, or anything where this frame does not look beside it."""
    beside = frames % LOOK_BESIDE == 0
    new: dict[str, bool] = {}
    for rung in rungs(luma.shape[0], frames):
        new |= {code.text: mark_of(code.text) not in before for code in rung.read(luma)}
        if new and (any(new.values()) or not beside):
            break
    # Codes first, and of these what is new: whatever hangs on the wall cannot crowd a visitor out.
    kept = [text for text in new if 0 < len(text) <= MAX_TEXT]
    kept.sort(key=lambda text: (readable(text), new[text]), reverse=True)
    return Seen(tuple(kept[:MOST_CODES]))


def rungs(rows: int, frames: int) -> Iterator[Rung]:
    """The rungs of one frame, the cheapest first."""
    if rows >= SMALLEST_HALF * 2:
        yield QUICK
        yield HALF
    else:
        yield PLAIN
    yield COSTLY[frames % len(COSTLY)]


def _skipped(luma: Luma) -> Luma:
    """Every second pixel of every second row, without a copy."""
    return luma[::2, ::2]


def _halved(luma: Luma) -> Luma:
    """Means of 2×2 pixels."""
    rows, columns = luma.shape[0] // 2 * 2, luma.shape[1] // 2 * 2
    sums = luma[:rows:2, :columns].astype(np.uint16)
    sums += luma[1:rows:2, :columns]
    halved: Luma = ((sums[:, ::2] + sums[:, 1::2]) >> 2).astype(np.uint8)
    return halved


def _softened(luma: Luma) -> Luma:
    """Means of 2×2 pixels at full size."""
    sums = luma[:-1].astype(np.uint16)
    sums += luma[1:]
    softened: Luma = ((sums[:, :-1] + sums[:, 1:]) >> 2).astype(np.uint8)
    return softened


def _blurred(luma: Luma) -> Luma:
    """A 3×3 box blur at full size, in 16-bit sums."""
    wide = luma.astype(np.uint16)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    sums = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    blurred: Luma = (sums // 9).astype(np.uint8)
    return blurred


def _magnified(luma: Luma) -> Luma:
    """The middle at twice its size."""
    top, left = _middle_of(luma)
    middle = luma[top : top + MIDDLE[0], left : left + MIDDLE[1]]
    twice = (middle.shape[1] * 2, middle.shape[0] * 2)
    magnified: Luma = np.asarray(
        Image.fromarray(np.ascontiguousarray(middle)).resize(twice, Image.Resampling.BILINEAR)
    )
    return magnified


def _middle_of(luma: Luma) -> tuple[int, int]:
    """Row and column at which the middle begins."""
    return max(0, (luma.shape[0] - MIDDLE[0]) // 2), max(0, (luma.shape[1] - MIDDLE[1]) // 2)


def _whole(luma: Luma) -> Luma:
    return luma


QUICK: Final = Rung("quick", _skipped, 2.0, zxingcpp.Binarizer.GlobalHistogram)
HALF: Final = Rung("half", _halved, 2.0)
PLAIN: Final = Rung("plain", _softened, 1.0, zxingcpp.Binarizer.GlobalHistogram)
SOFTENED: Final = Rung("softened", _softened)
COSTLY: Final = (
    Rung("thorough", _whole, thorough=True),
    SOFTENED,
    Rung("blurred", _blurred),
    Rung("magnified", _magnified, 0.5),
)
"""One a frame, in turn."""
