"""What the gate makes of texts in view: which is a new code, which has its answer, which is furniture.

What is only compared is remembered as a mark: the text of a paper code, or of a pass, holds a name, and goes
once answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from device.firmware.gather import Gathered, gather, looked_at, unless_late
from device.firmware.scan import Seen, mark_of, readable
from wire.reasons import Reason

GONE_S: Final = 1.5
"""A text that was out of view this long is new again; shorter gaps are glare and shaking hands."""
FURNITURE_S: Final = 30.0
"""A text that was in view this long in all and was reacted to hangs on the wall: a phone's code is another
every few seconds, and whoever holds up a paper has had the answer long before."""
FORGOTTEN_S: Final = 30.0
"""Furniture out of view this long was taken down, and any text that long is forgotten: people who walk past
hide a poster for a moment only."""
HINT_AGAIN_S: Final = 2.0
"""The same hint about other texts waits so long: a wall of changing codes gets no stream of them."""
MOST_KNOWN: Final = 16
"""Texts remembered, those in view among them; furniture is given up last."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One thing to react to: a code's text, or a hint with its reason; when it was first seen (monotonic)."""

    text: str | None
    hint: Reason | None
    first_s: float


@dataclass(frozen=True, slots=True)
class Sight:
    """A text that is or was in view, by its mark."""

    mark: bytes
    view_s: float
    """How long it was in view, gaps left out."""
    last_s: float


@dataclass(frozen=True, slots=True)
class Attention:
    """What is in view now, since when, and what of it was answered. Every set holds marks of `known`."""

    in_view: frozenset[bytes] = frozenset()
    codes: frozenset[bytes] = frozenset()
    """What of it claims to be a code or a pass; a part of a pass is neither."""
    gathered: Gathered = field(default_factory=Gathered)
    """Parts of a pass, others of which are still to be seen."""
    unanswered: Mapping[bytes, str] = field(default_factory=dict)
    """Codes in view that are still to be looked at, by their marks: beside parts of a pass the only texts."""
    first_s: float = 0.0
    """Since when the texts in view, furniture left out, are these."""
    last_s: float = float("-inf")
    answered: frozenset[bytes] = frozenset()
    hinted: frozenset[bytes] = frozenset()
    """What was in view when a hint was given."""
    furniture: frozenset[bytes] = frozenset()
    """What has been here for so long that it is no visitor's."""
    settled: frozenset[bytes] = frozenset()
    """What of the furniture had its answer, which it gets once."""
    known: tuple[Sight, ...] = ()
    """At most MOST_KNOWN."""
    hint: Reason | None = None
    """The hint that was given last."""
    hint_s: float = float("-inf")


def notice(seen: Seen, taken_s: float, attention: Attention) -> Attention:
    """Take in one frame that was read at `taken_s` (monotonic)."""
    gone = _away(attention, taken_s, GONE_S)
    shown = {mark_of(text): text for text in seen.texts}
    remembered = (attention.answered - gone) | attention.settled
    gathered, texts = gather(attention.gathered, shown, taken_s, remembered)
    in_view = frozenset(texts)
    known = _known(in_view, taken_s, attention)
    reacted = attention.answered | attention.hinted
    hanging = attention.furniture - _away(attention, taken_s, FORGOTTEN_S)
    furniture = frozenset(
        sight.mark
        for sight in known
        if sight.mark in hanging or (sight.view_s >= FURNITURE_S and sight.mark in reacted)
    )
    here = frozenset(sight.mark for sight in known)
    kept = (here - gone) | furniture
    answered = attention.answered & kept
    settled = (attention.settled | attention.answered) & furniture
    codes = {mark: text for mark, text in texts.items() if _is_code(mark, text, gathered)}
    after = replace(
        attention,
        in_view=in_view,
        codes=frozenset(codes),
        gathered=gathered,
        unanswered={mark: text for mark, text in codes.items() if mark not in answered | settled},
        answered=answered,
        hinted=attention.hinted & kept,
        furniture=furniture,
        settled=settled,
        known=known,
    )
    if not in_view:
        return after
    unchanged = in_view - furniture == attention.in_view - furniture and taken_s - attention.last_s <= GONE_S
    return replace(after, first_s=attention.first_s if unchanged else taken_s, last_s=taken_s)


def _is_code(mark: bytes, text: str, gathered: Gathered) -> bool:
    """Whether it is to be answered: a pass that was put together counts, and none of its parts does."""
    return mark == gathered.whole or (readable(text) and mark not in gathered.waiting)


def unwatched(attention: Attention, now_s: float) -> Attention:
    """Let go of texts when no frame has come for a while: whoever showed them may have left long ago."""
    if attention.unanswered and now_s - attention.last_s > GONE_S:
        attention = replace(attention, unanswered={})
    if attention.gathered.chunks.texts:
        attention = replace(attention, gathered=unless_late(attention.gathered, now_s))
    return attention


def _known(in_view: frozenset[bytes], taken_s: float, attention: Attention) -> tuple[Sight, ...]:
    """What is remembered after this frame: what is in view first, then furniture, then what left last."""
    before = {sight.mark: sight for sight in attention.known if taken_s - sight.last_s <= FORGOTTEN_S}
    here = []
    for mark in sorted(in_view):
        sight = before.pop(mark, Sight(mark, 0.0, taken_s))
        gap_s = taken_s - sight.last_s
        here.append(Sight(mark, sight.view_s + (gap_s if gap_s <= GONE_S else 0.0), taken_s))
    left = sorted(
        before.values(), key=lambda sight: (sight.mark in attention.furniture, sight.last_s), reverse=True
    )
    return (*here, *left)[:MOST_KNOWN]


def _away(attention: Attention, taken_s: float, for_s: float) -> frozenset[bytes]:
    """What was out of view for longer than that, whether it is back now or not."""
    return frozenset(sight.mark for sight in attention.known if taken_s - sight.last_s > for_s)


def glance(attention: Attention) -> tuple[Glance | None, Attention]:
    """What to react to now, once each: the one code in view, or a hint that there is none, or several."""
    codes = attention.codes - attention.furniture or attention.codes
    if len(codes) == 1:
        return _alone(next(iter(codes)), attention)
    if codes:
        reason = Reason.SEVERAL_CODES
    else:
        reason = Reason.MORE_PARTS if attention.gathered.waiting else Reason.NOT_A_CODE
    lately = reason is attention.hint and attention.last_s - attention.hint_s < HINT_AGAIN_S
    if lately or attention.in_view <= attention.hinted:
        return None, attention
    after = replace(
        attention, hinted=attention.hinted | attention.in_view, hint=reason, hint_s=attention.last_s
    )
    return Glance(None, reason, attention.first_s), after


def _alone(mark: bytes, attention: Attention) -> tuple[Glance | None, Attention]:
    """The text of the one code in view, once; where it is to be looked at anew, the next frame brings it."""
    text = attention.unanswered.get(mark)
    if text is None or mark in attention.answered | attention.settled:
        return None, attention
    left = {other: text for other, text in attention.unanswered.items() if other != mark}
    after = replace(
        attention,
        answered=attention.answered | {mark},
        unanswered=left,
        gathered=looked_at(attention.gathered, mark),
    )
    return Glance(text, None, attention.first_s), after


def interruption(attention: Attention) -> tuple[Glance | None, Attention]:
    """What ends a measurement: a code that was not answered yet, or several in view; no poster does.

    Several are said each time, not once: whose temperature it is must never be a guess.
    """
    codes = attention.codes - attention.furniture
    if len(codes) == 1:
        return glance(attention)
    if not codes:
        return None, attention
    after = replace(attention, hinted=attention.hinted | attention.in_view)
    return Glance(None, Reason.SEVERAL_CODES, attention.first_s), after
