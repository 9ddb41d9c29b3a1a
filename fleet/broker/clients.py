"""Who may connect to the broker: the services, and one client for each live key of a gate."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet.enrol.authority import key_name
from fleet.models import Gate, GateKey
from wire.topics import ACL, Grant, shard_of

SERVICES: Final = ("ingest", "publisher")


@dataclass(frozen=True, slots=True, order=True)
class Client:
    """A name that stands in a client certificate, and what it may say and hear."""

    name: str
    grant: Grant


def gate_client(gate: str, kid: bytes) -> Client:
    """The client that a gate is while it uses the key `kid`."""
    row, shard = ACL["gate"], shard_of(gate)
    filled = [
        tuple(topic.format(gate=gate, shard=shard) for topic in side) for side in (row.publish, row.subscribe)
    ]
    return Client(key_name(gate, kid), Grant(*filled))


def valid_clients(session: Session, now: int) -> tuple[Client, ...]:
    """Services first, then every gate key that is neither revoked nor expired, in a stable order."""
    live = (Gate.revoked_at.is_(None), GateKey.revoked_at.is_(None), GateKey.not_after > now)
    rows = session.execute(select(GateKey.gate_id, GateKey.kid).join(Gate).where(*live).distinct())
    gates = sorted((gate, kid) for gate, kid in rows)
    return (*(Client(name, ACL[name]) for name in SERVICES), *(gate_client(*row) for row in gates))
