"""The way to the fleet: its name, its port, its certificate, and that it takes this gate's."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final

from cryptography import x509

from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import Finding, Grade, graded, skipped
from device.firmware.errors import GateError
from device.firmware.standing import certificate_end
from device.firmware.uplink import Line, tls_context
from device.firmware.words import NOTHING, Both, plain
from wire.health import Trouble

CONNECT_S: Final = 5.0
LISTEN_S: Final = 1.0
"""How long a broker that does not want this gate takes to say so: in TLS 1.3 only after the handshake."""
DAY_S: Final = 86_400
SOON_S: Final = 14 * DAY_S

_NAME, _PORT, _TLS = Both("域名", "name"), Both("连接", "connection"), Both("加密", "TLS")
_ONLINE: Final = Both("在线", "connected")


def run(context: Context) -> Iterator[Finding]:
    """One connection of its own, closed again before anything is said; a running gate's stays as it is."""
    broker, config = context.config.broker, context.config
    if context.running is not None:
        online = context.running.told.online
        word = _ONLINE if online else Both("未连接", "not connected")
        fix = Both("见下列各项", "see the lines below")
        yield graded(online, word, _ONLINE, fix, bad=Grade.WARN, about=Both("闸机", "the gate"))
    try:
        address = socket.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        fix = Both("检查网线或无线网络、DNS 和 [broker] host", "check cable or Wi-Fi, DNS, and [broker] host")
        yield Finding(
            Grade.FAIL, Both(f"{broker.host} 无法解析", f"{broker.host}: {error}"), NOTHING, fix, _NAME
        )
        return
    yield Finding(
        Grade.PASS,
        plain(f"{broker.host}: {address[4][0]}" if address[4][0] != broker.host else broker.host),
        about=_NAME,
    )
    begun_s = context.monotonic()
    try:
        connection = socket.create_connection((broker.host, broker.port), CONNECT_S)
    except OSError as error:
        yield _unreachable(error)
        return
    with connection:
        took_ms = (context.monotonic() - begun_s) * 1000
        yield Finding(Grade.PASS, plain(f"{broker.port}, {took_ms:.0f} ms"), about=_PORT)
        if certificate_end(config.path(broker.certificate)) is None:
            yield skipped(Both("尚未登记", "not enrolled"), Both("jx-field enrol", "jx-field enrol"))
            return
        yield _secured(context, connection)


def _unreachable(error: OSError) -> Finding:
    limit = Both("可连接", "it answers")
    if isinstance(error, ConnectionRefusedError):
        refused = Both(
            "被拒绝：主机在，端口上没有服务", "refused: the host is there, nothing listens on the port"
        )
        fix = Both("启动服务器；检查 [broker] port", "start the broker; check [broker] port")
        return Finding(Grade.FAIL, refused, limit, fix, _PORT)
    silent = Both(f"没有应答（{error}）", f"no answer ({error})")
    fix = Both("检查路由和防火墙", "check route and firewall")
    return Finding(Grade.FAIL, silent, limit, fix, _PORT)


def _secured(context: Context, connection: socket.socket) -> Finding:
    broker, config = context.config.broker, context.config
    line = Line(
        host=broker.host,
        port=broker.port,
        authority=config.path(broker.authority),
        certificate=config.path(broker.certificate),
        key=config.path(broker.key),
    )
    limit = Both("双方证书有效", "both certificates hold")
    enrol = Both("重新登记：jx-field enrol", "enrol it again: jx-field enrol")
    try:
        with tls_context(line).wrap_socket(connection, server_hostname=broker.host) as channel:
            _hear(channel)
            return _dates(context, channel.getpeercert(binary_form=True) or b"", limit)
    except GateError as error:
        return Finding(Grade.FAIL, Both("本机证书文件不能用", str(error)), limit, enrol, _TLS)
    except ssl.SSLCertVerificationError as error:
        value = Both(
            f"服务器证书不可信（{error.verify_message}）",
            f"its certificate is not trusted ({error.verify_message})",
        )
        fix = Both(
            f"检查 host 和 {line.authority.name}；重新登记",
            f"check host and {line.authority.name}; enrol it again",
        )
        return Finding(Grade.FAIL, value, limit, fix, _TLS)
    except (ssl.SSLError, OSError, ValueError) as error:
        return Finding(Grade.FAIL, _refusal(error), limit, enrol, _TLS)


def _hear(channel: ssl.SSLSocket) -> None:
    """Wait a moment for a refusal; a broker that says nothing waits for MQTT, as it should."""
    channel.settimeout(LISTEN_S)
    try:
        said = channel.recv(1)
    except TimeoutError:
        return
    if not said:
        raise ConnectionResetError("closed after the handshake")


def _refusal(error: Exception) -> Both:
    words = str(getattr(error, "reason", None) or error).lower().replace("_", " ")
    if "expired" in words:
        return Both("服务器说本机证书已过期", "it says that this gate's certificate has expired")
    if "alert" in words or "closed after" in words:
        return Both(f"服务器不接受本机证书（{words}）", f"it does not take this gate's certificate ({words})")
    return Both(f"握手失败（{words}）", f"no handshake ({words})")


def _dates(context: Context, certificate: bytes, limit: Both) -> Finding:
    """A gate connects to a broker whose certificate has expired, so somebody has to say it."""
    ends = int(x509.load_der_x509_certificate(certificate).not_valid_after_utc.timestamp())
    days = (ends - context.now_s) // DAY_S
    fix = Both("为服务器换新证书", "give the broker a new certificate")
    value = Both(f"已接通，服务器证书剩 {days} 天", f"accepted, its certificate has {days} days left")
    return graded(ends - context.now_s >= SOON_S, value, limit, fix, bad=Grade.WARN, about=_TLS)


CHECK: Final = Check(
    name="network",
    title=Both("网络", "network"),
    proves=Both("能以本机证书连上服务器", "that the broker is there and takes this gate's certificate"),
    run=run,
    troubles=(Trouble.OFFLINE,),
)
