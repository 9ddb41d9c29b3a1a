"""A real nats-server, real certificates, real MQTT clients."""

import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from fleet.broker.clients import SERVICES, Client, gate_client
from fleet.broker.nats import Place
from fleet.broker.server import NatsBroker
from fleet.enrol.authority import Authority, private_pem, public_pem
from wire.keys import PublicKey
from wire.topics import ACL

WAIT_S = 10


def until(condition, what: str):
    deadline = time.monotonic() + WAIT_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.01)
    return value


@dataclass
class Peer:
    """An MQTT client that remembers what happened to it."""

    client: mqtt.Client
    messages: list = field(default_factory=list)
    grants: dict = field(default_factory=dict)
    connects: int = 0
    refused: bool = False
    dropped: threading.Event = field(default_factory=threading.Event)

    def subscribe(self, topic: str) -> bool:
        _, mid = self.client.subscribe(topic, 1)
        until(lambda: mid in self.grants, f"answer to subscribing {topic}")
        return not self.grants[mid].is_failure

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False):
        sent = self.client.publish(topic, payload, qos, retain)
        sent.wait_for_publish(WAIT_S)

    def hears(self, topic: str, payload: bytes):
        until(lambda: (topic, payload) in self.messages, f"{payload!r} on {topic}")

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


@dataclass
class Town:
    """A directory with an authority, a broker and everybody's certificates."""

    directory: Path
    authority: Authority
    place: Place
    broker: NatsBroker
    peers: list = field(default_factory=list)

    def save(self, name: str, key, certificate):
        (self.directory / f"{name}.pem").write_bytes(public_pem(certificate))
        (self.directory / f"{name}.key").write_bytes(private_pem(key))

    def gate(self, gate: str, label: str = "") -> Client:
        key = ec.generate_private_key(ec.SECP256R1())
        request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
        certificate = self.authority.sign_gate(request.public_bytes(Encoding.DER), gate, int(time.time()))
        self.save(label or gate, key, certificate)
        return gate_client(gate, PublicKey.from_cryptography(key.public_key()).kid)

    def connect(self, name: str | None, *, wait: bool = True, will=None, client_id="", **login) -> Peer:
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv311)
        context = ssl.create_default_context(cafile=self.directory / "ca.pem")
        if name:
            context.load_cert_chain(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        client.tls_set_context(context)
        client.reconnect_delay_set(60, 60)
        if login:
            client.username_pw_set(**login)
        if will:
            client.will_set(*will)
        peer = Peer(client)
        self.peers.append(peer)

        def connected(_client, _data, _flags, reason, _properties):
            peer.refused = peer.refused or reason.is_failure
            peer.connects += not reason.is_failure

        client.on_connect = connected
        client.on_message = lambda _c, _d, message: peer.messages.append((message.topic, message.payload))
        client.on_subscribe = lambda _c, _d, mid, reasons, _p: peer.grants.update({mid: reasons[0]})
        client.on_disconnect = lambda *_: peer.dropped.set()
        client.connect(self.place.host, self.place.port)
        client.loop_start()
        if wait:
            until(lambda: peer.connects, f"{name} connects")
        return peer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def services():
    return tuple(Client(name, ACL[name]) for name in SERVICES)


@pytest.fixture
def town(tmp_path: Path):
    now = int(time.time())
    authority = Authority.create("Test authority", now)
    (tmp_path / "ca.pem").write_bytes(public_pem(authority.certificate))
    place = Place(
        host="127.0.0.1",
        port=free_port(),
        directory=tmp_path / "broker",
        certificate=tmp_path / "broker.pem",
        key=tmp_path / "broker.key",
        authority=tmp_path / "ca.pem",
    )
    made = Town(tmp_path, authority, place, NatsBroker(place))
    for name, names, serves in (("broker", ["127.0.0.1"], True), *((s, [s], False) for s in SERVICES)):
        made.save(name, *authority.issue_service(name, names, serves=serves, now=now))
    yield made
    for peer in made.peers:
        peer.close()
    made.broker.stop()
