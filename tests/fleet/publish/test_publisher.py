"""What the publisher sends, and when: without a broker, on real bytes."""

import contextlib
import secrets
from dataclasses import dataclass, field

import pytest
from sqlalchemy import event

from fleet.db import open_database
from fleet.models import (
    Assignment,
    Base,
    Command,
    Delta,
    Document,
    Gate,
    GateState,
    Permit,
    Region,
    StatusList,
    Venue,
)
from fleet.publish import allowance, orders
from fleet.publish.publisher import Publisher
from fleet.venues import assignments, registry
from wire import documents as d
from wire import envelope, status, topics
from wire.documents import Action, Role, RoleKeys
from wire.keys import PrivateKey
from wire.messages import Held, Hello, Outcome, Reply, Result
from wire.policy import LOOSEST
from wire.status import Token
from wire.topics import All, Down

NOW = 1_795_000_000
GATE, OTHER = "0123456789ab", "fedcba987654"
URI = "https://jl.example/0"


@dataclass
class Stage:
    """A database, role keys, and everything that was sent."""

    database: object
    keys: dict = field(default_factory=lambda: {role: PrivateKey.generate() for role in Role})
    lists: PrivateKey = field(default_factory=PrivateKey.generate)
    sent: list = field(default_factory=list)
    line: bool = True

    def publisher(self) -> Publisher:
        made = Publisher(self.database, self.keys[Role.DIRECTOR], self.keys[Role.TIMEKEEPER], self.send)
        made.started(NOW)
        return made

    def send(self, topic: str, payload: bytes, retain: bool) -> bool:
        if self.line:
            self.sent.append((topic, payload, retain))
        return self.line

    def taken(self) -> list:
        taken, self.sent = self.sent, []
        return taken

    def add(self, kind: str, version: int, document):
        role = {"root": Role.ROOT, "trust": Role.TRUST}[kind]
        data = envelope.sign(document, [self.keys[role]])
        with self.database.session() as session:
            session.add(Document(kind=kind, subject="", version=version, data=data, created_at=NOW))

    def root(self, version: int):
        roles = {role: RoleKeys(threshold=1, kids=(key.public.kid,)) for role, key in self.keys.items()}
        keys = tuple(key.public for key in self.keys.values())
        made = d.Root(version=version, issued=NOW, expires=NOW + 9**9, audience="*", keys=keys, roles=roles)
        self.add("root", version, made)

    def trust(self, version: int):
        key = d.IssuerKey(key=self.lists.public, use=d.KeyUse.LISTS, not_before=0, not_after=2**40)
        ref = d.ListRef(uri=URI, shard=3, carried_by=("",))
        jl = d.Issuer(id="jl", name_zh="", name_en="", keys=(key,), lists=(ref,))
        made = d.Trust(
            version=version, issued=NOW, expires=NOW + 9**9, audience="*", issuers=(jl,), bounds=LOOSEST
        )
        self.add("trust", version, made)

    def token(self, seq: int, changes=None) -> Token:
        packed = status.StatusList(bytes(64)).changed(changes or {})
        return Token(uri=URI, issued=NOW, expires=NOW + 999, seq=seq, statuses=packed)

    def colours(self, seq: int):
        data = status.issue_token(self.token(seq), self.lists)
        with self.database.session() as session:
            row = StatusList(uri=URI, issuer_id="jl", shard=3, seq=seq, iat=NOW, expires=NOW + 999)
            row.token, row.received_at = data, NOW
            session.merge(row)

    def change(self, base: int, seq: int):
        changes = {1: 14}
        data = status.issue_delta(self.token(base), self.token(seq, changes), changes, self.lists)
        with self.database.session() as session:
            session.add(Delta(uri=URI, seq=seq, base_seq=base, data=data, received_at=NOW))
        return data

    def read(self, kind, data: bytes):
        role = envelope.KINDS[kind].role
        return envelope.verify(kind, data, {self.keys[role].public.kid: self.keys[role].public})


@pytest.fixture
def stage(tmp_path):
    with open_database(tmp_path / "fleet.db") as opened:
        event.listen(opened.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
        Base.metadata.create_all(opened.engine)
        with opened.session() as session:
            session.add(Region(id="cc", level=2, name_zh="长春", name_en="Changchun"))
            session.flush()
            session.add(
                Venue(id="mall", region_id="cc", kind="mall", name_zh="商场", name_en="Mall", created_at=0)
            )
            session.flush()
            for gate in (GATE, OTHER):
                session.add(
                    Gate(id=gate, name="", venue_id="mall", state="enrolled", enrolled_at=1, created_at=0)
                )
        made = Stage(opened)
        made.root(1)
        made.trust(1)
        yield made


def assign(stage, gate=GATE, **wish):
    with stage.database.session() as session:
        return assignments.assign(session, gate, assignments.Wish(**wish), NOW, "test")


def hello(**held) -> Hello:
    return Hello(
        session=secrets.token_bytes(16),
        firmware="1",
        held=Held(**({"root": 1, "trust": 1, "assignment": 1, "lists": {}} | held)),
        journal=bytes(16),
        head=0,
        tail=1,
        checkpoint=b"x",
    )


def on(sent, topic: str) -> list[bytes]:
    return [payload for where, payload, _ in sent if where == topic]


ROOT, TRUST = topics.to_all(All.ROOT), topics.to_all(All.TRUST)
STATUS, DELTA = topics.to_all_list(All.STATUS, "jl", 3), topics.to_all_list(All.DELTA, "jl", 3)
ASSIGNMENT, COMMAND = topics.down(GATE, Down.ASSIGNMENT), topics.down(GATE, Down.COMMAND)


def test_on_every_connection_everything_retained_goes_out(stage):
    stage.colours(5)
    assign(stage)
    publisher = stage.publisher()
    for _ in range(2):
        publisher.connected()
        publisher.sync(NOW, 0.0)
        sent = stage.taken()
        assert sorted(topic for topic, _, _ in sent) == sorted([ROOT, TRUST, STATUS, ASSIGNMENT])
        assert all(retain for _, _, retain in sent)
    publisher.sync(NOW, 0.0)
    assert stage.taken() == []


def test_a_withdrawn_permit_becomes_a_new_version_without_permission(stage):
    with stage.database.session() as session:
        registry.grant(session, registry.Grant("mall", "both", NOW - 5, NOW + 999), NOW, "test")
    assign(stage)
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    (first,) = on(stage.taken(), ASSIGNMENT)
    body = stage.read(d.Assignment, first)
    assert (body.version, body.venue, body.permission.region, body.audience) == (1, "mall", "cc", GATE)
    with stage.database.session() as session:
        registry.withdraw(session, "mall", NOW, "test", "inspection")
    publisher.sync(NOW, 0.0)
    (second,) = on(stage.taken(), ASSIGNMENT)
    body = stage.read(d.Assignment, second)
    assert (body.version, body.permission) == (2, None)


def test_what_was_wished_for_a_gate_outlives_what_is_derived(stage):
    assign(stage, policy={"paper": "deny", "fever_c100": "3720"}, lane=4, direction="out")
    publisher = stage.publisher()
    with stage.database.session() as session:
        session.get_one(Venue, "mall").name_en = "The Mall"
    publisher.sync(NOW, 0.0)
    body = stage.read(d.Assignment, on(stage.taken(), ASSIGNMENT)[0])
    assert (body.lane, body.direction, body.venue_en) == ("4", d.Direction.EXIT, "The Mall")
    assert (body.policy.fever_c100, body.policy.paper.name) == (3720, "DENY")


def test_lanes_of_one_venue_share_the_key_for_foreign_subjects(stage):
    assert assign(stage).foreign_key == assign(stage, OTHER).foreign_key


def test_an_assignment_is_renewed_long_before_its_end(stage):
    assign(stage)
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    later = NOW + assignments.LIFE_S - assignments.RENEW_S
    publisher.sync(later, 99.0)
    first, second = (stage.read(d.Assignment, data) for data in on(stage.taken(), ASSIGNMENT))
    assert (second.version, second.issued) == (2, later)
    assert second.expires > first.expires


def test_a_new_director_key_signs_everything_again(stage):
    assign(stage)
    stage.publisher().sync(NOW, 0.0)
    stage.taken()
    stage.keys[Role.DIRECTOR] = PrivateKey.generate()
    stage.publisher().sync(NOW, 0.0)
    assert stage.read(d.Assignment, on(stage.taken(), ASSIGNMENT)[0]).version == 2
    stage.publisher().sync(NOW, 0.0)
    assert stage.read(d.Assignment, on(stage.taken(), ASSIGNMENT)[0]).version == 2


def test_a_revoked_gate_hears_nothing_and_its_assignment_is_taken_from_the_shelf(stage):
    assign(stage)
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    stage.taken()
    with stage.database.session() as session:
        session.get_one(Gate, GATE).revoked_at = NOW
    publisher.sync(NOW, 0.0)
    assert stage.taken() == [(ASSIGNMENT, b"", True)]
    publisher.hello(GATE, hello(), NOW * 1000, 0.0)
    publisher.reply(GATE, Reply(session=bytes(16), results=(), wanted={URI: 0}), NOW, 0.0)
    publisher.again(9.0)
    assert stage.taken() == []


def test_a_hello_is_answered_with_time_for_its_nonce(stage):
    stage.colours(5)
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    stage.taken()
    said = hello(lists={URI: 5})
    publisher.hello(GATE, said, NOW * 1000 + 7, 0.0)
    publisher.again(0.0)
    ((topic, data, retain),) = stage.taken()
    time = stage.read(d.Time, data)
    assert (topic, retain) == (topics.down(GATE, Down.TIME), False)
    assert (time.now_ms, time.nonce, time.audience) == (NOW * 1000 + 7, said.session, GATE)
    assert (time.root, time.trust, time.lists) == (1, 1, {URI: 5})


def test_an_old_root_is_followed_by_every_later_one_in_order_once_for_all(stage):
    for version in (2, 3, 4):
        stage.root(version)
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    stage.taken()
    for held in (2, 1, 3):
        publisher.hello(GATE, hello(root=held), NOW * 1000, 5.0)
    publisher.again(5.0)
    sent = [(data, retain) for topic, data, retain in stage.taken() if topic == ROOT]
    assert [stage.read(d.Root, data).version for data, _ in sent] == [2, 3, 4]
    assert [retain for _, retain in sent] == [False, False, True]  # the broker keeps the newest alone
    publisher.hello(GATE, hello(root=3), NOW * 1000, 5.1)
    publisher.again(5.2)
    assert on(stage.taken(), ROOT) == []
    publisher.again(6.0)
    assert [stage.read(d.Root, data).version for data in on(stage.taken(), ROOT)] == [4]


def test_what_vouches_for_the_others_goes_first_and_nothing_overtakes_it(stage):
    stage.root(2)
    stage.trust(2)
    assign(stage)
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    stage.taken()
    publisher.hello(OTHER, hello(trust=2), NOW * 1000, 5.0)
    publisher.again(5.0)
    assert [topic for topic, _, _ in stage.taken()] == [topics.down(OTHER, Down.TIME), ROOT]
    publisher.hello(GATE, hello(assignment=0), NOW * 1000, 5.5)
    publisher.again(5.5)  # the root went out less than a second ago
    assert [topic for topic, _, _ in stage.taken()] == [topics.down(GATE, Down.TIME)]
    publisher.again(6.0)
    assert [topic for topic, _, _ in stage.taken()] == [ROOT, TRUST, ASSIGNMENT]


def test_several_new_roots_are_published_in_order(stage):
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    stage.taken()
    for version in (2, 3):
        stage.root(version)
    publisher.sync(NOW, 0.0)
    assert [stage.read(d.Root, data).version for data in on(stage.taken(), ROOT)] == [2, 3]


def test_older_documents_go_directly_to_the_gate_that_says_hello(stage):
    stage.trust(2)
    assign(stage)
    assign(stage, lane=2)
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    stage.taken()
    publisher.hello(GATE, hello(), NOW * 1000, 0.0)
    publisher.again(0.0)
    sent = stage.taken()
    assert stage.read(d.Trust, on(sent, TRUST)[0]).version == 2
    assert stage.read(d.Assignment, on(sent, ASSIGNMENT)[0]).version == 2


def test_changes_go_out_at_once_and_again_to_who_missed_them(stage):
    stage.colours(5)
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    stage.taken()
    data = stage.change(5, 6)
    publisher.sync(NOW, 0.0)
    assert stage.taken() == [(DELTA, data, False)]
    publisher.hello(GATE, hello(lists={URI: 5}), NOW * 1000, 1.0)
    publisher.again(1.0)
    assert on(stage.taken(), DELTA) == [data]


def test_a_wanted_list_goes_out_with_its_changes_at_most_once_a_second(stage):
    stage.colours(5)
    stage.change(5, 6)
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    stage.taken()
    wish = Reply(session=bytes(16), results=(), wanted={URI: 3, "https://nobody.example": 0})
    for gate in (GATE, OTHER):
        publisher.reply(gate, wish, NOW, 2.0)
    publisher.again(2.0)
    assert [topic for topic, _, _ in stage.taken()] == [STATUS, DELTA]
    publisher.reply(GATE, wish, NOW, 2.5)
    publisher.again(2.5)
    assert stage.taken() == []
    publisher.again(3.0)
    assert len(stage.taken()) == 2


def test_one_gate_does_not_have_documents_sent_to_all_without_end(stage):
    stage.colours(5)
    stage.root(2)
    assign(stage)
    assign(stage, lane=2)
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    stage.taken()

    def asked(gate, mono):
        publisher.hello(gate, hello(lists={URI: 1}), NOW * 1000, mono)
        publisher.reply(gate, Reply(session=bytes(16), results=(), wanted={URI: 1}), NOW, mono)
        publisher.again(mono)
        return {topic for topic, _, _ in stage.taken()} & {ROOT, STATUS, ASSIGNMENT}

    times = [asked(GATE, 2.0 * second) for second in range(100)]
    assert times[0] == {ROOT, STATUS, ASSIGNMENT}
    assert sum(ROOT in topics for topics in times) == allowance.MOST + 6
    assert sum(STATUS in topics for topics in times) <= allowance.MOST + 6
    assert all(ASSIGNMENT in topics for topics in times)  # goes to this gate alone
    assert asked(OTHER, 200.0) >= {ROOT, STATUS}


def test_who_asked_long_ago_is_not_remembered_for_ever(monkeypatch):
    monkeypatch.setattr(allowance, "_MANY", 10)
    rationed = allowance.Allowance()
    assert all(rationed.take(f"{gate:012}", ROOT, 40.0 * gate) for gate in range(100))
    assert len(rationed._paid_s) <= 10


def test_a_list_that_the_trust_document_does_not_bind_is_not_published(stage):
    with stage.database.session() as session:
        session.add(
            StatusList(uri="x", issuer_id="x", shard=0, seq=1, iat=0, expires=0, token=b"", received_at=0)
        )
    stage.publisher().sync(NOW, 0.0)
    assert [topic for topic, _, _ in stage.taken()] == [ROOT, TRUST]


def command(stage) -> Command:
    with stage.database.session() as session:
        return orders.ask(session, GATE, Action.OPEN_ONCE, "a stretcher", NOW, "test")


def state_of(stage, row) -> str:
    with stage.database.reading() as session:
        return session.get_one(Command, row.id).state


def test_a_command_goes_to_the_session_of_the_gate_and_its_answer_is_kept(stage):
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    row = command(stage)
    publisher.sync(NOW, 0.0)
    assert on(stage.taken(), COMMAND) == []
    said = hello()
    publisher.hello(GATE, said, NOW * 1000, 0.0)
    (data,) = on(stage.taken(), COMMAND)
    sent = stage.read(d.Command, data)
    assert (sent.nonce, sent.action, sent.audience, sent.id) == (
        said.session,
        Action.OPEN_ONCE,
        GATE,
        row.command_id,
    )
    assert state_of(stage, row) == "sent"
    again = hello()
    publisher.hello(GATE, again, NOW * 1000, 0.0)
    assert stage.read(d.Command, on(stage.taken(), COMMAND)[0]).nonce == again.session
    result = Result(id=row.command_id, outcome=Outcome.DONE, detail="")
    publisher.reply(OTHER, Reply(session=bytes(16), results=(result,), wanted={}), NOW, 0.0)
    assert state_of(stage, row) == "sent"
    publisher.reply(GATE, Reply(session=bytes(16), results=(result,), wanted={}), NOW, 0.0)
    assert state_of(stage, row) == "done"


def test_a_command_after_a_restart_goes_to_the_session_in_the_database(stage):
    with stage.database.session() as session:
        session.add(GateState(gate_id=GATE, session=bytes(range(16)), online=True))
    command(stage)
    stage.publisher().sync(NOW, 0.0)
    assert stage.read(d.Command, on(stage.taken(), COMMAND)[0]).nonce == bytes(range(16))


def test_a_command_that_nobody_answers_ends_unanswered(stage):
    row = command(stage)
    publisher = stage.publisher()
    publisher.sync(NOW + orders.LIFE_S, 0.0)
    assert state_of(stage, row) == "unanswered"
    publisher.hello(GATE, hello(), (NOW + orders.LIFE_S) * 1000, 0.0)
    assert on(stage.taken(), COMMAND) == []


def test_without_a_line_nothing_counts_as_sent(stage):
    publisher = stage.publisher()
    stage.line = False
    publisher.sync(NOW, 0.0)
    stage.line = True
    publisher.sync(NOW, 0.0)
    assert {topic for topic, _, _ in stage.taken()} == {ROOT, TRUST}


def test_a_permit_that_begins_later_is_told_beforehand(stage):
    with stage.database.session() as session:
        session.add(
            Permit(
                venue_id="mall",
                region_id="cc",
                scope="both",
                valid_from=NOW + 50,
                valid_until=NOW + 99,
                granted_at=NOW,
            )
        )
    assert assign(stage).permission.begins == NOW + 50


class Killed(BaseException):
    """As if the process was killed here."""


@pytest.mark.parametrize(
    ("at", "commits"), [*((at, None) for at in range(1, 8)), *((99, n) for n in range(1, 5))]
)
def test_killed_anywhere_no_version_ever_has_two_contents(stage, monkeypatch, at, commits):
    """Killed at the n-th message or before the n-th commit, again and again: gates refuse another content."""
    seen: dict[tuple[str, int], set[bytes]] = {}
    kinds = {ROOT: d.Root, TRUST: d.Trust, ASSIGNMENT: d.Assignment}
    left, before = [at], [commits]

    def send(topic, payload, retain):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        if payload and topic in kinds:
            version = envelope.read_body(kinds[topic], envelope.parse(kinds[topic], payload).payload).version
            seen.setdefault((topic, version), set()).add(payload)
        stage.sent.append((topic, payload, retain))
        return True

    def committing(_connection):
        before[0] = None if before[0] is None else before[0] - 1
        if before[0] == 0:
            raise Killed

    monkeypatch.setattr(stage, "send", send)
    assign(stage)
    event.listen(stage.database.engine, "commit", committing)
    for turn in range(4):
        left[0], before[0] = at, commits
        with contextlib.suppress(Killed):
            publisher = stage.publisher()
            publisher.sync(NOW + turn, 0.0)
            with stage.database.session() as session:
                session.get_one(Venue, "mall").capacity = 100 + turn
            publisher.sync(NOW + turn, 1.0)
            publisher.hello(GATE, hello(assignment=0, root=0), NOW * 1000, 1.0)
            publisher.again(3.0)
    left[0], before[0] = 0, None
    assign(stage, lane=2)
    assign(stage, lane=3)
    stage.publisher().sync(NOW + 9, 0.0)
    assert all(len(contents) == 1 for contents in seen.values())
    assert stage.read(d.Assignment, on(stage.taken(), ASSIGNMENT)[-1]).lane == "3"


@pytest.mark.parametrize("what", ["name", "body"])
def test_one_gate_in_trouble_keeps_no_other_from_its_assignment(stage, what):
    with stage.database.session() as session:
        registry.add_venue(
            session, registry.Place("hall", "cc", "mall", registry.Names("厅", "Hall")), NOW, "test"
        )
    assign(stage)
    assign(stage, OTHER, venue="hall")
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    stage.taken()
    with stage.database.session() as session:
        session.get_one(Venue, "hall").capacity = 500
        if what == "name":
            session.get_one(Venue, "mall").name_zh = "长" * 81
        else:
            session.get_one(Assignment, GATE).body = b"\xa0"
    publisher.sync(NOW, 1.0)
    (sent,) = on(stage.taken(), topics.down(OTHER, Down.ASSIGNMENT))
    assert stage.read(d.Assignment, sent).capacity == 500


def test_a_command_waits_for_a_gate_that_is_offline(stage):
    publisher = stage.publisher()
    publisher.sync(NOW, 0.0)
    with stage.database.session() as session:
        session.add(GateState(gate_id=GATE, session=bytes(16), online=False))
        orders.ask(session, GATE, Action.OPEN_ONCE, "delivery", NOW, "test")
    publisher.sync(NOW + 1, 1.0)
    assert on(stage.taken(), COMMAND) == []
    with stage.database.session() as session:
        session.get_one(GateState, GATE).online = True
    publisher.sync(NOW + 2, 2.0)
    assert len(on(stage.taken(), COMMAND)) == 1
