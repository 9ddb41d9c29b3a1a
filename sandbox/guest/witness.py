"""What a fleet knows of a gate, read from its database while it serves, or from a copy of it."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import select

from fleet.db import open_database
from fleet.keys import ledger
from fleet.models import Event, GateState, Journal, Permit, StatusList
from fleet.venues import assignments
from wire import messages
from wire.documents import Assignment
from wire.messages import Entry, State


@dataclass(frozen=True, slots=True)
class Kept:
    """One event as the fleet keeps it; words as in its tables, like "passage", "admit", "green"."""

    journal: bytes
    sequence: int
    kind: str
    verdict: str | None
    reason: str | None
    subject: bytes | None
    data: bytes
    """The exact bytes that the gate hashed."""

    @property
    def entry(self) -> Entry:
        """Everything the gate said."""
        return messages.read_entry(self.data)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a gate was when it last said so; `said` is None before its first word."""

    online: bool
    ready: bool
    said: State | None
    """With `lane`, `troubles` and `held`, the documents' versions; of a lost gate, its last own words."""
    received_at: int | None
    """Unix seconds of the last word or last will."""


class Witness:
    """Reads only; any number of them, beside any number of servers. Close it at the end."""

    def __init__(self, database: Path) -> None:
        self._database = open_database(database)

    def events(self, gate: str) -> list[Kept]:
        """Everything kept of this gate: journal after journal as they were first heard of, each in order."""
        columns = (Event.journal, Event.sequence, Event.kind, Event.verdict, Event.reason, Event.subject)
        with self._database.reading() as session:
            mine = select(*columns, Event.data).where(Event.gate_id == gate).order_by(Event.id)
            kept = [Kept(*row) for row in session.execute(mine)]
        order = {journal: place for place, journal in enumerate(dict.fromkeys(one.journal for one in kept))}
        return sorted(kept, key=lambda one: (order[one.journal], one.sequence))

    def acknowledged(self, gate: str) -> tuple[bytes, int] | None:
        """The gate's newest journal and the last sequence up to which the fleet holds all of it.

        Receipts follow such commits by a second at most, and none is ever given beyond them but for events
        behind a gap, which are receipted as well. None: nothing was ever heard.
        """
        with self._database.reading() as session:
            newest = select(Event.journal).where(Event.gate_id == gate).order_by(Event.id.desc()).limit(1)
            journal = session.scalar(newest)
            row = None if journal is None else session.get(Journal, (gate, journal))
            return None if row is None else (row.journal, row.contiguous_to)

    def state(self, gate: str) -> Standing:
        """The last state the gate told."""
        with self._database.reading() as session:
            row = session.get(GateState, gate)
            if row is None:
                return Standing(False, False, None, None)
            said = None if row.body is None else messages.read_state(row.body)
            return Standing(row.online, row.ready, said, row.received_at)

    def assignment(self, gate: str) -> Assignment:
        """What the gate should hold; FleetError when it was never assigned."""
        with self._database.reading() as session:
            return assignments.read(session, gate)

    def list_seq(self) -> int:
        """The newest sequence of any status list taken over; 0 for none."""
        with self._database.reading() as session:
            return max(session.scalars(select(StatusList.seq)), default=0)

    def trust_version(self) -> int:
        """Of the trust document in force; 0 for none."""
        with self._database.reading() as session:
            trust = ledger.trust(session)
            return trust.version if trust else 0

    def good_until(self, gate: str) -> int:
        """Until when this gate could serve if nobody signed or granted anything anew; unix seconds, 0: never.

        Status lists and assignments are left out: issuer and publisher renew these by themselves.
        """
        with self._database.reading() as session:
            body, trust = assignments.read(session, gate), ledger.trust(session)
            if trust is None:
                return 0
            aged = trust.issued + body.policy.trust_age_s
            open_ = Permit.venue_id == body.venue, Permit.withdrawn_at.is_(None)
            permits = session.scalars(select(Permit.valid_until).where(*open_)).all()
            return min(max(permits, default=0), aged, trust.expires, ledger.needed_root(session).expires)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
