"""Which gates there are: adding one, looking one up, taking its right away and giving it back."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fleet import audit
from fleet.enrol import tokens
from fleet.errors import ConflictError, FleetError, NotFoundError
from fleet.models import DIRECTIONS, Gate, GateKey, GateState, Venue
from wire import cbor
from wire.keys import PublicKey
from wire.topics import GATE_ID

MAX_NAME: Final = 64
MAX_LANE: Final = 99


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of `gate list`; times are unix seconds UTC."""

    id: str
    name: str
    state: str
    venue: str | None
    lane: int
    direction: str
    online: bool
    ready: bool
    last_seen: int | None
    certificate_until: int | None
    revoked_at: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is said of a gate when it is added."""

    id: str
    name: str = ""
    venue: str | None = None
    lane: int = 1
    direction: str = "in"


def add(session: Session, wanted: Wanted, now: int, actor: str) -> Gate:
    """Make a gate known, so that a token can be given to it. ConflictError if it is known already."""
    _check(wanted)
    if session.get(Gate, wanted.id) is not None:
        raise ConflictError(
            f"gate {wanted.id} is known already; nothing was changed, see: gate show {wanted.id}"
        )
    if wanted.venue is not None and session.get(Venue, wanted.venue) is None:
        raise NotFoundError(f"venue {wanted.venue} is not known; nothing was added, see: venue list")
    gate = Gate(
        id=wanted.id,
        name=wanted.name or wanted.id,
        venue_id=wanted.venue,
        lane=wanted.lane,
        direction=wanted.direction,
        created_at=now,
    )
    session.add(gate)
    session.flush()
    audit.append(session, now, actor, "gate.add", gate=gate.id, venue=wanted.venue)
    return gate


def get(session: Session, gate: str) -> Gate:
    """The gate of this id; NotFoundError if there is none."""
    row = session.get(Gate, gate)
    if row is None:
        raise NotFoundError(f"gate {gate} is not known; see: gate list")
    return row


def revoke(session: Session, gate: str, now: int, actor: str, reason: str) -> None:
    """Take every right from a gate: its session is dropped, its tokens are void, its events are ignored."""
    row = get(session, gate)
    if row.revoked_at is not None:
        raise ConflictError(f"gate {gate} is revoked already; nothing was changed")
    row.revoked_at, row.state = now, "retired"
    live = (GateKey.gate_id == gate, GateKey.revoked_at.is_(None))
    session.execute(update(GateKey).where(*live).values(revoked_at=now))
    tokens.withdraw(session, gate, now)
    audit.append(session, now, actor, "gate.revoke", gate=gate, reason=reason)


def restore(session: Session, gate: str, now: int, actor: str) -> None:
    """Let a revoked gate enrol again with a new token; its old certificates stay revoked."""
    row = get(session, gate)
    if row.revoked_at is None:
        raise ConflictError(f"gate {gate} is not revoked; nothing was changed")
    row.revoked_at, row.state = None, "seen"
    audit.append(session, now, actor, "gate.restore", gate=gate)


def listed(session: Session) -> list[Listed]:
    """Every gate by venue and lane."""
    rows = session.execute(
        select(Gate, GateState)
        .outerjoin(GateState, GateState.gate_id == Gate.id)
        .order_by(Gate.venue_id, Gate.lane, Gate.id)
    )
    live = select(GateKey.gate_id, func.max(GateKey.not_after)).where(GateKey.revoked_at.is_(None))
    until = dict(session.execute(live.group_by(GateKey.gate_id)).all())
    return [_row(gate, state, until.get(gate.id)) for gate, state in rows]


def detail(session: Session, gate: str) -> dict[str, Any]:
    """Everything about one gate as plain values, its certificates under `keys`, newest first."""
    row = get(session, gate)
    state = session.get(GateState, gate)
    keys = session.scalars(select(GateKey).where(GateKey.gate_id == gate).order_by(GateKey.not_before.desc()))
    held = list(keys)
    live = [key.not_after for key in held if key.revoked_at is None]
    return {
        **dataclasses.asdict(_row(row, state, max(live, default=None))),
        "created_at": row.created_at,
        "enrolled_at": row.enrolled_at,
        "reasons": state.reasons if state else [],
        "versions": state.versions if state else {},
        "keys": [
            {
                "fingerprint": _public(key).fingerprint,
                "kid": key.kid.hex(),
                "serial": key.serial,
                "valid_from": key.not_before,
                "valid_until": key.not_after,
                "revoked_at": key.revoked_at,
            }
            for key in held
        ],
    }


def _public(key: GateKey) -> PublicKey:
    return PublicKey.from_cose(cbor.decode(key.cose_key, max_bytes=256))


def _row(gate: Gate, state: GateState | None, until: int | None) -> Listed:
    return Listed(
        id=gate.id,
        name=gate.name,
        state=gate.state,
        venue=gate.venue_id,
        lane=gate.lane,
        direction=gate.direction,
        online=bool(state and state.online),
        ready=bool(state and state.ready),
        last_seen=state.received_at if state else None,
        certificate_until=until,
        revoked_at=gate.revoked_at,
    )


def _check(wanted: Wanted) -> None:
    if not GATE_ID.fullmatch(wanted.id):
        raise FleetError("a gate id is 12 lower-case hexadecimal digits, as the gate's own screen shows it")
    if len(wanted.name) > MAX_NAME or not wanted.name.isprintable():
        raise FleetError(f"a gate's name has at most {MAX_NAME} printable characters; nothing was added")
    if not 1 <= wanted.lane <= MAX_LANE:
        raise FleetError(f"a lane is a number from 1 to {MAX_LANE}; nothing was added")
    if wanted.direction not in DIRECTIONS:
        raise FleetError(f"a direction is one of {', '.join(DIRECTIONS)}; nothing was added")
