"""The real processes with a real broker: kill -9 anywhere, and nothing acknowledged is missing or twice."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import func, select

from fleet import founding, processes
from fleet.ceremony import founding as offices
from fleet.ceremony import office
from fleet.ceremony.keyring import Voice, unseal
from fleet.config import Paths, load_settings
from fleet.db import open_database
from fleet.enrol import tokens
from fleet.enrol.authority import Authority, private_pem, public_pem
from fleet.gates import registry
from fleet.keys import install
from fleet.models import Command, Event
from fleet.publish import orders
from fleet.venues import assignments
from fleet.venues import registry as venues
from wire import envelope, topics
from wire.documents import Action, Assignment, Receipt, Role, Root, Time
from wire.keys import PrivateKey
from wire.topics import Down

GATE = "0123456789ab"
SECRET = "correct horse battery"
WAIT_S = 30


def until(condition, what: str):
    deadline = time.monotonic() + WAIT_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.01)
    return value


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in held]
    for one in held:
        one.close()
    return ports


class Fleet:
    """A founded fleet with keys from a ceremony, one gate, and its processes."""

    def __init__(self, place: Path):
        self.directory, self.office = place / "fleet", place / "office"
        web, est, broker = free_ports(3)
        now = int(time.time())
        wishes = founding.Wishes(web_port=web, est_port=est, broker_port=broker, password="a long password")
        founding.found(self.directory, wishes, now)
        self.paths = Paths(self.directory)
        self.settings = load_settings(self.directory)
        made = offices.create(self.office, place / "carried", offices.Plan(), SECRET, now)
        self.root: Root = made.root
        self.database = open_database(self.paths.database(self.settings))
        with self.database.session() as session:
            install.install(session, place / "carried", self.paths.keys, now, "test")
        self.children: dict[str, subprocess.Popen] = {}

    def start(self, *names: str):
        for name in names:
            command = [sys.executable, "-m", "fleet.server", "run", name, "--dir", str(self.directory)]
            self.children[name] = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def kill(self, name: str, number=signal.SIGKILL):
        child = self.children.pop(name)
        child.send_signal(number)
        child.wait(WAIT_S)
        return child.returncode

    def stop(self):
        for name in list(self.children):
            self.kill(name, signal.SIGTERM)
        self.database.close()

    def keys(self, role: Role):
        return self.root.keys_of(role)

    def enrol(self, gate):
        key = ec.generate_private_key(ec.SECP256R1())
        request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
        now = int(time.time())
        with self.database.session() as session:
            registry.add(session, registry.Wanted(gate.id), now, "test")
            secret = tokens.issue(session, gate.id, now, 600, "test")
        with self.database.session() as session:
            authority = Authority.load(self.paths.ca)
            der = request.public_bytes(Encoding.DER)
            certificate = tokens.redeem(session, authority, gate.id, secret, der, now)
        gate.key = PrivateKey(key)
        (self.directory / "gate.pem").write_bytes(public_pem(certificate))
        (self.directory / "gate.key").write_bytes(private_pem(key))


class Line:
    """A gate's line: remembers what came."""

    def __init__(self, fleet: Fleet, gate):
        self.heard: list[tuple[str, bytes]] = []
        self.up = threading.Event()
        context = ssl.create_default_context(cafile=str(fleet.paths.ca_certificate))
        context.load_cert_chain(fleet.directory / "gate.pem", fleet.directory / "gate.key")
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, os.urandom(8).hex())
        self.client.tls_set_context(context)
        self.client.reconnect_delay_set(1, 1)
        names = [(name, 1) for name in topics.gate_subscriptions(gate.id)]
        self.client.on_connect = lambda client, *_: client.subscribe(names)
        self.client.on_subscribe = lambda *_: self.up.set()
        self.client.on_message = lambda _c, _d, m: self.heard.append((m.topic, bytes(m.payload)))
        self.client.connect_async("127.0.0.1", fleet.settings.broker.port)
        self.client.loop_start()
        until(self.up.is_set, "the gate is connected")

    def say(self, said: tuple[str, bytes]):
        self.client.publish(*said, qos=1)

    def on(self, topic: str) -> list[bytes]:
        return [payload for where, payload in list(self.heard) if where == topic]

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def fleet(tmp_path):
    made = Fleet(tmp_path)
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def line(fleet, another_gate):
    fleet.enrol(another_gate)
    fleet.start("broker")
    until(lambda: answers(fleet.settings.broker.port), "the broker answers")
    made = Line(fleet, another_gate)
    yield made
    made.stop()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def receipted(fleet: Fleet, line: Line, gate) -> set[int]:
    covered = set()
    for data in line.on(topics.down(gate.id, Down.RECEIPT)):
        receipt = envelope.verify(Receipt, data, fleet.keys(Role.RECORDER))
        for part in receipt.ranges:
            assert part.hash == gate.hash(part.last)
            covered |= set(range(part.first, part.last + 1))
    return covered


def stored(fleet: Fleet) -> list[int]:
    with fleet.database.reading() as session:
        return list(session.scalars(select(Event.sequence).order_by(Event.sequence)))


def test_killed_at_any_point_nothing_acknowledged_is_missing_and_nothing_is_twice(fleet, line, another_gate):
    gate, total = another_gate.grow(1200), 1200
    fleet.start("ingest")

    def send_missing() -> set[int]:
        missing = set(range(1, total + 1)) - receipted(fleet, line, gate)
        for first in sorted(missing)[::10]:
            line.say(gate.batch(first, min(first + 9, total)))
        return missing

    for _ in range(3):
        before = len(stored(fleet))
        # What comes before ingest has subscribed is lost, as for a gate: it sends again.
        until(lambda seen=before: not send_missing() or len(stored(fleet)) > seen, "ingest stores")
        fleet.kill("ingest")
        assert receipted(fleet, line, gate) <= set(stored(fleet))
        fleet.start("ingest")

    def patient() -> bool:
        missing = send_missing()
        time.sleep(0.2)  # a gate waits before it sends again
        return not missing

    until(patient, "everything is receipted")
    assert stored(fleet) == list(range(1, total + 1))


def test_a_gate_gets_its_documents_time_and_commands_within_moments(fleet, line, another_gate):
    gate, now = another_gate, int(time.time())
    fleet.start("ingest", "publish")
    until(lambda: line.on("jx1/all/root"), "the root is retained")
    with fleet.database.session() as session:
        venues.add_region(session, "cc", None, venues.Names("长春", "Changchun"), now, "test")
        place = venues.Place("mall", "cc", "mall", venues.Names("商场", "Mall"))
        venues.add_venue(session, place, now, "test")
        assignments.assign(session, gate.id, assignments.Wish(venue="mall"), now, "test")
    asked = time.monotonic()
    topic = topics.down(gate.id, Down.ASSIGNMENT)
    (data,) = until(lambda: line.on(topic), "the assignment comes")
    took_s = time.monotonic() - asked
    assert envelope.verify(Assignment, data, fleet.keys(Role.DIRECTOR)).venue == "mall"
    assert took_s < 2  # the promise is seconds, on a busy machine as well

    line.say(gate.hello(root=1))
    (data, *_) = until(lambda: line.on(topics.down(gate.id, Down.TIME)), "signed time comes")
    answer = envelope.verify(Time, data, fleet.keys(Role.TIMEKEEPER))
    assert answer.nonce == gate.session
    assert abs(answer.now_ms / 1000 - time.time()) < 60

    def told() -> bool:
        line.say(gate.hello(root=1))  # the first one may have come before ingest had subscribed
        time.sleep(0.1)
        return bool(line.on(topics.down(gate.id, Down.RECEIPT)))

    until(told, "the epoch is told")

    with fleet.database.session() as session:
        row = orders.ask(session, gate.id, Action.OPEN_ONCE, "a stretcher", int(time.time()), "test")
    until(lambda: line.on(topics.down(gate.id, Down.COMMAND)), "the command comes")

    def sent() -> bool:
        with fleet.database.reading() as session:
            return session.get_one(Command, row.id).state == "sent"

    until(sent, "the command counts as sent")
    with fleet.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 0


def test_no_process_of_the_server_can_open_a_root_or_trust_key(fleet, line):
    """Its directory, environment and open files hold no such key; the ceremony is in none of them."""
    fleet.start(*(name for name in processes.PROCESSES if name != "broker"))
    until(lambda: line.on("jx1/all/root"), "publish works")
    sealed = {path.read_bytes() for path in fleet.office.glob("*.key")}
    private = {
        unseal(key, Voice.of(SECRET)).crypto().private_numbers().private_value.to_bytes(32)
        for key in office.load(fleet.office).own_keys()
    }
    assert len(private) == 5
    for path in fleet.directory.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(secret in data for secret in private | sealed), path.name
            assert not path.is_relative_to(fleet.office)
    for child in fleet.children.values():
        files = [str(fd.readlink()) for fd in Path(f"/proc/{child.pid}/fd").iterdir() if fd.is_symlink()]
        assert not [name for name in files if name.startswith(str(fleet.office))]
        about = Path(f"/proc/{child.pid}")
        told = (about / "environ").read_bytes() + (about / "cmdline").read_bytes()
        assert SECRET.encode() not in told
        assert str(fleet.office).encode() not in told


def test_the_server_never_imports_the_ceremony():
    modules = [place.split(":")[0] for place in processes.PROCESSES.values()]
    names = ", ".join(["fleet.server", "fleet.child", "fleet.issuers.pages", *modules])
    code = f"import sys, {names}; sys.exit(any(name.startswith('fleet.ceremony') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
