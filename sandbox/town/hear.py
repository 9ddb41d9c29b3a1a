"""What a gate says on its way: verdicts, hints and whether it serves, read from the lines of its log."""

import json
from dataclasses import dataclass
from typing import Any, Final

from wire.reasons import Reason

_KINDS: Final = frozenset({"passage", "refusal", "again", "hint"})
"""A decision in the journal, one that is only counted, one shown once more, and a word on the screen."""
_NOT_YET: Final = frozenset({"clock_doubt", "no_list"})


@dataclass(frozen=True, slots=True)
class Heard:
    """A verdict as the gate logged it."""

    reason: Reason
    took_ms: int | None


def verdict_in(line: str) -> Heard | None:
    """The verdict or hint in a log line, or None for any other line."""
    said = _read(line)
    if said.get("kind") not in _KINDS:
        return None
    reason, took_ms = _reason(said.get("reason")), said.get("took_ms")
    return None if reason is None else Heard(reason, took_ms if isinstance(took_ms, int) else None)


def serving_in(line: str) -> bool | None:
    """Whether the gate says that it can decide about people; None for any other line.

    One that doubts its clock or holds no list yet refers everybody, so nobody is sent there.
    """
    said = _read(line)
    if said.get("kind") != "ready":
        return None
    return bool(said.get("ready")) and _NOT_YET.isdisjoint(str(said.get("troubles", "")).split())


def _read(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line) if line.startswith("{") else {}
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _reason(value: object) -> Reason | None:
    """A reason from its code, like A-203."""
    digits = value.rpartition("-")[2] if isinstance(value, str) else ""
    try:
        return Reason(int(digits))
    except ValueError:
        return None
