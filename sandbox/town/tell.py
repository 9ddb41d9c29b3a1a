"""What the town says in the terminal: a line for each person, in colour where there is a terminal."""

import os
import sys
import threading
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO

from sandbox.town.cases import CASES, Case
from sandbox.wallet.doors import GateName
from wire.reason_words import REASONS
from wire.reasons import Reason, Verdict

_PAINT: Final[Mapping[Verdict, str]] = {
    Verdict.ADMIT: "32",
    Verdict.DENY: "31",
    Verdict.REFER: "33",
    Verdict.WAIT: "33",
    Verdict.HINT: "36",
    Verdict.OUT_OF_SERVICE: "35",
    Verdict.EVACUATE: "35",
}
_SAID: Final[Mapping[Verdict, tuple[str, str]]] = {
    Verdict.ADMIT: ("放行", "admitted"),
    Verdict.DENY: ("拒绝", "denied"),
    Verdict.REFER: ("转人工", "referred"),
    Verdict.WAIT: ("等候", "waits"),
    Verdict.HINT: ("提示", "hint"),
    Verdict.OUT_OF_SERVICE: ("停用", "closed"),
    Verdict.EVACUATE: ("疏散", "evacuates"),
}
_NOBODY: Final = ("未决", "no verdict")
_WORDS_WIDE: Final = 48
_SAID_WIDE: Final = 10


@dataclass(frozen=True, slots=True)
class Told:
    """One person's end of the story; `took_s` from showing the code to the verdict."""

    gate: GateName
    case: Case | None
    reason: Reason | None
    took_s: float


class Voice:
    """Writes lines; plain when not on a terminal or with NO_COLOR. Thread-safe."""

    def __init__(self, language: str, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._chinese = language == "zh"
        self._colour = self._stream.isatty() and not os.environ.get("NO_COLOR")
        self._lock = threading.Lock()

    def choose(self, pair: tuple[str, str]) -> str:
        """The Chinese or the English one."""
        return pair[0] if self._chinese else pair[1]

    def paint(self, text: str, code: str) -> str:
        """In colour (an SGR code), if there is colour."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def say(self, text: str) -> None:
        """One line, whole."""
        with self._lock:
            print(text, file=self._stream, flush=True)

    def note(self, text: str) -> None:
        """Something beside the story: with the time, faint."""
        self.say(self.paint(f"{_clock()}  {text}", "2"))

    def tell(self, told: Told, wide: int) -> None:
        """Say a person's line; the gate's name fills `wide` columns."""
        self.say(f"{_clock()}  {self.line(told, wide)}")

    def line(self, told: Told, wide: int) -> str:
        """The line without the time."""
        if told.reason is None:
            said, code, words, paint = self.choose(_NOBODY), "", "", "2"
        else:
            row = REASONS[told.reason]
            said, code, paint = self.choose(_SAID[row.verdict]), row.code, _PAINT[row.verdict]
            words = self.choose((row.zh, row.en))
        if told.case is not None and told.reason is not CASES[told.case].expected:
            # Something else than the plain verdict on what was brought: say what was brought.
            words = f"{words} ({self.choose((CASES[told.case].zh, CASES[told.case].en))})".lstrip()
        gate = self.choose((told.gate.zh, told.gate.en))
        verdict = self.paint(padded(said, _SAID_WIDE), paint)
        return f"{padded(gate, wide)}  {verdict} {code:<6} {padded(words, _WORDS_WIDE)} {told.took_s:4.1f} s"


def columns(text: str) -> int:
    """How many columns a terminal gives to a text: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def padded(text: str, wide: int) -> str:
    """A text filled up with blanks to so many columns."""
    return text + " " * (wide - columns(text))


def _clock() -> str:
    return time.strftime("%H:%M:%S")
