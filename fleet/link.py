"""One service's line to the broker: MQTT 3.1.1 over mutual TLS, kept up by its own thread."""

import queue
import secrets
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion

from fleet.config import Paths, Settings
from fleet.errors import FleetError

SHORTEST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 2.0
KEEPALIVE_S: Final = 20
MOST_WAITING: Final = 50_000  # messages; what is dropped beyond has no receipt and comes again
MOST_WAITING_BYTES: Final = 67_108_864  # 64 MiB: while the database stalls, memory does not grow beyond
_EVERY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to reach what listens there


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Connected:
    """Stands in the queue where a connection began: what was published before may be lost."""


class Inbox:
    """Messages on their way from paho's thread to one reader: never more than so many, nor so many bytes."""

    def __init__(self) -> None:
        self.dropped = 0
        self._queue: queue.SimpleQueue[Message | Connected] = queue.SimpleQueue()
        self._bytes_in = 0  # written by the one who puts
        self._bytes_out = 0  # written by the one who gets

    def put(self, said: Message | Connected) -> None:
        """Add a message, or drop it when there are too many; the beginning of a connection always fits."""
        if isinstance(said, Message):
            waiting = self._bytes_in - self._bytes_out + len(said.payload)
            if self._queue.qsize() >= MOST_WAITING or waiting > MOST_WAITING_BYTES:
                self.dropped += 1
                return
            self._bytes_in += len(said.payload)
        self._queue.put(said)

    def get(self, timeout: float) -> Message | Connected:
        """The oldest message; queue.Empty when none comes within `timeout` seconds (0: at once)."""
        said = self._queue.get(timeout=timeout) if timeout else self._queue.get_nowait()
        if isinstance(said, Message):
            self._bytes_out += len(said.payload)
        return said


class Link:
    """`incoming` is for one reader; `publish` may be called by any thread once `start` was."""

    def __init__(
        self, paths: Paths, settings: Settings, service: str, subscriptions: Sequence[tuple[str, int]]
    ) -> None:
        self.incoming = Inbox()
        self._log = structlog.get_logger("link").bind(process=service)  # paho's thread has no context
        self._subscriptions = list(subscriptions)
        self._place = (
            _EVERY_ADDRESS.get(settings.broker.host, settings.broker.host),
            settings.broker.port,
        )
        self._up = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"jx{secrets.token_hex(10)}", protocol=mqtt.MQTTv311
        )
        self._client.tls_set_context(_context(paths, service))
        waits: Any = (SHORTEST_WAIT_S, LONGEST_WAIT_S)  # paho says int and waits for fractions as well
        self._client.reconnect_delay_set(*waits)
        self._client.max_inflight_messages_set(1000)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    @property
    def connected(self) -> bool:
        """Whether the broker has taken us and our subscriptions."""
        return self._up.is_set()

    def start(self) -> None:
        """Begin to connect, and again whenever the line breaks."""
        self._client.connect_async(*self._place, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Say goodbye and end the thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Hand a message over at QoS 1; False when there is no line: publish again after `Connected`."""
        if not self.connected:
            return False
        return self._client.publish(topic, payload, 1, retain).rc is mqtt.MQTT_ERR_SUCCESS

    def _on_connect(self, client: mqtt.Client, _data: object, _flags: object, code: Any, _: object) -> None:  # noqa: ANN401 - paho's ReasonCode is untyped
        if code.is_failure:
            self._log.warning("the broker refused the connection", code=str(code))
            return
        client.subscribe(self._subscriptions)

    def _on_subscribe(self, _client: mqtt.Client, _data: object, _mid: int, codes: Any, _: object) -> None:  # noqa: ANN401 - a list of paho's untyped ReasonCode
        refused = [str(code) for code in codes if code.is_failure]
        if refused:
            self._log.error("the broker refused a subscription", codes=refused)
        self._up.set()
        self.incoming.put(Connected())
        self._log.info("connected to the broker")

    def _on_disconnect(self, *_: object) -> None:
        if self._up.is_set():
            self._log.warning("the line to the broker broke")
        self._up.clear()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self.incoming.put(Message(message.topic, bytes(message.payload)))


def _context(paths: Paths, service: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(paths.ca_certificate)
        context.load_cert_chain(paths.certificate(service), paths.key(service))
    except (OSError, ValueError) as error:
        raise FleetError(
            f"the certificate of {service} cannot be read; make it anew: jx-fleet init --dir {paths.root}"
        ) from error
    return context
