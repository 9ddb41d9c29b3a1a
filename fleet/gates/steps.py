"""How far a gate has come: seen, enrolled, assigned, in service; retired is what `registry.revoke` says."""

from typing import Final

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from fleet.models import Assignment, Gate, GateKey

# state -> what people read
WORDS: Final = {
    "seen": "known",
    "enrolled": "enrolled",
    "assigned": "assigned",
    "in_service": "in service",
    "retired": "retired",
}


def advance(session: Session, gate: Gate) -> None:
    """Take a gate as far as its certificate and its assignment bring it, in whichever order they came."""
    if gate.state not in {"seen", "enrolled"}:
        return
    live = exists().where(GateKey.gate_id == gate.id, GateKey.revoked_at.is_(None))
    if session.scalar(select(live)):
        gate.state = "assigned" if session.get(Assignment, gate.id) else "enrolled"


def served(session: Session, gate: str) -> None:
    """A gate said that it is ready and holds an assignment: from now on it counts as in service."""
    before = (Gate.id == gate, Gate.state.in_(("enrolled", "assigned")))
    session.execute(update(Gate).where(*before).values(state="in_service"))
