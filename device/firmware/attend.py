"""Attendant mode: from one screen to the next by its tables, and what each of them shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from device.firmware.attend_table import ASKING, CHOICES, TABLE, TITLES, Act, Choice, In, Screen
from device.firmware.panel import Panel
from wire.documents import Assignment
from wire.health import Trouble
from wire.reasons import Reason, Verdict, verdict_of

NAME_S: Final = 5.0
"""A masked name is shown no longer."""
JUST_S: Final = 60.0
"""A referral older than this is another matter: somebody else may stand there by now."""

PLAIN: Final = ASKING | {Screen.TROUBLES}
"""Screens of words to be read, in both languages also where a title has room for one: their one item, back,
is not shown."""

MEASURABLE: Final = frozenset(
    {
        Reason.NO_TEMPERATURE,
        Reason.TEMPERATURE_UNSURE,
        Reason.AMBIENT_OUTSIDE,
        Reason.YELLOW,
        Reason.FEVER,
    }
)
"""Verdicts that a second measurement by an attendant can answer."""

UNREADABLE: Final = frozenset(
    {
        Trouble.CAMERA,
        Trouble.NO_ROOT,
        Trouble.NO_TRUST,
        Trouble.TRUST_EXPIRED,
        Trouble.TRUST_OLD,
        Trouble.CLOCK_DOUBT,
        Trouble.NOT_ENROLLED,
    }
)
"""With one of these no staff code can be verified: the button alone begins, and opening by hand is left.

A camera that sees only black is not among them: anybody's hand on the lens does that, and a phone shines in
the dark.
"""

CALLED_S: Final = 30.0
"""So long after a call the staff code of who is named as an attendant is an answer to it."""
CALLING: Final = frozenset(
    {reason for reason in Reason if verdict_of(reason) is Verdict.REFER}
    | {Reason.RED, Reason.ORANGE, Reason.FEVER, Reason.FOREIGN_POSITIVE}
)
"""Verdicts that call an attendant to the gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What an attendant does about somebody; it goes into the event. `number`: of who has no code."""

    attendant: bytes | None = None
    """16 opaque bytes; None where the roster is empty or no code could be read."""
    about: int | None = None
    """Sequence of the event that called the attendant."""
    number: str = ""


NOBODY: Final = Case()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """The screen and what is chosen on it. `limited`: no decisions about people, the gate is not ready."""

    screen: Screen = Screen.MENU
    chosen: int = 0
    limited: bool = False


def attendants(assignment: Assignment | None) -> frozenset[bytes]:
    """Digests of who may attend here; none at all: the button alone suffices."""
    if assignment is None:
        return frozenset()
    rules = assignment.staff_rules
    return frozenset((rules.attendants if rules else ()) or assignment.staff)


def choices(mode: Mode) -> tuple[Choice, ...]:
    """What can be chosen now."""
    return tuple(choice for choice in CHOICES[mode.screen] if choice.always or not mode.limited)


def step(mode: Mode, on: In, pages: int = 1) -> tuple[Mode, tuple[Act, ...], str]:
    """The mode after `on`, what is to be done, and the word that was chosen; `pages` of the gate's state."""
    paged = mode.screen is Screen.TROUBLES
    if on is In.NEXT:
        most = max(1, pages) if paged else len(choices(mode))
        return replace(mode, chosen=(mode.chosen + 1) % most), (), ""
    if on is In.TAKE:
        choice = choices(mode)[0 if paged else mode.chosen]
        return replace(mode, screen=choice.to, chosen=0), choice.acts, choice.word
    row = TABLE.get((mode.screen, on))
    if row is None:
        return mode, (), ""
    screen, acts = row
    return replace(mode, screen=screen, chosen=0), acts, ""


def panel(
    mode: Mode,
    plain: Sequence[str] = (),
    pages: Sequence[tuple[str, str]] = (),
    seconds_left: int | None = None,
) -> Panel:
    """What the screen shows; `plain` is a number, a name or what is missing, `pages` the gate's troubles."""
    zh, en = TITLES[mode.screen]
    items, lines = tuple((choice.zh, choice.en) for choice in choices(mode)), tuple(plain)
    chosen = mode.chosen
    if mode.screen in PLAIN:
        items, chosen, lines = (), 0, lines or (zh, en)
    if mode.screen is Screen.TROUBLES and pages:
        page = mode.chosen % len(pages)
        number = f"{page + 1}/{len(pages)}"
        zh, en, lines = f"闸机状态 {number}", f"State of the gate {number}", pages[page]
    return Panel(
        zh=zh,
        en=en,
        items=items,
        chosen=chosen,
        plain=lines,
        secret=mode.screen is Screen.NAME,
        seconds_left=seconds_left,
    )
