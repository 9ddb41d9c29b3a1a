"""The embedded broker, asked by real clients: who may connect, speak and hear."""

import re
import socket
import ssl
import time

import pytest

from fleet.errors import FleetError

A, B = "a00000000001", "b00000000002"


def until(condition, what):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.01)


@pytest.fixture
def gates(town, services):
    """Two gates and both services, connected."""
    town.broker.start([*services, town.gate(A), town.gate(B)])
    return town


def test_a_gate_is_heard_by_ingest_and_told_by_both_services(gates):
    ingest, publisher, gate = (gates.connect(name) for name in ("ingest", "publisher", A))
    assert ingest.subscribe("jx1/up/+/+/events")
    assert gate.subscribe(f"jx1/down/{A}/+")
    assert gate.subscribe("jx1/all/+")
    assert gate.subscribe("jx1/all/+/+/+")
    gate.publish(f"jx1/up/a/{A}/events", b"batch")
    ingest.hears(f"jx1/up/a/{A}/events", b"batch")
    ingest.publish(f"jx1/down/{A}/receipt", b"receipt")
    publisher.publish("jx1/all/status/jl/0", b"colours", retain=True)
    gate.hears(f"jx1/down/{A}/receipt", b"receipt")
    gate.hears("jx1/all/status/jl/0", b"colours")


def test_what_is_retained_reaches_a_gate_that_comes_later(gates):
    publisher = gates.connect("publisher")
    publisher.publish("jx1/all/root", b"root", retain=True)
    publisher.publish(f"jx1/down/{A}/assignment", b"yours", retain=True)
    gate = gates.connect(A)
    assert gate.subscribe("jx1/all/+")
    assert gate.subscribe(f"jx1/down/{A}/+")
    gate.hears("jx1/all/root", b"root")
    gate.hears(f"jx1/down/{A}/assignment", b"yours")


@pytest.mark.parametrize(
    "topic",
    [
        f"jx1/up/a/{A}/events",
        f"jx1/up/b/{A}/events",
        f"jx1/up/a/{B}/events",
        f"jx1/up/b/{B}/anything",
        "jx1/all/root",
        f"jx1/down/{A}/receipt",
        f"jx1/down/{B}/receipt",
        f"$MQTT/msgs/jx1/up/a/{A}/events",
        f"$MQTT/rmsgs/jx1/up/a/{A}/state",
        f"$MQTT/msgs/jx1/down/{A}/receipt",
        "$JS/API/STREAM/PURGE/$MQTT_rmsgs",
    ],
)
def test_a_gate_cannot_speak_for_another_or_for_the_fleet(gates, topic):
    ingest, other = gates.connect("ingest"), gates.connect(A)
    assert ingest.subscribe("jx1/up/+/+/+")
    assert other.subscribe(f"jx1/down/{A}/+")
    assert other.subscribe("jx1/all/+")
    liar = gates.connect(B)
    for qos in (0, 1):
        for retain in (False, True):
            liar.publish(topic, b"forged", qos=qos, retain=retain)
    liar.publish(f"jx1/up/b/{B}/events", b"last")
    ingest.hears(f"jx1/up/b/{B}/events", b"last")
    late = gates.connect(A)
    assert late.subscribe("jx1/all/+")
    other.publish(f"jx1/up/a/{A}/events", b"own")
    ingest.hears(f"jx1/up/a/{A}/events", b"own")
    assert not [m for peer in (ingest, other, late) for m in peer.messages if m[1] == b"forged"]


def test_a_last_will_cannot_speak_for_another(gates):
    ingest = gates.connect("ingest")
    assert ingest.subscribe("jx1/up/+/+/state")
    for will in ((f"jx1/up/a/{A}/state", b"forged", 1, True), (f"jx1/up/b/{B}/state", b"offline", 1, True)):
        gone = gates.connect(B, will=will, wait=False)
        until(lambda gone=gone: gone.connects or gone.dropped.is_set(), "an answer")
        if gone.connects:
            gone.client.socket().shutdown(socket.SHUT_RDWR)
    ingest.hears(f"jx1/up/b/{B}/state", b"offline")
    assert (f"jx1/up/a/{A}/state", b"forged") not in ingest.messages


@pytest.mark.parametrize(
    "topic",
    [
        f"jx1/down/{A}/+",
        f"jx1/down/{A}/assignment",
        "jx1/down/+/command",
        "jx1/up/+/+/events",
        "#",
        "+/#",
        "jx1/all/#",
        "jx1/+/+/+",
        "$share/x/jx1/down/+/receipt",
        "$MQTT/#",
        "$MQTT/sub/#",
        "$MQTT/deliver/#",
        "$MQTT/rmsgs/#",
        "$SYS/#",
        "$JS/#",
    ],
)
def test_a_gate_cannot_hear_what_is_not_for_it(gates, topic):
    assert not gates.connect(B).subscribe(topic)


@pytest.mark.parametrize(
    ("service", "topic"), [("ingest", "jx1/all/root"), ("publisher", f"jx1/down/{A}/receipt")]
)
def test_each_service_speaks_only_its_own_part(gates, service, topic):
    gate, publisher, ingest = gates.connect(A), gates.connect("publisher"), gates.connect("ingest")
    assert gate.subscribe(f"jx1/down/{A}/+")
    assert gate.subscribe("jx1/all/+")
    {"ingest": ingest, "publisher": publisher}[service].publish(topic, b"not mine")
    publisher.publish(f"jx1/down/{A}/time", b"last")
    gate.hears(f"jx1/down/{A}/time", b"last")
    assert (topic, b"not mine") not in gate.messages


def test_a_user_name_does_not_outweigh_the_certificate(gates):
    liar = gates.connect(B, username="ingest", password="")
    assert not liar.subscribe("jx1/up/+/+/events")


def test_without_a_certificate_nobody_is_served(gates):
    stranger = gates.connect(None, wait=False)
    assert stranger.dropped.wait(10)
    assert not stranger.connects


def test_the_port_for_other_protocols_is_guarded_alike(gates):
    log = gates.place.log.read_text()
    port = int(re.search(r"Listening for client connections on 127\.0\.0\.1:(\d+)", log).group(1))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        assert b'"tls_required":true' in plain.recv(4096)
        plain.sendall(b'CONNECT {"user":"ingest","pass":""}\r\nPING\r\n')
        assert plain.recv(100) == b""  # closed: what came is no TLS handshake


@pytest.mark.parametrize("name", [A, "ingest"])
def test_nobody_hears_others_deliveries_by_the_protocol_of_nats(gates, name):
    log = gates.place.log.read_text()
    port = int(re.search(r"Listening for client connections on 127\.0\.0\.1:(\d+)", log).group(1))
    context = ssl.create_default_context(cafile=gates.directory / "ca.pem")
    context.load_cert_chain(gates.directory / f"{name}.pem", gates.directory / f"{name}.key")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        plain.recv(4096)
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as line:
            line.sendall(b"CONNECT {}\r\nSUB $MQTT.sub.> 1\r\nPING\r\n")
            said = b"".join(iter(lambda: line.recv(4096), b""))
    assert b"Authorization Violation" in said
    assert b"PONG" not in said


def test_a_gate_has_a_few_subscriptions_not_thousands(gates):
    greedy = gates.connect(B)
    given = [greedy.subscribe(f"jx1/down/{B}/+" if n == 0 else f"jx1/all/+/{n}/+") for n in range(70)]
    assert 1 < sum(given) < 64


def test_a_message_beyond_the_limit_ends_the_connection(gates):
    gate = gates.connect(B)
    gate.client.publish(f"jx1/up/b/{B}/events", bytes(1_048_577), 1)
    assert gate.dropped.wait(10)


def test_a_certificate_of_the_authority_that_is_no_client_is_refused(gates):
    gates.gate("c00000000003")
    unknown = gates.connect("c00000000003", wait=False)
    until(lambda: unknown.refused or unknown.dropped.is_set(), "the refusal")
    assert not unknown.connects


def test_enrolling_disconnects_nobody(town, services):
    first = town.gate(A)
    town.broker.start([*services, first])
    here = town.connect(A)
    assert town.broker.reload([*services, first, town.gate(B)])
    town.connect(B)
    assert here.subscribe("jx1/all/+")
    assert not here.dropped.is_set()
    assert here.connects == 1


def test_revoking_drops_the_live_session_and_refuses_its_return(town, services):
    first, second = town.gate(A), town.gate(B)
    town.broker.start([*services, first, second])
    revoked, stays = town.connect(A), town.connect(B)
    assert town.broker.reload([*services, second])
    assert revoked.dropped.wait(2)
    revoked.client.loop_stop()
    again = town.connect(A, wait=False)
    until(lambda: again.refused or again.dropped.is_set(), "the refusal")
    assert not again.connects
    assert not stays.dropped.is_set()


def test_a_replaced_key_is_dropped_while_the_new_key_of_the_same_gate_stays(town, services):
    old, new = town.gate(A, "old"), town.gate(A, "new")
    town.broker.start([*services, old, new])
    before, after = town.connect("old"), town.connect("new")
    assert town.broker.reload([*services, new])
    assert before.dropped.wait(2)
    assert after.subscribe(f"jx1/down/{A}/+")
    assert not after.dropped.is_set()


def test_a_reload_that_fails_is_reported(gates, services, monkeypatch):
    monkeypatch.setattr("fleet.broker.nats.render", lambda *_: "this { is: no configuration")
    assert not gates.broker.reload(services)


def test_a_port_that_is_taken_is_an_error_with_the_server_s_words(town, services):
    with (
        socket.create_server(("127.0.0.1", town.place.port)),
        pytest.raises(FleetError, match="address already in use"),
    ):
        town.broker.start(services)
    assert not town.broker.alive


def test_a_broken_certificate_is_an_error_with_the_server_s_words(town, services):
    town.place.certificate.write_text("nothing")
    with pytest.raises(FleetError, match="certificate"):
        town.broker.start(services)
    assert not town.broker.alive


def test_stopping_leaves_no_process_and_may_be_repeated(gates):
    gates.broker.stop()
    gates.broker.stop()
    assert gates.broker.pid is None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((gates.place.host, gates.place.port))
