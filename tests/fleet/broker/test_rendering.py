"""The access table as the brokers read it."""

from pathlib import Path

import pytest

from fleet.broker import mosquitto, nats
from fleet.broker.clients import Client, gate_client
from wire.topics import ACL

GATE = "0123456789ab"
PLACE = nats.Place(
    host="127.0.0.1",
    port=8883,
    directory=Path("/var/lib/jx/broker"),
    certificate=Path("/var/lib/jx/tls/broker.pem"),
    key=Path("/var/lib/jx/tls/broker.key"),
    authority=Path("/var/lib/jx/ca/ca.pem"),
)


@pytest.mark.parametrize(
    ("topic", "subject"), [("jx1/all/+", "jx1.all.*"), ("jx1/#", "jx1.>"), ("a", "a"), ("+/+", "*.*")]
)
def test_topic_levels_become_dots(topic, subject):
    assert nats.subject(topic) == subject


def test_a_gate_gets_its_row_of_the_table_filled_in():
    client = gate_client(GATE, bytes(8))
    assert client.name == f"{'00' * 8}.{GATE}"
    assert client.grant.publish == tuple(
        f"jx1/up/0/{GATE}/{leaf}" for leaf in ("hello", "state", "events", "reply")
    )
    assert client.grant.subscribe == (f"jx1/down/{GATE}/+", "jx1/all/+", "jx1/all/+/+/+")


def test_nats_gives_nobody_the_branch_by_which_mqtt_clients_could_speak_for_others():
    text = nats.render(PLACE, [gate_client(GATE, bytes(8)), Client("ingest", ACL["ingest"])])
    speaks = [line.split("subscribe:")[0] for line in text.splitlines() if "user:" in line]
    assert len(speaks) == 2
    assert not any("$MQTT" in line or '">"' in line for line in speaks)


def test_nats_maps_certificates_on_every_port():
    text = nats.render(PLACE, [])
    assert text.count("verify_and_map: true") == 2
    assert 'listen: "127.0.0.1:-1"' in text


def test_names_are_quoted():
    text = nats.render(PLACE, [Client('a" } ] #', ACL["ingest"])])
    assert '{ user: "a\\" } ] #",' in text


def test_every_row_of_the_table_stands_in_the_acl_of_mosquitto():
    assert mosquitto.render_acl() == (
        "# Rendered by jx-fleet from wire.topics.ACL: changes here are lost.\n"
        "pattern write jx1/up/+/%u/hello\n"
        "pattern write jx1/up/+/%u/state\n"
        "pattern write jx1/up/+/%u/events\n"
        "pattern write jx1/up/+/%u/reply\n"
        "pattern read jx1/down/%u/+\n"
        "pattern read jx1/all/+\n"
        "pattern read jx1/all/+/+/+\n"
        "\n"
        "user ingest\n"
        "topic write jx1/down/+/receipt\n"
        "topic write jx1/down/+/venue\n"
        "topic read jx1/up/+/+/+\n"
        "\n"
        "user publisher\n"
        "topic write jx1/all/+\n"
        "topic write jx1/all/+/+/+\n"
        "topic write jx1/down/+/assignment\n"
        "topic write jx1/down/+/command\n"
        "topic write jx1/down/+/time\n"
        "topic read jx1/up/+/+/hello\n"
        "topic read jx1/up/+/+/reply\n"
    )


def test_mosquitto_knows_clients_by_certificate_only():
    lines = mosquitto.render_configuration(PLACE).splitlines()
    for line in (
        "require_certificate true",
        "use_identity_as_username true",
        "use_username_as_clientid true",
        "allow_anonymous false",
        "listener 8883 127.0.0.1",
        "acl_file /var/lib/jx/broker/mosquitto.acl",
    ):
        assert line in lines
