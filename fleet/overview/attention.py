"""What needs somebody, worst first, and what is left to set up: each with the next step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fleet.models import Assignment, Document, Gate, Issuer, Permit, Region, SigningRequest, StatusList, Venue
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
    commands: tuple[str, ...]


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


# step -> commands, with names to replace by one's own; tests hold them against the real command line
COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "documents": ("jx-fleet ceremony create --office OFFICE --fleet-keys KEYS", "jx-fleet keys install KEYS"),
    "issuer": ("jx-fleet trust add-issuer issuer.json",),
    "region": ("jx-fleet region add zhejiang --zh 浙江省 --en Zhejiang",),
    "venue": ("jx-fleet venue add museum --region zhejiang --kind museum --zh 博物馆 --en Museum",),
    "permit": ("jx-fleet venue grant museum --days 90",),
    "gate": ("jx-fleet gate add 0123456789ab --name 1", "jx-fleet gate token 0123456789ab"),
    "assign": ("jx-fleet assign set 0123456789ab --venue museum",),
    "lists": (),
}


def steps(session: Session) -> list[Step]:
    """The way from an empty database to the first person admitted."""
    proof = {
        "documents": select(Document.id),
        "issuer": select(Issuer.id).where(Issuer.detail["passes"].as_string().is_(None)),
        "region": select(Region.id),
        "venue": select(Venue.id),
        "permit": select(Permit.id),
        "gate": select(Gate.id),
        "assign": select(Assignment.gate_id),
        "lists": select(StatusList.uri),
    }
    return [
        Step(what, session.scalar(proof[what].limit(1)) is not None, commands)
        for what, commands in COMMANDS.items()
    ]
