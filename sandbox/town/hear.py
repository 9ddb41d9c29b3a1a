"""What a gate says on its way: verdicts and readiness, read from the lines of its log."""

import json
from dataclasses import dataclass
from typing import Final

from wire.reasons import Reason

_KINDS: Final = frozenset({"passage", "refusal", "hint"})
"""A decision in the journal, one that is only counted, and a word on the screen."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A verdict as the gate logged it."""

    reason: Reason
    took_ms: int | None


def verdict_in(line: str) -> Heard | None:
    """The verdict or hint in a log line, or None for any other line."""
    if not line.startswith("{"):
        return None
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.get("kind") not in _KINDS:
        return None
    reason = _reason(said.get("reason"))
    took_ms = said.get("took_ms")
    return None if reason is None else Heard(reason, took_ms if isinstance(took_ms, int) else None)


def _reason(value: object) -> Reason | None:
    """A reason from its number (203) or its code (A-203)."""
    number = value.rpartition("-")[2] if isinstance(value, str) else value
    try:
        return Reason(int(number))  # type: ignore[call-overload]  # anything else raises TypeError
    except (TypeError, ValueError):
        return None
