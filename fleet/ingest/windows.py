"""How long the lanes of a venue remember a passage: the longest `repeat_s` that any of its gates goes by."""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet.keys import ledger
from fleet.models import Assignment
from wire import documents, envelope
from wire.policy import DEFAULT


class Windows:
    """Read from the newest assignments and the trust document's bounds; each version is read once."""

    def __init__(self) -> None:
        self._gates: dict[str, tuple[int, int]] = {}  # version and repeat_s
        self._trust = (0, 0)

    def read(self, session: Session, placed: Mapping[str, Collection[str]]) -> dict[str, int]:
        """Seconds by venue, for its gates; a gate without an assignment goes by the default policy."""
        newest = ledger.newest(session, "trust")
        if newest is not None and newest.version != self._trust[0]:
            trust = ledger.trust(session)
            self._trust = (newest.version, trust.bounds.repeat_s if trust else 0)
        wanted = {gate for gates in placed.values() for gate in gates}
        for gate, version in session.execute(select(Assignment.gate_id, Assignment.version)):
            if gate in wanted and self._gates.get(gate, (0, 0))[0] != version:
                body = session.get_one(Assignment, gate).body
                repeat_s = envelope.read_body(documents.Assignment, body).policy.repeat_s
                self._gates[gate] = (version, repeat_s)
        bound, unknown = self._trust[1], (0, DEFAULT.repeat_s)
        return {
            venue: max(bound, *(self._gates.get(gate, unknown)[1] for gate in gates))
            for venue, gates in placed.items()
        }
