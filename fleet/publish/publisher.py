"""Keeps the broker's shelf as it should be, and answers what gates ask; one thread's."""

from collections.abc import Callable, Mapping
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet.db import Database
from fleet.issuers import colours
from fleet.keys import ledger
from fleet.models import Document, Gate
from fleet.publish import clock, orders, shelf
from fleet.publish.allowance import Allowance
from fleet.publish.errands import Errands
from fleet.publish.shelf import Slot
from fleet.publish.wanted import Wanted
from fleet.venues import assignments
from wire import topics
from wire.documents import Role, Trust
from wire.keys import Signer
from wire.messages import Hello, Reply
from wire.topics import All, Down

RECONCILE_S: Final = 60.0  # dates pass without any commit
AGAIN_S: Final = 1.0  # a document that gates ask for goes to all at most this often
LIST_AGAIN_S: Final = 30.0  # for whole lists that a hello lacks: the broker's retained copy comes first
_log = structlog.get_logger("publish")

Send = Callable[[str, bytes, bool], bool]


class Publisher:
    """`send(topic, payload, retain)` hands a message to the broker; `mono` is monotonic seconds."""

    def __init__(self, database: Database, director: Signer, timekeeper: Signer, send: Send) -> None:
        self._database = database
        self._director = director
        self._timekeeper = timekeeper
        self._send = send
        self._errands = Errands(database, director, send)
        self._sent: dict[str, Slot] = {}
        self._deltas: dict[str, int] = {}  # by uri, the sequence up to which changes went out
        self._wanted = Wanted()
        self._allowance = Allowance()
        self._gates: set[str] = set()
        self._trust: Trust | None = None
        self._heads: dict[str, int] = {}
        self._print: int | None = None
        self._reconciled = 0.0

    def started(self, now: int) -> None:
        """Once at the start: what another director key signed is signed again."""
        with self._database.session() as session:
            root = ledger.root(session)
            if root is not None and self._director.public.kid not in root.keys_of(Role.DIRECTOR):
                _log.error(
                    "the director key is not in the root: gates refuse what it signs", root=root.version
                )
            shelf.renew_of_other_keys(session, self._director, now)

    def connected(self) -> None:
        """A connection has begun: everything retained goes out again, whatever the broker still holds."""
        self._sent.clear()
        self._deltas.clear()

    def sync(self, now: int, mono: float) -> None:
        """Bring the broker to what the database says now."""
        self._derive(now, mono)
        with self._database.reading() as session:
            self._gates = set(session.scalars(select(Gate.id).where(Gate.revoked_at.is_(None))))
            row = ledger.newest(session, "trust")
            if row is not None and (self._trust is None or self._trust.version != row.version):
                self._trust = ledger.trust(session)
            wanted = shelf.slots(session, self._trust)
            for slot in wanted.values():
                if self._sent.get(slot.topic) != slot:
                    self._put(session, slot)
            for topic in self._sent.keys() - wanted.keys():
                if self._send(topic, b"", True):  # an empty retained message takes the last one away
                    del self._sent[topic]
            self._heads = colours.heads(session, self._trust)
            for uri, head in self._heads.items():
                if self._deltas.get(uri, -1) < head:
                    self._send_deltas(session, uri, self._deltas.get(uri, -1))
        self._errands.look(self._gates, now)

    def hello(self, gate: str, said: Hello, now_ms: int, mono: float) -> None:
        """Answer with signed time, and see to every document of which the gate holds an older version."""
        if not self._speaks(gate):
            return
        answer = clock.signed(self._sent, self._heads, now_ms, self._timekeeper, (gate, said.session))
        self._send(topics.down(gate, Down.TIME), answer, False)
        own = (
            (topics.to_all(All.ROOT), said.held.root),
            (topics.to_all(All.TRUST), said.held.trust),
            (topics.down(gate, Down.ASSIGNMENT), said.held.assignment),
        )
        for topic, held in own:
            slot = self._sent.get(topic)
            if slot is not None and held < slot.version:
                self._want(gate, slot, held, mono, AGAIN_S)
        for slot in self._lists(said.held.lists):
            held = said.held.lists[slot.subject]
            self._want(gate, slot, held, mono, LIST_AGAIN_S if held < slot.version else AGAIN_S)
        self._errands.hello(gate, said.session, now_ms // 1000)

    def reply(self, gate: str, said: Reply, now: int, mono: float) -> None:
        """Record what became of commands; take note of the lists a gate asks for."""
        if not self._speaks(gate):
            return
        if said.results:
            with self._database.session() as session:
                orders.answered(session, gate, said.results, now)
        for slot in self._lists(said.wanted):
            self._want(gate, slot, said.wanted[slot.subject], mono, AGAIN_S)

    def again(self, mono: float) -> None:
        """Send what gates lack, once for all that asked."""
        due = self._wanted.take(mono)
        if not due:
            return
        with self._database.reading() as session:
            for topic, held in due:
                slot = self._sent.get(topic)
                if slot is not None:
                    self._resend(session, slot, held)

    def broadcast(self, now_ms: int) -> None:
        """Tell everybody the time and the newest versions, so that a withheld document shows."""
        said = clock.signed(self._sent, self._heads, now_ms, self._timekeeper)
        self._send(topics.to_all(All.TIME), said, False)

    def _want(self, gate: str, slot: Slot, held: int, mono: float, every_s: float) -> None:
        """Note that a gate lacks something; what goes to all because one asks is rationed by gate."""
        if slot.kind == "assignment" or self._allowance.take(gate, slot.topic, mono):
            self._wanted.want(slot, held, mono, every_s)

    def _speaks(self, gate: str) -> bool:
        """Whether a gate is known and not revoked; one that is new since the last look is looked up."""
        if gate in self._gates:
            return True
        with self._database.reading() as session:
            row = session.get(Gate, gate)
        return row is not None and row.revoked_at is None

    def _lists(self, held: Mapping[str, int]) -> list[Slot]:
        """Slots of those of the named lists that exist in a newer form."""
        stale = {uri for uri, seq in held.items() if seq < self._heads.get(uri, 0)}
        return [slot for slot in self._sent.values() if slot.kind == "status" and slot.subject in stale]

    def _resend(self, session: Session, slot: Slot, held: int) -> None:
        if slot.kind == "root":
            self._roots(session, held, slot.version - 1)
        if held < slot.version:
            self._send(slot.topic, shelf.payload(session, slot), True)
        if slot.kind == "status":
            self._send_deltas(session, slot.subject, held)

    def _derive(self, now: int, mono: float) -> None:
        """Derive and sign assignments where something they say has changed."""
        with self._database.reading() as session:
            seen = shelf.print_of(session)
            missing = shelf.unsigned(session)
        if seen == self._print and not missing and mono - self._reconciled < RECONCILE_S:
            return
        with self._database.session() as session:
            changed = assignments.reconcile(session, now)
            shelf.sign(session, shelf.unsigned(session), self._director, now)
            session.flush()
            self._print = shelf.print_of(session)
        self._reconciled = mono
        if changed:
            _log.info("assignments changed", gates=len(changed))

    def _put(self, session: Session, slot: Slot) -> None:
        """Send a slot; of the root every version that was not sent yet, in order."""
        before = self._sent.get(slot.topic)
        if slot.kind == "root" and before is not None:
            self._roots(session, before.version, slot.version - 1)
        if self._send(slot.topic, shelf.payload(session, slot), True):
            self._sent[slot.topic] = slot

    def _roots(self, session: Session, after: int, until: int) -> None:
        between = (Document.kind == "root", Document.version > after, Document.version <= until)
        for data in session.scalars(select(Document.data).where(*between).order_by(Document.version)):
            self._send(topics.to_all(All.ROOT), data, False)  # the broker keeps the newest alone

    def _send_deltas(self, session: Session, uri: str, after: int) -> None:
        bound = colours.bound_lists(self._trust)[uri]
        topic = topics.to_all_list(All.DELTA, bound.issuer.id, bound.ref.shard)
        for row in colours.deltas(session, uri, after):
            self._send(topic, row.data, False)
        self._deltas[uri] = self._heads[uri]
