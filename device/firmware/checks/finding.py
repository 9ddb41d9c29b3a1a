"""What a self-test finds: how good it is, the value, the limit it is held against, and what to do."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from device.firmware.words import NOTHING, Both


class Grade(Enum):
    """How good it is. A note is neither good nor bad; what was skipped is not known."""

    PASS = "pass"  # noqa: S105 - it is a grade
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a self-test."""

    grade: Grade
    value: Both
    limit: Both = NOTHING
    """What the value is held against."""
    fix: Both = NOTHING
    about: Both = NOTHING
    """Which part of the check this line is about; nothing: the check as a whole."""


def graded(
    good: bool,
    value: Both,
    limit: Both,
    fix: Both,
    *,
    bad: Grade = Grade.FAIL,
    about: Both = NOTHING,
) -> Finding:
    """PASS, or `bad` with what to do about it."""
    return Finding(Grade.PASS if good else bad, value, limit, NOTHING if good else fix, about)


def noted(value: Both, about: Both = NOTHING) -> Finding:
    """Something to know."""
    return Finding(Grade.NOTE, value, about=about)


def skipped(value: Both, fix: Both = NOTHING) -> Finding:
    """Not done, and why."""
    return Finding(Grade.SKIP, value, NOTHING, fix)


NOT_FITTED: Final = Finding(Grade.SKIP, Both("本机没有", "this gate has none"))
NOT_HERE: Final = Finding(Grade.NOTE, Both("此机器上无法查询", "cannot be asked here"))
