"""How warm a person is to a thermometer: from the true body temperature to what the chip faces."""

import random
from typing import Final

AMBIENT_C: Final = 23.0
"""An entrance hall."""
WALL_C: Final = 22.0
"""What the thermometer faces when nobody is there."""
FOREHEAD_K: Final = 0.13
"""Skin loses heat to the air: body = skin + k · (skin - ambient) (Pompei, US patent 6,056,435)."""
NOISE_C: Final = 0.03
"""Of one reading to the next; the person holds still."""
LONE_C: Final = 0.05
"""How far one person's forehead differs from the next one's at the same body temperature."""


def forehead_c(body_c: float, ambient_c: float = AMBIENT_C) -> float:
    """Temperature of the skin of somebody with this true body temperature."""
    return (body_c + FOREHEAD_K * ambient_c) / (1 + FOREHEAD_K)


def readings(body_c: float, dice: random.Random) -> "Readings":
    """What a thermometer faces while this person stands there: call it for each moment."""
    return Readings(forehead_c(body_c) + dice.gauss(0, LONE_C), dice)


class Readings:
    """One person's forehead."""

    def __init__(self, skin_c: float, dice: random.Random) -> None:
        self._skin_c = skin_c
        self._dice = dice

    def __call__(self) -> float:
        """What the thermometer faces at this moment, °C."""
        return round(self._skin_c + self._dice.gauss(0, NOISE_C), 3)
