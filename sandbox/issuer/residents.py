"""Who lives in the province: people made up from a seed, without names or anything else of real persons."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wire.code import SUBJECT_BYTES, PaperName
from wire.reasons import Colour
from wire.status import MAX_PEOPLE, StatusList

DEMO_PEOPLE: Final = 12
"""Numbers 1 to this are for people to play with; the town sends only the others to its gates."""
PAPER_PERSON: Final = 12
NOT_GREEN_SHARE: Final = 0.001
"""Of the people nobody meets here, as the design's measurements assume."""

_DEMO: Final[Mapping[int, Colour]] = {
    7: Colour.YELLOW,
    8: Colour.ORANGE,
    9: Colour.RED,
    10: Colour.NO_INFORMATION,
    11: Colour.REVOKED,
}
ATTENDANT: Final = 5
STAFF: Final = (6, *range(201, 213))
"""Who works at the mall, beside the attendant: one to play with, and some of the crowd."""
_CROWD: Final = (
    (240, Colour.GREEN),
    (8, Colour.YELLOW),
    (8, Colour.ORANGE),
    (8, Colour.RED),
    (8, Colour.NO_INFORMATION),
    (8, Colour.REVOKED),
)


@dataclass(frozen=True, slots=True)
class Resident:
    """One person: a number for this sandbox's own pages, and what the issuer keeps about them."""

    number: int
    subject: bytes
    index: int
    colour: Colour

    @property
    def role(self) -> str:
        """As what this person stands on the mall's roster; "" for those who do not."""
        return "attendant" if self.number == ATTENDANT else "staff" if self.number in STAFF else ""

    @property
    def paper_name(self) -> PaperName:
        """What would stand on this person's paper code: plainly made up."""
        return PaperName(masked_name=f"居民*{self.number}", id_tail=f"{self.number:04d}")


def populate(seed: int) -> tuple[Resident, ...]:
    """The same people for the same seed, each with an index of its own: `DEMO_PEOPLE`, then the crowd."""
    dice = random.Random(f"residents {seed}")
    colours = [_DEMO.get(number, Colour.GREEN) for number in range(1, DEMO_PEOPLE + 1)]
    for count, colour in _CROWD:
        colours += [colour] * count
    indices = dice.sample(range(MAX_PEOPLE), len(colours))
    return tuple(
        Resident(number, dice.randbytes(SUBJECT_BYTES), index, colour)
        for number, (index, colour) in enumerate(zip(indices, colours, strict=True), start=1)
    )


def first_list(seed: int, residents: tuple[Resident, ...]) -> StatusList:
    """Everybody's colours on the first day: those of `residents`, and a million others, nearly all green."""
    dice = random.Random(f"others {seed}")
    others = dice.sample(range(MAX_PEOPLE), int(MAX_PEOPLE * NOT_GREEN_SHARE))
    colours = (Colour.YELLOW, Colour.ORANGE, Colour.RED, Colour.NO_INFORMATION)
    values: dict[int, int] = {index: dice.choice(colours) for index in others}
    values |= {resident.index: resident.colour for resident in residents}
    return StatusList(bytes(MAX_PEOPLE // 2)).changed(values)
