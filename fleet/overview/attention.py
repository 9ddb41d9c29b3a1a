"""What needs somebody, worst first, and what is left to set up: each with the next step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fleet.models import Document, Gate, Permit, Region, SigningRequest, StatusList, Venue
from fleet.overview.gates import GateRow, Standing

SOON_S: Final = 7 * 86_400  # a week to get something signed or granted
MOST: Final = 5  # the list is for acting on; the rest is counted

BAD, CARE = "deny", "refer"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do: `what` names a sentence of the template, `name` and `count` what it is about."""

    tone: str
    what: str
    name: str = ""
    name_en: str = ""
    count: int = 0
    gate: GateRow | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of setting up, and whether it is done."""

    what: str
    done: bool
    command: str


def items(session: Session, gates: Sequence[GateRow], now: int) -> list[Item]:
    """Everything that needs somebody: gates, permits, documents, signatures."""
    found = [
        Item(BAD if gate.standing <= Standing.SILENT else CARE, gate.standing.name.lower(), gate=gate)
        for gate in gates
        if gate.standing <= Standing.NOTE
    ]
    found += [Item(CARE, "drift", gate=g) for g in gates if g.standing is Standing.READY and g.drifts]
    found += _permits(session, now)
    found += [
        Item(BAD if row.expires <= now else CARE, "list", name=row.uri, at=row.expires)
        for row in session.scalars(select(StatusList).where(StatusList.expires <= now + 86_400))
        if row.expires <= now or row.expires - now < (row.expires - row.iat) // 4
    ]
    waiting = session.scalar(select(func.count()).where(SigningRequest.state == "awaiting")) or 0
    if waiting:
        found.append(Item(CARE, "signature", count=waiting))
    return sorted(found, key=lambda item: item.tone != BAD)


def _permits(session: Session, now: int) -> list[Item]:
    """Venues with gates whose permission to scan has ended or ends within a week."""
    ends = (
        select(Venue.name_zh, Venue.name_en, func.max(Permit.valid_until))
        .join(Gate, Gate.venue_id == Venue.id)
        .outerjoin(
            Permit,
            (Permit.venue_id == Venue.id) & Permit.withdrawn_at.is_(None) & (Permit.valid_from <= now),
        )
        .where(Gate.state != "retired", Gate.revoked_at.is_(None))
        .group_by(Venue.id)
    )
    return [
        Item(
            BAD if until is None or until <= now else CARE,
            "permit" if until else "no_permit",
            zh,
            en,
            at=until,
        )
        for zh, en, until in session.execute(ends)
        if until is None or until <= now + SOON_S
    ]


def steps(session: Session) -> list[Step]:
    """The way from an empty database to the first person admitted."""

    def any_of(column: object) -> bool:
        return session.scalar(select(column).limit(1)) is not None  # type: ignore[call-overload]  # any one column

    signed = any_of(Document.id)
    return [
        Step("documents", signed, "jx-fleet ceremony --help"),
        Step("region", any_of(Region.id), "jx-fleet region add --help"),
        Step("venue", any_of(Venue.id), "jx-fleet venue add --help"),
        Step("permit", any_of(Permit.id), "jx-fleet venue grant --help"),
        Step("gate", any_of(Gate.id), "jx-fleet gate add --help"),
        Step(
            "assign",
            session.scalar(select(Gate.id).where(Gate.venue_id.is_not(None)).limit(1)) is not None,
            "jx-fleet assign set --help",
        ),
        Step("lists", any_of(StatusList.uri), ""),
    ]
