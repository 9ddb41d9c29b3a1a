"""The access table as a real mosquitto keeps it: the broker that a fleet grows into."""

import datetime as dt
import os
import shutil
import socket
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from fleet.broker import mosquitto

A, B = "a00000000001", "b00000000002"
PROGRAM = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(
        PROGRAM is None and os.environ.get("CI") != "true",
        reason="mosquitto is not installed (never skipped in CI)",
    ),
]


def revoked_nobody(town) -> bytes:
    now = dt.datetime.now(dt.UTC)
    key = load_pem_private_key((town.directory / "authority" / "ca.key").read_bytes(), None)
    listed = x509.CertificateRevocationListBuilder(
        issuer_name=town.authority.certificate.subject,
        last_update=now - dt.timedelta(minutes=1),
        next_update=now + dt.timedelta(days=1),
    )
    return listed.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def gates(town):
    """mosquitto with our rendered files, and certificates of two gates and both services."""
    for gate in (A, B):
        town.gate(gate)
    place = town.place
    place.directory.mkdir(exist_ok=True)
    (town.directory / "authority").mkdir()
    town.authority.save(town.directory / "authority")
    (place.directory / "revoked.pem").write_bytes(revoked_nobody(town))
    (place.directory / "mosquitto.acl").write_text(mosquitto.render_acl())
    (place.directory / "mosquitto.acl").chmod(0o700)
    text = mosquitto.render_configuration(place)
    # As root it would change to a user of its own, who may not read this directory.
    text += "user root\n" if os.geteuid() == 0 else ""
    configuration = place.directory / "mosquitto.conf"
    configuration.write_text(text)
    with subprocess.Popen(
        [PROGRAM, "-c", configuration], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        wait_for(place.port, server)
        yield town
        server.terminate()
        server.communicate(timeout=10)


def wait_for(port, server):
    deadline = time.monotonic() + 30
    while True:
        assert server.poll() is None, server.stdout.read().decode()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, "mosquitto never listened"
        time.sleep(0.02)


def test_a_gate_is_heard_by_ingest_and_told_by_both_services(gates):
    ingest, publisher, gate = (gates.connect(name) for name in ("ingest", "publisher", A))
    ingest.subscribe("jx1/up/+/+/events")
    for topic in (f"jx1/down/{A}/+", "jx1/all/+", "jx1/all/+/+/+"):
        gate.subscribe(topic)
    gate.publish(f"jx1/up/a/{A}/events", b"batch")
    ingest.hears(f"jx1/up/a/{A}/events", b"batch")
    ingest.publish(f"jx1/down/{A}/receipt", b"receipt")
    publisher.publish("jx1/all/status/jl/0", b"colours", retain=True)
    gate.hears(f"jx1/down/{A}/receipt", b"receipt")
    gate.hears("jx1/all/status/jl/0", b"colours")


def test_what_is_retained_reaches_a_gate_that_comes_later(gates):
    gates.connect("publisher").publish("jx1/all/root", b"root", retain=True)
    gate = gates.connect(A)
    gate.subscribe("jx1/all/+")
    gate.hears("jx1/all/root", b"root")


@pytest.mark.parametrize("topic", [f"jx1/up/a/{A}/events", "jx1/all/root", f"jx1/down/{B}/receipt"])
def test_a_gate_cannot_speak_for_another_or_for_the_fleet(gates, topic):
    ingest, gate, other = gates.connect("ingest"), gates.connect(A), gates.connect(B)
    ingest.subscribe("jx1/up/+/+/events")
    gate.subscribe("jx1/all/+")
    gate.subscribe(f"jx1/down/{A}/+")
    other.publish(topic, b"forged")
    # What B may say comes after it on the same connection: had the forgery passed, it would be there first.
    other.publish(f"jx1/up/b/{B}/events", b"honest")
    ingest.hears(f"jx1/up/b/{B}/events", b"honest")
    gates.connect("publisher").publish("jx1/all/trust", b"later")
    gate.hears("jx1/all/trust", b"later")
    assert b"forged" not in {payload for _, payload in [*ingest.messages, *gate.messages]}


def test_a_gate_cannot_hear_what_is_for_another(gates):
    gate, ingest = gates.connect(A), gates.connect("ingest")
    gate.subscribe("#")
    ingest.publish(f"jx1/down/{B}/receipt", b"not yours")
    ingest.publish(f"jx1/down/{A}/receipt", b"yours")
    gate.hears(f"jx1/down/{A}/receipt", b"yours")
    assert b"not yours" not in {payload for _, payload in gate.messages}


def test_two_with_one_client_id_do_not_knock_each_other_off(gates):
    first, second = gates.connect(A, client_id="same"), gates.connect(B, client_id="same")
    second.publish(f"jx1/up/b/{B}/events", b"the second is served")
    assert not first.dropped.is_set()
    assert first.client.is_connected()


def test_without_a_certificate_nobody_is_served(gates):
    stranger = gates.connect(None, wait=False)
    deadline = time.monotonic() + 30
    while not stranger.dropped.is_set():
        assert time.monotonic() < deadline, "the stranger was never dropped"
        time.sleep(0.02)
    assert not stranger.connects
