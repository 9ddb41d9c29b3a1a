"""The hourly bar chart as plain rectangles: numbers in, coordinates out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fleet.overview.tally import Hour

WIDTH: Final = 960  # drawing units; 24 bars of 40
HEIGHT: Final = 200
SLOT: Final = 40
BAR: Final = 26
STEPS: Final = 4  # lines of the grid above the base


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a bar in drawing units, and which of the three it is."""

    tone: str
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the macro draws; `ticks` from the top down to 0."""

    hours: tuple[Hour, ...]
    blocks: tuple[Block, ...]
    ticks: tuple[int, ...]
    now_x: int | None


def ceiling(highest: int) -> int:
    """The smallest of 4, 8, 20, 40, 80, 200, … that is not below `highest`, so that four steps are whole."""
    scale = 4
    while True:
        for factor in (1, 2, 5):
            if scale * factor >= highest:
                return scale * factor
        scale *= 10


def chart(hours: Sequence[Hour]) -> Chart:
    """Lay out one bar an hour: admitted at the bottom, referred above, refused on top."""
    top = ceiling(max((hour.total for hour in hours), default=0))
    blocks: list[Block] = []
    for index, hour in enumerate(hours):
        base = float(HEIGHT)
        for tone, count in (("admit", hour.admitted), ("refer", hour.referred), ("deny", hour.refused)):
            if count:
                height = count * HEIGHT / top
                base -= height
                blocks.append(Block(tone, index * SLOT + (SLOT - BAR) // 2, round(base, 2), round(height, 2)))
    now = next((index for index, hour in enumerate(hours) if hour.now), None)
    return Chart(
        hours=tuple(hours),
        blocks=tuple(blocks),
        ticks=tuple(top * step // STEPS for step in range(STEPS, -1, -1)),
        now_x=None if now is None else now * SLOT,
    )
