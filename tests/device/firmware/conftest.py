"""A small authority in memory, and a whole gate without threads: hardware, broker and time are made up."""

import io
from dataclasses import replace

import pytest

from device.drivers import DriverError, InputChange, InputKind, Sample, SensorFault, ThermometerCounters
from device.firmware.book import Book
from device.firmware.clock import Clock
from device.firmware.config_parts import Lane as Durations
from device.firmware.courier import Courier
from device.firmware.desk import Desk
from device.firmware.door import Door
from device.firmware.front import Front
from device.firmware.greeting import Greeting
from device.firmware.health import Health, Organs
from device.firmware.inbox import Incoming
from device.firmware.intake import Intake
from device.firmware.lane_table import State
from device.firmware.loop import Gate
from device.firmware.memory import Memory
from device.firmware.narrate import Narrator
from device.firmware.office import FleetOffice, NoOffice
from device.firmware.orders import Orders
from device.firmware.presenter import Presenter
from device.firmware.scan import Seen
from device.firmware.senses import Senses
from device.firmware.stage import Stage
from device.firmware.store import Store
from device.firmware.thermometry import Calibration
from device.firmware.trust import Beliefs
from wire import code, documents, envelope, policy, status
from wire.code import PaperName
from wire.documents import EVERYBODY, KeyUse, ListRef, Role, RoleKeys
from wire.foreign.keys import PassAlg
from wire.foreign.passes import Format, Kind, Pass, Statement, Unverified
from wire.keys import PrivateKey
from wire.messages import Event
from wire.topics import Down, ToAll, ToGate

GATE = "0123456789ab"
NOW_S = 1_795_000_000
DAY_S = 86_400
NONCE = b"n" * 16
JOURNAL = b"j" * 16
SUBJECT = b"s" * 16
NORMAL_C, FEVER_C = 35.0, 37.5  # object temperatures at 23 °C in the room: 36.6 and 39.4 °C in the body
GATE_KEY = PrivateKey.generate()


class Authority:
    """Signs whatever a test wants signed, rightly or wrongly."""

    def __init__(self):
        self.keys = {role: [PrivateKey.generate() for _ in range(3)] for role in Role}
        self.codes = {name: PrivateKey.generate() for name in ("jl", "bj")}
        self.lists = {name: PrivateKey.generate() for name in ("jl", "bj")}
        self.holder = PrivateKey.generate()
        self.stranger = PrivateKey.generate()
        self.foreign = PrivateKey.generate()
        self.thresholds = dict.fromkeys(Role, 1) | {Role.ROOT: 2, Role.TRUST: 2}

    def signers(self, role):
        return self.keys[role][: self.thresholds[role]]

    def role_keys(self, role):
        kids = tuple(key.public.kid for key in self.keys[role])
        return RoleKeys(threshold=self.thresholds[role], kids=kids)

    def root(self, version=1, **changes):
        keys = {key.public.kid: key.public for role in Role for key in self.keys[role]}
        body = documents.Root(
            version=version,
            issued=NOW_S - DAY_S,
            expires=NOW_S + 365 * DAY_S,
            audience=EVERYBODY,
            keys=tuple(keys.values()),
            roles={role: self.role_keys(role) for role in Role},
        )
        return replace(body, **changes)

    def next_root(self, version, old, signers=None, **changes):
        """Root `version` by the keys this authority has now and those of `old` (an earlier list)."""
        return envelope.sign(self.root(version, **changes), signers or [*self.signers(Role.ROOT), *old])

    def issuer(self, name):
        span = {"not_before": NOW_S - DAY_S, "not_after": NOW_S + 30 * DAY_S}
        return documents.Issuer(
            id=name,
            name_zh=name,
            name_en=name,
            keys=(
                documents.IssuerKey(key=self.codes[name].public, use=KeyUse.CODES, **span),
                documents.IssuerKey(key=self.lists[name].public, use=KeyUse.LISTS, **span),
            ),
            lists=(
                ListRef(uri=f"{name}/0", shard=0, carried_by=("",)),
                ListRef(uri=f"{name}/1", shard=1, carried_by=("f",)),
            ),
        )

    def trust(self, version=1, **changes):
        body = documents.Trust(
            version=version,
            issued=NOW_S - 60,
            expires=NOW_S + DAY_S,
            audience=EVERYBODY,
            issuers=(self.issuer("jl"), self.issuer("bj")),
            bounds=policy.LOOSEST,
        )
        return replace(body, **changes)

    def foreign_issuer(self, **changes):
        """Issues EU certificates, unless told otherwise."""
        span = {"not_before": NOW_S - DAY_S, "not_after": NOW_S + 30 * DAY_S}
        body = documents.ForeignIssuer(
            id="eu-at",
            name_zh="奥地利",
            name_en="Austria",
            format=Format.HC1,
            iss="AT",
            keys=(documents.ForeignKey(kid=b"dsc-at-1", key=self.foreign.public, **span),),
        )
        return replace(body, **changes)

    def foreign_pass(self, *statements, signer=None, kid=b"dsc-at-1", **changes):
        """A parsed pass, as a reader gives it."""
        covered = b"what was signed"
        body = Pass(
            format=Format.HC1,
            issuer="anybody",
            issued=NOW_S - DAY_S,
            not_before=None,
            expires=NOW_S + DAY_S,
            number=b"URN:UVCI:01:AT:1",
            statements=statements or (Statement(kind=Kind.PASS),),
        )
        return Unverified(
            body=replace(body, **changes),
            alg=PassAlg.ES256,
            kid=kid,
            covers=(b"another reading", covered),
            signature=(signer or self.foreign).sign(covered),
            claims={"nam": {"fnt": "MUSTERFRAU"}},
        )

    def assignment(self, version=1, **changes):
        body = documents.Assignment(
            version=version,
            issued=NOW_S - 60,
            expires=NOW_S + DAY_S,
            audience=GATE,
            venue="v1",
            venue_zh="商场",
            venue_en="Mall",
            category="mall",
            location="north",
            permission=documents.Permission(region="r", scope="scan", begins=0, ends=NOW_S + DAY_S),
            lane="A",
            direction=documents.Direction.ENTRY,
            policy=policy.DEFAULT,
            staff=(),
            hours=(),
            closed_days=(),
            utc_offset_min=480,
            closed=False,
        )
        return replace(body, **changes)

    def command(self, **changes):
        body = documents.Command(
            version=1,
            issued=NOW_S - 1,
            expires=NOW_S + 60,
            audience=GATE,
            id=b"c" * 16,
            nonce=NONCE,
            action=documents.Action.OPEN_ONCE,
            reason="asked",
        )
        return replace(body, **changes)

    def receipt(self, **changes):
        body = documents.Receipt(
            version=1,
            issued=NOW_S - 1,
            expires=NOW_S + 60,
            audience=GATE,
            journal=JOURNAL,
            epoch=b"e" * 16,
            ranges=(),
        )
        return replace(body, **changes)

    def venue(self, version=1, **changes):
        body = documents.VenueState(
            version=version, issued=NOW_S - 1, expires=NOW_S + 60, audience=GATE, occupancy=3, recent=()
        )
        return replace(body, **changes)

    def time(self, **changes):
        body = documents.Time(
            version=1,
            issued=NOW_S,
            expires=NOW_S + 60,
            audience=EVERYBODY,
            now_ms=NOW_S * 1000,
            root=1,
            trust=1,
            lists={"jl/0": 1, "jl/1": 9},
        )
        return replace(body, **changes)

    def sign(self, document, signers=None):
        role = envelope.KINDS[type(document)].role
        return envelope.sign(document, signers or self.signers(role))

    def token(self, seq=1, name="jl", values=None, **changes):
        colours = status.StatusList(bytes(8)).changed(values or {3: 0xE, 4: 0x9})
        body = status.Token(
            uri=f"{name}/0", issued=NOW_S - 60, expires=NOW_S + DAY_S, seq=seq, statuses=colours
        )
        return replace(body, **changes)

    def list(self, token, signer=None):
        return status.issue_token(token, signer or self.lists["jl"])

    def delta(self, base, changes, signer=None, seq=None, **more):
        after = replace(base, seq=seq or base.seq + 1, statuses=base.statuses.changed(changes), **more)
        return status.issue_delta(base, after, changes, signer or self.lists["jl"])

    def claims(self, **changes):
        body = code.Claims(
            issuer="jl",
            issued=NOW_S - 60,
            expires=NOW_S + DAY_S,
            list_uri="jl/0",
            index=0,
            subject=SUBJECT,
            holder=self.holder.public,
        )
        return replace(body, **changes)

    def paper(self, claims):
        return code.to_text(code.issue(claims, self.codes["jl"]))

    def text(self, claims, signer=None, holder=None):
        credential = code.issue(claims, signer or self.codes["jl"])
        return code.to_text(code.prove(credential, NOW_S, holder or self.holder))


@pytest.fixture(scope="session")
def shared_authority():
    return Authority()


@pytest.fixture
def authority(shared_authority):
    """One authority with keys of its own to rotate; key material is made once a session."""
    copy = object.__new__(Authority)
    copy.__dict__ = dict(vars(shared_authority))
    copy.keys = {role: list(keys) for role, keys in shared_authority.keys.items()}
    copy.thresholds = dict(shared_authority.thresholds)
    return copy


@pytest.fixture
def beliefs(authority):
    """A gate that holds root, trust, assignment and one list, each in version 1."""
    beliefs = Beliefs(GATE)
    beliefs.first_root(authority.sign(authority.root()))
    beliefs.new_trust(authority.sign(authority.trust()), NOW_S)
    beliefs.new_assignment(authority.sign(authority.assignment()), NOW_S)
    beliefs.new_list("jl", 0, authority.list(authority.token()), NOW_S)
    return beliefs


class Hands:
    """Every piece of hardware at once, as the Protocols have it; `broken` names what fails."""

    def __init__(self, world):
        self.world = world
        self.broken = set()
        self.object_c, self.ambient_c = 23.0, 23.0
        self.is_open = False
        self.opened = 0
        self.contacts = dict.fromkeys(InputKind, False)
        self.changes = []
        self.size, self.mode = (0, 0), "1"
        self.counters = ThermometerCounters()
        self.lamp = None

    def need(self, name):
        if name in self.broken:
            raise DriverError(f"{name} is broken")

    def read(self):
        if "thermometer" in self.broken:
            raise SensorFault("no answer", retries=3)
        return Sample(self.object_c, self.ambient_c, self.world.mono)

    def identity(self):
        raise SensorFault("not asked here", retries=0)

    def open(self):
        self.need("relay")
        self.opened += not self.is_open
        self.is_open = True

    def close(self):
        self.need("relay")
        self.is_open = False

    chattering = frozenset()

    def poll(self):
        changes, self.changes = tuple(self.changes), []
        return changes

    def level(self, kind):
        return self.contacts.get(kind)

    def touch(self, kind, active):
        self.contacts[kind] = active
        self.changes.append(InputChange(kind, active, self.world.mono))

    def show(self, lamp, _sound):
        self.need("lamp")
        self.lamp = lamp


class Screen(Presenter):
    """A presenter whose latest panel can be looked at; nothing that was shown before is kept."""

    panel = None

    def show(self, card):
        self.panel = None
        super().show(card)

    def show_panel(self, panel):
        self.panel = panel
        super().show_panel(panel)


class Sight:
    """The camera's thread, without a thread."""

    def __init__(self, world):
        self.world = world
        self.in_view, self.working, self.failure, self.frames = (), True, "", 0
        self.dark = self.slow = False

    @property
    def beat_s(self):
        return self.world.mono

    def take(self):
        return Seen(self.in_view), self.world.mono


class Broker:
    """The line to a broker, in memory; `up` says whether it is there."""

    def __init__(self):
        self.connected = False
        self.incoming, self.sent = [], []
        self.stopped = False

    def take(self):
        taken, self.incoming = self.incoming, []
        return taken

    def say_hello(self, hello):
        return self._put(hello)

    def say_state(self, state):
        return self._put(state)

    def send(self, batch):
        return self._put(batch)

    def reply(self, reply):
        return self._put(reply)

    def stop(self):
        self.stopped = True

    def _put(self, message):
        if self.connected:
            self.sent.append(message)
        return self.connected

    def said(self, kind):
        return [message for message in self.sent if isinstance(message, kind)]


class World:
    """One gate and everything around it; `run` lets time pass."""

    key = GATE_KEY.public

    def __init__(self, authority, beliefs, path):
        self.authority = authority
        self.mono = 1000.0
        self.hands, self.sight, self.broker = Hands(self), Sight(self), Broker()
        self.said = io.StringIO()
        self.store = Store.open(path, GATE, journal_limit_bytes=10_000_000)
        self.build(beliefs, path)

    def build(self, beliefs, path):
        narrator = Narrator("json", self.said)
        book = Book(self.store, beliefs, narrator)
        self.presenter = Screen(self.hands_display(), self.hands)
        organs = Organs(
            camera=self.sight,
            senses=Senses(self.hands, Calibration()),
            door=Door(self.hands, self.hands),
            presenter=self.presenter,
            data=path.parent,
        )
        self.memory = Memory()
        self.memory.refill(self.store.newest(100), policy.DEFAULT.proof_future_s)
        health = Health(organs=organs, book=book, enrolled_until=NOW_S + 90 * 86_400)
        self.stage = Stage(book=book, health=health, memory=self.memory, durations=Durations())
        self.gate = Gate(
            clock=Clock(0),
            stage=self.stage,
            front=Front(self.stage, Desk(beliefs, self.memory)),
            office=NoOffice(),
            system_ms=lambda: round((NOW_S + self.mono - 1000) * 1000),
        )
        greeting = Greeting(b"n" * 16)
        orders = Orders(self.stage, self.gate.front, self.gate.office)
        office = FleetOffice(
            line=self.broker,
            courier=Courier(self.store),
            intake=Intake(beliefs, self.store, self.gate.clock, greeting),
            greeting=greeting,
            store=self.store,
            beliefs=beliefs,
            clock=self.gate.clock,
            signer=GATE_KEY,
            narrator=narrator,
            perform=orders.perform,
        )
        orders.office = self.gate.office = office
        self.beliefs = beliefs

    def hands_display(self):
        class Nothing:
            size, mode = (0, 0), "1"

            def show(self, _image):
                raise AssertionError("there is no display")

            def close(self):
                pass

        return Nothing()

    @property
    def now_s(self):
        return NOW_S + int(self.mono - 1000)

    def run(self, seconds, step_s=0.05):
        for _ in range(round(seconds / step_s)):
            self.mono += step_s
            self.gate.step(self.mono)

    def online(self):
        """Connect, and set the clock by a signed answer."""
        self.broker.connected = True
        self.run(0.1)
        self.down(Down.TIME, self.authority.time(audience=GATE, nonce=b"n" * 16, now_ms=self.now_s * 1000))
        self.run(0.1)
        return self

    def down(self, leaf, document):
        topic = ToGate(GATE, leaf) if isinstance(leaf, Down) else ToAll(leaf)
        self.broker.incoming.append(Incoming(topic, self.authority.sign(document), self.mono))

    def code(self, number=0, index=0, iat=None, paper=False, **claims):
        subject = number.to_bytes(16)
        if paper:
            claims |= {"holder": None, "paper": PaperName(masked_name="王*", id_tail="1234")}
        claims = self.authority.claims(subject=subject, index=index, **claims)
        credential = code.issue(claims, self.authority.codes["jl"])
        if paper:
            return code.to_text(credential)
        return code.to_text(code.prove(credential, self.now_s if iat is None else iat, self.authority.holder))

    def look_at(self, *texts):
        self.sight.in_view = texts

    def stand(self, object_c=NORMAL_C):
        """Somebody stands in front; a second later the samples have settled."""
        self.hands.object_c = object_c
        self.run(1.0)

    def show(self, text, object_c=NORMAL_C):
        self.stand(object_c)
        self.look_at(text)
        self.run(0.1)

    def leave(self):
        self.hands.object_c = 23.0
        self.look_at()
        self.run(10)

    def walk_through(self):
        self.hands.touch(InputKind.PASSAGE, True)
        self.run(0.3)
        self.hands.touch(InputKind.PASSAGE, False)
        self.run(0.1)

    @property
    def state(self):
        return self.stage.lane.state

    def journal(self, kind=None):
        entries = self.store.newest(1000)
        return [entry for entry in entries if kind is None or entry.kind is kind]

    def verdicts(self):
        return [entry.reason for entry in self.journal(Event.PASSAGE)]


@pytest.fixture
def world(authority, beliefs, tmp_path):
    world = World(authority, beliefs, tmp_path / "gate.db")
    yield world
    world.store.close()


@pytest.fixture
def served(world):
    world.online()
    world.run(1)
    assert world.state is State.IDLE
    return world
