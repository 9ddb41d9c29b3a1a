"""What the gate makes of codes in view: which is new, which was answered already, and what is no code."""

from dataclasses import dataclass, replace
from typing import Final

from device.firmware.scan import Seen
from wire.code import is_code
from wire.reasons import Reason

GONE_S: Final = 1.5
"""A text that was out of view this long is new again; shorter gaps are glare and shaking hands."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One thing to react to: a code's text, or a hint with its reason; when it was first seen (monotonic)."""

    text: str | None
    hint: Reason | None
    first_s: float


@dataclass(frozen=True, slots=True)
class Attention:
    """What is in view now, since when, and what of it was answered."""

    texts: frozenset[str] = frozenset()
    first_s: float = 0.0
    last_s: float = float("-inf")
    answered: frozenset[str] = frozenset()
    hinted: frozenset[str] = frozenset()
    """What was in view when a hint was given."""


def notice(seen: Seen, taken_s: float, attention: Attention) -> Attention:
    """Take in one frame that was read at `taken_s` (monotonic)."""
    gone = taken_s - attention.last_s > GONE_S
    before = Attention(last_s=attention.last_s) if gone else attention
    texts = frozenset(seen.texts)
    if not texts:
        return replace(before, texts=texts)
    unchanged = texts == attention.texts and not gone
    return replace(before, texts=texts, first_s=attention.first_s if unchanged else taken_s, last_s=taken_s)


def glance(attention: Attention) -> tuple[Glance | None, Attention]:
    """What to react to now, once each: the one code in view, or a hint that there is none, or several."""
    codes = [text for text in attention.texts if is_code(text)]
    if len(codes) == 1:
        if codes[0] in attention.answered:
            return None, attention
        after = replace(attention, answered=attention.answered | {codes[0]})
        return Glance(codes[0], None, attention.first_s), after
    if attention.texts <= attention.hinted:
        return None, attention
    reason = Reason.SEVERAL_CODES if codes else Reason.NOT_A_CODE
    return Glance(None, reason, attention.first_s), replace(attention, hinted=attention.texts)


def interruption(attention: Attention) -> tuple[Glance | None, Attention]:
    """What ends a measurement: a code that was not answered yet, or several in view; no poster does.

    Several are said each time, not once: whose temperature it is must never be a guess.
    """
    codes = sum(is_code(text) for text in attention.texts)
    if codes == 1:
        return glance(attention)
    if not codes:
        return None, attention
    after = replace(attention, hinted=attention.texts)
    return Glance(None, Reason.SEVERAL_CODES, attention.first_s), after
