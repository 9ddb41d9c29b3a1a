"""A pass that is spread over several codes: its parts as they come into view, put together when all have.

Parts come side by side, or one after another. They are texts that hold a name: they go when the whole was
looked at, and when no other part has come for a while. How many there may be is the reader's limit.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final

from device.firmware.scan import mark_of
from wire.foreign.shc import Chunks, is_chunk

TOGETHER_S: Final = 15.0
"""A part waits so long for the next one: time enough to turn a page, and too little for the next person."""
BETWEEN: Final = "\n"
"""Stands between the parts in the text of the whole; no code holds it beside one."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What of one pass has been seen: marks of its parts, and their texts until the whole was looked at."""

    chunks: Chunks = field(default_factory=Chunks)
    marks: frozenset[bytes] = frozenset()
    whole: bytes = b""
    """The mark of the whole; empty while parts are missing."""
    waiting: frozenset[bytes] = frozenset()
    """Parts in view while others are missing."""
    last_s: float = 0.0
    """When a part was last in view, monotonic."""


def gather(
    gathered: Gathered, texts: Mapping[bytes, str], taken_s: float, remembered: AbstractSet[bytes]
) -> tuple[Gathered, Mapping[bytes, str]]:
    """Take in the texts of one frame by their marks; parts of a whole pass give way to the whole.

    `remembered`: marks of what had its answer. A whole that was looked at and is not among them any more
    begins anew. Parts of several passes at once are left as they are, and change nothing.
    """
    gathered = unless_late(gathered, taken_s)
    if gathered.whole and not gathered.chunks.texts and gathered.whole not in remembered:
        gathered = Gathered()
    parts = {mark: text for mark, text in texts.items() if is_chunk(text)}
    if not parts or _is_several(parts):
        return replace(gathered, waiting=frozenset()), texts
    for mark in sorted(parts.keys() - gathered.marks):
        gathered = _with(gathered, mark, parts[mark])
    waiting = frozenset() if gathered.whole else frozenset(parts)
    gathered = replace(gathered, waiting=waiting, last_s=taken_s)
    if not gathered.whole:
        return gathered, texts
    others = {mark: text for mark, text in texts.items() if mark not in parts}
    return gathered, others | {gathered.whole: BETWEEN.join(sorted(gathered.chunks.texts))}


def _is_several(parts: Mapping[bytes, str]) -> bool:
    """Whether parts that are in view together belong to different passes."""
    chunks = Chunks()
    for text in parts.values():
        chunks = chunks.add(text)
    return len(chunks.texts) < len(parts)


def unless_late(gathered: Gathered, now_s: float) -> Gathered:
    """Nothing any more when no part was in view for too long: whoever showed them has left."""
    return Gathered() if now_s - gathered.last_s > TOGETHER_S else gathered


def looked_at(gathered: Gathered, mark: bytes) -> Gathered:
    """Let go of the texts when it was this pass that was looked at."""
    return replace(gathered, chunks=Chunks()) if mark == gathered.whole else gathered


def parts_of(text: str) -> tuple[str, ...]:
    """The texts of the codes that a text was put together from."""
    return tuple(text.split(BETWEEN))


def _with(gathered: Gathered, mark: bytes, text: str) -> Gathered:
    """With one more part; a part of another pass begins anew."""
    chunks = gathered.chunks.add(text)
    marks = gathered.marks if len(chunks.texts) > 1 else frozenset()
    whole = mark_of(BETWEEN.join(sorted(chunks.texts))) if chunks.whole else b""
    return Gathered(chunks=chunks, marks=marks | {mark}, whole=whole)
