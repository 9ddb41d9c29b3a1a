"""The gate's certificate and key: there, for each other, not about to end, and nobody else's to read."""

import stat
from collections.abc import Iterator
from typing import Final

from device.firmware import evidence, identity
from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import Finding, Grade, graded
from device.firmware.errors import GateError
from device.firmware.readiness import CERTIFICATE_LEFT_S
from device.firmware.standing import certificate_end
from device.firmware.words import NOTHING, Both, plain
from wire.health import Trouble

DAY_S: Final = 86_400
_ENROL: Final = Both("用令牌登记：jx-field enrol", "enrol it with a token: jx-field enrol")


def run(context: Context) -> Iterator[Finding]:
    """Read both files and compare them. Raises `GateError`."""
    broker, config = context.config.broker, context.config
    evidence.allowed(config.path(broker.certificate), config.path(broker.key))
    ends = certificate_end(config.path(broker.certificate))
    if ends is None:
        yield Finding(Grade.FAIL, Both("尚未登记", "not enrolled"), fix=_ENROL)
        return
    days = (ends - context.now_s) // DAY_S
    limit = Both(f"≥ {CERTIFICATE_LEFT_S // DAY_S} 天", f"≥ {CERTIFICATE_LEFT_S // DAY_S} days")
    bad = Grade.WARN if days >= 0 else Grade.FAIL
    yield graded(
        ends - context.now_s >= CERTIFICATE_LEFT_S,
        Both(f"{days} 天", f"{days} days"),
        limit,
        _ENROL,
        bad=bad,
        about=Both("剩余", "left"),
    )
    yield _pair(context)
    yield _closed(context)


def _pair(context: Context) -> Finding:
    about = Both("配对", "key and name")
    broker, config = context.config.broker, context.config
    try:
        identity.signer(config.path(broker.certificate), config.path(broker.key), config.gate)
    except GateError as error:
        return Finding(Grade.FAIL, Both("证书与密钥不能用", str(error)), NOTHING, _ENROL, about)
    return Finding(
        Grade.PASS, Both("证书与密钥、闸机编号一致", "certificate, key and gate belong together"), about=about
    )


def _closed(context: Context) -> Finding:
    about, limit = Both("密钥权限", "key file"), plain("0600")
    path = context.config.path(context.config.broker.key)
    fix = Both(f"chmod 600 {path}", f"chmod 600 {path}")
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        return Finding(Grade.FAIL, Both("密钥无法读取", error.strerror or str(error)), limit, _ENROL, about)
    return graded(not mode & (stat.S_IRWXG | stat.S_IRWXO), plain(f"{mode:04o}"), limit, fix, about=about)


CHECK: Final = Check(
    name="certificate",
    title=Both("证书", "certificate"),
    proves=Both("证书有效、配对、密钥保密", "that the gate can prove who it is, and nobody else can"),
    run=run,
    troubles=(Trouble.NOT_ENROLLED, Trouble.CERTIFICATE_ENDING),
)
