"""The loop of ingest around a database that fails for a while."""

import queue

from sqlalchemy.exc import OperationalError

from fleet.ingest.process import Loop
from fleet.link import Message
from fleet.models import Gate
from fleet.stop import Stop


class Line:
    """A broker's line with a queue that tells what is to happen when it is asked for more."""

    def __init__(self, *steps):
        self.steps = list(steps)
        self.incoming = self
        self.connected = False
        self.dropped = 0

    def get(self, _timeout):
        if self.steps:
            said = self.steps.pop(0)
            if isinstance(said, Message):
                return said
            said()
        raise queue.Empty


def test_a_look_that_fails_is_made_up_for_and_stops_nothing(fleet, gate, database, monkeypatch, tmp_path):
    monkeypatch.setattr("fleet.ingest.process.LOOK_S", 0.0)
    monkeypatch.setattr("fleet.ingest.process.IDLE_S", 0.0)
    stop, look, fails = Stop(), fleet.worker.look, iter([True, True])

    def failing(now):
        if next(fails, False):
            raise OperationalError("SELECT", {}, OSError("a bad sector"))
        look(now)

    def revoke():
        with database.session() as session:
            session.get_one(Gate, gate.id).revoked_at = 5

    def wait():
        """Nothing comes for once."""

    topic, payload = gate.grow(1).batch(1, 1)
    monkeypatch.setattr(fleet.worker, "look", failing)
    line = Line(revoke, wait, wait, wait, Message(topic, payload), stop.set)
    (tmp_path / "recorder.key").touch()
    Loop(database, line, fleet.worker, (fleet.receipts, fleet.venues)).run(stop, tmp_path / "recorder.key")
    assert fleet.worker.counts["unknown or revoked gate"] == 1
