"""The last hello and state of each gate; an old session's last will never overwrites a newer session."""

from typing import Any

from sqlalchemy.orm import Session

from fleet.gates import steps
from fleet.ingest.rows import stored
from fleet.models import GateState
from wire import messages
from wire.errors import WireError
from wire.messages import Held, Hello, State


def versions(held: Held) -> dict[str, Any]:
    """The documents a gate holds as the tables keep them."""
    return {
        "root": held.root,
        "trust": held.trust,
        "assignment": held.assignment,
        "lists": dict(held.lists),
    }


def hello(session: Session, gate: str, said: Hello, data: bytes, now: int) -> None:
    """A session begins, or says itself again."""
    row = _row(session, gate)
    row.session, row.online = said.session, True
    row.hello, row.hello_at = data, now
    row.versions = versions(said.held)


def state(session: Session, gate: str, said: State, data: bytes, now: int) -> bool:
    """How a gate is; False when it is an older session's word and nothing was changed."""
    row = _row(session, gate)
    if row.session not in {None, said.session} and not (said.online and said.at_ms > _at_ms(row.body)):
        return False
    row.session, row.online = said.session, said.online
    row.ready = said.online and said.ready
    row.received_at = now
    if said.online:
        # A last will was written when the session began: it knows nothing but that the gate is gone.
        row.body, row.versions = data, versions(said.held)
        row.reasons = [str(stored(trouble)) for trouble in said.troubles]
    if row.ready and said.held.assignment:
        steps.served(session, gate)
    return True


def _row(session: Session, gate: str) -> GateState:
    row = session.get(GateState, gate)
    if row is None:
        row = GateState(gate_id=gate, online=False, ready=False, reasons=[], versions={})
        session.add(row)
    return row


def _at_ms(body: bytes | None) -> int:
    if body is None:
        return -1
    try:
        return messages.read_state(body).at_ms
    except WireError:
        return -1
