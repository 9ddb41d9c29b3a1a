"""Reading entries page by page, in the order (at, id), newest first; no subject is ever selected.

Cost: one page walks the index on `at` (or on venue and `at`) from a known place and stops after
`limit` + 1 matches, so it does not depend on how many events there are or which page it is. A filter
that almost nothing meets makes it walk the time range, which `filters.MAX_RANGE_DAYS` bounds.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session

from fleet.entries.filters import Filters, Place
from fleet.entries.words import stored
from fleet.models import Event, Gate, Venue
from wire.messages import Event as Kind

PAGE: Final = 50
MOST_FRESH: Final = 100  # "99+ new": nobody needs the exact number, and counting stops there

# What a person in the console sees in the list: decisions, and the things an attendant or an intruder did.
SHOWN: Final = tuple(
    stored(kind)
    for kind in (
        Kind.PASSAGE,
        Kind.REGISTRATION,
        Kind.OPENED_BY_HAND,
        Kind.FORCED_OPEN,
        Kind.HELD_OPEN,
        Kind.FIRE,
        Kind.TAMPER,
    )
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. Temperature in hundredths of °C, `millis` from code to verdict."""

    id: int
    at: int
    received_at: int
    clock: str
    gate_id: str
    gate_name: str
    venue_id: str | None
    venue_zh: str
    venue_en: str
    lane: int | None
    direction: str | None
    kind: str
    verdict: str | None
    reason: str | None
    colour: str | None
    estimate_centi_c: int | None
    millis: int | None

    @property
    def place(self) -> Place:
        """Where this row stands in the order."""
        return Place(self.at, self.id)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows newest first; `newer` and `older` are the places to go on from, None at an end."""

    rows: tuple[Entry, ...]
    newer: Place | None
    older: Place | None
    head: int
    """The highest id of all events when the page was read: what comes later is fresh."""


_COLUMNS: Final = (
    Event.id,
    Event.at,
    Event.received_at,
    Event.clock,
    Event.gate_id,
    func.coalesce(Gate.name, ""),
    Event.venue_id,
    func.coalesce(Venue.name_zh, ""),
    func.coalesce(Venue.name_en, ""),
    Event.lane,
    Event.direction,
    Event.kind,
    Event.verdict,
    Event.reason,
    Event.colour,
    Event.estimate_centi_c,
    Event.millis,
)


def _matching(query: "Select[*tuple[Any, ...]]", filters: Filters) -> "Select[*tuple[Any, ...]]":
    query = query.where(Event.kind.in_(SHOWN), Event.at >= filters.since)
    if filters.until is not None:
        query = query.where(Event.at < filters.until)
    for column, value in (
        (Event.venue_id, filters.venue),
        (Event.verdict, filters.verdict),
        (Event.reason, filters.reason_name),
    ):
        if value is not None:
            query = query.where(column == value)
    return query


def page(
    session: Session,
    filters: Filters,
    *,
    before: Place | None = None,
    after: Place | None = None,
    limit: int = PAGE,
) -> Page:
    """Rows older than `before`, or those just newer than `after`, or the newest; always newest first."""
    order = tuple_(Event.at, Event.id)
    query = _matching(
        select(*_COLUMNS)
        .outerjoin(Gate, Gate.id == Event.gate_id)
        .outerjoin(Venue, Venue.id == Event.venue_id),
        filters,
    ).limit(limit + 1)
    if after is not None:
        query = query.where(order > (after.at, after.id)).order_by(Event.at, Event.id)
    else:
        query = query.order_by(Event.at.desc(), Event.id.desc())
        if before is not None:
            query = query.where(order < (before.at, before.id))
    found = [Entry(*row) for row in session.execute(query)]
    more, rows = len(found) > limit, found[:limit]
    if after is not None:
        rows.reverse()
    newer_exist = more if after is not None else before is not None
    older_exist = after is not None or more
    return Page(
        rows=tuple(rows),
        newer=rows[0].place if rows and newer_exist else None,
        older=rows[-1].place if rows and older_exist else None,
        head=session.scalar(select(func.max(Event.id))) or 0,
    )


def fresh(session: Session, filters: Filters, head: int) -> int:
    """How many matching events have arrived since the id `head`, counted up to MOST_FRESH."""
    arrived = _matching(select(Event.id), filters).where(Event.id > head).limit(MOST_FRESH)
    return session.scalar(select(func.count()).select_from(arrived.subquery())) or 0
