"""Which clients the database calls valid, and that the broker's process follows it."""

import threading

import pytest

from fleet.broker import process
from fleet.broker.clients import valid_clients
from fleet.db import open_database
from fleet.models import Gate, GateKey

NOW = 1_790_000_000
A, B = "a00000000001", "b00000000002"


@pytest.fixture
def database(tmp_path):
    with open_database(tmp_path / "fleet.db") as opened:
        opened.upgrade()
        with opened.session() as session:
            session.add_all([Gate(id=A, name=A, created_at=NOW), Gate(id=B, name=B, created_at=NOW)])
            session.flush()
            session.add_all([key(A, 1), key(A, 2), key(B, 3)])
        yield opened


def key(gate, number, **more):
    row = {
        "serial": f"{number:x}",
        "gate_id": gate,
        "kid": bytes([number]) * 8,
        "cose_key": b"",
        "certificate_pem": "",
        "not_before": NOW,
        "not_after": NOW + 100,
    }
    return GateKey(**(row | more))


def names(database, now=NOW):
    with database.reading() as session:
        return [client.name for client in valid_clients(session, now)]


def test_services_and_every_live_key_are_clients(database):
    assert names(database) == ["ingest", "publisher", f"{'01' * 8}.{A}", f"{'02' * 8}.{A}", f"{'03' * 8}.{B}"]


def test_a_revoked_key_is_none_while_the_gate_s_other_key_stays(database):
    with database.session() as session:
        session.get_one(GateKey, "1").revoked_at = NOW
    assert names(database) == ["ingest", "publisher", f"{'02' * 8}.{A}", f"{'03' * 8}.{B}"]


def test_no_key_of_a_revoked_gate_is_a_client(database):
    with database.session() as session:
        session.get_one(Gate, A).revoked_at = NOW
    assert names(database) == ["ingest", "publisher", f"{'03' * 8}.{B}"]


def test_an_expired_key_is_none(database):
    assert len(names(database, NOW + 99)) == 5
    assert names(database, NOW + 100) == ["ingest", "publisher"]


def test_a_key_certified_twice_is_one_client(database):
    with database.session() as session:
        session.add(key(B, 4, kid=bytes([3]) * 8))
    assert names(database).count(f"{'03' * 8}.{B}") == 1


class Told:
    """A broker that remembers what it was told; `confirms` is what a reload answers."""

    def __init__(self, confirms):
        self.confirms = confirms
        self.calls = []
        self.alive = True

    def start(self, clients):
        self.calls.append(("start", len(clients)))

    def reload(self, clients):
        self.calls.append(("reload", len(clients)))
        return self.confirms

    def stop(self):
        self.calls.append(("stop",))


def follow(database, broker, change, monkeypatch):
    """Run the process's loop until it has looked twice after `change`."""
    monkeypatch.setattr(process, "POLL_S", 0)
    monkeypatch.setattr(process.time, "time", lambda: NOW)
    turns = iter([change, lambda: None, lambda: None])

    class Stop(threading.Event):
        def wait(self, _timeout=None):
            turn = next(turns, None)
            if turn:
                turn()
            return turn is None

    process._follow(database, broker, Stop())


def revoke(database):
    with database.session() as session:
        session.get_one(Gate, B).revoked_at = NOW


def test_a_revocation_reloads_the_broker_once(database, monkeypatch):
    broker = Told(confirms=True)
    follow(database, broker, lambda: revoke(database), monkeypatch)
    assert broker.calls == [("start", 5), ("reload", 4)]


def test_a_reload_that_is_not_confirmed_becomes_a_restart(database, monkeypatch):
    broker = Told(confirms=False)
    follow(database, broker, lambda: revoke(database), monkeypatch)
    assert broker.calls == [("start", 5), ("reload", 4), ("stop",), ("start", 4)]


def test_a_commit_that_changes_no_client_reloads_nothing(database, monkeypatch):
    def rename():
        with database.session() as session:
            session.get_one(Gate, B).name = "East"

    broker = Told(confirms=True)
    follow(database, broker, rename, monkeypatch)
    assert broker.calls == [("start", 5)]


def test_a_server_that_ends_by_itself_ends_the_process(database, monkeypatch):
    broker = Told(confirms=True)

    def die():
        broker.alive = False

    with pytest.raises(process.FleetError, match="ended by itself"):
        follow(database, broker, die, monkeypatch)
