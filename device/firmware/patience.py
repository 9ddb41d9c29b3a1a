"""A card that cannot be used just now: the gate says so on its screen and tries again, instead of ending."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from device.drivers import Display, DriverError, Signals, Sound
from device.firmware import picture, screens
from device.firmware.errors import CardError
from device.firmware.lane_table import State
from device.firmware.narrate import Narrator
from device.firmware.notify import Systemd
from device.firmware.screens import Card
from device.firmware.stop import Stop
from wire.health import Trouble
from wire.reasons import Reason

AGAIN_S: Final = screens.TURN_S
"""How long until the card is tried again, and until the screen takes its next turn."""
CARD: Final[Card] = screens.card(State.OUT_OF_SERVICE, Reason.FAULT, None, (Trouble.JOURNAL,))
T = TypeVar("T")


def patiently(
    build: Callable[[], T],
    shown: tuple[Display, Signals],
    narrator: Narrator,
    systemd: Systemd,
    stopping: Stop,
) -> T | None:
    """What `build` makes, as soon as the card lets it; None when told to stop meanwhile.

    Ending instead would be a loop of starts, with a dark screen and no word for who stands before it.
    Every other error is for the caller: it does not heal by waiting.
    """
    said, turn = "", 0
    while not stopping.is_set():
        try:
            return build()
        except CardError as error:
            if str(error) != said:
                said = str(error)
                narrator.say("waiting for the card", why=said)
            _show(shown, turn)
            turn += 1
        systemd.say("READY=1\nWATCHDOG=1\nSTATUS=out of service: waiting for the card")
        stopping.wait(AGAIN_S)
    return None


def _show(shown: tuple[Display, Signals], turn: int) -> None:
    display, signals = shown
    if not turn:
        with suppress(DriverError):
            signals.show(CARD.lamp, Sound.NONE)
    with suppress(DriverError):
        show(display, turn)


def show(display: Display, turn: int) -> None:
    """That there is no card, in the language whose turn it is. Raises `DriverError`."""
    if all(display.size):
        display.show(picture.draw(CARD, display.size, display.mode, turn))
