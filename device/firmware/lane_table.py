"""The lane's table: its states, what can happen to it, and what is then to be done; nothing but data."""

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias

from wire.reasons import Reason


class State(Enum):
    """Where a lane can be."""

    STARTING = "starting"
    IDLE = "idle"
    READING = "reading"
    MEASURING = "measuring"
    ADMITTING = "admitting"
    DENIED = "denied"
    REFERRED = "referred"
    WAITING = "waiting"
    OUT_OF_SERVICE = "out of service"
    ATTENDING = "attending"
    EVACUATING = "evacuating"


class On(Enum):
    """What can happen to it."""

    READY = "the gate can decide"
    NOT_READY = "the gate cannot decide"
    SEEN = "a code is in view"
    ASKED = "no code, or several"
    MEASURE = "a good code: a temperature is needed"
    HINTED = "no temperature yet"
    ADMIT = "admitted"
    DENY = "denied"
    REFUSE = "denied, nothing verified"
    REFER = "referred"
    WAIT = "no room inside"
    PASSED = "somebody went through"
    TIMER = "the state's time is over"
    BUTTON = "the attendant opens"
    ORDERED = "a command opens"
    ATTEND = "attendant mode begins"
    LEAVE = "attendant mode is left"
    JOURNAL_FAILED = "nothing could be written"
    BARRIER_FAILED = "the relay does not move"
    FIRE = "fire"
    FIRE_OVER = "no fire"


class Do(Enum):
    """What stands in the table; `step` makes an effect of it."""

    JOURNAL = "journal the verdict"
    JOURNAL_HAND = "journal: opened by hand"
    JOURNAL_PASSED = "journal: passed"
    JOURNAL_STAYED = "journal: not passed"
    JOURNAL_FIRE = "journal: fire"
    COUNT = "count the refusal"
    OPEN = "open for the pulse"
    RELEASE = "open until told otherwise"
    CLOSE = "close"
    MEASURE = "start measuring"
    GIVE_UP = "decide without a temperature"
    SHOW = "show"


DISCREET: Final = frozenset(
    {
        Reason.ORANGE,
        Reason.RED,
        Reason.FEVER,
        Reason.COLOUR_UNKNOWN,
        Reason.LIST_NOT_HELD_DENIED,
        Reason.FOREIGN_POSITIVE,
    }
)
"""Denials that look, sound and last like any referral: a bystander must not learn a colour or a finding."""

_S, _O, _D = State, On, Do
Row: TypeAlias = tuple[State, tuple[Do, ...]]

_VERDICT: Final = (_D.JOURNAL, _D.SHOW)
_ADMIT: Final = (_D.JOURNAL, _D.OPEN, _D.SHOW)
_HAND: Final = (_D.JOURNAL_HAND, _D.OPEN, _D.SHOW)
_CLOSED: Final = (_D.CLOSE, _D.SHOW)

TABLE: Final[Mapping[tuple[State, On], Row]] = {
    (_S.STARTING, _O.READY): (_S.IDLE, (_D.SHOW,)),
    (_S.STARTING, _O.NOT_READY): (_S.OUT_OF_SERVICE, (_D.SHOW,)),
    (_S.STARTING, _O.JOURNAL_FAILED): (_S.OUT_OF_SERVICE, (_D.SHOW,)),
    (_S.IDLE, _O.SEEN): (_S.READING, ()),
    (_S.IDLE, _O.ASKED): (_S.WAITING, (_D.SHOW,)),
    (_S.IDLE, _O.MEASURE): (_S.MEASURING, (_D.MEASURE, _D.SHOW)),
    (_S.IDLE, _O.ATTEND): (_S.ATTENDING, (_D.SHOW,)),
    (_S.IDLE, _O.BUTTON): (_S.ADMITTING, _HAND),
    (_S.IDLE, _O.ORDERED): (_S.ADMITTING, _HAND),
    (_S.IDLE, _O.NOT_READY): (_S.OUT_OF_SERVICE, (_D.SHOW,)),
    (_S.IDLE, _O.JOURNAL_FAILED): (_S.OUT_OF_SERVICE, (_D.SHOW,)),
    (_S.READING, _O.MEASURE): (_S.MEASURING, (_D.MEASURE, _D.SHOW)),
    (_S.READING, _O.ADMIT): (_S.ADMITTING, _ADMIT),
    (_S.READING, _O.DENY): (_S.DENIED, _VERDICT),
    (_S.READING, _O.REFUSE): (_S.DENIED, (_D.COUNT, _D.SHOW)),
    (_S.READING, _O.REFER): (_S.REFERRED, _VERDICT),
    (_S.READING, _O.WAIT): (_S.WAITING, _VERDICT),
    (_S.READING, _O.TIMER): (_S.READING, (_D.SHOW,)),
    (_S.READING, _O.NOT_READY): (_S.OUT_OF_SERVICE, (_D.SHOW,)),
    (_S.MEASURING, _O.SEEN): (_S.READING, ()),
    (_S.MEASURING, _O.ASKED): (_S.WAITING, (_D.SHOW,)),
    (_S.MEASURING, _O.ADMIT): (_S.ADMITTING, _ADMIT),
    (_S.MEASURING, _O.DENY): (_S.DENIED, _VERDICT),
    (_S.MEASURING, _O.REFER): (_S.REFERRED, _VERDICT),
    (_S.MEASURING, _O.WAIT): (_S.WAITING, _VERDICT),
    (_S.MEASURING, _O.HINTED): (_S.MEASURING, (_D.SHOW,)),
    (_S.MEASURING, _O.TIMER): (_S.MEASURING, (_D.GIVE_UP,)),
    (_S.MEASURING, _O.BUTTON): (_S.ADMITTING, _HAND),
    (_S.MEASURING, _O.ORDERED): (_S.ADMITTING, _HAND),
    (_S.MEASURING, _O.NOT_READY): (_S.OUT_OF_SERVICE, (_D.SHOW,)),
    (_S.ADMITTING, _O.PASSED): (_S.IDLE, (_D.CLOSE, _D.JOURNAL_PASSED, _D.SHOW)),
    (_S.ADMITTING, _O.TIMER): (_S.IDLE, (_D.CLOSE, _D.JOURNAL_STAYED, _D.SHOW)),
    (_S.ADMITTING, _O.JOURNAL_FAILED): (_S.REFERRED, _CLOSED),
    (_S.ADMITTING, _O.BARRIER_FAILED): (_S.OUT_OF_SERVICE, (*_CLOSED, _D.JOURNAL_STAYED)),
    (_S.DENIED, _O.SEEN): (_S.READING, ()),
    (_S.DENIED, _O.TIMER): (_S.IDLE, (_D.SHOW,)),
    (_S.DENIED, _O.ATTEND): (_S.ATTENDING, (_D.SHOW,)),
    (_S.DENIED, _O.BUTTON): (_S.ADMITTING, _HAND),
    (_S.DENIED, _O.ORDERED): (_S.ADMITTING, _HAND),
    (_S.DENIED, _O.NOT_READY): (_S.OUT_OF_SERVICE, (_D.SHOW,)),
    (_S.DENIED, _O.JOURNAL_FAILED): (_S.REFERRED, (_D.SHOW,)),
    (_S.REFERRED, _O.SEEN): (_S.READING, ()),
    (_S.REFERRED, _O.TIMER): (_S.IDLE, (_D.SHOW,)),
    (_S.REFERRED, _O.ATTEND): (_S.ATTENDING, (_D.SHOW,)),
    (_S.REFERRED, _O.BUTTON): (_S.ADMITTING, _HAND),
    (_S.REFERRED, _O.ORDERED): (_S.ADMITTING, _HAND),
    (_S.REFERRED, _O.NOT_READY): (_S.OUT_OF_SERVICE, (_D.SHOW,)),
    (_S.REFERRED, _O.JOURNAL_FAILED): (_S.REFERRED, (_D.SHOW,)),
    (_S.WAITING, _O.SEEN): (_S.READING, ()),
    (_S.WAITING, _O.ASKED): (_S.WAITING, (_D.SHOW,)),
    (_S.WAITING, _O.TIMER): (_S.IDLE, (_D.SHOW,)),
    (_S.WAITING, _O.ATTEND): (_S.ATTENDING, (_D.SHOW,)),
    (_S.WAITING, _O.BUTTON): (_S.ADMITTING, _HAND),
    (_S.WAITING, _O.ORDERED): (_S.ADMITTING, _HAND),
    (_S.WAITING, _O.NOT_READY): (_S.OUT_OF_SERVICE, (_D.SHOW,)),
    (_S.WAITING, _O.JOURNAL_FAILED): (_S.REFERRED, (_D.SHOW,)),
    (_S.OUT_OF_SERVICE, _O.READY): (_S.IDLE, (_D.SHOW,)),
    (_S.OUT_OF_SERVICE, _O.NOT_READY): (_S.OUT_OF_SERVICE, (_D.SHOW,)),
    (_S.OUT_OF_SERVICE, _O.ATTEND): (_S.ATTENDING, (_D.SHOW,)),
    (_S.OUT_OF_SERVICE, _O.BUTTON): (_S.ADMITTING, _HAND),
    (_S.OUT_OF_SERVICE, _O.ORDERED): (_S.ADMITTING, _HAND),
    (_S.ATTENDING, _O.MEASURE): (_S.MEASURING, (_D.MEASURE, _D.SHOW)),
    (_S.ATTENDING, _O.DENY): (_S.DENIED, _VERDICT),
    (_S.ATTENDING, _O.REFER): (_S.REFERRED, _VERDICT),
    (_S.ATTENDING, _O.WAIT): (_S.WAITING, _VERDICT),
    (_S.ATTENDING, _O.BUTTON): (_S.ADMITTING, _HAND),
    (_S.ATTENDING, _O.ORDERED): (_S.ADMITTING, _HAND),
    (_S.ATTENDING, _O.LEAVE): (_S.IDLE, (_D.SHOW,)),
    (_S.EVACUATING, _O.FIRE_OVER): (_S.STARTING, _CLOSED),
} | {
    (state, _O.FIRE): (_S.EVACUATING, (_D.RELEASE, _D.SHOW, _D.JOURNAL_FIRE))
    for state in State
    if state is not _S.EVACUATING
}
"""Every row there is."""
