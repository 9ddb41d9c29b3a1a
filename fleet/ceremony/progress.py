"""How far a document is, in words: who has signed, who is missing, what to carry where."""

from collections.abc import Iterable
from typing import Final

from fleet.ceremony.office import Office
from fleet.ceremony.signatures import Tally
from fleet.ceremony.signing import Signed
from fleet.keys.cards import Card
from wire.documents import Role, Root, Trust
from wire.keys import PublicKey

_ROLES: Final = {Role.ROOT: "根", Role.TRUST: "信任"}
# what became of a carried file -> Chinese, English
BECAME: Final = {
    "kept": ("已保存，签名齐全", "kept: complete"),
    "joined": ("已并入其中的签名，仍不齐全", "its signatures are joined with those here; not complete yet"),
    "waiting": ("签名齐全，等待同行的根文件", "complete, waits for the root beside it"),
    "held": ("此前已保存", "was kept here before"),
    "older": ("比现行文件旧，未保存", "older than the one in force; not kept"),
    "unsigned": (
        "签名不齐，本办公室未签，未保存",
        "not complete, not signed here, not kept: use countersign",
    ),
    "aside": (
        "已保存；本办公室的另一份提案已作废，改名为",
        "kept; this office's other proposal lost, now called",
    ),
}


def of_keys(
    office: Office, documents: Iterable[Root | Trust], carried: Iterable[tuple[Card, bytes]]
) -> list[str]:
    """Which label belongs to which key that comes in or leaves; its fingerprint is for others to say."""
    cards = {card.key: card for card, _ in carried} | {c.key: c for c in (office.cards or {}).values()}
    before = set(office.root.keys) if office.roots else set()
    lines = []
    for root in documents:
        if isinstance(root, Root):
            moved = sorted((before ^ set(root.keys)) & cards.keys(), key=lambda key: key.kid)
            lines += [f"{key.kid.hex()}… = {cards[key].label} ({cards[key].role.value})" for key in moved]
    return lines


def of_tally(office: Office, tally: Tally) -> tuple[str, str]:
    """One line in Chinese and one in English: how far a document is for one root."""
    names = _names(office, tally.signed) or "–"
    zh = f"第 {tally.root} 版根要求 {tally.threshold} 把{_ROLES[tally.role]}密钥签名；已签：{names}"
    en = f"root {tally.root} asks for {tally.threshold} {tally.role.value} keys; signed: {names}"
    if tally.short:
        missing = _names(office, tally.missing)
        return f"{zh}；还缺 {tally.short} 把：{missing}", f"{en}; {tally.short} more of: {missing}"
    return f"{zh}。够了", f"{en}. Enough"


def of_signed(office: Office, signed: Signed) -> list[str]:
    """How far a document is."""
    return [line for tally in signed.tallies for line in of_tally(office, tally)]


def following(signed: Signed, place: str) -> tuple[str, str]:
    """Where to carry its file, which lies in `place`; commands stand at the end of their line."""
    if signed.name == "root-1.cbor":
        return (
            f"签名齐全。把 {place}/root-1.cbor 放进带给服务器的目录；各办公室：ceremony take {place}",
            f"complete. {place}/root-1.cbor goes into what the server gets; others: ceremony take {place}",
        )
    short = any(tally.short for tally in signed.tallies)
    if signed.complete:
        return (
            f"签名齐全。服务器：jx-fleet requests accept {place}；其他各办公室：ceremony take {place}",
            f"complete. Server: jx-fleet requests accept {place}; every other office: ceremony take {place}",
        )
    if short:
        return (
            f"还不齐全。带给上面缺少的一位：jx-fleet ceremony countersign {place}",
            f"not complete: carry it to one who is missing: jx-fleet ceremony countersign {place}",
        )
    return (
        "签名齐全，待同行的根文件完成后生效：根文件完成后在此 ceremony take",
        "complete as soon as the root beside it is: then take that root here",
    )


def _names(office: Office, keys: Iterable[PublicKey]) -> str:
    return ", ".join(office.label(key) for key in keys)
