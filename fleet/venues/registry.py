"""Regions, venues, permits: the rules by which a venue comes to be allowed to scan, and stops being so."""

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fleet import audit
from fleet.errors import ConflictError, FleetError, NotFoundError
from fleet.models import Gate, Permit, Region, Venue
from fleet.venues.kinds import KINDS, LEVELS
from wire import schema
from wire.errors import WireError

SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
MAX_NAME: Final = 80
MAX_ADDRESS: Final = 200
MAX_CAPACITY: Final = 1_000_000  # as an assignment carries it
_NAME: Final = schema.text(MAX_NAME)  # the rule of the documents in which names travel
DAY_S: Final = 86_400
LONGEST_PERMIT_S: Final = 366 * DAY_S
SCOPES: Final = ("entry", "exit", "both")
_LOCATION: Final = re.compile(r"-?\d{1,2}(\.\d{1,7})?,-?\d{1,3}(\.\d{1,7})?")


@dataclass(frozen=True, slots=True)
class Names:
    """What something is called in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Place:
    """What is said of a venue when it is added; location is "latitude,longitude" in degrees, or empty."""

    id: str
    region: str
    kind: str
    names: Names
    address: str = ""
    location: str = ""
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class ListedVenue:
    """One row of `venue list`; `permit_until` is None while the venue may not scan."""

    id: str
    name_zh: str
    name_en: str
    kind: str
    region: str
    gates: int
    permit_until: int | None


def add_region(session: Session, slug: str, parent: str | None, names: Names, now: int, actor: str) -> Region:
    """Add a region below `parent`, or a province without one."""
    _check_slug(slug)
    _check_names(names)
    if session.get(Region, slug) is not None:
        raise ConflictError(f"region {slug} is known already; see: region list")
    level = region(session, parent).level + 1 if parent else 1
    if level not in LEVELS:
        raise FleetError(f"{parent} is a {LEVELS[level - 1].en}: nothing stands below it; nothing was added")
    row = Region(id=slug, parent_id=parent, level=level, name_zh=names.zh, name_en=names.en)
    session.add(row)
    session.flush()
    audit.append(session, now, actor, "region.add", region=slug, parent=parent)
    return row


def region(session: Session, slug: str) -> Region:
    """The region of this slug; NotFoundError if there is none."""
    row = session.get(Region, slug)
    if row is None:
        raise NotFoundError(f"region {slug} is not known; see: region list")
    return row


def regions(session: Session) -> list[Region]:
    """Every region, each after its parent."""
    rows = list(session.scalars(select(Region).order_by(Region.id)))
    below: dict[str | None, list[Region]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    ordered: list[Region] = []
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        ordered.append(waiting.pop())
        waiting.extend(reversed(below.get(ordered[-1].id, [])))
    return ordered


def above(session: Session, slug: str) -> list[str]:
    """The region itself and those that contain it, smallest first."""
    chain, at = [], region(session, slug)
    chain.append(at.id)
    while at.parent_id is not None:
        at = region(session, at.parent_id)
        chain.append(at.id)
    return chain


def add_venue(session: Session, place: Place, now: int, actor: str) -> Venue:
    """Add a venue; it may not scan before a region grants it that."""
    _check_place(place)
    region(session, place.region)
    if session.get(Venue, place.id) is not None:
        raise ConflictError(f"venue {place.id} is known already; see: venue list")
    row = Venue(
        id=place.id,
        region_id=place.region,
        kind=place.kind,
        name_zh=place.names.zh,
        name_en=place.names.en,
        address=place.address,
        location=place.location,
        capacity=place.capacity,
        created_at=now,
    )
    session.add(row)
    session.flush()
    audit.append(session, now, actor, "venue.add", venue=place.id, region=place.region)
    return row


def venue(session: Session, slug: str) -> Venue:
    """The venue of this slug; NotFoundError if there is none."""
    row = session.get(Venue, slug)
    if row is None:
        raise NotFoundError(f"venue {slug} is not known; see: venue list")
    return row


def permit(session: Session, slug: str, now: int) -> Permit | None:
    """The permit that lets a venue scan now, the one that lasts longest if there are several."""
    valid = (
        Permit.venue_id == slug,
        Permit.withdrawn_at.is_(None),
        Permit.valid_from <= now,
        Permit.valid_until > now,
    )
    return session.scalars(select(Permit).where(*valid).order_by(Permit.valid_until.desc()).limit(1)).first()


@dataclass(frozen=True, slots=True)
class Grant:
    """What a region grants to a venue; without `by` it is the venue's own region that grants."""

    venue: str
    scope: str
    valid_from: int
    valid_until: int
    by: str | None = None


def grant(session: Session, wanted: Grant, now: int, actor: str) -> Permit:
    """Grant a venue the permission to scan; an earlier permit is withdrawn in its favour."""
    place = venue(session, wanted.venue)
    by = wanted.by or place.region_id
    if by not in above(session, place.region_id):
        raise FleetError(
            f"region {by} does not contain venue {place.id}; nothing was granted, see: region list"
        )
    if wanted.scope not in SCOPES:
        raise FleetError(f"a scope is one of {', '.join(SCOPES)}; nothing was granted")
    if not wanted.valid_from < wanted.valid_until <= wanted.valid_from + LONGEST_PERMIT_S:
        raise FleetError("a permit lasts at most 366 days and ends after it begins; nothing was granted")
    if wanted.valid_until <= now:
        raise FleetError("that permit would be over already; nothing was granted")
    _end_permits(session, place.id, now, "replaced by a newer permit")
    row = Permit(
        venue_id=place.id,
        region_id=by,
        scope=wanted.scope,
        valid_from=wanted.valid_from,
        valid_until=wanted.valid_until,
        granted_at=now,
    )
    session.add(row)
    session.flush()
    audit.append(session, now, actor, "venue.grant", venue=place.id, region=by, until=wanted.valid_until)
    return row


def withdraw(session: Session, slug: str, now: int, actor: str, reason: str) -> int:
    """Take the permission to scan away; return how many permits ended. ConflictError if there was none."""
    venue(session, slug)
    ended = _end_permits(session, slug, now, reason)
    if not ended:
        raise ConflictError(f"venue {slug} holds no permit; nothing was changed")
    audit.append(session, now, actor, "venue.withdraw", venue=slug, reason=reason)
    return ended


def venues(session: Session, now: int) -> list[ListedVenue]:
    """Every venue by region and slug."""
    gates = dict(session.execute(select(Gate.venue_id, func.count()).group_by(Gate.venue_id)).all())
    valid = (Permit.withdrawn_at.is_(None), Permit.valid_from <= now, Permit.valid_until > now)
    latest = select(Permit.venue_id, func.max(Permit.valid_until)).where(*valid).group_by(Permit.venue_id)
    until = dict(session.execute(latest).all())
    return [
        ListedVenue(
            id=row.id,
            name_zh=row.name_zh,
            name_en=row.name_en,
            kind=row.kind,
            region=row.region_id,
            gates=gates.get(row.id, 0),
            permit_until=until.get(row.id),
        )
        for row in session.scalars(select(Venue).order_by(Venue.region_id, Venue.id))
    ]


def _end_permits(session: Session, slug: str, now: int, reason: str) -> int:
    """Withdraw every permit that holds now or would later."""
    live = (Permit.venue_id == slug, Permit.withdrawn_at.is_(None), Permit.valid_until > now)
    rows = session.scalars(select(Permit).where(*live)).all()
    for row in rows:
        row.withdrawn_at, row.reason = now, reason
    return len(rows)


def _check_slug(slug: str) -> None:
    if not SLUG.fullmatch(slug):
        raise FleetError("a slug has 1 to 32 characters from a-z 0-9 - and begins with a letter or digit")


def _check_names(names: Names) -> None:
    for name in (names.zh, names.en):
        try:
            _NAME.load(name)
        except WireError as error:
            raise FleetError(
                f"a name has 1 to {MAX_NAME} printable characters, in Chinese and in English"
            ) from error
        if not name:
            raise FleetError(f"a name has 1 to {MAX_NAME} characters, in Chinese and in English")


def _check_place(place: Place) -> None:
    _check_slug(place.id)
    _check_names(place.names)
    if place.kind not in KINDS:
        raise FleetError(f"{place.kind!r} is no kind of venue; see: venue kinds")
    if len(place.address) > MAX_ADDRESS or not (place.address.isprintable()):
        raise FleetError(f"an address has at most {MAX_ADDRESS} printable characters; nothing was added")
    if place.location and not _LOCATION.fullmatch(place.location):
        raise FleetError('a location is "latitude,longitude" in degrees, like 43.8868,125.3245')
    if place.capacity is not None and not 1 <= place.capacity <= MAX_CAPACITY:
        raise FleetError(f"a capacity is a number of people from 1 to {MAX_CAPACITY}; nothing was added")
