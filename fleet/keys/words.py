"""What a root or a trust document changes, in words: the same on the server and at the offline desk.

Every field of both documents is spoken of: two bodies with the same words after the same base say the same.
"""

from collections.abc import Iterable, Iterator, Mapping

from fleet.keys import bounds, dates, foreign_words
from fleet.keys.phrases import line as _line
from fleet.keys.phrases import loud as _loud
from fleet.keys.phrases import moment
from fleet.keys.phrases import named as _named
from fleet.keys.phrases import quoted as _quoted
from wire.documents import Document, Issuer, IssuerKey, KeyUse, ListRef, Role, Root, Trust
from wire.keys import PublicKey

_ROLES: Mapping[Role, tuple[str, str]] = {
    Role.ROOT: ("根", "root"),
    Role.TRUST: ("信任", "trust"),
    Role.DIRECTOR: ("调度", "director"),
    Role.RECORDER: ("收据", "recorder"),
    Role.TIMEKEEPER: ("授时", "timekeeper"),
}
_Row = IssuerKey | ListRef
_USES: Mapping[KeyUse, tuple[str, str]] = {
    KeyUse.CODES: ("签发健康码", "signs codes"),
    KeyUse.LISTS: ("签发状态列表", "signs status lists"),
}
_REFUSED: Mapping[str, str] = {
    "key": "what it signed is refused",
    "list": "codes that name it are refused",
}
NO_CHANGE = "内容不变，仅换版本和日期 / nothing else changes: only version and dates"


def _head(zh: str, en: str, old: Document | None, new: Document) -> Iterator[str]:
    if old is None:
        all_zh, all_en = ("首个版本", "the first") if new.version == 1 else ("全文", "in full")
        yield _line(f"{zh}文件第 {new.version} 版，{all_zh}", f"{en} version {new.version}, {all_en}")
    else:
        yield _line(
            f"{zh}文件第 {new.version} 版，取代第 {old.version} 版",
            f"{en} version {new.version}, in the place of version {old.version}",
        )
    since, until = moment(new.issued), moment(new.expires)
    yield _line(f"自 {since} 有效至 {until}", f"valid from {since} until {until}")
    if new.expires - new.issued > dates.LONGEST_S.get(type(new), 0):
        days = (new.expires - new.issued) // dates.DAY_S
        yield _loud(
            f"{zh}文件有效 {days} 天，超过惯例", f"it holds for {days} days, longer than is ever asked for"
        )
    if new.audience != "*":
        yield _line(f"只给：{_named(new.audience)}", f"only for {_named(new.audience)}")


def _key(key: PublicKey) -> str:
    return f"{key.alg.name} {key.thumbprint.hex()[:32]}"


def root_words(old: Root | None, new: Root) -> tuple[str, ...]:
    """Lines, Chinese and English, that say what root `new` is, compared with `old`."""
    return (*_head("根", "root", old, new), *(_root_changes(old, new) or [NO_CHANGE]))


def _root_changes(old: Root | None, new: Root) -> list[str]:
    lines: list[str] = []
    for role, (zh, en) in _ROLES.items():
        before, after = old.keys_of(role) if old else {}, new.keys_of(role)
        least, was = new.roles[role].threshold, old.roles[role].threshold if old else None
        if least != was:
            least_zh = f"{zh}：需要 {len(after)} 把密钥中的 {least} 把签名"
            least_en = f"{en}: {least} of {len(after)} keys must sign"
            if was is not None and least < was:
                lines.append(
                    _loud(f"{least_zh}，少于此前的 {was} 把", f"{least_en}, FEWER than the {was} before")
                )
            else:
                lines.append(_line(least_zh, least_en))
        lines += [_line(f"{zh}：加入密钥 {_key(k)}", f"{en}: key added") for k in _only_in(after, before)]
        lines += [_line(f"{zh}：撤去密钥 {_key(k)}", f"{en}: key REMOVED") for k in _only_in(before, after)]
    used = {kid for entry in new.roles.values() for kid in entry.kids}
    lines += [
        _line(f"列出未使用的密钥 {_key(k)}", "a key without a role stands in it")
        for k in sorted((k for k in new.keys if k.kid not in used), key=_key)
    ]
    return lines


def _only_in(these: Mapping[bytes, PublicKey], others: Mapping[bytes, PublicKey]) -> list[PublicKey]:
    present = set(others.values())
    return sorted((key for key in these.values() if key not in present), key=_key)


def trust_words(old: Trust | None, new: Trust) -> tuple[str, ...]:
    """Lines, Chinese and English, that say what trust `new` changes, compared with `old`."""
    before = {issuer.id: issuer for issuer in old.issuers} if old else {}
    after = {issuer.id: issuer for issuer in new.issuers}
    changes = [
        _line(f"撤去发码机构 {_named(name)}", f"issuer {_named(name)} REMOVED: its codes are refused")
        for name in sorted(before.keys() - after.keys())
    ]
    for name in sorted(after):
        changes += _issuer_changes(before.get(name), after[name])
    changes += foreign_words.changes(old, new)
    changes += [_line(zh, en) for zh, en in bounds.changes(old.bounds if old else None, new.bounds)]
    return (*_head("信任", "trust", old, new), *(changes or [NO_CHANGE]))


def _issuer_changes(old: Issuer | None, new: Issuer) -> Iterator[str]:
    name, zh, en = _named(new.id), _quoted(new.name_zh), _quoted(new.name_en)
    if old is None:
        yield _line(f"加入发码机构 {name}：{zh}", f"issuer {name} added: {en}")
    elif (old.name_zh, old.name_en) != (new.name_zh, new.name_en):
        yield _line(f"发码机构 {name} 改名：{zh}", f"issuer {name} has another name: {en}")
    yield from _rows(name, old.keys if old else (), new.keys)
    signing = {row.use for row in new.keys}
    for use in sorted({row.use for row in old.keys} - signing) if old else ():
        zh, en = _USES[use]
        yield _loud(f"{name} 再无密钥{zh}", f"{name} has no key left that {en}")
    yield from _rows(name, old.lists if old else (), new.lists)


def _rows(issuer: str, old: Iterable[_Row], new: Iterable[_Row]) -> Iterator[str]:
    before, after = list(old), list(new)
    for row in after:
        if row not in before:
            zh, en = _row_words(row)
            yield _line(f"{issuer} 加入{zh}", f"{issuer} gets {en}")
    for row in before:
        if row not in after:
            zh, en = _row_words(row)
            what = _REFUSED["key" if isinstance(row, IssuerKey) else "list"]
            yield _line(f"{issuer} 撤去{zh}", f"{issuer} LOSES {en}: {what}")


def _row_words(row: _Row) -> tuple[str, str]:
    if isinstance(row, IssuerKey):
        zh, en = _USES[row.use]
        span = f"{moment(row.not_before)} – {moment(row.not_after)}"
        return f"密钥 {_key(row.key)}（{zh}，{span}）", f"a key that {en}"
    # A prefix of an id stands for many gates; the empty one for all, no prefix at all for none.
    prefixes = ", ".join(f"{_named(prefix)}…" for prefix in row.carried_by)
    whom = "*" if "" in row.carried_by else prefixes or "–"
    return (
        f"状态列表 {_named(row.uri)}（分片 {row.shard}，闸机 {whom}）",
        f"this status list, for gates {whom}",
    )
