"""What a trust document changes about passes of other systems, in words that stay short for many keys.

Keys are counted, not listed: their ids are shortened, and a digest over the whole issuer stands for the
rest, so that here too the same words after the same base mean the same contents.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from fleet.keys.phrases import line, loud, moment, named, quoted
from wire import cbor, schema
from wire.documents import ForeignIssuer, ForeignKey, Trust
from wire.foreign.keys import PassKey, alg_of
from wire.foreign.passes import Format, Kind
from wire.keys import KID_BYTES

MOST_KIDS: Final = 24
"""How many key ids one line names."""
LONG_S: Final = 10 * 365 * 86_400
"""Signers of passes are replaced every few years: the gateway's certificate governance says two, NZ ten."""
_KIDS: Final = 8  # characters of a key id
_CODEC: Final = schema.record(ForeignIssuer)
_KINDS: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.VACCINATION: ("接种", "vaccinations"),
    Kind.TEST: ("检测", "tests"),
    Kind.RECOVERY: ("康复", "recoveries"),
    Kind.PASS: ("通行证", "plain passes"),
}
Keys = Mapping[tuple[bytes, PassKey], ForeignKey]


def changes(old: Trust | None, new: Trust) -> Iterator[str]:
    """A few lines for each issuer of passes that is not the same before and after."""
    before = {issuer.id: issuer for issuer in old.foreign} if old else {}
    after = {issuer.id: issuer for issuer in new.foreign}
    for name in sorted(before.keys() - after.keys()):
        count = len(before[name].keys)
        yield line(
            f"撤去外部机构 {named(name)}（{count} 把密钥）",
            f"foreign issuer {named(name)} REMOVED with {count} keys: its passes are refused",
        )
    owners = _owners(new)
    for name in sorted(after):
        if after[name] != before.get(name):
            yield from _issuer(before.get(name), after[name], new, owners)


def short(kid: bytes) -> str:
    """The beginning of a key id, as `whole` has it."""
    return whole(kid)[:_KIDS]


def whole(kid: bytes) -> str:
    """A key id: its text where it is one, else its digits."""
    try:
        text = kid.decode("ascii")
    except UnicodeDecodeError:
        text = " "
    return text if len(kid) != KID_BYTES and text == named(text) else kid.hex()


def kinds(mask: Kind) -> str:
    """What a key may state, in English."""
    return ", ".join(en for kind, (_, en) in _KINDS.items() if kind in mask)


def digest(issuer: ForeignIssuer) -> str:
    """What stands for everything that an issuer of passes is: 128 bits of SHA-256."""
    return hashlib.sha256(cbor.encode(_CODEC.dump(issuer))).hexdigest()[:32]


def _issuer(
    old: ForeignIssuer | None, new: ForeignIssuer, trust: Trust, owners: Mapping[PassKey, frozenset[str]]
) -> Iterator[str]:
    yield from _head(old, new)
    before, after = _by_key(old.keys if old else ()), _by_key(new.keys)
    yield from _moved(named(new.id), before, after)
    yield from _suspicious(new, before, trust, owners)
    yield from _total(new)


def _head(old: ForeignIssuer | None, new: ForeignIssuer) -> Iterator[str]:
    name, zh, en = named(new.id), quoted(new.name_zh), quoted(new.name_en)
    if old is None:
        yield line(
            f"加入外部机构 {name}：{zh}（{new.format.name}）",
            f"foreign issuer {name} added: {en} ({new.format.name} passes)",
        )
    elif (old.name_zh, old.name_en) != (new.name_zh, new.name_en):
        yield line(f"外部机构 {name} 改名：{zh}", f"foreign issuer {name} has another name: {en}")
    if old is not None and old.format is not new.format:
        yield loud(
            f"{name} 的证明体系由 {old.format.name} 改为 {new.format.name}",
            f"{name} issues {new.format.name} instead of {old.format.name} passes",
        )
    if (old.iss if old else "") != new.iss:
        yield line(
            f"{name} 在证明中自称 {named(new.iss) or quoted('')}", f"{name} calls itself so in its passes"
        )
    if not new.iss and new.format is not Format.HC1:  # HC1 passes are looked up by key id alone
        yield loud(
            f"{name} 接受任何自称",
            f"{name} has NO name in its passes: anybody's passes with its key ids count",
        )


def _moved(name: str, before: Keys, after: Keys) -> Iterator[str]:
    added = [after[key] for key in after if key not in before]
    removed = [before[key] for key in before if key not in after]
    changed = [after[key] for key in after if key in before and after[key] != before[key]]
    if added:
        yield line(f"{name} 加入密钥 {len(added)} 把：{_kids(added)}", f"{name} gets {_count(added)}")
    if removed:
        yield line(
            f"{name} 撤去密钥 {len(removed)} 把：{_kids(removed)}",
            f"{name} LOSES {_count(removed)}: what they signed is refused",
        )
    if changed:
        yield line(
            f"{name} 更改 {len(changed)} 把密钥的期限或用途：{_kids(changed)}",
            f"other dates or uses for {_count(changed)} of {name}",
        )


def _suspicious(
    new: ForeignIssuer, before: Keys, trust: Trust, owners: Mapping[PassKey, frozenset[str]]
) -> Iterator[str]:
    name, known = named(new.id), {kid for kid, _ in before}
    present = _by_key(new.keys)
    other = [row for key, row in present.items() if row.kid in known and key not in before]
    counts = Counter(kid for kid, _ in present)
    double = [row for row in present.values() if counts[row.kid] > 1]
    elsewhere = [row for row in new.keys if len(owners[row.key]) > 1]
    long = [row for row in new.keys if row.not_after - trust.issued > LONG_S]
    upside = [row for row in new.keys if row.not_after <= row.not_before]
    ended = [row for row in new.keys if row.not_after <= trust.issued]
    if other:
        yield loud(f"{name} 已知编号换了密钥：{_kids(other)}", f"ANOTHER KEY under a known id of {name}")
    if double:
        yield loud(f"{name} 同一编号有多把密钥：{_kids(double)}", f"several keys of {name} have one id")
    if elsewhere:
        names = ", ".join(
            sorted({named(owner) for row in elsewhere for owner in owners[row.key]})[:MOST_KIDS]
        )
        yield loud(
            f"{name} 有 {len(elsewhere)} 把密钥也属于其他机构：{names}",
            f"held by several of these issuers: {_count(elsewhere)} of {name}",
        )
    if long:
        yield loud(
            f"{name} 有 {len(long)} 把密钥有效期超过 10 年：{_kids(long)}",
            f"valid for more than 10 years from now: {_count(long)} of {name}",
        )
    if upside:
        yield loud(
            f"{name} 有 {len(upside)} 把密钥从不有效：{_kids(upside)}",
            f"never valid: {_count(upside)} of {name}",
        )
    if ended:
        yield line(f"{name} 有 {len(ended)} 把密钥已过期", f"ended already: {_count(ended)} of {name}")


def _total(new: ForeignIssuer) -> Iterator[str]:
    name = named(new.id)
    if not new.keys:
        yield loud(f"{name} 没有密钥（指纹 {digest(new)}）", f"{name} has no key: all its passes are refused")
        return
    algorithms = Counter(alg_of(row.key).name for row in new.keys)
    said = ", ".join(f"{alg} {count}" for alg, count in sorted(algorithms.items()))
    since, until = min(row.not_before for row in new.keys), max(row.not_after for row in new.keys)
    shown = [kind for kind in _KINDS if kind is not Kind.PASS or new.format is not Format.HC1]
    counts = {kind: sum(1 for row in new.keys if kind in row.kinds) for kind in shown}
    zh = "、".join(f"{_KINDS[kind][0]} {count}" for kind, count in counts.items())
    en = ", ".join(f"{_KINDS[kind][1]} {count}" for kind, count in counts.items())
    span = f"{moment(since)} – {moment(until)}"
    yield line(
        f"{name} 现有密钥 {len(new.keys)} 把（{said}；{zh}），{span}，指纹 {digest(new)}",
        f"{name} has {_count(new.keys)} now, for {en}",
    )


def _owners(trust: Trust) -> Mapping[PassKey, frozenset[str]]:
    """Whose a key is: issuers of passes, and issuers of codes too, for nobody should sign for two."""
    found: dict[PassKey, set[str]] = {}
    for foreign in trust.foreign:
        for row in foreign.keys:
            found.setdefault(row.key, set()).add(foreign.id)
    for issuer in trust.issuers:
        for own in issuer.keys:
            if own.key in found:
                found[own.key].add(issuer.id)
    return {key: frozenset(names) for key, names in found.items()}


def _by_key(rows: Iterable[ForeignKey]) -> Keys:
    return {(row.kid, row.key): row for row in rows}


def _count(rows: Sequence[ForeignKey]) -> str:
    return f"{len(rows)} key{'' if len(rows) == 1 else 's'}"


def _kids(rows: Sequence[ForeignKey]) -> str:
    names = sorted(short(row.kid) for row in rows)
    more = f" …+{len(names) - MOST_KIDS}" if len(names) > MOST_KIDS else ""
    return " ".join(names[:MOST_KIDS]) + more
