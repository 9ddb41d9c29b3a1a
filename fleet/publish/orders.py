"""Commands to gates: asked for by people, sent to the session a gate is in, answered or not."""

import secrets
from collections.abc import Iterable
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet import audit
from fleet.errors import ConflictError, FleetError, NotFoundError
from fleet.models import Command as Row
from fleet.models import Gate
from wire import envelope
from wire.documents import Action, Command
from wire.keys import Signer
from wire.messages import Outcome, Result

LIFE_S: Final = 60  # "open once" a minute later would open for somebody else
ID_BYTES: Final = 16
MAX_REASON: Final = 80
STATES: Final = {Outcome.DONE: "done", Outcome.REFUSED: "refused", Outcome.FAILED: "failed"}
OPEN: Final = ("waiting", "sent")


def ask(session: Session, gate: str, action: Action, reason: str, now: int, actor: str) -> Row:
    """Ask a gate to do something; the publisher sends it as soon as the gate is there."""
    place = session.get(Gate, gate)
    if place is None:
        raise NotFoundError(f"gate {gate} is not known; see: gate list")
    if place.revoked_at is not None:
        raise ConflictError(f"gate {gate} is revoked and hears no commands; nothing was sent")
    if not 1 <= len(reason) <= MAX_REASON or not reason.isprintable():
        raise FleetError(f"a reason has 1 to {MAX_REASON} printable characters; nothing was sent")
    row = Row(
        command_id=secrets.token_bytes(ID_BYTES),
        gate_id=gate,
        action=action.name.lower(),
        reason=reason,
        actor=actor,
        created_at=now,
        expires_at=now + LIFE_S,
    )
    session.add(row)
    session.flush()
    audit.append(session, now, actor, "command.asked", command=row.id, gate=gate, what=row.action)
    return row


def under_way(session: Session) -> list[Row]:
    """Commands without an answer, oldest first."""
    return list(session.scalars(select(Row).where(Row.state.in_(OPEN)).order_by(Row.id)))


def document(row: Row, nonce: bytes, now: int, director: Signer) -> bytes:
    """The signed form of a command for the session that `nonce` names."""
    body = Command(
        version=row.id,
        issued=now,
        expires=row.expires_at,
        audience=row.gate_id,
        id=row.command_id,
        nonce=nonce,
        action=Action[row.action.upper()],
        reason=row.reason,
    )
    return envelope.sign(body, [director])


def sent(session: Session, number: int, now: int) -> None:
    """Take note that a command went out."""
    row = session.get_one(Row, number)
    if row.state in OPEN:
        row.state, row.sent_at = "sent", now


def answered(session: Session, gate: str, results: Iterable[Result], now: int) -> list[int]:
    """Record what a gate says became of its commands; an answer to another gate's command counts nothing."""
    done = []
    for result in results:
        own = (Row.command_id == result.id, Row.gate_id == gate)
        row = session.scalars(select(Row).where(*own)).first()
        if row is None or row.state not in {*OPEN, "unanswered"}:
            continue
        row.state, row.answered_at, row.detail = STATES[result.outcome], now, result.detail
        audit.append(session, now, f"gate:{gate}", "command.answered", command=row.id, outcome=row.state)
        done.append(row.id)
    return done


def expire(session: Session, now: int) -> int:
    """Give up waiting where the time is over."""
    over = select(Row).where(Row.state.in_(OPEN), Row.expires_at <= now)
    rows = session.scalars(over).all()
    for row in rows:
        row.state = "unanswered"
        audit.append(session, now, "publish", "command.unanswered", command=row.id)
    return len(rows)
