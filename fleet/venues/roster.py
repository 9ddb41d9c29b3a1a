"""Who works at a venue: digests of subjects, never names, with the hours at which they may enter."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from fleet import audit
from fleet.errors import FleetError, NotFoundError
from fleet.models import STAFF_ROLES, RosterEntry, Staffing
from fleet.venues import opening, registry
from wire.documents import Hours, StaffRules
from wire.subjects import DIGEST_BYTES, digest_of

MAX_STAFF: Final = 5_000  # as an assignment carries them
MAX_ATTENDANTS: Final = 500  # the same
STAFF, ATTENDANT = STAFF_ROLES
_APART: Final = re.compile(r"[\s,;]+")  # a table program writes commas or semicolons
SUBJECT_BYTES: Final = 16  # of a JX1 code; as long as a digest, so whoever writes one says which it is
_HEX: Final = re.compile(rf"[0-9a-fA-F]{{{DIGEST_BYTES * 2}}}")


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a change."""

    added: int
    removed: int
    staff: int
    """On the roster now, attendants included."""
    attendants: int


def read(texts: Iterable[str], *, role: str, subjects: bool) -> dict[bytes, str]:
    """Digest -> role from lines of 32 hex digits, each with a role of its own if it names one.

    `subjects`: the digits are subjects, which are digested here and kept nowhere; else digests. Empty lines
    and those that begin with # say nothing. An error names the line, never what stands in it.
    """
    found: dict[bytes, str] = {}
    for number, text in enumerate(texts, start=1):
        digits, own = [*_APART.split(text.partition("#")[0].strip(), maxsplit=1), ""][:2]
        if not digits:
            continue
        named = own.strip() or role
        if not _HEX.fullmatch(digits) or named not in STAFF_ROLES:
            raise FleetError(
                f"line {number} is not 32 hexadecimal digits, with {' or '.join(STAFF_ROLES)} after them or"
                " nothing; the roster was left as it was"
            )
        data = bytes.fromhex(digits)
        found[digest_of(data) if subjects else data] = named
    return found


def change(
    session: Session,
    venue: str,
    put: Mapping[bytes, str],
    now: int,
    actor: str,
    *,
    take: Iterable[bytes] = (),
    replace: bool = False,
) -> Change:
    """Put people on a venue's roster, or give them another role, and take others off it.

    `replace`: whoever is not put is taken off. The venue's gates hear of it with their next assignment.
    """
    place = registry.venue(session, venue)
    before = roles(session, venue)
    after = ({} if replace else before) | dict(put)
    for digest in take:
        if after.pop(digest, None) is None:
            raise NotFoundError(
                f"somebody to be removed is not on the roster of {venue}; it was left as it was"
            )
    attendants = sum(role == ATTENDANT for role in after.values())
    if len(after) > MAX_STAFF or attendants > MAX_ATTENDANTS:
        raise FleetError(
            f"the roster of {venue} would hold {len(after)} people, {attendants} of them attendants; at most"
            f" {MAX_STAFF} and {MAX_ATTENDANTS} may stand, and it was left as it was"
        )
    made = Change(len(after.keys() - before), len(before.keys() - after), len(after), attendants)
    if after != before:
        _write(session, place.id, before, after, now)
        _touch(session, place.id)
        counts = {"added": made.added, "removed": made.removed, "staff": made.staff}
        audit.append(session, now, actor, "roster.changed", venue=venue, **counts, attendants=attendants)
    return made


def _write(
    session: Session, venue: str, before: Mapping[bytes, str], after: Mapping[bytes, str], now: int
) -> None:
    other = [digest for digest, role in before.items() if after.get(digest) != role]
    for start in range(0, len(other), 500):  # a database takes so many values in one statement
        gone = RosterEntry.digest.in_(other[start : start + 500])
        session.execute(delete(RosterEntry).where(RosterEntry.venue_id == venue, gone))
    session.add_all(
        RosterEntry(venue_id=venue, digest=digest, role=role, added_at=now)
        for digest, role in after.items()
        if before.get(digest) != role
    )
    session.flush()


def set_hours(session: Session, venue: str, hours: tuple[Hours, ...], now: int, actor: str) -> None:
    """When people on the roster may enter; none: whenever visitors may."""
    place = registry.venue(session, venue)
    row = _touch(session, place.id)
    row.hours = list(opening.write_hours(hours)) if hours else []
    session.flush()
    audit.append(session, now, actor, "roster.hours", venue=venue, periods=len(hours))


def roles(session: Session, venue: str) -> dict[bytes, str]:
    """Digest -> role of everybody on a venue's roster, in the order of the digests."""
    listed = select(RosterEntry.digest, RosterEntry.role).where(RosterEntry.venue_id == venue)
    return {row.digest: row.role for row in session.execute(listed.order_by(RosterEntry.digest))}


def hours(session: Session, venue: str) -> tuple[Hours, ...]:
    """When people on the roster may enter; none: whenever visitors may."""
    row = session.get(Staffing, venue)
    return opening.read_hours(row.hours) if row and row.hours else ()


def entries(session: Session, venue: str) -> list[RosterEntry]:
    """The rows of a venue's roster; NotFoundError if there is no such venue."""
    place = registry.venue(session, venue)
    rows = select(RosterEntry).where(RosterEntry.venue_id == place.id)
    return list(session.scalars(rows.order_by(RosterEntry.role, RosterEntry.digest)))


def derived(session: Session, venue: str, *, only: bool) -> tuple[tuple[bytes, ...], StaffRules | None]:
    """What an assignment says of a venue's people; `only`: nobody else may use this gate."""
    people, periods = roles(session, venue), hours(session, venue)
    attendants = tuple(digest for digest, role in people.items() if role == ATTENDANT)
    if not (only or periods or attendants):
        return tuple(people), None
    return tuple(people), StaffRules(only=only, hours=periods, attendants=attendants)


def _touch(session: Session, venue: str) -> Staffing:
    """The row whose version tells the publisher that a roster has changed."""
    row = session.get(Staffing, venue) or Staffing(venue_id=venue, version=0, hours=[])
    row.version += 1
    session.add(row)
    session.flush()
    return row
