"""Attendant mode's tables: its screens, what can be chosen on each, and what is then to be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from wire.attendance import HAND_REASONS


class Screen(Enum):
    """What the attendant is at."""

    SIGN_IN = "sign in"
    MENU = "menu"
    PAPER = "ask for a paper code or a pass"
    NAME = "show the name"
    SAME = "the same person?"
    CODE = "ask for any code"
    NUMBER = "show the registration number"
    REASON = "choose why it is opened"
    TROUBLES = "state of the gate"


class In(Enum):
    """What can happen on a screen."""

    NEXT = "short press"
    TAKE = "long press"
    CODE = "the code that was asked for"
    TIMER = "the screen's time is over"


class Act(Enum):
    """What is to be done beside showing the next screen."""

    ASK = "look anew at what is in view"
    KNOWN = "take the person who was just referred; look anew when there is none"
    MEASURE = "measure the person whose code was shown"
    DIFFERS = "deny: the document is another one"
    NUMBER = "make the next registration number"
    REGISTER = "measure the person who got the number"
    OPEN = "open, for the reason that was chosen"
    LEAVE = "end the mode"


@dataclass(frozen=True, slots=True)
class Choice:
    """One item: its words, the screen it leads to, and what it does. `always`: also out of service."""

    zh: str
    en: str
    to: Screen
    acts: tuple[Act, ...] = ()
    always: bool = True
    word: str = ""


Row: TypeAlias = tuple[Screen, tuple[Act, ...]]

_BACK: Final = Choice("返回", "Back", Screen.MENU)

TITLES: Final[Mapping[Screen, tuple[str, str]]] = {
    Screen.SIGN_IN: ("请出示员工码", "Show your staff code"),
    Screen.MENU: ("工作人员", "Attendant"),
    Screen.PAPER: ("请出示证明或纸质码", "Show the paper code or pass"),
    Screen.NAME: ("请核对证件", "Compare the document"),
    Screen.SAME: ("是同一人吗？", "The same person?"),
    Screen.CODE: ("请出示健康码", "Show the health code"),
    Screen.NUMBER: ("登记号", "Registration number"),
    Screen.REASON: ("放行原因", "Why open?"),
    Screen.TROUBLES: ("闸机正常", "Nothing is wrong"),
}

CHOICES: Final[Mapping[Screen, tuple[Choice, ...]]] = {
    Screen.SIGN_IN: (Choice("返回", "Back", Screen.SIGN_IN, (Act.LEAVE,)),),
    Screen.MENU: (
        Choice("核对证件", "Check document", Screen.PAPER, (Act.ASK,), always=False),
        Choice("再测体温", "Measure again", Screen.CODE, (Act.KNOWN,), always=False),
        Choice("无码登记", "No code", Screen.NUMBER, (Act.NUMBER,), always=False),
        Choice("手动放行", "Open by hand", Screen.REASON),
        Choice("闸机状态", "State of the gate", Screen.TROUBLES),
        Choice("结束", "Done", Screen.MENU, (Act.LEAVE,)),
    ),
    Screen.PAPER: (_BACK,),
    Screen.NAME: (Choice("继续", "Go on", Screen.SAME),),
    Screen.SAME: (
        Choice("是", "Yes", Screen.MENU, (Act.MEASURE,)),
        Choice("否", "No", Screen.MENU, (Act.DIFFERS,)),
    ),
    Screen.CODE: (_BACK,),
    Screen.NUMBER: (Choice("测温", "Measure", Screen.MENU, (Act.REGISTER,)), _BACK),
    Screen.REASON: (
        *(
            Choice(words.zh, words.en, Screen.MENU, (Act.OPEN,), word=why)
            for why, words in HAND_REASONS.items()
        ),
        _BACK,
    ),
    Screen.TROUBLES: (_BACK,),
}

TABLE: Final[Mapping[tuple[Screen, In], Row]] = {
    (Screen.SIGN_IN, In.CODE): (Screen.MENU, ()),
    (Screen.PAPER, In.CODE): (Screen.NAME, ()),
    (Screen.NAME, In.TIMER): (Screen.SAME, ()),
    (Screen.CODE, In.CODE): (Screen.MENU, (Act.MEASURE,)),
}
"""What leads on without the button; anything else changes nothing. What a screen showed is gone with it."""

ASKING: Final = frozenset(screen for screen, on in TABLE if on is In.CODE)
"""Screens on which a code in view is looked at; on all others codes are ignored."""
