"""The access table as nats-server reads it.

A client is mapped to its user by a DNS name in its certificate. Nobody gets `$MQTT.>` to publish: MQTT
clients could then write `$MQTT/msgs/<any topic>` and so speak for others. What clients need to hear of
that branch are their own subscriptions' deliveries.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleet.broker.clients import Client

_DELIVERIES: Final = ("$MQTT.sub.>", "$MQTT.deliver.>")
_TEMPLATE: Final = """\
# Rendered by jx-fleet from wire.topics.ACL: changes here are lost.
server_name: jixiang
# The port for clients of NATS's own protocol cannot be left out: any free one, with the same mutual TLS.
listen: "127.0.0.1:-1"
%(tls)s
log_file: %(log)s
log_size_limit: 10485760
log_max_num: 5
pid_file: %(pid)s
max_payload: 1048576
# Of one connection; a gate has three and the server's own for them.
max_subscriptions: 64
jetstream { store_dir: %(store)s, max_memory_store: 67108864, max_file_store: 2147483648 }
mqtt {
  host: %(host)s
  port: %(port)d
  # How many events may wait for ingest's commit; the default of 100 would make its commits small.
  max_ack_pending: 8192
  %(tls)s
}
accounts {
  JX {
    # Each QoS 1 subscription is a consumer; a gate has four.
    jetstream: { max_consumers: 100000 }
    users: [
%(users)s
    ]
  }
}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens and keeps its files."""

    host: str
    port: int
    directory: Path
    certificate: Path
    key: Path
    authority: Path

    @property
    def configuration(self) -> Path:
        """The rendered file."""
        return self.directory / "nats.conf"

    @property
    def log(self) -> Path:
        """What the server says; rotated by the server itself."""
        return self.directory / "nats.log"


def subject(topic: str) -> str:
    """An MQTT topic filter as a NATS subject."""
    words = {"+": "*", "#": ">"}
    return ".".join(words.get(level, level) for level in topic.split("/"))


def render(place: Place, clients: Iterable[Client]) -> str:
    """The whole configuration; the same input gives the same text."""
    tls = (
        f"tls {{ cert_file: {_quoted(place.certificate)}, key_file: {_quoted(place.key)},"
        f" ca_file: {_quoted(place.authority)}, verify_and_map: true, timeout: 30 }}"
    )
    return _TEMPLATE % {
        "tls": tls,
        "log": _quoted(place.log),
        "pid": _quoted(place.directory / "nats.pid"),
        "store": _quoted(place.directory / "jetstream"),
        "host": _quoted(place.host),
        "port": place.port,
        "users": "\n".join(f"      {_user(client)}" for client in clients),
    }


def _user(client: Client) -> str:
    speaks = json.dumps([subject(topic) for topic in client.grant.publish])
    hears = json.dumps([*(subject(topic) for topic in client.grant.subscribe), *_DELIVERIES])
    allowed = f"publish: {{ allow: {speaks} }}, subscribe: {{ allow: {hears} }}"
    ways = 'allowed_connection_types: ["MQTT"]'
    return f"{{ user: {_quoted(client.name)}, {ways}, permissions: {{ {allowed} }} }}"


def _quoted(value: Path | str) -> str:
    return json.dumps(str(value), ensure_ascii=False)
