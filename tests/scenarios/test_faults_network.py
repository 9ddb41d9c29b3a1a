"""The network's faults: whatever answers instead of a broker, the gate decides on and comes back."""

import gc
import socket
import ssl
import struct
import threading
import time
import tracemalloc

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from device.firmware.framing import MAX_PACKET_BYTES
from device.firmware.uplink import LONGEST_WAIT_S, Line, Uplink
from fleet.enrol.authority import Authority, private_pem, public_pem
from wire.health import Trouble
from wire.reasons import Reason

# paho forgets to close a socket whose TLS handshake failed; it is collected, with a warning.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
GATE = "0123456789ab"
CONNACK = b"\x20\x02\x00\x00"
PUBLISH = 0x30


class Files:
    """An authority, a broker's certificate and a gate's."""

    def __init__(self, directory):
        self.directory, now_s = directory, int(time.time())
        directory.mkdir(exist_ok=True)
        authority = Authority.create("test", now_s)
        authority.save(directory)
        key, certificate = authority.issue_service("broker", ["127.0.0.1"], serves=True, now=now_s)
        self.save("broker", key, certificate)
        key = ec.generate_private_key(ec.SECP256R1())
        request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
        self.save("gate", key, authority.sign_gate(request.public_bytes(Encoding.DER), GATE, now_s))

    def save(self, name, key, certificate):
        (self.directory / f"{name}.pem").write_bytes(public_pem(certificate))
        (self.directory / f"{name}.key").write_bytes(private_pem(key))

    def line(self, port, host="127.0.0.1"):
        return Line(
            host=host,
            port=port,
            authority=self.directory / "ca.pem",
            certificate=self.directory / "gate.pem",
            key=self.directory / "gate.key",
            keepalive_s=5,
            connect_timeout_s=0.5,
            shortest_wait_s=0.05,
        )

    def tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / "broker.pem", self.directory / "broker.key")
        return context


class Hostile:
    """A listener with a manner of its own; `manner(connection)` is run for each connection."""

    def __init__(self, manner, tls=None):
        self.manner, self.tls = manner, tls
        self.accepted, self.over = 0, threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.open = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.over.is_set():
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.accepted += 1
            self.open.append(connection)
            try:
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                    self.open.append(connection)
                self.manner(connection)
            except OSError:
                pass

    def close(self):
        self.over.set()
        # accept() goes on in its thread when another closes the socket: a last visitor wakes it.
        with socket.socket() as visitor:
            visitor.connect_ex(("127.0.0.1", self.port))
        self.server.close()
        for connection in self.open:
            connection.close()
        self.thread.join(10)


def silent(_connection):
    """Accept and say nothing, ever."""


def greeted(connection):
    """An MQTT broker up to its CONNACK."""
    connection.recv(4_096)
    connection.sendall(CONNACK)


def moody(connection):
    greeted(connection)
    connection.recv(4_096)
    connection.close()


def garbage(connection):
    connection.recv(4_096)
    connection.sendall(b"\x00\xff" * 500)


def flooding(connection):
    greeted(connection)
    head = struct.pack("!H", 12) + b"jx1/all/root"
    length, written = 100_000_000, bytearray()
    while True:
        length, digit = divmod(length, 128)
        written.append(digit | (0x80 if length else 0))
        if not length:
            break
    connection.sendall(bytes([PUBLISH]) + bytes(written) + head)
    for _ in range(1_600):
        connection.sendall(bytes(65_536))


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path / "line")


@pytest.fixture(autouse=True)
def _collected():
    """What paho forgot to close is collected in the test that it belongs to."""
    yield
    gc.collect()


@pytest.fixture
def hostile():
    opened = []

    def open_one(manner, tls=None):
        opened.append(Hostile(manner, tls))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def lined(served, files):
    """A gate that was online once, and whose line then leads somewhere else."""
    lines = []

    def lead(port, host="127.0.0.1"):
        uplink = Uplink(files.line(port, host), GATE)
        lines.append(uplink)
        served.gate.office.line = uplink
        uplink.start()
        return uplink

    served.lead = lead
    yield served
    for uplink in lines:
        uplink.stop(0.1)


def until(condition, what, wait_s=30):
    deadline_s = time.monotonic() + wait_s
    while not condition():
        assert time.monotonic() < deadline_s, f"never happened: {what}"
        time.sleep(0.01)


def decides(world, number):
    """The next person is admitted, and the log says at most a line or two about the network."""
    before = len(world.verdicts())
    world.show(world.code(number))
    world.walk_through()
    world.leave()
    assert world.verdicts()[before:] == [Reason.GREEN]


def lines_about_the_line(world):
    return world.said.getvalue().count("connected")


@pytest.mark.parametrize(
    ("manner", "secured"),
    [(silent, False), (garbage, False), (silent, True), (garbage, True), (moody, True), (flooding, True)],
    ids=[
        "accepts and never answers",
        "speaks no TLS",
        "TLS and then silence",
        "speaks no MQTT",
        "disconnects at once",
        "100 MB",
    ],
)
def test_whatever_answers_instead_of_a_broker_the_gate_decides_on(lined, hostile, files, manner, secured):
    other = hostile(manner, files.tls() if secured else None)
    uplink = lined.lead(other.port)
    until(lambda: other.accepted >= 1, "it connects")
    said = lines_about_the_line(lined)
    for number in range(1, 4):
        decides(lined, number)
    until(lambda: other.accepted >= 2 or uplink._attempts >= 2, "it tries again", 20)
    lined.run(120, 0.5)
    assert lines_about_the_line(lined) - said <= 4
    assert Trouble.OFFLINE in lined.stage.health.found or uplink.connected
    assert not uplink.inbox.take()


def test_a_hundred_megabytes_are_not_taken_in(files, hostile):
    other = hostile(flooding, files.tls())
    tracemalloc.start()
    uplink = Uplink(files.line(other.port), GATE)
    uplink.start()
    try:
        until(lambda: other.accepted >= 3, "it comes back, and is not fooled again", 30)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        uplink.stop(0.1)
    assert most < 8 * MAX_PACKET_BYTES


def test_a_broker_that_disconnects_at_once_is_asked_less_and_less_often(files, hostile):
    other = hostile(moody, files.tls())
    uplink = Uplink(files.line(other.port), GATE)
    uplink.start()
    until(lambda: uplink._attempts >= 5, "it goes on trying", 20)
    assert 0.4 <= uplink._client._reconnect_min_delay <= LONGEST_WAIT_S  # half of 0.05 s, doubled four times
    uplink.stop(0.1)


def test_a_broker_of_another_authority_hears_nothing(lined, hostile, tmp_path):
    heard = []
    other = hostile(lambda connection: heard.append(connection.recv(4_096)), Files(tmp_path / "other").tls())
    uplink = lined.lead(other.port)
    until(lambda: uplink._attempts >= 2, "it refuses the certificate and tries again")
    decides(lined, 1)
    assert not any(heard)
    assert not uplink.connected


def test_without_names_the_gate_decides_on_and_finds_the_broker_when_they_are_back(
    lined, hostile, files, monkeypatch
):
    real, gone = socket.getaddrinfo, threading.Event()
    gone.set()

    def resolve(host, *more, **options):
        if host == "broker.example":
            if gone.is_set():
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            host = "127.0.0.1"
        return real(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    other = hostile(greeted, files.tls())
    uplink = lined.lead(other.port, "broker.example")
    until(lambda: uplink._attempts >= 2, "it tries")
    decides(lined, 1)
    gone.clear()
    until(lambda: other.accepted >= 1, "it finds the broker")


def test_a_line_that_comes_and_goes_is_one_line_of_log_a_minute(served):
    served.run(100)
    before = lines_about_the_line(served)
    for _ in range(600):
        served.broker.connected = not served.broker.connected
        served.run(0.5)
    assert 4 <= lines_about_the_line(served) - before <= 7  # five minutes
    served.broker.connected = True
    served.run(61)
    assert served.said.getvalue().rstrip().splitlines()[-1].count("disconnected") == 0
