"""Gates that slept through rotations: the real publisher on one side, a gate's real office on the other.

Between them a broker as brokers are: it keeps the newest retained message of a topic and no other, and hands
what it kept to whoever connects in the order that suits that gate least.
"""

import io
from dataclasses import replace

import pytest
from sqlalchemy import event

from device.firmware.clock import Clock
from device.firmware.courier import Courier
from device.firmware.errors import Unrecognised
from device.firmware.greeting import Greeting
from device.firmware.inbox import Inbox
from device.firmware.intake import Intake
from device.firmware.narrate import Narrator
from device.firmware.office import FleetOffice
from device.firmware.restore import restore
from device.firmware.store import Store
from device.firmware.uplink import last_will
from fleet.db import open_database
from fleet.issuers import colours
from fleet.keys import ledger, proposals
from fleet.models import Base, Gate, Region, Venue
from fleet.publish import orders
from fleet.publish.publisher import Publisher
from fleet.venues import assignments
from wire import code, envelope, status, topics
from wire import documents as d
from wire.code import Claims, PaperName
from wire.documents import KeyUse, Role, RoleKeys
from wire.keys import PrivateKey
from wire.messages import ClockTrust
from wire.policy import LOOSEST
from wire.topics import FromGate, ToAll, ToGate

NOW_S = 1_795_000_000
DAY_S = 86_400
GATE = "0123456789ab"
ONLINE = (Role.DIRECTOR, Role.RECORDER, Role.TIMEKEEPER)


class Fleet:
    """A fleet and its key officers: a real database, ledger and publisher."""

    def __init__(self, database):
        self.database, self.mono = database, 0.0
        self.keys = {role: [PrivateKey.generate()] for role in Role}
        for role in (Role.ROOT, Role.TRUST):
            self.keys[role] += [PrivateKey.generate(), PrivateKey.generate()]
        self.codes, self.lists = [PrivateKey.generate()], [PrivateKey.generate()]
        self.uri, self.seq, self.version = "jl/0", 0, 0
        self.retained, self.gates = {}, []
        self.roots = 0
        self.card = self.new_root()
        self.new_trust()
        with database.session() as session:
            assignments.assign(session, GATE, assignments.Wish(lane=1), NOW_S, "test")
        self.new_list()
        self.begin()

    @property
    def now_s(self):
        return NOW_S + int(self.mono)

    def begin(self):
        """The publisher starts, as it does when one of its keys was replaced."""
        director, timekeeper = (self.keys[role][-1] for role in (Role.DIRECTOR, Role.TIMEKEEPER))
        self.publisher = Publisher(self.database, director, timekeeper, self.send)
        self.publisher.started(self.now_s)
        self.publisher.connected()
        self.publisher.sync(self.now_s, self.mono)

    def send(self, topic, payload, retain):
        if retain:
            self.retained[topic] = payload
        for gate in self.gates:
            if gate.line.connected:
                gate.line.inbox.put(topic, payload, self.mono)
        return True

    def row(self, role):
        threshold = 2 if role in {Role.ROOT, Role.TRUST} else 1
        return RoleKeys(threshold=threshold, kids=tuple(key.public.kid for key in self.keys[role]))

    def new_root(self, before=()):
        """The next root with the keys of now; `before`: root keys of the one before that sign as well."""
        self.roots += 1
        keys = {key.public.kid: key.public for role in Role for key in self.keys[role]}
        body = d.Root(
            version=self.roots,
            issued=NOW_S,
            expires=NOW_S + 365 * DAY_S,
            audience="*",
            keys=tuple(keys.values()),
            roles={role: self.row(role) for role in Role},
        )
        data = envelope.sign(body, list(dict.fromkeys((*before, *self.keys[Role.ROOT]))))
        self._accept(data)
        return data

    def new_trust(self, signers=None):
        self.version += 1
        rows = ((self.codes, KeyUse.CODES), (self.lists, KeyUse.LISTS))
        keys = tuple(
            d.IssuerKey(key=key.public, use=use, not_before=0, not_after=2**40)
            for keys, use in rows
            for key in keys
        )
        ref = d.ListRef(uri=self.uri, shard=0, carried_by=("",))
        jl = d.Issuer(id="jl", name_zh="吉林", name_en="Jilin", keys=keys, lists=(ref,))
        body = d.Trust(
            version=self.version,
            issued=self.now_s,
            expires=NOW_S + 90 * DAY_S,
            audience="*",
            issuers=(jl,),
            bounds=LOOSEST,
        )
        self._accept(envelope.sign(body, signers or self.keys[Role.TRUST]))

    def _accept(self, data):
        with self.database.session() as session:
            if self.roots == 1 and ledger.root(session) is None:
                ledger.add(session, ledger.verified(session, data), data, NOW_S)
            else:
                proposals.accept(session, [data], NOW_S, "test")

    def new_list(self):
        self.seq += 1
        token = status.Token(
            uri=self.uri,
            issued=self.now_s,
            expires=self.now_s + DAY_S,
            seq=self.seq,
            statuses=status.StatusList(bytes(8)),
        )
        with self.database.session() as session:
            colours.take_list(session, status.issue_token(token, self.lists[-1]), self.now_s)

    def replace_key(self, role, *, switch=True):
        """One online key, or one of several offline ones, in the steps of a rotation with overlap."""
        before = self.keys[role]
        roots = tuple(self.keys[Role.ROOT])
        self.keys[role] = [*before, PrivateKey.generate()]
        self.new_root(roots)
        if role is Role.TRUST:
            self.new_trust()
        if switch and role in ONLINE:
            self.begin()
        self.keys[role] = self.keys[role][1:]
        self.new_root(tuple({*roots, *self.keys[Role.ROOT]}))
        if role is Role.TRUST:
            self.new_trust()

    def sync(self):
        self.publisher.sync(self.now_s, self.mono)


class Line:
    """A gate's line, in memory: what it says is heard at once."""

    def __init__(self, fleet):
        self.fleet, self.inbox = fleet, Inbox(GATE)
        self.connected, self.hellos, self.wanted = False, 0, 0

    def take(self):
        return self.inbox.take()

    def say_hello(self, hello):
        self.hellos += self.connected
        if self.connected:
            self.fleet.publisher.hello(GATE, hello, self.fleet.now_s * 1000, self.fleet.mono)
        return self.connected

    def reply(self, reply):
        self.wanted += len(reply.wanted)
        if self.connected:
            self.fleet.publisher.reply(GATE, reply, self.fleet.now_s, self.fleet.mono)
        return self.connected

    def say_state(self, _state):
        return self.connected

    def send(self, _batch):
        return self.connected

    def stop(self):
        self.connected = False


class Sleeper:
    """A gate without hardware: its beliefs, its card, its office."""

    def __init__(self, fleet, path):
        self.fleet, self.path, self.store = fleet, path, None
        self.commands, self.ahead_s = [], 0
        self.start()
        fleet.gates.append(self)

    def start(self):
        """Also after the power was cut."""
        if self.store:
            self.store.close()
        self.store = Store.open(self.path, GATE, journal_limit_bytes=1 << 20)
        self.beliefs = restore(self.store, self.fleet.card).beliefs
        self.clock = Clock(self.store.floor_ms)
        self.line = Line(self.fleet)
        greeting = Greeting(self.fleet.mono.hex().encode()[-16:].rjust(16))
        narrator = Narrator("json", io.StringIO())
        self.office = FleetOffice(
            line=self.line,
            courier=Courier(self.store),
            intake=Intake(self.beliefs, self.store, self.clock, greeting),
            greeting=greeting,
            store=self.store,
            beliefs=self.beliefs,
            clock=self.clock,
            signer=PrivateKey.generate(),
            narrator=narrator,
            perform=lambda command, _mono, _reading: self.commands.append(command),
        )

    def wakes(self, first):
        """Connect; what the broker kept comes with the topics that have `first` in them before the others."""
        self.line.connected = True
        for topic in sorted(self.fleet.retained, key=lambda name: (first not in name, name)):
            parsed = topics.parse(topic)
            if not isinstance(parsed, FromGate):
                assert isinstance(parsed, ToGate | ToAll)
                self.line.inbox.put(topic, self.fleet.retained[topic], self.fleet.mono)

    def sleeps(self):
        self.line.connected = False

    def run(self, seconds, step_s=0.1):
        """Time passes for both; the fleet tells the time every 30 seconds."""
        fleet = self.fleet
        for _ in range(round(seconds / step_s)):
            fleet.mono += step_s
            if round(fleet.mono / step_s) % 300 == 0:
                fleet.publisher.broadcast(fleet.now_s * 1000)
            reading = self.clock.read(fleet.mono, (fleet.now_s + self.ahead_s) * 1000)
            self.office.step(fleet.mono, reading, last_will)
            fleet.publisher.again(fleet.mono)

    def codes(self):
        """Which of the fleet's code keys count, by position; `before` are those that it has no more."""
        return [self.takes(key) for key in self.fleet.codes]

    def takes(self, key):
        claims = Claims(
            issuer="jl",
            issued=NOW_S,
            expires=2**40,
            list_uri=self.fleet.uri,
            index=0,
            subject=bytes(16),
            paper=PaperName(masked_name="王*", id_tail="1234"),
        )
        try:
            self.beliefs.recognise(code.parse(code.to_text(code.issue(claims, key))), self.fleet.now_s)
        except Unrecognised:
            return False
        return True

    @property
    def newest(self):
        """Whether it holds the newest of everything."""
        fleet, held = self.fleet, self.beliefs.held()
        with fleet.database.reading() as session:
            row = ledger.newest(session, "assignment", GATE)
        mine = (held.root, held.trust, held.assignment, dict(held.lists))
        return mine == (fleet.roots, fleet.version, row.version, {fleet.uri: fleet.seq})


@pytest.fixture
def fleet(tmp_path):
    with open_database(tmp_path / "fleet.db") as opened:
        event.listen(opened.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
        Base.metadata.create_all(opened.engine)
        with opened.session() as session:
            session.add(Region(id="cc", level=2, name_zh="长春", name_en="Changchun"))
            session.flush()
            place = Venue(
                id="mall", region_id="cc", kind="mall", name_zh="商场", name_en="Mall", created_at=0
            )
            session.add(place)
            session.flush()
            session.add(
                Gate(id=GATE, name="", venue_id="mall", state="enrolled", enrolled_at=1, created_at=0)
            )
        yield Fleet(opened)


@pytest.fixture
def gate(fleet, tmp_path):
    made = Sleeper(fleet, tmp_path / "gate.db")
    made.wakes("root")
    made.run(3)
    assert made.newest
    assert made.codes() == [True]
    made.sleeps()
    made.run(1)
    yield made
    made.store.close()


def woken(gate, first, seconds=5.0):
    """The gate after it has slept through what was done: it holds the newest within seconds."""
    gate.fleet.sync()
    gate.wakes(first)
    gate.run(seconds)
    assert gate.newest
    assert gate.clock.read(gate.fleet.mono, 0).trust is ClockTrust.SIGNED


FIRST = pytest.mark.parametrize("first", ["root", "trust", "assignment", "status"])


@FIRST
def test_an_issuers_key_with_an_overlap(gate, fleet, first):
    old = fleet.codes[0]
    fleet.codes.append(PrivateKey.generate())
    fleet.new_trust()
    del fleet.codes[0]
    fleet.new_trust()
    woken(gate, first)
    assert gate.codes() == [True]
    assert not gate.takes(old)


def test_during_the_overlap_both_keys_of_an_issuer_count(gate, fleet):
    fleet.codes.append(PrivateKey.generate())
    fleet.new_trust()
    woken(gate, "trust")
    assert gate.codes() == [True, True]


@FIRST
def test_an_issuers_keys_that_were_stolen_are_removed_at_once(gate, fleet, first):
    old = fleet.codes[0]
    fleet.codes, fleet.lists = [PrivateKey.generate()], [PrivateKey.generate()]
    fleet.new_trust()
    fleet.new_list()
    woken(gate, first)
    assert gate.codes() == [True]
    assert not gate.takes(old)
    gate.start()
    assert not gate.takes(old)
    assert gate.beliefs.held().lists == {fleet.uri: fleet.seq}


@FIRST
@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.RECORDER, Role.TIMEKEEPER, Role.TRUST])
def test_the_key_of_a_role(gate, fleet, first, role):
    fleet.replace_key(role)
    woken(gate, first, 8)


def test_only_the_new_recorder_can_make_a_gate_forget(gate, fleet):
    old = fleet.keys[Role.RECORDER][0]
    fleet.replace_key(Role.RECORDER)
    woken(gate, "root", 8)
    head = dict.fromkeys(("issued", "version"), fleet.now_s) | {"expires": 2**40, "audience": GATE}
    for key, epoch in ((old, None), (fleet.keys[Role.RECORDER][-1], bytes(16))):
        receipt = d.Receipt(**head, journal=gate.store.journal, epoch=bytes(16), ranges=())
        gate.line.inbox.put(topics.down(GATE, topics.Down.RECEIPT), envelope.sign(receipt, [key]), fleet.mono)
        gate.run(1)
        assert gate.store.epoch == epoch


@FIRST
def test_the_root_keys_one_after_the_other(gate, fleet, first):
    for _ in range(3):
        before = tuple(fleet.keys[Role.ROOT])
        fleet.keys[Role.ROOT] = [*before[1:], PrivateKey.generate()]
        fleet.new_root(before)
    woken(gate, first)


@FIRST
def test_the_address_of_a_status_list(gate, fleet, first):
    fleet.uri = "https://other.example/0"
    fleet.new_trust()
    fleet.new_list()
    woken(gate, first)
    gate.start()
    assert gate.beliefs.held().lists == {fleet.uri: fleet.seq}


@pytest.mark.parametrize("versions", [3, 30])
@FIRST
def test_a_chain_of_roots_of_which_none_was_seen_each_with_other_keys(gate, fleet, first, versions):
    for _ in range(versions):
        before = tuple(fleet.keys[Role.ROOT])
        fleet.keys[Role.ROOT] = [PrivateKey.generate() for _ in range(3)]
        fleet.new_root(before)
    woken(gate, first)
    assert gate.beliefs.root.version == versions + 1
    assert gate.line.hellos <= 4
    gate.start()
    assert gate.newest


@FIRST
def test_everything_at_once(gate, fleet, first):
    stolen, director = fleet.codes[0], fleet.keys[Role.DIRECTOR][0]
    roots = tuple(fleet.keys[Role.ROOT])
    fleet.keys = {role: [PrivateKey.generate() for _ in keys] for role, keys in fleet.keys.items()}
    fleet.new_root(roots)
    fleet.codes, fleet.lists = [PrivateKey.generate()], [PrivateKey.generate()]
    fleet.uri = "https://other.example/0"
    fleet.new_trust()
    fleet.new_list()
    fleet.begin()
    woken(gate, first, 8)
    assert gate.codes() == [True]
    assert not gate.takes(stolen)
    assert director.public not in gate.beliefs.root.keys
    gate.start()
    assert gate.newest


def test_with_the_power_cut_again_and_again_on_the_way(gate, fleet):
    for _ in range(6):
        before = tuple(fleet.keys[Role.ROOT])
        fleet.keys = {role: [PrivateKey.generate() for _ in keys] for role, keys in fleet.keys.items()}
        fleet.new_root(before)
    fleet.new_trust()
    fleet.begin()
    held = []
    for _ in range(12):
        gate.wakes("assignment")
        gate.run(0.3)
        gate.start()
        held.append(gate.beliefs.held().root)
    assert held == sorted(held)
    gate.wakes("assignment")
    gate.run(8)
    assert (gate.beliefs.held().root, gate.beliefs.held().trust) == (fleet.roots, fleet.version)


@FIRST
def test_a_system_clock_that_somebody_put_far_ahead_costs_nothing_once_signed_time_has_come(
    gate, fleet, first
):
    with fleet.database.session() as session:
        assignments.assign(session, GATE, assignments.Wish(lane=2), fleet.now_s, "test")
    gate.start()
    gate.ahead_s = 400 * DAY_S
    woken(gate, first)


def test_what_the_old_director_signs_after_the_gate_knows_is_refused(gate, fleet):
    old = fleet.keys[Role.DIRECTOR][0]
    fleet.replace_key(Role.DIRECTOR)
    woken(gate, "root")
    with fleet.database.session() as session:
        row = orders.ask(session, GATE, d.Action.OUT_OF_SERVICE, "stolen", fleet.now_s, "test")
        forged = orders.document(row, gate.office.greeting.session, fleet.now_s, old)
    gate.line.inbox.put(topics.down(GATE, topics.Down.COMMAND), forged, fleet.mono)
    assignment = gate.beliefs.assignment
    evil = envelope.sign(replace(assignment, version=2**40), [old])
    gate.line.inbox.put(topics.down(GATE, topics.Down.ASSIGNMENT), evil, fleet.mono)
    gate.run(1)
    assert gate.commands == []
    assert gate.beliefs.assignment is assignment
