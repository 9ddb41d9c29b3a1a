"""What should be retained at the broker: which document on which topic, in which version."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fleet.issuers.colours import bound_lists
from fleet.models import Assignment as AssignmentRow
from fleet.models import Document, Gate, Permit, Staffing, StatusList, Venue
from fleet.venues import assignments
from wire import envelope, topics
from wire.documents import Assignment, Trust
from wire.keys import Signer
from wire.topics import All, Down


@dataclass(frozen=True, slots=True)
class Slot:
    """One topic's document: its kind, its subject (gate or list uri), the version to be there."""

    topic: str
    kind: str
    subject: str
    version: int


def slots(session: Session, trust: Trust | None) -> dict[str, Slot]:
    """Everything that should be retained now, by topic; no bytes are read."""
    found = [*_everybodys(session), *_lists(session, trust), *_assignments(session)]
    return {slot.topic: slot for slot in found}


def _everybodys(session: Session) -> list[Slot]:
    newest = select(Document.kind, func.max(Document.version)).where(Document.kind.in_(("root", "trust")))
    rows = session.execute(newest.group_by(Document.kind))
    return [Slot(topics.to_all(All(kind)), kind, "", version) for kind, version in rows]


def _lists(session: Session, trust: Trust | None) -> list[Slot]:
    bound = bound_lists(trust)
    rows = session.execute(select(StatusList.uri, StatusList.seq))
    return [
        Slot(topics.to_all_list(All.STATUS, bound[uri].issuer.id, bound[uri].ref.shard), "status", uri, seq)
        for uri, seq in rows
        if uri in bound
    ]


def _assignments(session: Session) -> list[Slot]:
    newest = (
        select(Document.subject, func.max(Document.version))
        .join(Gate, Gate.id == Document.subject)
        .where(Document.kind == "assignment", Gate.revoked_at.is_(None))
        .group_by(Document.subject)
    )
    return [
        Slot(topics.down(gate, Down.ASSIGNMENT), "assignment", gate, version)
        for gate, version in session.execute(newest)
    ]


def payload(session: Session, slot: Slot) -> bytes:
    """The signed bytes of a slot."""
    if slot.kind == "status":
        return session.get_one(StatusList, slot.subject).token
    key = (Document.kind == slot.kind, Document.subject == slot.subject, Document.version == slot.version)
    return session.scalars(select(Document.data).where(*key)).one()


def print_of(session: Session) -> int:
    """A number that changes when something an assignment is derived from does; cheap to make."""
    parts = (
        select(Gate.id, Gate.venue_id, Gate.lane, Gate.direction, Gate.revoked_at),
        select(Venue.id, Venue.name_zh, Venue.name_en, Venue.kind, Venue.location, Venue.capacity),
        select(Permit.id, Permit.venue_id, Permit.withdrawn_at, Permit.valid_from, Permit.valid_until),
        select(Staffing.venue_id, Staffing.version),
        select(AssignmentRow.gate_id, AssignmentRow.version),
    )
    return hash(tuple(tuple(row) for part in parts for row in session.execute(part)))


def unsigned(session: Session) -> list[str]:
    """Gates whose assignment has no signed document yet."""
    newest = (
        select(Document.subject, func.max(Document.version).label("version"))
        .where(Document.kind == "assignment")
        .group_by(Document.subject)
        .subquery()
    )
    rows = (
        select(AssignmentRow.gate_id)
        .join(Gate, Gate.id == AssignmentRow.gate_id)
        .outerjoin(newest, newest.c.subject == AssignmentRow.gate_id)
        .where(Gate.revoked_at.is_(None))
        .where(newest.c.version.is_(None) | (newest.c.version < AssignmentRow.version))
    )
    return list(session.scalars(rows))


def sign(session: Session, gates: list[str], director: Signer, now: int) -> None:
    """Sign the assignments of some gates as their rows have them."""
    for gate in gates:
        row = session.get_one(AssignmentRow, gate)
        body = envelope.read_body(Assignment, row.body)
        data = envelope.sign(body, [director])
        document = Document(kind="assignment", subject=gate, version=row.version, data=data, created_at=now)
        session.add(document)


def renew_of_other_keys(session: Session, director: Signer, now: int) -> list[str]:
    """Give the assignments that another director key signed a next version, for this one to sign."""
    changed = []
    for slot in _assignments(session):
        signed = envelope.parse(Assignment, payload(session, slot))
        if signed.header.kid != director.public.kid:
            assignments.renew(session, slot.subject, now)
            changed.append(slot.subject)
    return changed
