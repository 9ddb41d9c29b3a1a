"""The line to the broker: MQTT 3.1.1 over mutual TLS, kept up by its own thread, never waited for."""

import random
import secrets
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from device.firmware.errors import GateError
from device.firmware.framing import LimitedSocket
from device.firmware.inbox import Inbox, Incoming
from wire import messages, schema, topics
from wire.messages import Batch, ClockTrust, Hello, Reply, State
from wire.topics import Up

SESSION_BYTES: Final = 16
MAX_UNACKNOWLEDGED: Final = 64
LONGEST_WAIT_S: Final = 60.0
STEADY_S: Final = 30.0
"""A line that breaks sooner is no line yet: the wait before the next attempt goes on doubling."""
# X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which the ssl module has no name for.
_NO_CHECK_TIME: Final = ssl.VerifyFlags(0x200000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Where the broker is, and the files for mutual TLS."""

    host: str
    port: int
    authority: Path
    certificate: Path
    key: Path
    keepalive_s: int = 30
    connect_timeout_s: float = 10.0
    shortest_wait_s: float = 1.0


def tls_context(line: Line) -> ssl.SSLContext:
    """Mutual TLS against the one pinned authority; GateError when a file is missing or wrong.

    Dates in certificates are not compared: a board without a clock could not come back otherwise, and
    what it hears is believed by signature, not by line. Revocation is the broker's and the fleet's.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = LimitedSocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(line.authority)
        context.load_cert_chain(line.certificate, line.key)
    except (OSError, ValueError) as error:
        raise GateError(
            f"certificate, key or authority cannot be read ({error}); nothing was sent, enrol this gate"
        ) from error
    context.verify_flags |= _NO_CHECK_TIME
    return context


def last_will(session: bytes) -> State:
    """What the broker says for a gate that is gone; the session tells an old one from a new one."""
    return State(
        session=session,
        online=False,
        ready=False,
        troubles=(),
        at_ms=0,
        clock=ClockTrust.NONE,
        clock_doubt_ms=0,
        held=messages.NOTHING_HELD,
        backlog=0,
        gauges={},
    )


class Uplink:
    """One gate's line to its broker. All methods are for the loop's thread and none of them waits."""

    def __init__(self, line: Line, gate: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.gate = topics.check_gate(gate)
        self.session = secrets.token_bytes(SESSION_BYTES)
        self.inbox = Inbox(gate)
        self._line = line
        self._monotonic = monotonic
        self._up = threading.Event()
        self._attempts = 0
        self._since = 0.0
        self._refused = ""
        # 22 characters: every broker has to take 23 (MQTT 3.1.1, 3.1.3.1).
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"jx{secrets.token_hex(10)}", protocol=mqtt.MQTTv311
        )
        self._prepare(tls_context(line))

    @property
    def connected(self) -> bool:
        """Whether the broker has taken this gate and its subscriptions were sent."""
        return self._up.is_set()

    @property
    def refused(self) -> str:
        """What the broker said when it last refused a connection or a subscription, in its words."""
        return self._refused

    def start(self) -> None:
        """Begin to connect, and to connect again whenever the line breaks."""
        self._client.connect_async(self._line.host, self._line.port, keepalive=self._line.keepalive_s)
        self._client.loop_start()

    def stop(self, wait_s: float = 2.0) -> None:
        """Say goodbye, wait at most `wait_s` for it to be heard, and end the thread."""
        if self.connected:
            farewell = self._publish(Up.STATE, schema.write(messages.STATE, last_will(self.session)))
            if farewell is not None:
                farewell.wait_for_publish(wait_s)
        self._client.disconnect()
        self._client.loop_stop()
        self._up.clear()

    def take(self) -> list[Incoming]:
        """What has come since the last call, oldest first."""
        return self.inbox.take()

    def say_hello(self, hello: Hello) -> bool:
        """Send; False when it could not even be queued."""
        return self._publish(Up.HELLO, schema.write(messages.HELLO, hello)) is not None

    def say_state(self, state: State) -> bool:
        """Send; False when it could not even be queued."""
        return self._publish(Up.STATE, schema.write(messages.STATE, state)) is not None

    def send(self, batch: Batch) -> bool:
        """Send; False when it could not even be queued. Only a signed receipt says that it arrived."""
        return self._publish(Up.EVENTS, schema.write(messages.BATCH, batch)) is not None

    def reply(self, reply: Reply) -> bool:
        """Send; False when it could not even be queued."""
        return self._publish(Up.REPLY, schema.write(messages.REPLY, reply)) is not None

    def _prepare(self, context: ssl.SSLContext) -> None:
        client = self._client
        client.tls_set_context(context)
        client.connect_timeout = self._line.connect_timeout_s
        client.max_inflight_messages_set(MAX_UNACKNOWLEDGED)
        client.max_queued_messages_set(MAX_UNACKNOWLEDGED)
        will = schema.write(messages.STATE, last_will(self.session))
        client.will_set(topics.up(self.gate, Up.STATE), will, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_failed
        client.on_disconnect = self._on_failed
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        self._wait_longer()

    def _publish(self, leaf: Up, payload: bytes) -> mqtt.MQTTMessageInfo | None:
        if not self.connected:
            return None
        kept = leaf in topics.RETAINED
        info = self._client.publish(topics.up(self.gate, leaf), payload, qos=1, retain=kept)
        return info if info.rc is mqtt.MQTT_ERR_SUCCESS else None

    def _wait_longer(self) -> None:
        """Before each attempt a random wait up to a bound that doubles: thousands come back, not at once."""
        bound = min(self._line.shortest_wait_s * 2.0**self._attempts, LONGEST_WAIT_S)
        wait_s: Any = random.uniform(bound / 2, bound)  # noqa: S311 - it spreads load, it guards nothing
        self._attempts = min(self._attempts + 1, 16)
        self._client.reconnect_delay_set(wait_s, wait_s)

    def _on_connect(self, client: mqtt.Client, _data: object, _flags: object, code: Any, _: object) -> None:  # noqa: ANN401 - paho's ReasonCode is untyped
        if code.is_failure:
            self._refused = str(code)
            return
        self._since = self._monotonic()
        client.subscribe([(name, 1) for name in topics.gate_subscriptions(self.gate)])
        self._up.set()

    def _on_failed(self, *_: object) -> None:
        if self.connected and self._monotonic() - self._since >= STEADY_S:
            self._attempts = 0
        self._up.clear()
        self._wait_longer()

    def _on_subscribe(self, _client: mqtt.Client, _data: object, _mid: int, codes: Any, _: object) -> None:  # noqa: ANN401 - a list of paho's untyped ReasonCode
        failed = [str(code) for code in codes if code.is_failure]
        if failed:
            self._refused = failed[0]

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return  # a name that is no text is none of ours, and raising here would end paho's thread
        self.inbox.put(topic, bytes(message.payload), self._monotonic())
