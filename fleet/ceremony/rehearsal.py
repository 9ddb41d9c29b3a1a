"""A rehearsal of an office: does every key open, does every document verify, what has to be done by when."""

import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from fleet.ceremony import keyring, signatures
from fleet.ceremony.carried import proposals
from fleet.ceremony.keyring import Ring, Voice
from fleet.ceremony.office import HeldKey, Office
from fleet.errors import FleetError
from fleet.keys.offline import DAY_S, ROLES
from fleet.keys.phrases import moment
from wire.documents import Document, Role
from wire.errors import WireError
from wire.keys import Signer

# How long before its end a document is renewed: a gate that sleeps this long still finds its way.
ROOT_AHEAD_S: Final = 180 * DAY_S
TRUST_AHEAD_S: Final = 60 * DAY_S


class Level(IntEnum):
    """How bad something is."""

    GOOD = 0
    CARE = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, in Chinese and English."""

    level: Level
    zh: str
    en: str


def rehearse(office: Office, voice: Voice, now: int) -> list[Finding]:
    """Look at everything; nothing real is signed. The documents were verified when the office was opened."""
    return [
        *_keys(office, voice),
        *_documents(office, now),
        *_reserve(office),
        *_waiting(office),
        *_modes(office),
    ]


def _keys(office: Office, voice: Voice) -> Iterator[Finding]:
    held = office.own_keys()
    if not held:
        yield Finding(Level.CARE, "这里没有密钥", "no key is held here")
    with keyring.opened(office, {key.kid for key in held}, voice, strict=False) as ring:
        for key in held:
            yield _key(office, key, ring)


def _key(office: Office, held: HeldKey, ring: Ring) -> Finding:
    name = held.path.name
    signer = ring.signers.get(held.kid)
    if signer is None:
        why = ring.left_out[held.kid]
        return Finding(Level.BAD, f"{name} 打不开", f"{name} does not open: {why}")
    if not _signs(signer):
        return Finding(Level.BAD, f"{name} 打开了，但签名不对", f"{name} opens but signs wrongly")
    label = office.label(signer.public)
    if office.roots and held.kid not in office.root.keys_of(held.role):
        return Finding(
            Level.CARE,
            f"{label} 不在现行根文件中：等待加入，或已撤去，应销毁",
            f"{label} is not in the root in force: it waits to come in, or has left and is to be destroyed",
        )
    where_zh, where_en = ("令牌", "token") if held.in_token else ("密封文件", "sealed file")
    return Finding(
        Level.GOOD, f"{label} 能打开、能签名（{where_zh}）", f"{label} opens and signs ({where_en})"
    )


def _signs(signer: Signer) -> bool:
    """Try a key on a text that no reader takes for a document: those begin as a CBOR array."""
    challenge = b"jx-rehearsal " + secrets.token_hex(16).encode()
    try:
        signer.public.verify(signer.sign(challenge), challenge)
    except (WireError, FleetError):
        return False
    return True


def _documents(office: Office, now: int) -> Iterator[Finding]:
    if not office.roots:
        yield Finding(Level.CARE, "还没有根文件", "no root is known here yet: ceremony take")
        return
    count = len(office.roots)
    yield Finding(Level.GOOD, f"根文件第 1 至 {count} 版连续有效", f"roots 1 to {count} verify, in a chain")
    yield _date("根", "root", office.root, ROOT_AHEAD_S, now, "change --renew")
    if office.trust is None:
        yield Finding(Level.CARE, "还没有信任文件", "no trust document is known here yet: ceremony take")
    else:
        yield _date("信任", "trust", office.trust, TRUST_AHEAD_S, now, "jx-fleet trust propose")


def _date(zh: str, en: str, document: Document, ahead_s: int, now: int, how: str) -> Finding:
    version, until = document.version, moment(document.expires)
    due = moment(document.expires - ahead_s)[:10]
    if document.expires <= now:
        return Finding(
            Level.BAD,
            f"{zh}文件第 {version} 版已于 {until} 过期，立即更新：{how}",
            f"{en} {version} ended {until}: renew it now: {how}",
        )
    level = Level.CARE if document.expires - ahead_s <= now else Level.GOOD
    return Finding(
        level,
        f"{zh}文件第 {version} 版至 {until} 有效，应在 {due} 前更新：{how}",
        f"{en} {version} holds until {until}: renew it by {due}: {how}",
    )


def _reserve(office: Office) -> Iterator[Finding]:
    for role in ROLES if office.roots else ():
        row = office.root.roles[role]
        spare = len(row.kids) - row.threshold
        zh = "根" if role is Role.ROOT else "信任"
        if spare:
            yield Finding(
                Level.GOOD,
                f"{zh}密钥 {len(row.kids)} 把中需 {row.threshold} 把：还可失去 {spare} 把",
                f"{row.threshold} of {len(row.kids)} {role.value} keys sign: {spare} may be lost",
            )
        else:
            yield Finding(
                Level.CARE,
                f"{zh}密钥 {len(row.kids)} 把全部都需要：丢一把就无法再签，请增加",
                f"all {len(row.kids)} {role.value} keys are needed: after the loss of one nothing can be "
                "signed; add another: change --add",
            )


def _waiting(office: Office) -> Iterator[Finding]:
    for kind, found in proposals(office):
        data = office.kept(kind, found.version) or b""
        counted = signatures.tallies(found, data, signatures.rules(office, found))
        short = max(tally.short for tally in counted)
        yield Finding(
            Level.CARE,
            f"{kind}-{found.version} 还缺 {short} 个签名",
            f"{kind}-{found.version} waits for {short} more signatures: ceremony status",
        )


def _modes(office: Office) -> Iterator[Finding]:
    paths = [office.directory, *(key.path for key in office.own_keys())]
    open_ = [path.name for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]
    for name in open_:
        yield Finding(Level.BAD, f"{name} 他人可读", f"{name} may be read by others: chmod go= {name}")
