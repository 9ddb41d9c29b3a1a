"""The line, on a real broker with real certificates; and on listeners that are none."""

import io
import os
import signal
import socket
import ssl
import threading
import time

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from device.firmware.clock import Clock
from device.firmware.courier import Courier
from device.firmware.errors import GateError
from device.firmware.greeting import Greeting
from device.firmware.intake import Intake
from device.firmware.narrate import Narrator
from device.firmware.office import FleetOffice
from device.firmware.store import Store
from device.firmware.uplink import LONGEST_WAIT_S, Line, Uplink, last_will
from fleet.broker.clients import SERVICES, Client, gate_client
from fleet.broker.nats import Place
from fleet.broker.server import NatsBroker
from fleet.enrol.authority import Authority, private_pem, public_pem
from wire import messages, schema
from wire.documents import Range
from wire.keys import PublicKey
from wire.messages import ClockTrust, Entry, Event
from wire.topics import ACL

# paho forgets to close a socket whose TLS handshake failed; it is collected, with a warning.
LEAKS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
GATE = "0123456789ab"
NOW_MS = 1_795_000_000_000


def until(condition, what, wait_s=30):
    deadline = time.monotonic() + wait_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)
    return value


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Town:
    """An authority, a broker, a gate's certificate and the fleet's ear."""

    def __init__(self, directory):
        self.directory = directory
        now = int(time.time())
        self.authority = Authority.create("test", now)
        self.authority.save(directory)
        for name in ("broker", *SERVICES):
            key, certificate = self.authority.issue_service(
                name, [name, "127.0.0.1"], serves=name == "broker", now=now
            )
            self.save(name, key, certificate)
        key = ec.generate_private_key(ec.SECP256R1())
        request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
        certificate = self.authority.sign_gate(request.public_bytes(Encoding.DER), GATE, now)
        self.save("gate", key, certificate)
        self.place = Place(
            host="127.0.0.1",
            port=free_port(),
            directory=directory / "broker",
            certificate=directory / "broker.pem",
            key=directory / "broker.key",
            authority=directory / "ca.pem",
        )
        self.place.directory.mkdir()
        self.broker = NatsBroker(self.place)
        self.clients = [Client(name, ACL[name]) for name in SERVICES]
        self.clients.append(gate_client(GATE, PublicKey.from_cryptography(key.public_key()).kid))
        self.heard = []

    def save(self, name, key, certificate):
        (self.directory / f"{name}.pem").write_bytes(public_pem(certificate))
        (self.directory / f"{name}.key").write_bytes(private_pem(key))

    def line(self, **changes):
        values = {
            "host": "127.0.0.1",
            "port": self.place.port,
            "authority": self.directory / "ca.pem",
            "certificate": self.directory / "gate.pem",
            "key": self.directory / "gate.key",
            "keepalive_s": 5,
            "connect_timeout_s": 1.0,
            "shortest_wait_s": 0.05,
        }
        return Line(**(values | changes))

    def service(self, name):
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        context = ssl.create_default_context(cafile=self.directory / "ca.pem")
        context.load_cert_chain(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        client.tls_set_context(context)
        client.reconnect_delay_set(1, 1)
        ready = threading.Event()
        client.on_connect = lambda one, *_: one.subscribe([(f, 1) for f in ACL[name].subscribe])
        client.on_subscribe = lambda *_: ready.set()
        if name == "ingest":
            client.on_message = lambda _c, _d, message: self.heard.append((message.topic, message.payload))
        client.connect(self.place.host, self.place.port)
        client.loop_start()
        assert ready.wait(10)
        return client

    def said(self, leaf, codec):
        return [
            schema.read(codec, data, max_bytes=65536)
            for topic, data in list(self.heard)
            if topic.endswith(leaf)
        ]


@pytest.fixture
def town(tmp_path):
    town = Town(tmp_path)
    town.broker.start(town.clients)
    town.ingest, town.publisher = (town.service(name) for name in SERVICES)
    yield town
    for service in (town.ingest, town.publisher):
        service.disconnect()
        service.loop_stop()
    town.broker.stop()


@pytest.fixture
def uplink(town):
    uplink = Uplink(town.line(), GATE)
    uplink.start()
    yield uplink
    uplink.stop()


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "gate.db", GATE, journal_limit_bytes=1 << 20)
    yield store
    store.close()


def an_entry():
    return Entry(sequence=0, previous=bytes(32), at_ms=NOW_MS, clock=ClockTrust.NONE, kind=Event.BOOT)


@pytest.fixture
def office(authority, beliefs, uplink, store):
    """Everything between the line and the loop, as the gate joins it."""
    clock, greeting = Clock(0), Greeting(uplink.session)
    return FleetOffice(
        line=uplink,
        courier=Courier(store),
        intake=Intake(beliefs, store, clock, greeting),
        greeting=greeting,
        store=store,
        beliefs=beliefs,
        clock=clock,
        signer=authority.holder,
        narrator=Narrator("words", io.StringIO()),
        perform=lambda *_: None,
    )


def step(office):
    mono = time.monotonic()
    office.step(mono, office.clock.read(mono, NOW_MS), last_will)


def covers(store, epoch, count):
    ends = dict(store.pending(0, 1000))
    return {
        "journal": store.journal,
        "epoch": epoch,
        "ranges": (Range(first=1, last=count, hash=messages.event_hash(ends[count])),),
    }


def test_hello_and_events_arrive_and_signed_answers_come_back(town, office, store, uplink, authority):
    for _ in range(120):
        store.append(an_entry())
    until(lambda: uplink.connected, "the gate connects")
    until(lambda: step(office) or len(town.said("events", messages.BATCH)) >= 3, "three batches")
    hello = town.said("hello", messages.HELLO)[0]
    assert (hello.session, hello.head, hello.tail, hello.journal) == (uplink.session, 120, 1, store.journal)
    checkpoint = messages.verify_checkpoint(hello.checkpoint, authority.holder.public)
    assert (checkpoint.head, checkpoint.hash) == (120, store.head_hash)
    batches = town.said("events", messages.BATCH)
    assert sorted(n for b in batches for n in range(b.first, b.first + len(b.events))) == list(range(1, 121))
    answer = authority.time(audience=GATE, nonce=uplink.session, lists={"jl/0": 7})
    town.publisher.publish(f"jx1/down/{GATE}/time", authority.sign(answer), 1)
    until(lambda: step(office) or office.clock.read(time.monotonic(), 0).trust is ClockTrust.SIGNED, "time")
    reply = until(lambda: step(office) or town.said("reply", messages.REPLY), "a list is asked for")[-1]
    assert reply.wanted == {"jl/0": 1}
    receipt = authority.sign(authority.receipt(**covers(store, b"e" * 16, 120)))
    town.ingest.publish(f"jx1/down/{GATE}/receipt", receipt, 1)
    until(lambda: step(office) or store.backlog == 0, "the receipt is believed")


def test_a_new_epoch_of_the_fleet_gets_everything_again(town, office, store, uplink, authority):
    for _ in range(60):
        store.append(an_entry())
    first = covers(store, b"e" * 16, 60)
    until(lambda: uplink.connected, "the gate connects")
    town.ingest.publish(f"jx1/down/{GATE}/receipt", authority.sign(authority.receipt(**first)), 1)
    until(lambda: step(office) or store.backlog == 0, "the receipt is believed")
    town.heard.clear()
    other = authority.receipt(journal=store.journal, epoch=b"f" * 16)
    town.ingest.publish(f"jx1/down/{GATE}/receipt", authority.sign(other), 1)
    until(
        lambda: step(office) or {1, 51} <= {b.first for b in town.said("events", messages.BATCH)}, "all again"
    )


def test_the_gate_comes_back_when_the_broker_does(town, uplink):
    until(lambda: uplink.connected, "the gate connects")
    town.broker.stop()
    until(lambda: not uplink.connected, "the gate notices")
    assert not uplink.say_state(last_will(uplink.session))
    town.broker.start(town.clients)
    until(lambda: uplink.connected, "the gate is back")


def test_a_goodbye_names_the_session(town):
    uplink = Uplink(town.line(), GATE)
    uplink.start()
    until(lambda: uplink.connected, "the gate connects")
    uplink.stop()
    state = until(lambda: town.said("state", messages.STATE), "the goodbye")[-1]
    assert (state.online, state.session) == (False, uplink.session)
    assert not uplink.connected


def test_a_gate_that_is_cut_off_leaves_its_last_will(town):
    uplink = Uplink(town.line(), GATE)
    uplink.start()
    until(lambda: uplink.connected, "the gate connects")
    uplink._client._sock.shutdown(socket.SHUT_RDWR)
    state = until(lambda: town.said("state", messages.STATE), "the last will")[-1]
    assert (state.online, state.session) == (False, uplink.session)
    uplink.stop()


def test_two_lines_of_one_gate_do_not_knock_each_other_off(town, uplink):
    other = Uplink(town.line(), GATE)
    other.start()
    until(lambda: uplink.connected and other.connected, "both connect")
    assert uplink.say_state(last_will(uplink.session))
    assert other.say_state(last_will(other.session))
    until(lambda: len(town.said("state", messages.STATE)) == 2, "both are heard")
    assert uplink.session != other.session
    other.stop()


@LEAKS
def test_a_broker_of_another_authority_is_not_spoken_to(town, tmp_path):
    stranger = Authority.create("stranger", int(time.time()))
    (tmp_path / "other.pem").write_bytes(public_pem(stranger.certificate))
    uplink = Uplink(town.line(authority=tmp_path / "other.pem"), GATE)
    uplink.start()
    until(lambda: uplink._attempts >= 3, "it tries again")
    assert not uplink.connected
    uplink.stop()


@LEAKS
def test_a_broker_without_this_gate_refuses_it_and_it_keeps_trying(town, uplink):
    until(lambda: uplink.connected, "the gate connects")
    town.broker.reload(town.clients[:-1])
    until(lambda: not uplink.connected and uplink._attempts >= 2, "it is dropped and tries again")
    town.broker.reload(town.clients)
    until(lambda: uplink.connected, "the gate is back")


@pytest.fixture
def silent():
    """A listener that accepts and never says a word."""
    accepted = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def accept():
            while not stop.is_set():
                try:
                    accepted.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1], accepted
        stop.set()
        thread.join()
        for connection in accepted:
            connection.close()


@LEAKS
def test_a_broker_that_accepts_and_never_answers_is_given_up_and_tried_again(town, silent):
    port, accepted = silent
    uplink = Uplink(town.line(port=port, connect_timeout_s=0.2), GATE)
    uplink.start()
    until(lambda: len(accepted) >= 3, "it tries again")
    assert not uplink.connected
    started = time.monotonic()
    uplink.stop()
    assert time.monotonic() - started < 5


CONNACK = bytes.fromhex("20020000")
NONSENSE = {
    "a topic that is no text": bytes.fromhex("3004 0002 ff fe".replace(" ", "")),
    "an acknowledgement cut short": bytes.fromhex("4001 00".replace(" ", "")),
    "a topic longer than its message": bytes.fromhex("3003 00ff 41".replace(" ", "")),
    "subscriptions granted without codes": bytes.fromhex("9001 00".replace(" ", "")),
    "a length without an end": bytes.fromhex("30ffffffffff"),
    "a second acceptance, too short": bytes.fromhex("2001 00".replace(" ", "")),
}


@pytest.fixture
def rude(town):
    """A broker of the right authority that accepts and then says what is no MQTT."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(town.directory / "broker.pem", town.directory / "broker.key")
    accepted, says, stop = [], [], threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)

        def accept():
            while not stop.is_set():
                try:
                    connection = context.wrap_socket(server.accept()[0], server_side=True)
                    connection.recv(1024)
                    connection.sendall(CONNACK + says[0])
                    accepted.append(connection)
                except (TimeoutError, OSError):
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1], accepted, says
        stop.set()
        thread.join()
        for connection in accepted:
            connection.close()


@LEAKS
@pytest.mark.parametrize("packet", NONSENSE.values(), ids=NONSENSE)
def test_a_broker_that_speaks_no_mqtt_does_not_end_the_line(town, rude, packet):
    port, accepted, says = rude
    says.append(packet)
    uplink = Uplink(town.line(port=port, keepalive_s=1), GATE)
    uplink.start()
    until(lambda: len(accepted) >= 2, "it comes again")
    assert uplink._client._thread.is_alive()
    started = time.monotonic()
    uplink.stop()
    assert time.monotonic() - started < 5


def test_a_closed_port_is_tried_again_with_waits_that_differ_and_grow(town):
    uplink = Uplink(town.line(port=free_port(), shortest_wait_s=1.0), GATE)
    waits = []
    for _ in range(12):
        waits.append(uplink._client._reconnect_min_delay)
        uplink._on_failed()
    assert all(2**n / 2 <= wait <= 2**n for n, wait in enumerate(waits[:6]))
    assert all(LONGEST_WAIT_S / 2 <= wait <= LONGEST_WAIT_S for wait in waits[6:])
    assert len(set(waits)) == 12


def test_missing_certificates_are_said_in_words(town, tmp_path):
    with pytest.raises(GateError, match="enrol this gate"):
        Uplink(town.line(certificate=tmp_path / "nothing.pem"), GATE)


def test_what_is_under_way_is_bounded_when_nothing_is_acknowledged(town, uplink):
    until(lambda: uplink.connected, "the gate connects")
    pid = int((town.place.directory / "nats.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    taken = sum(uplink.say_state(last_will(uplink.session)) for _ in range(500))
    assert taken <= 64
    os.kill(pid, signal.SIGCONT)
