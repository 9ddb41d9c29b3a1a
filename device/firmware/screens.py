"""What a person meets: for each moment of the lane a picture, a light and a sound.

Shape, word, rhythm and lamp each carry the meaning alone. No name, no diagnosis, no temperature: who is
denied for a colour or a fever sees exactly what everybody sees who is asked to go to the attendant.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from device.drivers import Lamp, Prompt, Sound
from device.firmware.lane_table import DISCREET, State
from device.firmware.prompts import prompt_of
from device.firmware.thermometry import Hint
from wire.health import TROUBLES, Severity, Trouble, severity_of
from wire.reason_words import REASONS
from wire.reasons import Reason, Verdict


class Shape(Enum):
    """The one figure of a screen."""

    CORNERS = "corners of a code"
    DOTS = "dots"
    THERMOMETER = "thermometer"
    TICK = "tick"
    CROSS = "cross"
    BELL = "bell"
    HAND = "hand"
    TRIANGLE = "triangle"
    RUNNER = "way out"


@dataclass(frozen=True, slots=True)
class Colours:
    """Background and ink; `inverted`: light on dark turned round on a black-and-white screen."""

    ground: str
    ink: str
    inverted: bool = False


# Ink on ground reaches 4.5:1 (WCAG 2.2, 1.4.3) in every pair.
NAVY: Final = Colours("#ffffff", "#14284b")
GREEN: Final = Colours("#0b6e4f", "#ffffff")
RED: Final = Colours("#b3261e", "#ffffff", inverted=True)
AMBER: Final = Colours("#fff4dd", "#8a5a00")
YELLOW: Final = Colours("#000000", "#ffcc00")
ALARM: Final = Colours("#0b6e4f", "#ffffff", inverted=True)


@dataclass(frozen=True, slots=True)
class Look:
    """One row of the table of signals; empty words are the reason's own."""

    shape: Shape
    colours: Colours
    lamp: Lamp
    sound: Sound
    zh: str = ""
    en: str = ""


ATTENDANT: Final = Look(Shape.BELL, AMBER, Lamp.AMBER, Sound.THREE_NOTES, "请找工作人员", "Ask the attendant")

LOOKS: Final[Mapping[State, Look]] = {
    State.STARTING: Look(Shape.DOTS, NAVY, Lamp.WHITE, Sound.NONE, "正在启动", "Starting"),
    State.IDLE: Look(Shape.CORNERS, NAVY, Lamp.SLOW_WHITE, Sound.NONE, "请出示健康码", "Show health code"),
    State.READING: Look(Shape.DOTS, NAVY, Lamp.WHITE, Sound.NONE, "正在核验", "Checking"),
    State.MEASURING: Look(Shape.THERMOMETER, NAVY, Lamp.WHITE_PULSE, Sound.BLIP, "请靠近测温", "Step closer"),
    State.ADMITTING: Look(Shape.TICK, GREEN, Lamp.GREEN, Sound.SHORT_HIGH, "请通行", "Please enter"),
    State.DENIED: Look(Shape.CROSS, RED, Lamp.RED_TWO_FLASHES, Sound.TWO_LONG_LOW),
    State.REFERRED: Look(Shape.BELL, AMBER, Lamp.AMBER, Sound.THREE_NOTES),
    State.WAITING: Look(Shape.HAND, NAVY, Lamp.WHITE, Sound.BLIP),
    State.OUT_OF_SERVICE: Look(Shape.TRIANGLE, YELLOW, Lamp.AMBER_DOUBLE_BLINK, Sound.ONE_LOW),
    State.ATTENDING: Look(Shape.HAND, NAVY, Lamp.WHITE, Sound.BLIP, "工作人员操作中", "Attendant at work"),
    State.EVACUATING: Look(Shape.RUNNER, ALARM, Lamp.GREEN, Sound.THREE_NOTES),
}

HINTS: Final[Mapping[Hint, tuple[str, str]]] = {
    Hint.STEP_CLOSER: ("请靠近测温", "Step closer"),
    Hint.STEP_BACK: ("请退后一点", "Step back a little"),
    Hint.AGAIN: ("请站稳测温", "Hold still, please"),
}

CODED: Final = frozenset({Verdict.DENY, Verdict.OUT_OF_SERVICE})
"""Verdicts whose code people may quote; a referral shows none, so that all of them look the same."""


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that a screen, a lamp and a sounder are to say now."""

    shape: Shape
    colours: Colours
    lamp: Lamp
    sound: Sound
    zh: str
    en: str
    code: str = ""
    prompt: Prompt | None = None
    """What is said aloud."""
    troubles: tuple[Trouble, ...] = ()
    """What is named beside the words, in turns of `TURN_S`."""


TURN_S: Final = 3.0
"""How long one trouble is named before the next: slow enough to read, and far from any flicker."""
_NAMES: Final[Mapping[Shape, Severity]] = {
    Shape.TRIANGLE: Severity.BLOCKS,
    Shape.CORNERS: Severity.REFERS,
}
"""Out of service: why. Idle: why some or all are sent to the attendant. What is a note is nobody's here."""
_SAID: Final = frozenset({Trouble.CLOSED, Trouble.FIRE})
"""What the words of the card say already."""
_BRIEF: Final[Mapping[Trouble, str]] = {
    Trouble.CALIBRATION: "calibration foreign or unread",
    Trouble.EMISSIVITY: "another emissivity is set",
}
"""English for a footer of one or two short lines where the table of troubles is longer."""


def telling(shown: Card, found: Collection[Trouble]) -> Card:
    """The same card, with the troubles that it is to name."""
    severity = _NAMES.get(shown.shape)
    named = (trouble for trouble in sorted(found) if severity_of(trouble) is severity)
    return replace(shown, troubles=tuple(trouble for trouble in named if trouble not in _SAID))


def named(trouble: Trouble) -> tuple[str, str]:
    """A trouble in Chinese and English, as sentences without a full stop."""
    words = TROUBLES[trouble]
    return words.zh, words.en[:1].upper() + words.en[1:]


def footer(trouble: Trouble) -> tuple[str, str]:
    """The same, shorter where it has to be, for the foot of a small screen."""
    zh, en = named(trouble)
    brief = _BRIEF.get(trouble, en.removeprefix("The ").removeprefix("A "))
    return zh, brief[:1].upper() + brief[1:]


def turn_at(shown_s: float) -> int:
    """Which turn it is when a card has been shown this many seconds."""
    return int(shown_s // TURN_S)


def card(state: State, reason: Reason | None, hint: Hint | None, troubles: Collection[Trouble] = ()) -> Card:
    """What to say in this state, for this reason, on a gate with these troubles."""
    look = ATTENDANT if state is State.DENIED and reason in DISCREET else LOOKS[state]
    words = None if reason is None else REASONS[reason]
    zh, en = look.zh, look.en
    if hint is not None and state is State.MEASURING:
        zh, en = HINTS[hint]
    elif words is not None and not look.zh:
        zh, en = words.screen_zh, words.screen_en
    elif not zh:
        zh, en = _NO_REASON[state]
    coded = words is not None and words.verdict in CODED and look is not ATTENDANT and not look.zh
    # The blip of measuring is heard once, not again with each hint.
    sound = Sound.NONE if hint is not None else look.sound
    code = words.code if words and coded else ""
    prompt = prompt_of(state, reason, hint)
    shown = Card(look.shape, look.colours, look.lamp, sound, zh, en, code=code, prompt=prompt)
    return telling(shown, troubles)


_NO_REASON: Final[Mapping[State, tuple[str, str]]] = {
    State.DENIED: ("此码无效", "This code is not valid"),
    State.REFERRED: (ATTENDANT.zh, ATTENDANT.en),
    State.WAITING: ("请稍候", "Please wait"),
    State.OUT_OF_SERVICE: ("暂停使用", "Out of service"),
    State.EVACUATING: ("请立即撤离", "Leave the building now"),
}


def characters() -> frozenset[str]:
    """Every character that a screen can show: the font must have them all."""
    texts = [text for row in REASONS.values() for text in (row.screen_zh, row.screen_en, row.code)]
    texts += [text for look in LOOKS.values() for text in (look.zh, look.en)]
    texts += [text for trouble in Trouble for text in (*named(trouble), *footer(trouble))]
    texts += [text for pair in (*HINTS.values(), *_NO_REASON.values()) for text in pair]
    return frozenset("".join(texts))
