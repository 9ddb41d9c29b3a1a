"""A gate's journal as the gate would send it, and a database that knows the gate."""

import secrets
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from fleet.db import open_database
from fleet.ingest.receipts import Receipts
from fleet.ingest.venues import Venues
from fleet.ingest.worker import Worker
from fleet.models import Base, Gate, GateKey
from wire import cbor, envelope, messages, schema, topics
from wire.documents import Direction, Receipt
from wire.keys import PrivateKey
from wire.messages import Batch, Checkpoint, ClockTrust, Entry, Event, Held, Hello, State
from wire.reasons import Colour, Reason, Verdict
from wire.topics import Up

GATE = "0123456789ab"
EPOCH = bytes(range(16))
NOW = 1_795_000_000


@dataclass
class FakeGate:
    """A journal with its chain, and every message it can send. Not the gate's own code."""

    id: str = GATE
    journal: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: PrivateKey = field(default_factory=PrivateKey.generate)
    session: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    events: list[bytes] = field(default_factory=list)

    def grow(self, count: int, **fields) -> "FakeGate":
        for _ in range(count):
            number = len(self.events) + 1
            values = {
                "sequence": number,
                "previous": self.hash(number - 1),
                "at_ms": NOW * 1000 + number,
                "clock": ClockTrust.SIGNED,
                "kind": Event.PASSAGE,
                "verdict": Verdict.ADMIT,
                "reason": Reason.GREEN,
                "colour": Colour.GREEN,
                "issuer": "jl",
                "subject": number.to_bytes(16),
                "lane": "2",
                "direction": Direction.ENTRY,
                "temperature": messages.Temperature(
                    object_c100=3400,
                    ambient_c100=2000,
                    surface_c100=3450,
                    body_c100=3660,
                    uncertainty_c100=20,
                    samples=4,
                ),
                "took_ms": 31,
            } | fields
            self.events.append(schema.write(messages.ENTRY, Entry(**values)))
        return self

    def hash(self, sequence: int) -> bytes:
        if sequence == 0:
            return messages.genesis(self.id, self.journal)
        return messages.event_hash(self.events[sequence - 1])

    def topic(self, leaf: Up) -> str:
        return topics.up(self.id, leaf)

    def batch(self, first: int, last: int, *, checkpoint: bytes | None = None) -> tuple[str, bytes]:
        said = Batch(
            journal=self.journal,
            first=first,
            events=tuple(self.events[first - 1 : last]),
            checkpoint=checkpoint,
        )
        return self.topic(Up.EVENTS), schema.write(messages.BATCH, said)

    def checkpoint(self, head: int | None = None, digest: bytes | None = None) -> bytes:
        head = len(self.events) if head is None else head
        said = Checkpoint(
            gate=self.id,
            journal=self.journal,
            head=head,
            hash=digest or self.hash(head),
            at_ms=NOW * 1000,
        )
        return messages.sign_checkpoint(said, self.key)

    def hello(self, tail: int = 1, **held) -> tuple[str, bytes]:
        said = Hello(
            session=self.session,
            firmware="1",
            held=Held(**({"root": 0, "trust": 0, "assignment": 0, "lists": {}} | held)),
            journal=self.journal,
            head=len(self.events),
            tail=tail,
            checkpoint=self.checkpoint(),
        )
        return self.topic(Up.HELLO), schema.write(messages.HELLO, said)

    def state(
        self, *, online: bool = True, at_ms: int = 1, session: bytes | None = None, assignment: int = 0
    ) -> tuple[str, bytes]:
        said = State(
            session=session or self.session,
            online=online,
            ready=online,
            troubles=(),
            at_ms=at_ms if online else 0,
            clock=ClockTrust.SIGNED,
            clock_doubt_ms=0,
            held=replace(messages.NOTHING_HELD, assignment=assignment),
            backlog=0,
            gauges={},
        )
        return self.topic(Up.STATE), schema.write(messages.STATE, said)


def know(database, gate: FakeGate) -> FakeGate:
    """Make the fleet know a gate and its key."""
    with database.session() as session:
        if session.get(Gate, gate.id) is None:
            session.add(Gate(id=gate.id, name="", state="assigned", created_at=0))
            session.flush()
        session.add(
            GateKey(
                serial=gate.key.public.kid.hex(),
                gate_id=gate.id,
                kid=gate.key.public.kid,
                cose_key=cbor.encode(gate.key.public.cose()),
                certificate_pem="",
                not_before=0,
                not_after=2**40,
            )
        )
    return gate


class Fleet:
    """Ingest without a broker."""

    def __init__(self, database):
        self.database = database
        self.signer = PrivateKey.generate()
        self.start()

    def start(self):
        """As after a crash: nothing but the database is left."""
        self.receipts = Receipts(self.signer, EPOCH)
        self.venues = Venues(self.database, self.signer, ZoneInfo("Asia/Shanghai"))
        self.worker = Worker(self.database, self.receipts, self.venues)
        self.worker.look(NOW)

    def hear(self, *said: tuple[str, bytes], now: int = NOW) -> int:
        for topic, payload in said:
            self.worker.take(topic, payload)
        return self.worker.commit(now)

    def receipted(self, mono: float) -> list[Receipt]:
        kid = {self.signer.public.kid: self.signer.public}
        return [
            envelope.verify(Receipt, data, kid) for _, data in self.receipts.due(mono, NOW * 1000 + int(mono))
        ]


@pytest.fixture
def database(tmp_path):
    with open_database(tmp_path / "fleet.db") as opened:
        # No power is cut here: what survives a killed process is tested with real ones.
        event.listen(opened.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
        Base.metadata.create_all(opened.engine)
        yield opened


@pytest.fixture
def gate(database):
    return know(database, FakeGate())


@pytest.fixture
def fleet(database, gate):  # noqa: ARG001 - the gate is known before the fleet looks
    return Fleet(database)


@pytest.fixture
def another(database):
    """Another journal of the same gate, as after a new card."""
    return lambda: know(database, FakeGate())


@pytest.fixture
def another_gate():
    """A gate that no fleet knows yet."""
    return FakeGate()


@pytest.fixture(name="know")
def knowing():
    """How the fleet comes to know a gate."""
    return know
