"""The steps of a key's replacement: one table of transitions, and which gates hold what a step published."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet import audit
from fleet.errors import ConflictError, NotFoundError
from fleet.keys import ledger
from fleet.models import Gate, GateState, Rotation, SigningRequest


class Step(StrEnum):
    """What can happen to a rotation."""

    ASKED = "asked"  # the new key was put into a signing request
    SIGNED = "signed"  # the answer came
    ADOPTED = "adopted"  # the gates hold it, or a person decided not to wait
    LEAVING = "leaving"  # taking a key out was asked for
    FINISHED = "finished"  # the document that brought keys in has taken the old ones out as well
    UNDONE = "undone"  # given up before anything was published


# (state, what happens) -> state. While `published` and `active`, old and new key are both believed.
TRANSITIONS: Final = {
    ("prepared", Step.ASKED): "awaiting",
    ("prepared", Step.UNDONE): "removed",
    ("awaiting", Step.SIGNED): "published",
    ("awaiting", Step.UNDONE): "removed",
    ("published", Step.ADOPTED): "active",
    ("published", Step.LEAVING): "retired",  # undone: it is the new key that leaves
    ("active", Step.LEAVING): "retired",  # the old key leaves
    ("active", Step.FINISHED): "removed",  # root keys: a gate goes from one root to the next, without overlap
    ("retired", Step.LEAVING): "retired",  # asked for again: another document took the version
    ("retired", Step.SIGNED): "removed",
}
# Which document carries what a rotation replaces; root for all others.
DOCUMENT_OF: Final = {"issuer": "trust", "list": "trust"}


@dataclass(frozen=True, slots=True)
class Adoption:
    """Which gates hold the version a rotation published, and which do not, with when they were last heard."""

    holding: tuple[str, ...]
    lacking: tuple[tuple[str, int | None], ...]


def take(session: Session, row: Rotation, step: Step, now: int, actor: str) -> None:
    """Go one step; ConflictError if the table has no such step from here."""
    state = TRANSITIONS.get((row.state, step))
    if state is None:
        raise ConflictError(
            f"rotation {row.id} is {row.state}: it cannot be {step.value} now; see: rotate status"
        )
    row.state, row.updated_at = state, now
    audit.append(session, now, actor, "rotation.step", rotation=row.id, step=step.value, state=state)


def note(row: Rotation, **detail: str | int | bool) -> None:
    """Add to what is known of a rotation."""
    row.detail = {**row.detail, **detail}


def get(session: Session, number: int) -> Rotation:
    """The rotation of this number; NotFoundError if there is none."""
    row = session.get(Rotation, number)
    if row is None:
        raise NotFoundError(f"rotation {number} is not known; see: jx-fleet rotate status")
    return row


def under_way(session: Session) -> list[Rotation]:
    """Rotations that are not at their end."""
    rows = select(Rotation).where(Rotation.state != "removed").order_by(Rotation.id)
    return list(session.scalars(rows))


def of_request(session: Session, request: int) -> Rotation | None:
    """The rotation that waits for a request."""
    return next((row for row in under_way(session) if row.detail.get("request") == request), None)


def document_of(row: Rotation) -> str:
    """The kind of document that carries this key: root or trust."""
    return DOCUMENT_OF.get(row.kind, "root")


def settle(session: Session, now: int, actor: str) -> None:
    """Go on where the answer to a rotation's request has come, and stop where it was withdrawn."""
    for row in under_way(session):
        request = session.get(SigningRequest, row.detail.get("request"))
        if request is None or row.state not in {"awaiting", "retired"}:
            continue
        if request.state == "answered":
            newest = ledger.newest(session, document_of(row))
            note(row, version=newest.version if newest else 0)
            take(session, row, Step.SIGNED, now, actor)


def is_overtaken(session: Session, row: Rotation) -> bool:
    """Whether what a rotation waits for can no longer be signed: another document took its version."""
    request = session.get(SigningRequest, row.detail.get("request"))
    return row.state in {"awaiting", "retired"} and request is not None and request.state == "withdrawn"


def adoption(session: Session, row: Rotation) -> Adoption:
    """How far the gates in use have come with what a rotation published."""
    return holders(session, document_of(row), row.detail.get("version"))


def holders(session: Session, name: str, wanted: int | None) -> Adoption:
    """Which gates in use hold a version of a document or a later one; a gate counts when it said so."""
    gates = session.execute(
        select(Gate.id, GateState)
        .outerjoin(GateState, GateState.gate_id == Gate.id)
        .where(Gate.revoked_at.is_(None), Gate.state.not_in(("seen", "retired")))
        .order_by(Gate.id)
    )
    holding: list[str] = []
    lacking: list[tuple[str, int | None]] = []
    for gate, state in gates:
        held = state.versions.get(name, 0) if state else 0
        if wanted is not None and held >= wanted:
            holding.append(gate)
        else:
            lacking.append((gate, state.received_at if state else None))
    return Adoption(tuple(holding), tuple(lacking))
