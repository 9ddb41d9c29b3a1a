"""What the gate makes of texts in view: which is a new code, which has its answer, which is furniture."""

from dataclasses import dataclass, replace
from typing import Final

from device.firmware.scan import Seen
from wire.code import is_code
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
    """A text that is or was in view."""

    text: str
    view_s: float
    """How long it was in view, gaps left out."""
    last_s: float


@dataclass(frozen=True, slots=True)
class Attention:
    """What is in view now, since when, and what of it was answered. Every set is a part of `known`."""

    texts: frozenset[str] = frozenset()
    first_s: float = 0.0
    """Since when the texts in view, furniture left out, are these."""
    last_s: float = float("-inf")
    answered: frozenset[str] = frozenset()
    hinted: frozenset[str] = frozenset()
    """What was in view when a hint was given."""
    furniture: frozenset[str] = frozenset()
    """What has been here for so long that it is no visitor's."""
    settled: frozenset[str] = frozenset()
    """What of the furniture had its answer, which it gets once."""
    known: tuple[Sight, ...] = ()
    """At most MOST_KNOWN."""
    hint: Reason | None = None
    """The hint that was given last."""
    hint_s: float = float("-inf")


def notice(seen: Seen, taken_s: float, attention: Attention) -> Attention:
    """Take in one frame that was read at `taken_s` (monotonic)."""
    texts = frozenset(seen.texts)
    known = _known(texts, taken_s, attention)
    reacted = attention.answered | attention.hinted
    hanging = attention.furniture - _away(attention, taken_s, FORGOTTEN_S)
    furniture = frozenset(
        sight.text
        for sight in known
        if sight.text in hanging or (sight.view_s >= FURNITURE_S and sight.text in reacted)
    )
    here = frozenset(sight.text for sight in known)
    kept = (here - _away(attention, taken_s, GONE_S)) | furniture
    after = replace(
        attention,
        texts=texts,
        answered=attention.answered & kept,
        hinted=attention.hinted & kept,
        furniture=furniture,
        settled=(attention.settled | attention.answered) & furniture,
        known=known,
    )
    if not texts:
        return after
    unchanged = texts - furniture == attention.texts - furniture and taken_s - attention.last_s <= GONE_S
    return replace(after, first_s=attention.first_s if unchanged else taken_s, last_s=taken_s)


def _known(texts: frozenset[str], taken_s: float, attention: Attention) -> tuple[Sight, ...]:
    """What is remembered after this frame: what is in view first, then furniture, then what left last."""
    before = {sight.text: sight for sight in attention.known if taken_s - sight.last_s <= FORGOTTEN_S}
    here = []
    for text in sorted(texts):
        sight = before.pop(text, Sight(text, 0.0, taken_s))
        gap_s = taken_s - sight.last_s
        here.append(Sight(text, sight.view_s + (gap_s if gap_s <= GONE_S else 0.0), taken_s))
    left = sorted(
        before.values(), key=lambda sight: (sight.text in attention.furniture, sight.last_s), reverse=True
    )
    return (*here, *left)[:MOST_KNOWN]


def _away(attention: Attention, taken_s: float, for_s: float) -> frozenset[str]:
    """What was out of view for longer than that, whether it is back now or not."""
    return frozenset(sight.text for sight in attention.known if taken_s - sight.last_s > for_s)


def _visitors(attention: Attention) -> list[str]:
    """The codes in view that are no furniture."""
    return [text for text in attention.texts - attention.furniture if is_code(text)]


def glance(attention: Attention) -> tuple[Glance | None, Attention]:
    """What to react to now, once each: the one code in view, or a hint that there is none, or several."""
    codes = _visitors(attention) or [text for text in attention.texts if is_code(text)]
    if len(codes) == 1:
        if codes[0] in attention.answered | attention.settled:
            return None, attention
        after = replace(attention, answered=attention.answered | {codes[0]})
        return Glance(codes[0], None, attention.first_s), after
    reason = Reason.SEVERAL_CODES if codes else Reason.NOT_A_CODE
    lately = reason is attention.hint and attention.last_s - attention.hint_s < HINT_AGAIN_S
    if lately or attention.texts <= attention.hinted:
        return None, attention
    after = replace(
        attention, hinted=attention.hinted | attention.texts, hint=reason, hint_s=attention.last_s
    )
    return Glance(None, reason, attention.first_s), after


def interruption(attention: Attention) -> tuple[Glance | None, Attention]:
    """What ends a measurement: a code that was not answered yet, or several in view; no poster does.

    Several are said each time, not once: whose temperature it is must never be a guess.
    """
    codes = _visitors(attention)
    if len(codes) == 1:
        return glance(attention)
    if not codes:
        return None, attention
    after = replace(attention, hinted=attention.hinted | attention.texts)
    return Glance(None, Reason.SEVERAL_CODES, attention.first_s), after
