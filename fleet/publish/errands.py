"""Commands on their way: to the session each gate is in, and once more when a new session begins."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from fleet.db import Database
from fleet.models import Command, GateState
from fleet.publish import orders
from wire import topics
from wire.keys import Signer
from wire.topics import Down

Send = Callable[[str, bytes, bool], bool]


class Errands:
    """Knows the newest session of each gate, from its hello or, after a restart, from the database."""

    def __init__(self, database: Database, director: Signer, send: Send) -> None:
        self._database = database
        self._director = director
        self._send = send
        self._sessions: dict[str, bytes] = {}

    def hello(self, gate: str, nonce: bytes, now: int) -> None:
        """A session begins: what was sent to the one before may be lost, so it goes again."""
        self._sessions[gate] = nonce
        with self._database.reading() as session:
            rows = [row for row in orders.under_way(session) if row.gate_id == gate]
        for row in rows:
            self._go(row, nonce, now)

    def look(self, live: set[str], now: int) -> None:
        """Send what is waiting, give up what is over."""
        with self._database.reading() as session:
            rows = orders.under_way(session)
            nonces = {row.gate_id: self._nonce(session, row.gate_id) for row in rows}
        if any(row.expires_at <= now for row in rows):
            with self._database.session() as session:
                orders.expire(session, now)
        for row in rows:
            nonce = nonces[row.gate_id]
            if row.state == "waiting" and nonce is not None and row.gate_id in live:
                self._go(row, nonce, now)

    def _go(self, row: Command, nonce: bytes, now: int) -> None:
        if row.expires_at <= now:
            return
        signed = orders.document(row, nonce, now, self._director)
        if self._send(topics.down(row.gate_id, Down.COMMAND), signed, False):
            with self._database.session() as session:
                orders.sent(session, row.id, now)

    def _nonce(self, session: Session, gate: str) -> bytes | None:
        state = session.get(GateState, gate)
        if state is None or not state.online:
            return None
        return self._sessions.get(gate) or state.session
