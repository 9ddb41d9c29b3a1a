"""Every gate at a glance: readiness with its reason, documents held against desired, backlog; worst first.

Cost: six queries over gates and the newest documents, one short CBOR read a gate; events are not touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fleet.issuers import colours
from fleet.models import Assignment, Document, Gate, GateState, StatusList, Venue
from wire.errors import WireError
from wire.health import Severity, Trouble, severity_of
from wire.messages import Held, read_state

SILENT_S: Final = 300  # a gate reports every minute; five missed reports are silence
BACKLOG_NOTE: Final = 500  # unsent events from which people should look: some minutes of a busy lane


class Standing(IntEnum):
    """How a gate stands; a lower number needs somebody sooner."""

    BLOCKED = 0
    SILENT = 1
    REFERS = 2
    NOTE = 3
    READY = 4
    EXPECTED = 5  # not in service yet


@dataclass(frozen=True, slots=True)
class Version:
    """One document: what the gate says it holds and what it should hold (0: nothing, None: not known)."""

    name: str
    held: int | None
    desired: int | None
    label: str = ""
    """Of a list: issuer/shard, or the end of its uri when the fleet does not know it."""

    @property
    def drifts(self) -> bool:
        """True when the gate should hold another version than it says it holds."""
        return self.held is not None and self.desired is not None and self.held != self.desired


@dataclass(frozen=True, slots=True)
class GateRow:
    """One row of the table."""

    id: str
    name: str
    venue_zh: str
    venue_en: str
    standing: Standing
    troubles: tuple[Trouble, ...]
    last_seen: int | None
    versions: tuple[Version, ...]
    backlog: int | None

    @property
    def drifts(self) -> bool:
        """Whether any document differs from what it should be."""
        return any(version.drifts for version in self.versions)


@dataclass(frozen=True, slots=True)
class Desired:
    """The newest version of everything published."""

    root: int | None
    trust: int | None
    assignments: Mapping[str, int]
    lists: Mapping[str, tuple[int, str]]
    """By uri: sequence, and `issuer/shard` for people."""


def desired(session: Session) -> Desired:
    """What gates should hold now."""
    heads = select(Document.kind, func.max(Document.version)).where(Document.kind.in_(("root", "trust")))
    newest = dict(session.execute(heads.group_by(Document.kind)).all())
    sequences = colours.newest(session)  # a gate that has taken changes is ahead of the last whole list
    named = session.execute(select(StatusList.uri, StatusList.issuer_id, StatusList.shard))
    return Desired(
        root=newest.get("root"),
        trust=newest.get("trust"),
        assignments=dict(session.execute(select(Assignment.gate_id, Assignment.version)).all()),
        lists={uri: (sequences[uri], f"{issuer}/{shard}") for uri, issuer, shard in named},
    )


def rows(session: Session, now: int) -> list[GateRow]:
    """Every gate that is neither retired nor revoked, worst first, then by name."""
    wanted = desired(session)
    found = session.execute(
        select(Gate, GateState, Venue.name_zh, Venue.name_en)
        .outerjoin(GateState, GateState.gate_id == Gate.id)
        .outerjoin(Venue, Venue.id == Gate.venue_id)
        .where(Gate.state != "retired", Gate.revoked_at.is_(None))
    )
    made = [_row(gate, state, zh or "", en or "", wanted, now) for gate, state, zh, en in found]
    return sorted(made, key=lambda row: (row.standing, row.name, row.id))


def _row(gate: Gate, state: GateState | None, zh: str, en: str, wanted: Desired, now: int) -> GateRow:
    held = _held(state.versions) if state else None
    troubles, backlog = _reported(state)
    seen = max((at for at in (state.received_at, state.hello_at) if at), default=None) if state else None
    versions = _versions(held, wanted, gate.id) if held is not None else ()
    return GateRow(
        id=gate.id,
        name=gate.name,
        venue_zh=zh,
        venue_en=en,
        standing=_standing(gate, state, seen, troubles, backlog or 0, now),
        troubles=troubles,
        last_seen=seen,
        versions=versions,
        backlog=backlog,
    )


def _held(versions: Mapping[str, Any]) -> Held | None:
    """The documents a gate last said it holds, in its hello or its state; None when it has said nothing."""
    if not versions:
        return None
    return Held(
        root=versions["root"],
        trust=versions["trust"],
        assignment=versions["assignment"],
        lists=versions["lists"],
    )


def _reported(state: GateState | None) -> tuple[tuple[Trouble, ...], int | None]:
    """Troubles, worst first, and backlog, as the gate said them when it was last online."""
    if state is None or state.body is None:
        return (), None
    try:
        said = read_state(state.body)
    except WireError:
        return (), None  # said by a newer gate than this fleet understands: it is listed all the same
    return tuple(sorted(said.troubles, key=lambda trouble: -severity_of(trouble))), said.backlog


def _standing(
    gate: Gate, state: GateState | None, seen: int | None, troubles: Sequence[Trouble], backlog: int, now: int
) -> Standing:
    worst = max((severity_of(trouble) for trouble in troubles), default=None)
    if state is None or seen is None:
        return Standing.EXPECTED if gate.state in {"seen", "enrolled"} else Standing.SILENT
    if not state.online or now - seen > SILENT_S:
        return Standing.SILENT
    if not state.ready or worst is Severity.BLOCKS:
        return Standing.BLOCKED
    if worst is Severity.REFERS:
        return Standing.REFERS
    if worst is Severity.NOTE or backlog >= BACKLOG_NOTE:
        return Standing.NOTE
    return Standing.READY


def _versions(held: Held, wanted: Desired, gate_id: str) -> tuple[Version, ...]:
    lists = [
        Version("list", seq, *wanted.lists.get(uri, (None, uri[-12:])))
        for uri, seq in sorted(held.lists.items())
    ]
    return (
        Version("root", held.root, wanted.root),
        Version("trust", held.trust, wanted.trust),
        Version("assignment", held.assignment, wanted.assignments.get(gate_id)),
        *lists,
    )
