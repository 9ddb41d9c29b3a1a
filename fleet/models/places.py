"""Tables of where gates stand, which venues may scan, and by which keys gates are known."""

from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from fleet.models.base import Base, one_of

GATE_STATES: Final = ("seen", "enrolled", "assigned", "in_service", "retired")
DIRECTIONS: Final = ("in", "out")
STAFF_ROLES: Final = ("staff", "attendant")


class Region(Base):
    """A node of the tree province, city, county, township, village (levels 1 to 5)."""

    __tablename__ = "region"
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 5", name="level"),)
    id: Mapped[str] = mapped_column(primary_key=True)  # slug
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("region.id"), index=True)
    level: Mapped[int]
    name_zh: Mapped[str]
    name_en: Mapped[str]


class Venue(Base):
    """A place with entrances; its kind is a row of fleet.venues.kinds."""

    __tablename__ = "venue"
    id: Mapped[str] = mapped_column(primary_key=True)  # slug
    region_id: Mapped[str] = mapped_column(ForeignKey("region.id"), index=True)
    kind: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    location: Mapped[str] = mapped_column(default="")  # "latitude,longitude" in degrees, WGS 84
    capacity: Mapped[int | None]
    created_at: Mapped[int]


class Permit(Base):
    """A permission to scan that a region granted to a venue; withdrawn permits stay as history."""

    __tablename__ = "permit"
    id: Mapped[int] = mapped_column(primary_key=True)
    venue_id: Mapped[str] = mapped_column(ForeignKey("venue.id"), index=True)
    region_id: Mapped[str] = mapped_column(ForeignKey("region.id"))
    scope: Mapped[str]
    valid_from: Mapped[int]
    valid_until: Mapped[int]
    granted_at: Mapped[int]
    withdrawn_at: Mapped[int | None]
    reason: Mapped[str] = mapped_column(default="")  # why it was withdrawn


class Gate(Base):
    """A gate by its id of 12 hex digits."""

    __tablename__ = "gate"
    __table_args__ = (one_of("state", GATE_STATES), one_of("direction", DIRECTIONS))
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    venue_id: Mapped[str | None] = mapped_column(ForeignKey("venue.id"), index=True)
    lane: Mapped[int] = mapped_column(default=1)
    direction: Mapped[str] = mapped_column(default="in")
    state: Mapped[str] = mapped_column(default="seen")
    serial: Mapped[str] = mapped_column(default="")  # of the board, as it reports it
    created_at: Mapped[int]
    enrolled_at: Mapped[int | None]
    revoked_at: Mapped[int | None]


class GateKey(Base):
    """A certificate issued to a gate; `kid` is wire.keys' digest of the public key it is bound to."""

    __tablename__ = "gate_key"
    serial: Mapped[str] = mapped_column(primary_key=True)  # certificate serial number, lower-case hex
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.id"), index=True)
    kid: Mapped[bytes] = mapped_column(index=True)  # 8 bytes
    cose_key: Mapped[bytes]
    certificate_pem: Mapped[str]
    not_before: Mapped[int]
    not_after: Mapped[int]
    revoked_at: Mapped[int | None]


class EnrolToken(Base):
    """A one-use enrolment token: only its SHA-256 is kept, with what it was used for."""

    __tablename__ = "enrol_token"
    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.id"), index=True)
    created_at: Mapped[int]
    expires_at: Mapped[int]
    used_at: Mapped[int | None]
    withdrawn_at: Mapped[int | None]
    issued_serial: Mapped[str | None] = mapped_column(ForeignKey("gate_key.serial"))


class Assignment(Base):
    """What a gate should hold: the unsigned CBOR body, with the version its signed document will carry."""

    __tablename__ = "assignment"
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.id"), primary_key=True)
    version: Mapped[int]
    body: Mapped[bytes]
    updated_at: Mapped[int]


class RosterEntry(Base):
    """One person who works at a venue, by the digest of their subject (wire.subjects): never a name."""

    __tablename__ = "roster"
    __table_args__ = (one_of("role", STAFF_ROLES),)
    venue_id: Mapped[str] = mapped_column(ForeignKey("venue.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)  # 16 bytes
    role: Mapped[str]
    added_at: Mapped[int]


class Staffing(Base):
    """What holds for everybody on a venue's roster; `version` rises with every change of either."""

    __tablename__ = "staffing"
    venue_id: Mapped[str] = mapped_column(ForeignKey("venue.id"), primary_key=True)
    version: Mapped[int]
    hours: Mapped[list[str]]  # as fleet.venues.opening writes them; none: whenever visitors may enter
