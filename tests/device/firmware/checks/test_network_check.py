"""The way to the fleet, broken in every place where it breaks."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from device.firmware.checks import network
from device.firmware.checks.finding import Grade
from device.firmware.config import example, read
from device.firmware.live import Running, Told

GATE = "0123456789ab"
NOW = dt.datetime.now(dt.UTC)


def certificate(name, key, issuer, issuer_key, days, authority=False):
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer)]
    built = (
        x509.CertificateBuilder(names[1], names[0], key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(400))
        .not_valid_after(NOW + dt.timedelta(days))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
    )
    return built.sign(issuer_key, hashes.SHA256())


def pem(*parts):
    return b"".join(
        part.public_bytes(serialization.Encoding.PEM)
        if isinstance(part, x509.Certificate)
        else part.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        for part in parts
    )


class Fleet:
    """An authority, a broker's TLS on a port of its own, and a gate's files."""

    def __init__(self, path, *, broker_days=90, gate_authority=True):
        self.path = path
        keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(4)]
        root = certificate("ca", keys[0], "ca", keys[0], 365, authority=True)
        other = certificate("other", keys[3], "other", keys[3], 365, authority=True)
        gate_ca = ("ca", keys[0]) if gate_authority else ("other", keys[3])
        (path / "ca.pem").write_bytes(pem(root))
        (path / "other.pem").write_bytes(pem(other))
        (path / "gate.pem").write_bytes(pem(certificate(GATE, keys[1], *gate_ca, 90)))
        (path / "gate.key").write_bytes(pem(keys[1]))
        (path / "broker.pem").write_bytes(pem(certificate("b", keys[2], "ca", keys[0], broker_days), keys[2]))
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path / "broker.pem")
        context.load_verify_locations(self.path / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        connection, _ = self.server.accept()
        connection.settimeout(20)
        try:
            with context.wrap_socket(connection, server_side=True) as channel:
                channel.recv(1)
        except OSError:
            connection.close()

    def close(self):
        with socket.socket() as last:  # who was never asked stops waiting
            last.connect_ex(("127.0.0.1", self.port))
        self.thread.join(20)
        self.server.close()


@pytest.fixture
def found(run, tmp_path, monkeypatch):
    fleets = []

    def found(serve=True, host="127.0.0.1", authority="ca.pem", gate_authority=True, **settings):
        monkeypatch.setattr(network, "LISTEN_S", 0.1 if gate_authority else 20.0)  # who refuses says so
        (tmp_path / "fleet").mkdir(exist_ok=True)
        fleet = Fleet(tmp_path / "fleet", gate_authority=gate_authority, **settings)
        fleets.append(fleet)
        if not serve:
            fleet.close()
        text = example(gate=GATE, data=str(fleet.path), host=host, port=fleet.port)
        text = text.replace("[broker]\n", f'[broker]\nauthority = "{authority}"\n')
        config = read(text.encode(), "gate.toml")
        return run("network", config=config, now_s=int(NOW.timestamp()))

    yield found
    for fleet in fleets:
        fleet.close()


def test_a_broker_that_takes_the_gate_passes(found):
    told = found()
    assert {part: one.grade for part, one in told.items()} == dict.fromkeys(
        ("name", "connection", "TLS"), Grade.PASS
    )
    assert "89 days" in told["TLS"].value.en or "90 days" in told["TLS"].value.en


def test_a_port_where_nobody_listens_is_refused(found):
    told = found(serve=False)["connection"]
    assert (told.grade, "refused" in told.value.en) == (Grade.FAIL, True)


def test_a_host_that_does_not_answer_is_another_thing(found, monkeypatch):
    def silent(*_):
        raise TimeoutError("timed out")

    monkeypatch.setattr(network.socket, "create_connection", silent)
    told = found()["connection"]
    assert (told.grade, "no answer" in told.value.en) == (Grade.FAIL, True)


def test_a_name_that_nobody_knows_is_a_matter_of_dns(found, monkeypatch):
    def nobody(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(network.socket, "getaddrinfo", nobody)
    told = found()["name"]
    assert (told.grade, "DNS" in told.fix.en) == (Grade.FAIL, True)


def test_a_broker_of_another_authority_is_not_trusted(found):
    told = found(authority="other.pem")["TLS"]
    assert (told.grade, "not trusted" in told.value.en) == (Grade.FAIL, True)


def test_a_broker_under_another_name_is_not_trusted(found):
    told = found(host="localhost")["TLS"]
    assert (told.grade, "not trusted" in told.value.en) == (Grade.FAIL, True)


def test_a_gate_of_another_authority_is_not_taken(found):
    told = found(gate_authority=False)["TLS"]
    assert (told.grade, "does not take this gate's certificate" in told.value.en) == (Grade.FAIL, True)


def test_a_broker_whose_certificate_has_expired_still_connects_and_is_told(found):
    told = found(broker_days=-2)["TLS"]
    assert (told.grade, told.fix.en) == (Grade.WARN, "give the broker a new certificate")


def test_a_gate_that_is_not_enrolled_is_told_so(found, tmp_path):
    (tmp_path / "fleet").mkdir()
    fleet = found(authority="nothing.pem")
    assert fleet["TLS"].grade is Grade.FAIL


def test_expiry_is_named_when_the_broker_names_it():
    error = ssl.SSLError(1, "[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] alert")
    error.reason = "SSLV3_ALERT_CERTIFICATE_EXPIRED"
    assert "expired" in network._refusal(error).en


def test_the_running_gate_says_whether_it_is_connected(run):
    told = Told(
        gate=GATE, pid=1, written_at=0.0, uptime_s=1.0, firmware="1", ready=True, lane="idle", online=False
    )
    found = run("network", running=Running(told, 0.1))
    assert found["the gate"].grade is Grade.WARN
