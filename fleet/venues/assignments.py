"""What each gate is to be: derived from its venue, the venue's permit and what was wished for this gate.

The row of a gate holds the unsigned body. What was wished (policy, hours, closed days, staff only,
offset) lives in that body; everything else is derived again whenever the tables change, so that a
withdrawn permit, a renamed venue or a new roster reaches the gate without anybody asking for it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet import audit
from fleet.errors import ConflictError, FleetError, NotFoundError
from fleet.gates import steps
from fleet.keys import bounds
from fleet.models import Assignment as Row
from fleet.models import Gate, Permit, Venue
from fleet.venues import registry, roster
from wire import envelope
from wire.documents import Assignment, Direction, Hours, Permission
from wire.errors import WireError
from wire.policy import DEFAULT

DAY_S: Final = 86_400
LIFE_S: Final = 30 * DAY_S
RENEW_S: Final = 10 * DAY_S  # before the end: a gate may be off for twenty days and still come back in time
FOREIGN_KEY_BYTES: Final = 32
DIRECTIONS: Final[Mapping[str, Direction]] = {"in": Direction.ENTRY, "out": Direction.EXIT}
BEIJING_MIN: Final = 480
_log = structlog.get_logger("assignments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is said when a gate is assigned; None leaves what was said before."""

    venue: str | None = None
    lane: int | None = None
    direction: str | None = None
    closed: bool | None = None
    policy: Mapping[str, str] | None = None
    hours: tuple[Hours, ...] | None = None
    closed_days: tuple[int, ...] | None = None
    staff_only: bool | None = None


def assign(session: Session, gate: str, wish: Wish, now: int, actor: str) -> Assignment:
    """Assign a gate to a venue, or change its assignment; the publisher signs and sends it."""
    place = session.get(Gate, gate)
    if place is None:
        raise NotFoundError(f"gate {gate} is not known; see: gate list")
    if place.revoked_at is not None:
        raise ConflictError(f"gate {gate} is revoked; nothing was assigned")
    if wish.venue is not None:
        place.venue_id = registry.venue(session, wish.venue).id
    if place.venue_id is None:
        raise FleetError(f"gate {gate} stands in no venue; say one: assign set {gate} --venue SLUG")
    place.lane = place.lane if wish.lane is None else wish.lane
    place.direction = place.direction if wish.direction is None else wish.direction
    if place.direction not in DIRECTIONS:
        raise FleetError(f"a direction is one of {', '.join(DIRECTIONS)}; nothing was assigned")
    row = session.get(Row, gate)
    body = _wished(session, _derived(session, place, _read(row), now), wish)
    made = _keep(session, place, row, body, now) or body
    steps.advance(session, place)
    audit.append(session, now, actor, "gate.assigned", gate=gate, venue=place.venue_id, version=made.version)
    return made


def _wished(session: Session, body: Assignment, wish: Wish) -> Assignment:
    if wish.staff_only is not None:
        staff, rules = roster.derived(session, body.venue, only=wish.staff_only)
        body = replace(body, staff=staff, staff_rules=rules)
    return replace(
        body,
        closed=body.closed if wish.closed is None else wish.closed,
        hours=body.hours if wish.hours is None else wish.hours,
        closed_days=body.closed_days if wish.closed_days is None else wish.closed_days,
        policy=bounds.with_values(body.policy, wish.policy or {}),
    )


def reconcile(session: Session, now: int) -> list[str]:
    """Derive every assignment again; return the gates whose document changed or was due for renewal."""
    changed = []
    rows = session.execute(
        select(Row, Gate).join(Gate, Gate.id == Row.gate_id).where(Gate.revoked_at.is_(None))
    )
    for row, gate in rows.all():
        try:
            if gate.venue_id is not None and _keep(
                session, gate, row, _derived(session, gate, _read(row), now), now
            ):
                changed.append(gate.id)
        except (FleetError, WireError) as error:
            # One gate's trouble keeps no other from a withdrawn permit; it holds what it held before.
            _log.error("an assignment cannot be derived", gate=gate.id, error=str(error))
    return changed


def renew(session: Session, gate: str, now: int) -> None:
    """Make the next version of an assignment with the same contents, so that it is signed again."""
    row = session.get_one(Row, gate)
    body = envelope.read_body(Assignment, row.body)
    body = replace(body, version=row.version + 1, issued=now, expires=now + LIFE_S)
    row.version, row.body, row.updated_at = body.version, envelope.write_body(body), now
    session.flush()


def read(session: Session, gate: str) -> Assignment:
    """The body a gate should hold; NotFoundError if it was never assigned."""
    body = _read(session.get(Row, gate))
    if body is None:
        raise NotFoundError(f"gate {gate} has no assignment; first: jx-fleet assign set {gate} --venue SLUG")
    return body


def _read(row: Row | None) -> Assignment | None:
    return None if row is None else envelope.read_body(Assignment, row.body)


def _keep(session: Session, gate: Gate, row: Row | None, body: Assignment, now: int) -> Assignment | None:
    """Store a body as the next version if it says something new, or if the present one ends soon."""
    held = _read(row)
    if held is not None and held.expires - now > RENEW_S:
        same = replace(body, version=held.version, issued=held.issued, expires=held.expires)
        if same == held:
            return None
    body = replace(body, version=row.version + 1 if row else 1, issued=now, expires=now + LIFE_S)
    try:
        data = envelope.write_body(body)
    except WireError as error:
        raise FleetError(f"the assignment of gate {gate.id} cannot be written: {error}") from error
    row = row or Row(gate_id=gate.id)
    row.version, row.body, row.updated_at = body.version, data, now
    session.add(row)
    session.flush()
    return body


def _derived(session: Session, gate: Gate, held: Assignment | None, now: int) -> Assignment:
    venue = session.get_one(Venue, gate.venue_id)
    kept = held.foreign_key if held and held.venue == venue.id else None
    only = bool(held and held.staff_rules and held.staff_rules.only)
    staff, staff_rules = roster.derived(session, venue.id, only=only)
    return Assignment(
        version=held.version if held else 1,
        issued=now,
        expires=now + LIFE_S,
        audience=gate.id,
        venue=venue.id,
        venue_zh=venue.name_zh,
        venue_en=venue.name_en,
        category=venue.kind,
        location=venue.location,
        permission=_permission(session, venue.id, now),
        lane=str(gate.lane),
        direction=DIRECTIONS[gate.direction],
        policy=held.policy if held else DEFAULT,
        staff=staff,
        staff_rules=staff_rules,
        hours=held.hours if held else (),
        closed_days=held.closed_days if held else (),
        utc_offset_min=held.utc_offset_min if held else BEIJING_MIN,
        closed=held.closed if held else False,
        capacity=venue.capacity,
        foreign_key=kept or _foreign_key(session, venue.id, gate.id),
    )


def _permission(session: Session, venue: str, now: int) -> Permission | None:
    """The permit in force, or else the next one that was granted; the gate itself compares the dates."""
    open_ = (Permit.venue_id == venue, Permit.withdrawn_at.is_(None), Permit.valid_until > now)
    row = session.scalars(select(Permit).where(*open_).order_by(Permit.valid_from).limit(1)).first()
    if row is None:
        return None
    return Permission(region=row.region_id, scope=row.scope, begins=row.valid_from, ends=row.valid_until)


def _foreign_key(session: Session, venue: str, gate: str) -> bytes:
    """The key that makes foreign subjects comparable within a venue: that of another lane, else a new one."""
    others = select(Row).join(Gate, Gate.id == Row.gate_id).where(Gate.venue_id == venue, Gate.id != gate)
    for row in session.scalars(others):
        body = _read(row)
        if body is not None and body.foreign_key is not None:
            return body.foreign_key
    return secrets.token_bytes(FOREIGN_KEY_BYTES)
