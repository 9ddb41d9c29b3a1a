"""One button with two meanings: a short press and a long one, told apart by the time that is passed in."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

LONG_S: Final = 0.8
"""Longer than anybody taps; shorter than anybody waits for a sign that it was long enough."""


class Press(Enum):
    """What the hand meant."""

    SHORT = "short"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Button:
    """Since when the button has been down and waits for its meaning, monotonic seconds; None: it does not."""

    since_s: float | None = None


def press(button: Button, now_s: float, *, began: bool, down: bool) -> tuple[Button, Press | None]:
    """The button at `now_s`, and the press that has just become clear: a long one while it still lasts.

    `began`: it went down since the last call; `down`: it is down now.
    """
    since_s = now_s if began else button.since_s
    if since_s is None:
        return Button(), None
    if not down:
        return Button(), Press.SHORT
    if now_s - since_s >= LONG_S:
        return Button(), Press.LONG
    return Button(since_s), None
