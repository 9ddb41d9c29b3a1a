"""The fleet's processes, as real processes: they serve, they come back, they go without a trace."""

import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from fleet import founding, processes
from fleet.config import Paths, load_settings
from fleet.db import open_database
from fleet.enrol import tokens
from fleet.enrol.authority import private_pem, public_pem
from fleet.errors import FleetError
from fleet.gates import registry

GATE = "0123456789ab"
WAIT_S = 60  # a process imports a lot, and machines are shared


def until(condition, what: str):
    deadline = time.monotonic() + WAIT_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.05)
    return value


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def of_directory(directory) -> list[int]:
    """Process ids whose command line names the directory."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile
            if os.fsencode(directory) in (place / "cmdline").read_bytes():
                found.append(int(place.name))
    return found


@pytest.fixture
def fleet(tmp_path):
    web, est, broker = free_ports(3)
    wishes = founding.Wishes(web_port=web, est_port=est, broker_port=broker, password="correct horse battery")
    founding.found(tmp_path, wishes, int(time.time()))
    return tmp_path


@pytest.fixture
def serve(fleet):
    started = []

    def start(*names):
        only = [word for name in names for word in ("--only", name)]
        command = [sys.executable, "-m", "fleet.command", "serve", "--dir", str(fleet), *only]
        with (fleet / "serve.log").open("ab") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log))
        settings = load_settings(fleet)
        ports = {"broker": settings.broker.port, "est": settings.est.port, "web": settings.web.port}
        for name in names:
            until(
                lambda name=name: answers(ports[name]), f"{name} answers; {(fleet / 'serve.log').read_text()}"
            )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
    # The kernel tells children of a killed supervisor to end.
    until(lambda: not of_directory(fleet), "the end of every process")


def add_gate(fleet) -> str:
    now = int(time.time())
    with open_database(fleet / "fleet.db") as database, database.session() as session:
        registry.add(session, registry.Wanted(GATE), now, "test")
        return tokens.issue(session, GATE, now).hex()


def ask(fleet, method, path, body=None, headers=None):
    """One request over TLS that trusts nothing but the fleet's own authority."""
    context = ssl.create_default_context(cafile=Paths(fleet).ca_certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    port = load_settings(fleet).est.port
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=WAIT_S, context=context)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def enrol(fleet, secret: str):
    """What a gate does: key, request, certificate; returns status and a TLS context for the broker."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
    login = base64.b64encode(f"{GATE}:{secret}".encode()).decode()
    headers = {"Content-Type": "application/pkcs10", "Authorization": f"Basic {login}"}
    body = base64.encodebytes(request.public_bytes(Encoding.DER))
    status, _, data = ask(fleet, "POST", "/.well-known/est/simpleenroll", body, headers)
    if status != 200:
        return status, None
    (certificate,) = pkcs7.load_der_pkcs7_certificates(base64.b64decode(data))
    (fleet / "gate.pem").write_bytes(public_pem(certificate))
    (fleet / "gate.key").write_bytes(private_pem(key))
    context = ssl.create_default_context(cafile=Paths(fleet).ca_certificate)
    context.load_cert_chain(fleet / "gate.pem", fleet / "gate.key")
    return status, context


@contextlib.contextmanager
def connected(fleet, context):
    """A gate's MQTT client that keeps trying; yields a dictionary that tells its link."""
    link = {"up": False, "drops": 0}
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    client.tls_set_context(context)
    client.reconnect_delay_set(0.05, 0.2)

    def up(*arguments):
        link["up"] = not arguments[3].is_failure

    def down(*_):
        link["drops"] += link["up"]
        link["up"] = False

    client.on_connect, client.on_disconnect = up, down
    client.connect_async("127.0.0.1", load_settings(fleet).broker.port)
    client.loop_start()
    try:
        yield link
    finally:
        client.disconnect()
        client.loop_stop()


def refuse_strangers(fleet):
    status, headers, _ = ask(
        fleet, "POST", "/.well-known/est/simpleenroll", b"", {"Content-Type": "application/pkcs10"}
    )
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Basic")
    with pytest.raises(ssl.SSLCertVerificationError):
        http.client.HTTPSConnection("127.0.0.1", load_settings(fleet).est.port, timeout=WAIT_S).request(
            "GET", "/"
        )


def test_a_gate_enrols_connects_and_is_dropped_when_revoked(fleet, serve):
    serve("broker", "est")
    refuse_strangers(fleet)
    secret = add_gate(fleet)
    status, _, data = ask(fleet, "GET", "/.well-known/est/cacerts")
    (authority,) = pkcs7.load_der_pkcs7_certificates(base64.b64decode(data))
    assert (status, public_pem(authority)) == (200, Paths(fleet).ca_certificate.read_bytes())

    status, context = enrol(fleet, secret)
    assert status == 200
    assert enrol(fleet, secret)[0] == 409
    with connected(fleet, context) as link:
        until(lambda: link["up"], "the broker lets the new gate in")
        with open_database(fleet / "fleet.db") as database, database.session() as session:
            registry.revoke(session, GATE, int(time.time()), "test", "stolen")
        revoked = time.monotonic()
        until(lambda: link["drops"], "the broker drops the revoked gate")
        assert time.monotonic() - revoked < 10
        assert not link["up"]


def of_nats(fleet) -> int | None:
    try:
        return int((fleet / "broker" / "nats.pid").read_text())
    except (FileNotFoundError, ValueError):
        return None


def test_what_is_killed_comes_back_and_status_tells(fleet, serve):
    serve("broker", "est")
    before = {row.name: row for row in processes.status(fleet)}
    assert {row.state for row in before.values()} == {"running"}
    for row in before.values():
        os.kill(row.pid, signal.SIGKILL)

    def back():
        rows = processes.status(fleet)
        return all(
            row.state == "running" and row.restarts == 1 and row.pid != before[row.name].pid for row in rows
        )

    until(back, "both run again")
    settings = load_settings(fleet)
    until(lambda: answers(settings.broker.port) and answers(settings.est.port), "both answer again")

    nats = of_nats(fleet)
    os.kill(nats, signal.SIGKILL)
    until(lambda: of_nats(fleet) not in {nats, None}, "another nats-server")
    until(lambda: answers(settings.broker.port), "its port")


def test_a_stop_is_quiet_and_leaves_no_process(fleet, serve):
    supervisor = serve("broker", "est", "web")
    supervisor.terminate()
    assert supervisor.wait(WAIT_S) == 0
    assert of_directory(fleet) == []
    assert processes.status(fleet) == []
    log = (fleet / "serve.log").read_text()
    assert "Traceback" not in log
    assert "a process ended" not in log


def test_a_closed_terminal_stops_everything_quietly(fleet, serve):
    supervisor = serve("broker")
    supervisor.send_signal(signal.SIGHUP)
    assert supervisor.wait(WAIT_S) == 0
    assert of_directory(fleet) == []


def test_asking_for_the_status_keeps_nobody_from_serving(fleet):
    paths = Paths(fleet)
    with processes._alone(paths), pytest.raises(FleetError, match="stop it first"), processes._alone(paths):
        pass

    def glance():
        with processes._alone(paths):
            held.set()
            go.wait(10)

    held, go = threading.Event(), threading.Event()
    asker = threading.Thread(target=glance)
    asker.start()
    assert held.wait(10)
    threading.Timer(0.1, go.set).start()
    with processes._alone(paths, 10):
        asker.join()


def test_a_killed_supervisor_takes_everything_along(fleet, serve):
    supervisor = serve("broker", "est", "web")
    supervisor.kill()
    supervisor.wait()
    until(lambda: not of_directory(fleet), "the end of every process")


def test_one_fleet_is_served_once_until_ctrl_c(fleet, serve):
    supervisor = serve("est")
    command = [sys.executable, "-m", "fleet.command", "serve", "--dir", str(fleet)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert second.returncode == 1
    assert "stop it first" in second.stderr
    told = [sys.executable, "-m", "fleet.command", "status", "--dir", str(fleet), "--json"]
    status = subprocess.run(told, capture_output=True, text=True, timeout=WAIT_S, check=True)
    assert [row["name"] for row in json.loads(status.stdout)] == ["est"]
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(WAIT_S) == 0
    assert of_directory(fleet) == []


def test_an_unknown_process_is_named(fleet):
    with pytest.raises(FleetError, match="no such process"):
        processes.serve(fleet, ["kitchen"], now=0)
    with pytest.raises(FleetError, match="no process of a fleet"):
        processes.run("kitchen", fleet)
