"""Every trouble that a gate can have: said at the gate, to the fleet and in its status, until it is over."""

import datetime as dt
import io
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
from msgspec import structs
from typer.testing import CliRunner

from device.drivers import InputKind, SensorIdentity
from device.firmware.calibration import Papers, Record, text
from device.firmware.command import app
from device.firmware.config import example, load
from device.firmware.errors import JournalError
from device.firmware.inbox import Incoming
from device.firmware.intake import SILENT_S
from device.firmware.live import LiveFile
from device.firmware.narrate import Narrator
from device.firmware.screens import telling
from device.firmware.senses import PAPERS_EVERY_S
from device.firmware.thermometry import Calibration
from device.firmware.trust import Beliefs
from wire.documents import Action, ListRef, Permission, Range
from wire.health import TROUBLES, Severity, Trouble, severity_of
from wire.messages import ClockTrust, Entry, Event, Hello, State, event_hash
from wire.policy import DEFAULT
from wire.topics import All, Down, ToAll

GATE, DAY_S = "0123456789ab", 86_400
CHIP = SensorIdentity("4a58100100000001", 0.98, "DCI", 5)
RECORD = Record(
    sensor=CHIP.id,
    variant="DCI",
    emissivity=0.98,
    offset_c=0.0,
    gain=1.0,
    residual_c=0.05,
    points=((35.0, 35.0), (39.0, 39.0)),
    made=dt.date(2026, 11, 1),
    due=dt.date(2027, 11, 1),
    operator="17",
    black_body="BB",
)


class Small:
    """A display of the world's gate."""

    size, mode = (128, 64), "1"

    def __init__(self, world):
        self.world = world

    def show(self, _image):
        self.world.hands.need("display")

    def close(self):
        pass


@pytest.fixture
def gate(served, tmp_path, monkeypatch):
    """The world's gate with a display, a door, a calibrated thermometer and a file that says where it is."""
    served.record, served.chip = tmp_path / "calibration.toml", CHIP
    served.record.write_text(text(RECORD))
    served.root = tmp_path

    def identity():
        served.hands.read()
        return served.chip

    monkeypatch.setattr(served.hands, "identity", identity)
    monkeypatch.setattr(served, "hands_display", lambda: Small(served))
    served.presenter._display = Small(served)
    served.patch = monkeypatch
    served.version = 1
    (tmp_path / "gate.toml").write_text(example(gate=GATE, data=str(tmp_path), host="127.0.0.1", port=1))
    (tmp_path / "root.1.jx").write_bytes(served.authority.sign(served.authority.root()))
    served.patch.setattr("device.firmware.standing.certificate_end", lambda _: served.now_s + 90 * DAY_S)
    _believe_all(served.beliefs, served.authority, served.now_s)
    for kind in ("trust", "assignment"):
        served.store.keep(kind, "", 1, served.authority.sign(getattr(served.authority, kind)()))
    for name in ("jl", "bj"):
        served.store.keep("list", f"{name}/0", 1, _green(served.authority, name))
    _fit(served)
    for contact in (InputKind.DOOR, InputKind.PASSAGE):
        served.hands.touch(contact, False)
    served.run(2)
    assert not served.stage.health.found
    return served


def _green(authority, name):
    return authority.list(authority.token(name=name), authority.lists[name])


def _believe_all(beliefs, authority, now_s):
    for name in ("jl", "bj"):
        beliefs.new_list(name, 0, _green(authority, name), now_s)


def _fit(gate):
    senses = gate.stage.health.organs.senses
    senses.papers = Papers(path=gate.record, emissivity=0.98, settling=Calibration())


def _new(gate, leaf, make, **changes):
    gate.version += 1
    dates = {"issued": gate.now_s - 1} | changes
    gate.down(leaf, make(gate.version, **dates))
    gate.run(0.3)


def trust(**changes):
    return lambda gate: _new(gate, All.TRUST, gate.authority.trust, **_now(gate, changes))


def assignment(**changes):
    return lambda gate: _new(gate, Down.ASSIGNMENT, gate.authority.assignment, **_now(gate, changes))


def _now(gate, changes):
    return {name: value(gate.now_s) if callable(value) else value for name, value in changes.items()}


def colours(shard=0, name="jl", **changes):
    def tell(gate):
        gate.version += 1
        more = {"issued": gate.now_s - 1, "uri": f"{name}/{shard}"} | _now(gate, changes)
        token = gate.authority.token(seq=gate.version, **more)
        topic = ToAll(All.STATUS, name, shard)
        gate.broker.incoming.append(
            Incoming(topic, gate.authority.list(token, gate.authority.lists[name]), gate.mono)
        )
        gate.run(0.3)

    return tell


def _lists(gate):
    issuer = gate.authority.issuer("jl")
    more = (*issuer.lists, ListRef(uri="jl/2", shard=2, carried_by=("",)))
    trust(issuers=(replace(issuer, lists=more), gate.authority.issuer("bj")))(gate)


def waits(seconds, *before):
    def wait(gate):
        for one in before:
            one(gate)
        gate.run(seconds)

    return wait


def part(name):
    return (lambda gate: gate.hands.broken.add(name), lambda gate: gate.hands.broken.clear())


def attribute(where, name, wrong):
    def turn(gate, value):
        owner = where(gate)
        gate.before = getattr(owner, name)
        setattr(owner, name, value)

    def back(gate):
        setattr(where(gate), name, gate.before)

    return (lambda gate: turn(gate, wrong(gate)), back)


def again(*held):
    """Start anew with nothing but these documents."""

    def start(gate):
        beliefs = Beliefs(GATE)
        authority, now_s = gate.authority, gate.now_s
        beliefs.first_root(authority.sign(authority.root()))
        if "trust" in held:
            beliefs.new_trust(authority.sign(authority.trust()), now_s)
        if "list" in held:
            _believe_all(beliefs, authority, now_s)
        if "assignment" in held:
            beliefs.new_assignment(authority.sign(authority.assignment()), now_s)
        gate.broker.connected = False
        gate.build(beliefs, gate.root / "gate.db")
        _fit(gate)
        gate.broker.connected = True
        if held != ("trust", "list", "assignment"):
            gate.online()
        gate.run(2)

    return start


def order(action, number):
    def tell(gate):
        command = gate.authority.command(id=bytes([number]) * 16, action=action, expires=gate.now_s + 60)
        gate.down(Down.COMMAND, command)
        gate.run(0.3)

    return tell


def contact(kind):
    return (lambda gate: gate.hands.touch(kind, True), lambda gate: gate.hands.touch(kind, False))


def write_record(**changes):
    def write(gate):
        gate.record.write_text(text(structs.replace(RECORD, **changes)))
        gate.run(PAPERS_EVERY_S + 1)

    return write


def another_chip(emissivity):
    def swap(gate):
        gate.hands.broken.add("thermometer")
        gate.run(3)
        gate.chip = replace(CHIP, emissivity=emissivity)
        gate.hands.broken.clear()
        gate.run(1)

    return swap


def _unmoved(gate):
    for number in range(1, 4):
        gate.show(gate.code(number))
        gate.run(1)
        gate.walk_through()
        gate.leave()


def _moved(gate):
    gate.show(gate.code(9))
    gate.run(0.2)
    gate.hands.touch(InputKind.DOOR, True)
    gate.walk_through()
    gate.hands.touch(InputKind.DOOR, False)
    gate.leave()


def _unwritten(gate):
    def full(_entry):
        raise JournalError("the card is full")

    gate.append = gate.store.append
    gate.store.append = full
    gate.show(gate.code(1))
    gate.leave()


def _written(gate):
    gate.store.append = gate.append


def _behind(gate):
    entry = Entry(sequence=0, previous=bytes(32), at_ms=1, clock=ClockTrust.NONE, kind=Event.BOOT)
    for _ in range(1_000):
        gate.store.append(entry)


def _received(gate):
    pending = dict(gate.store.pending(0, 100_000))
    last = max(pending)
    end = Range(first=1, last=last, hash=event_hash(pending[last]))
    receipt = gate.authority.receipt(
        issued=gate.now_s - 1, expires=gate.now_s + 60, journal=gate.store.journal, ranges=(end,)
    )
    gate.down(Down.RECEIPT, receipt)


def _little_room(gate):
    gate.patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1))
    gate.run(31)


def _room(gate):
    gate.patch.undo()
    gate.run(31)


def _full(gate):
    gate.store._limit, gate.limit = 5_000, gate.store._limit
    _behind_a_little(gate)


def _behind_a_little(gate):
    entry = Entry(sequence=0, previous=bytes(32), at_ms=1, clock=ClockTrust.NONE, kind=Event.BOOT)
    while not gate.store.nearly_full:
        gate.store.append(entry)


def _withheld(gate):
    now_ms = gate.now_s * 1000
    dates = {"issued": gate.now_s, "expires": gate.now_s + 60}
    gate.down(All.TIME, gate.authority.time(**dates, now_ms=now_ms, trust=gate.version + 1))
    gate.run(130)


def root(version, days):
    def tell(gate):
        dates = {"issued": gate.now_s - 300 * DAY_S, "expires": gate.now_s + days * DAY_S}
        gate.down(All.ROOT, gate.authority.root(version, **dates))

    return tell


def _silent(gate):
    gate.gate.office.intake.listens(gate.mono - SILENT_S)


def _told(gate):
    dates = {"issued": gate.now_s, "expires": gate.now_s + 60, "now_ms": gate.now_s * 1000, "trust": 1}
    gate.down(All.TIME, gate.authority.time(**dates))


def venue(capacity_s):
    def tell(gate):
        dates = {"issued": gate.now_s, "expires": gate.now_s + capacity_s}
        gate.down(Down.VENUE, gate.authority.venue(**dates, occupancy=0))

    return tell


def _offline(gate):
    gate.broker.connected = False


def _online(gate):
    gate.broker.connected = True
    for _ in range(3):  # an answer to a hello of long ago is vague: another one is asked for, and answered
        said = len(gate.broker.said(Hello))
        dates = {"issued": gate.now_s, "expires": gate.now_s + 60, "now_ms": gate.gate.system_ms()}
        gate.down(Down.TIME, gate.authority.time(audience=GATE, nonce=b"n" * 16, **dates))
        for _ in range(400):
            gate.run(0.1)
            if len(gate.broker.said(Hello)) > said:
                break


SIGHT, HEALTH = (lambda gate: gate.sight), (lambda gate: gate.stage.health)
SOON = {"expires": lambda now_s: now_s + 3}
CASES = {
    Trouble.NOT_ENROLLED: attribute(HEALTH, "enrolled_until", lambda _: None),
    Trouble.NO_TRUST: (again("assignment"), lambda gate: (trust()(gate), colours()(gate))),
    Trouble.TRUST_EXPIRED: (waits(4, trust(**SOON)), trust()),
    Trouble.TRUST_OLD: (trust(issued=lambda now_s: now_s - 31 * DAY_S), trust()),
    Trouble.NO_ASSIGNMENT: (again("trust", "list"), assignment()),
    Trouble.ASSIGNMENT_EXPIRED: (waits(4, assignment(**SOON)), assignment()),
    Trouble.NO_PERMISSION: (
        waits(
            4,
            assignment(permission=lambda now_s: Permission(region="r", scope="s", begins=0, ends=now_s + 3)),
        ),
        assignment(),
    ),
    Trouble.CLOSED: (assignment(closed=True), assignment()),
    Trouble.NO_LIST: (_lists, colours(2)),
    Trouble.LIST_OLD: (
        waits(40, assignment(policy=replace(DEFAULT, list_age_s=30))),
        lambda gate: (colours()(gate), colours(name="bj")(gate)),
    ),
    Trouble.CLOCK_DOUBT: (again("trust", "list", "assignment"), _online),
    Trouble.VENUE_STALE: (waits(20, assignment(capacity=9), venue(15)), venue(60)),
    Trouble.ROOT_ENDING: (root(2, 59), root(3, 300)),
    Trouble.TRUST_ENDING: (trust(issued=lambda now_s: now_s - 20 * DAY_S), trust()),
    Trouble.ASSIGNMENT_ENDING: (
        assignment(issued=lambda now_s: now_s - 20 * DAY_S, expires=lambda now_s: now_s + 6 * DAY_S),
        assignment(),
    ),
    Trouble.LIST_AGING: (waits(20, assignment(policy=replace(DEFAULT, list_age_s=150))), assignment()),
    Trouble.TIME_SILENT: (_silent, _told),
    Trouble.CAMERA: attribute(SIGHT, "working", lambda _: False),
    Trouble.CAMERA_DARK: attribute(SIGHT, "dark", lambda _: True),
    Trouble.CAMERA_SLOW: attribute(SIGHT, "slow", lambda _: True),
    Trouble.THERMOMETER: part("thermometer"),
    Trouble.BARRIER: (
        lambda gate: (gate.hands.broken.add("relay"), gate.show(gate.code(1)), gate.leave()),
        lambda gate: gate.hands.broken.clear(),
    ),
    Trouble.DISPLAY: part("display"),
    Trouble.SIGNALS: (
        lambda gate: (gate.hands.broken.add("lamp"), gate.show(gate.code(1)), gate.leave()),
        lambda gate: (gate.hands.broken.clear(), gate.show(gate.code(2)), gate.leave()),
    ),
    Trouble.CALIBRATION: (write_record(sensor="4a58100100000002"), write_record()),
    Trouble.CALIBRATION_DUE: (write_record(due=dt.date(2026, 11, 2)), write_record()),
    Trouble.EMISSIVITY: (another_chip(1.0), another_chip(0.98)),
    Trouble.STANDS_OPEN: contact(InputKind.DOOR),
    Trouble.DOES_NOT_OPEN: (_unmoved, _moved),
    Trouble.CONTACT_CHATTERS: attribute(
        lambda gate: gate.hands, "chattering", lambda _: frozenset({InputKind.TAMPER})
    ),
    Trouble.JOURNAL: (_unwritten, _written),
    Trouble.JOURNAL_FULL: (_full, _received),
    Trouble.DISK: (_little_room, _room),
    Trouble.BACKLOG: (_behind, _received),
    Trouble.OFFLINE: (_offline, _online),
    Trouble.DOCUMENT_WITHHELD: (_withheld, trust()),
    Trouble.CERTIFICATE_ENDING: attribute(HEALTH, "enrolled_until", lambda gate: gate.now_s + 29 * DAY_S),
    Trouble.ORDERED_OUT: (order(Action.OUT_OF_SERVICE, 1), order(Action.IN_SERVICE, 2)),
    Trouble.FIRE: contact(InputKind.FIRE),
    Trouble.TAMPER: contact(InputKind.TAMPER),
}


def settle(gate):
    gate.run(1)
    gate.presenter._fresh = True  # the next turn of its own thread, which is not running here
    gate.presenter._step()
    gate.run(11)


def status(gate):
    """What `jx-gate status` says beside this gate."""
    config = load(gate.root / "gate.toml")
    LiveFile(config, Narrator("json", io.StringIO()), 0.0).tell(gate.gate, gate.mono)
    clock = dt.datetime.fromtimestamp(gate.now_s, dt.UTC).isoformat()
    arguments = ["status", "--config", str(gate.root / "gate.toml"), "--clock", clock]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"}).output


def pages(gate):
    """What an attendant reads under "State of the gate", in English."""
    gate.gate.attendant.pressed()
    return {en for _, en in gate.gate.attendant._pages()}


@pytest.mark.parametrize("trouble", CASES, ids=lambda one: one.name)
def test_whatever_is_wrong_is_named_at_the_gate_and_to_everybody_who_asks_until_it_is_over(gate, trouble):
    begin, end = CASES[trouble]
    begin(gate)
    settle(gate)
    words = TROUBLES[trouble]
    assert trouble in gate.stage.health.found
    if trouble is not Trouble.OFFLINE:
        assert trouble in gate.broker.said(State)[-1].troubles
    said = status(gate)
    for word in (words.zh, words.en, words.fix_zh, words.fix_en):
        assert word in said
    card = gate.presenter.card
    if severity_of(trouble) is Severity.NOTE:
        assert words.en in pages(gate)
    elif trouble not in {Trouble.CLOSED, Trouble.FIRE}:
        assert trouble in telling(card, gate.stage.health.found).troubles
    else:
        assert card.zh
        assert card.en
    end(gate)
    settle(gate)
    assert trouble not in gate.stage.health.found
    assert trouble not in gate.broker.said(State)[-1].troubles
    assert words.en not in status(gate)


def test_there_is_no_trouble_that_nothing_raises():
    # Without a root nothing can be verified: such a gate does not start, and says so instead.
    assert set(Trouble) - CASES.keys() == {Trouble.NO_ROOT}
