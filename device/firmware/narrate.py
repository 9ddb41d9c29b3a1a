"""What the gate says on its error output: one line an event, words or JSON, never about who it was."""

import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, TextIO, TypeAlias

from wire.reason_words import REASONS
from wire.reasons import Reason

Value: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Narrator:
    """Writes lines. `form` "words" for people, "json" for programs."""

    form: Literal["words", "json"] = "words"
    out: TextIO | None = None

    def say(self, kind: str, **fields: Value) -> None:
        """One line: a kind and what belongs to it."""
        known = {name: value for name, value in fields.items() if value is not None}
        if self.form == "json":
            line = json.dumps({"kind": kind, **known}, ensure_ascii=False)
        else:
            line = " ".join([kind, *(f"{name}={value}" for name, value in known.items())])
        with suppress(OSError, ValueError):  # a log that is full or gone stops no gate
            print(line, file=self.out or sys.stderr, flush=True)

    def verdict(self, kind: str, reason: Reason | None, took_ms: int | None, sequence: int | None) -> None:
        """One decision, as it went into the journal (or was counted: no sequence)."""
        words = None if reason is None else REASONS[reason]
        self.say(
            kind,
            verdict=words.verdict.name.lower() if words else None,
            reason=words.code if words else None,
            took_ms=took_ms,
            sequence=sequence,
        )
