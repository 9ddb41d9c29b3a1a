"""What the lanes of a venue tell each other by way of the fleet: who was let through, how many are inside.

Kept in memory, because it is wanted within moments and forgotten within minutes; rebuilt from the events
whenever a venue is first seen. Where no lane sees people leave, nobody knows how many are inside: such a
venue is never full. One ingest process holds it all: lanes that report to another are not known.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fleet.db import Database
from fleet.ingest.windows import Windows
from fleet.models import Event as EventRow
from fleet.models import Gate, Venue
from wire import envelope, messages, topics
from wire.documents import Direction, Recent, VenueState
from wire.keys import Signer
from wire.messages import Entry, Event
from wire.reasons import Verdict
from wire.subjects import digest_of
from wire.topics import Down

LIFE_S: Final = 15  # a gate that hears nothing for so long decides alone
AGAIN_S: Final = 5.0
SOON_S: Final = 0.2  # changes of one venue are gathered so long: nobody walks from lane to lane faster
MOST_RECENT: Final = 2_000  # the document's own limit
KINDS: Final = frozenset({Event.PASSAGE, Event.PASSED, Event.NOT_PASSED})
_STEP: Final = {"in": 1, "out": -1, Direction.ENTRY: 1, Direction.EXIT: -1}

Key = tuple[str, bytes, int]  # gate, journal, sequence of the verdict
Told = tuple[str, bytes, Entry]  # gate, journal, event


@dataclass(frozen=True, slots=True)
class Let:
    """Somebody whom a lane let in or out; without a digest: who did not go through in the end."""

    at: int
    direction: Direction
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Place:
    """The gates of one venue; `counts`: one of them sees who leaves, so that the rest are inside."""

    gates: frozenset[str]
    capacity: int | None
    counts: bool


@dataclass(slots=True)
class _State:
    place: Place
    window_s: int
    inside: int = 0
    lets: dict[Key, Let] = field(default_factory=dict)
    sent: float = -math.inf


class Venues:
    """Venues whose gates want to know. For one thread; `mono` monotonic seconds, `now` unix seconds."""

    def __init__(self, database: Database, signer: Signer, zone: ZoneInfo) -> None:
        self._database = database
        self._signer = signer
        self._zone = zone
        self._windows = Windows()
        self._venues: dict[str, _State] = {}
        self._of: dict[str, str] = {}
        self._changed: set[str] = set()
        self._midnight = self._tomorrow = 0
        self._version = 0
        self._scan = -math.inf

    def look(self, now: int) -> None:
        """Read anew where gates stand: venues with several gates, or with a capacity, have a state."""
        self._turn(now)
        with self._database.reading() as session:
            placed = _placed(session)
            windows = self._windows.read(session, {name: place.gates for name, place in placed.items()})
            for name in self._venues.keys() - placed.keys():
                del self._venues[name]
            for name, place in placed.items():
                state = self._venues.get(name)
                if state is None or state.window_s < windows[name]:
                    state = _State(place, windows[name])
                    self._venues[name] = self._recall(session, name, state, now)
                    self._changed.add(name)
                if state.place != place:
                    self._changed.add(name)
                state.place, state.window_s = place, windows[name]
        self._changed &= self._venues.keys()
        self._of = {gate: name for name, state in self._venues.items() for gate in state.place.gates}

    def took(self, told: Iterable[Told], now: int) -> None:
        """Events of KINDS that have just been committed for the first time."""
        self._turn(now)
        for gate, journal, entry in told:
            name = self._of.get(gate)
            if name is not None:
                self._note(self._venues[name], gate, journal, entry, now)
                self._changed.add(name)

    def due_in(self, mono: float) -> float | None:
        """Seconds until a change is due to be told; None when nothing has changed."""
        waits = [self._venues[name].sent + SOON_S - mono for name in self._changed]
        return max(0.0, min(waits)) if waits else None

    def due(self, mono: float, now_ms: int) -> Iterator[tuple[str, bytes]]:
        """Topic and signed state for the gates of every venue where it has changed or grows old."""
        names = set(self._changed)
        if mono >= self._scan:
            self._scan = mono + 1
            names |= {name for name, state in self._venues.items() if mono - state.sent >= AGAIN_S}
        for name in names:
            state = self._venues[name]
            if mono - state.sent < SOON_S:
                continue
            since = now_ms // 1000 - state.window_s
            state.lets = {key: let for key, let in state.lets.items() if let.at > since}
            if name in self._changed or state.lets or state.place.capacity is not None:
                self._changed.discard(name)
                state.sent = mono
                for gate in sorted(state.place.gates):
                    yield topics.down(gate, Down.VENUE), self._sign(gate, state, now_ms)

    def _turn(self, now: int) -> None:
        """At midnight of the fleet's time zone everybody is taken to have gone home."""
        if self._midnight <= now < self._tomorrow:
            return
        day = datetime.fromtimestamp(now, UTC).astimezone(self._zone).replace(hour=0, minute=0, second=0)
        self._midnight = int(day.timestamp())
        self._tomorrow = int((day + timedelta(days=1)).timestamp())
        for state in self._venues.values():
            state.inside = 0
        self._changed |= self._venues.keys()

    def _note(self, state: _State, gate: str, journal: bytes, entry: Entry, now: int) -> None:
        at, direction = min(entry.at_ms // 1000, now), entry.direction
        if direction is None:
            return
        if entry.kind is Event.PASSAGE:
            if entry.verdict is Verdict.ADMIT and entry.subject is not None:
                let = Let(at, direction, digest_of(entry.subject))
                state.lets.setdefault((gate, journal, entry.sequence), let)
            return
        if entry.kind is Event.PASSED and at >= self._midnight:
            state.inside += _STEP[direction]
        if entry.kind is Event.NOT_PASSED and entry.about is not None:
            state.lets[gate, journal, entry.about] = Let(at, direction, None)  # the verdict may come later

    def _recall(self, session: Session, name: str, state: _State, now: int) -> _State:
        """Fill a state from the events that are stored."""
        here = (EventRow.venue_id == name, EventRow.at >= self._midnight, EventRow.kind == "passed")
        counted = select(EventRow.direction, func.count()).where(*here).group_by(EventRow.direction)
        for direction, count in session.execute(counted):
            state.inside += _STEP.get(direction, 0) * count
        recent = (EventRow.venue_id == name, EventRow.at > now - state.window_s)
        kinds = EventRow.kind.in_(("passage", "not_passed"))
        rows = select(EventRow.gate_id, EventRow.journal, EventRow.data).where(*recent, kinds)
        for gate, journal, data in session.execute(rows):
            self._note(state, gate, journal, messages.read_entry(data), now)
        return state

    def _sign(self, gate: str, state: _State, now_ms: int) -> bytes:
        self._version = max(self._version + 1, now_ms)
        now = now_ms // 1000
        others = (let for (lane, _, _), let in state.lets.items() if lane != gate)
        recent = [
            Recent(digest=let.digest, at=let.at, direction=let.direction) for let in others if let.digest
        ]
        said = VenueState(
            version=self._version,
            issued=now,
            expires=now + LIFE_S,
            audience=gate,
            occupancy=max(0, state.inside) if state.place.counts else 0,
            recent=tuple(recent[-MOST_RECENT:]),
        )
        return envelope.sign(said, [self._signer])


def _placed(session: Session) -> dict[str, Place]:
    """Places where a state of the venue can tell a gate something, by venue."""
    live = select(Gate.id, Gate.direction, Venue.id, Venue.capacity).join(Venue, Venue.id == Gate.venue_id)
    gates: dict[str, dict[str, str]] = {}
    capacities: dict[str, int | None] = {}
    for gate, direction, venue, capacity in session.execute(live.where(Gate.revoked_at.is_(None))):
        gates.setdefault(venue, {})[gate] = direction
        capacities[venue] = capacity
    return {
        venue: Place(frozenset(lanes), capacities[venue], counts="out" in lanes.values())
        for venue, lanes in gates.items()
        if len(lanes) > 1 or capacities[venue] is not None
    }
