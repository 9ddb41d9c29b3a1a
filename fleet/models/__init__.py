"""The tables: times are unix seconds UTC, wire bytes are kept exactly as they came or will go."""

from fleet.models.base import Base
from fleet.models.commands import COMMAND_STATES, Command
from fleet.models.documents import (
    REQUEST_STATES,
    ROTATION_STATES,
    Delta,
    Document,
    Issuer,
    Rotation,
    SigningRequest,
    StatusList,
)
from fleet.models.people import USER_ROLES, Audit, Meta, User, UserSession
from fleet.models.places import (
    DIRECTIONS,
    GATE_STATES,
    STAFF_ROLES,
    Assignment,
    EnrolToken,
    Gate,
    GateKey,
    Permit,
    Region,
    RosterEntry,
    Staffing,
    Venue,
)
from fleet.models.records import Event, GateState, Journal

__all__ = [
    "COMMAND_STATES",
    "DIRECTIONS",
    "GATE_STATES",
    "REQUEST_STATES",
    "ROTATION_STATES",
    "STAFF_ROLES",
    "USER_ROLES",
    "Assignment",
    "Audit",
    "Base",
    "Command",
    "Delta",
    "Document",
    "EnrolToken",
    "Event",
    "Gate",
    "GateKey",
    "GateState",
    "Issuer",
    "Journal",
    "Meta",
    "Permit",
    "Region",
    "RosterEntry",
    "Rotation",
    "SigningRequest",
    "Staffing",
    "StatusList",
    "User",
    "UserSession",
    "Venue",
]
