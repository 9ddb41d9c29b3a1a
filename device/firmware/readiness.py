"""Whether this gate can still decide correctly, and every reason why it cannot."""

import math
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

from device.firmware.admit import gating
from wire.documents import Assignment, Root, Trust
from wire.health import Severity, Trouble, severity_of
from wire.policy import Policy
from wire.reasons import Reason

BACKLOG_EVENTS: Final = 1_000
DISK_FREE_BYTES: Final = 64 * 1024 * 1024
"""Room for the journal's own write-ahead log and one set of status lists twice over."""
CERTIFICATE_LEFT_S: Final = 30 * 86_400
ROOT_LEFT_S: Final = 60 * 86_400
"""Ahead of its end: as long as people need who have to meet for a new one."""
TRUST_LEFT_S: Final = 14 * 86_400
ASSIGNMENT_LEFT_S: Final = 7 * 86_400
"""The fleet renews an assignment ten days before its end: here it did not, or it did not arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """The documents in force."""

    root: Root | None = None
    trust: Trust | None = None
    assignment: Assignment | None = None
    lists: tuple[int | None, ...] = ()
    """For each list that this gate is to carry: when it was issued, or None when it is not held."""
    list_ends: tuple[int, ...] = ()
    """When each of the lists that are held ends by its issuer's word, unix seconds, in the same order."""
    withheld: bool = False
    silent: bool = False
    """Nothing signed has named the newest versions for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the hardware, the disk and the network say; `None` where a gate has no such part."""

    camera: bool = True
    thermometer: bool = True
    barrier: bool = True
    display: bool = True
    signals: bool = True
    journal: bool = True
    journal_nearly_full: bool = False
    disk_free_bytes: int | None = None
    unkept: bool = False
    """Something that is believed could not be written to the card yet."""
    backlog: int = 0
    online: bool = True
    certificate_ends: int | None = None
    """Unix seconds; None: not enrolled."""
    ordered_out: bool = False
    fire: bool = False
    tamper: bool = False
    camera_dark: bool = False
    camera_slow: bool = False
    calibration_foreign: bool = False
    calibration_due: bool = False
    emissivity_differs: bool = False
    stands_open: bool = False
    does_not_open: bool = False
    chatters: bool = False
    venue_stale: bool = False
    """Other lanes exist, and nothing was heard of them for too long."""


_GATING: Final = {
    Reason.NO_PERMISSION: Trouble.NO_PERMISSION,
    Reason.OUTSIDE_HOURS: Trouble.CLOSED,
    Reason.CLOSED_BY_AUTHORITY: Trouble.CLOSED,
}

# What the screen says for a blocking trouble; the first that holds is shown.
SHOWN: Final = (
    (Trouble.FIRE, Reason.FIRE),
    (Trouble.NOT_ENROLLED, Reason.ENROLLING),
    (Trouble.CAMERA, Reason.FAULT),
    (Trouble.BARRIER, Reason.FAULT),
    (Trouble.JOURNAL, Reason.FAULT),
    (Trouble.NO_ROOT, Reason.FAULT),
    (Trouble.ORDERED_OUT, Reason.CLOSED_BY_AUTHORITY),
    (Trouble.NO_TRUST, Reason.NO_ASSIGNMENT),
    (Trouble.NO_ASSIGNMENT, Reason.NO_ASSIGNMENT),
    (Trouble.ASSIGNMENT_EXPIRED, Reason.NO_ASSIGNMENT),
    (Trouble.NO_PERMISSION, Reason.NO_PERMISSION),
    (Trouble.CLOSED, Reason.OUTSIDE_HOURS),
)


def troubles(
    documents: Documents, parts: Parts, policy: Policy, now_s: int, doubt_ms: int | None
) -> frozenset[Trouble]:
    """Everything that is wrong now. `doubt_ms` None: the clock was never set by anybody who signs."""
    doubted = doubt_ms is None or doubt_ms > policy.clock_doubt_ms
    return (
        _documents(documents, policy, now_s)
        | _lists(documents, policy, now_s)
        | _ahead(documents, policy, now_s)
        | _hardware(parts)
        | _housekeeping(parts, now_s)
        | ({Trouble.CLOCK_DOUBT} if doubted else set())
    )


def _documents(documents: Documents, policy: Policy, now_s: int) -> frozenset[Trouble]:
    found: set[Trouble] = set()
    if documents.root is None:
        found.add(Trouble.NO_ROOT)
    if documents.trust is None:
        found.add(Trouble.NO_TRUST)
    elif now_s >= documents.trust.expires or (documents.root and now_s >= documents.root.expires):
        found.add(Trouble.TRUST_EXPIRED)
    elif now_s - documents.trust.issued > policy.trust_age_s:
        found.add(Trouble.TRUST_OLD)
    why = gating(documents.assignment, now_s)
    if why is Reason.NO_ASSIGNMENT:
        found.add(Trouble.ASSIGNMENT_EXPIRED if documents.assignment else Trouble.NO_ASSIGNMENT)
    elif why is not None:
        found.add(_GATING[why])
    if documents.withheld:
        found.add(Trouble.DOCUMENT_WITHHELD)
    return frozenset(found)


def _ahead(documents: Documents, policy: Policy, now_s: int) -> frozenset[Trouble]:
    """What will be wrong unless somebody does something, while nothing is wrong with it yet."""
    root, trust, assignment = documents.root, documents.trust, documents.assignment
    rows: list[
        tuple[Trouble, int, float, int]
    ] = []  # since when it holds, until when, how long before it is told
    if root is not None:
        rows.append((Trouble.ROOT_ENDING, root.issued, root.expires, ROOT_LEFT_S))
    if trust is not None:
        end = min(trust.expires, trust.issued + policy.trust_age_s)
        rows.append((Trouble.TRUST_ENDING, trust.issued, end, TRUST_LEFT_S))
    if assignment is not None:
        rows.append((Trouble.ASSIGNMENT_ENDING, assignment.issued, assignment.expires, ASSIGNMENT_LEFT_S))
    held = (issued for issued in documents.lists if issued is not None)
    rows += [
        (Trouble.LIST_AGING, issued, min(end, issued + policy.list_age_s), policy.list_age_s)
        for issued, end in zip(held, chain(documents.list_ends, repeat(math.inf)), strict=False)
    ]
    # What does not last long is told of at half of its time.
    ahead = {trouble for trouble, since, end, left_s in rows if _nears(now_s, since, end, left_s)}
    return frozenset(ahead | ({Trouble.TIME_SILENT} if documents.silent else set()))


def _nears(now_s: int, since: int, end: float, left_s: int) -> bool:
    return end - min(left_s, (end - since) // 2) <= now_s < end


def _lists(documents: Documents, policy: Policy, now_s: int) -> frozenset[Trouble]:
    missing = {Trouble.NO_LIST for issued in documents.lists if issued is None}
    old = {
        Trouble.LIST_OLD
        for issued in documents.lists
        if issued is not None and now_s - issued > policy.list_age_s
    }
    ended = {Trouble.LIST_OLD for end in documents.list_ends if end <= now_s}
    return frozenset(missing | old | ended)


def _hardware(parts: Parts) -> frozenset[Trouble]:
    broken = {
        Trouble.CAMERA: parts.camera,
        Trouble.THERMOMETER: parts.thermometer,
        Trouble.BARRIER: parts.barrier,
        Trouble.DISPLAY: parts.display,
        Trouble.SIGNALS: parts.signals,
        Trouble.JOURNAL: parts.journal,
    }
    wrong = {trouble for trouble, works in broken.items() if not works}
    found = {
        Trouble.FIRE: parts.fire,
        Trouble.TAMPER: parts.tamper,
        Trouble.ORDERED_OUT: parts.ordered_out,
        Trouble.CAMERA_DARK: parts.camera and parts.camera_dark,
        Trouble.CAMERA_SLOW: parts.camera and parts.camera_slow,
        Trouble.CALIBRATION: parts.calibration_foreign,
        Trouble.CALIBRATION_DUE: parts.calibration_due,
        Trouble.EMISSIVITY: parts.emissivity_differs,
        Trouble.STANDS_OPEN: parts.stands_open,
        Trouble.DOES_NOT_OPEN: parts.does_not_open,
        Trouble.CONTACT_CHATTERS: parts.chatters,
    }
    return frozenset(wrong | {trouble for trouble, holds in found.items() if holds})


def _housekeeping(parts: Parts, now_s: int) -> frozenset[Trouble]:
    ends, free = parts.certificate_ends, parts.disk_free_bytes
    checks = {
        Trouble.NOT_ENROLLED: ends is None,
        Trouble.CERTIFICATE_ENDING: ends is not None and ends - now_s < CERTIFICATE_LEFT_S,
        Trouble.JOURNAL_FULL: parts.journal_nearly_full,
        Trouble.DISK: parts.unkept or (free is not None and free < DISK_FREE_BYTES),
        Trouble.BACKLOG: parts.backlog >= BACKLOG_EVENTS,
        Trouble.OFFLINE: not parts.online,
        Trouble.VENUE_STALE: parts.venue_stale,
    }
    return frozenset(trouble for trouble, holds in checks.items() if holds)


def ready(found: frozenset[Trouble]) -> bool:
    """Whether nothing found stops the gate from deciding."""
    return all(severity_of(trouble) is not Severity.BLOCKS for trouble in found)


def shown(found: frozenset[Trouble]) -> Reason | None:
    """What the screen says instead of serving people; None: the gate is ready."""
    return next((reason for trouble, reason in SHOWN if trouble in found), None)
