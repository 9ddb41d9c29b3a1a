"""What a code of ours says, line by line: its issuer, its dates, its proof and its colour."""

from collections.abc import Iterator
from typing import Final

from device.firmware.dates import date
from device.firmware.errors import Unrecognised
from device.firmware.explained import (
    UNCHECKED,
    Explanation,
    Line,
    Mark,
    failed,
    outdated,
    todo,
    todo_for,
    unreadable,
    until,
)
from device.firmware.recognise import Recognised
from device.firmware.trust import Beliefs
from wire import code
from wire.errors import WireError
from wire.reason_words import REASONS
from wire.reasons import Colour, Reason

_ISSUER_UNKNOWN: Final = ("信任文件中没有这个机构", "the trust document names no such issuer")
_KEY_UNKNOWN: Final = (
    "该机构没有它所注明的密钥，可能已被撤下",
    "its issuer has no key of the id that it names; it may have been removed",
)
_KEY_ENDED: Final = ("该机构的这把密钥不在有效期内", "that key of its issuer is out of its validity")
SUBJECT: Final = ("不透明，16 字节", "opaque, 16 bytes")


def explain_code(text: str, beliefs: Beliefs | None, now_s: int | None) -> Explanation:
    """What a code of ours says, checked against `beliefs` where there are any."""
    try:
        parsed = code.parse(text)
    except WireError as error:
        words = REASONS[Reason.MALFORMED]
        broken = (unreadable(error, words.zh, words.en),)
        return Explanation(
            "damaged", "损坏的健康码", "a damaged health code", broken, todo_for(Reason.MALFORMED)
        )
    kind, zh, en = _shape(parsed)
    if beliefs is None:
        return Explanation(kind, zh, en, tuple(_claims(parsed.claims, Mark.UNVERIFIED, now_s)), UNCHECKED)
    try:
        found = beliefs.recognise(parsed, parsed.claims.issued if now_s is None else now_s)
    except Unrecognised as refused:
        why = _why(parsed, refused, beliefs)
        lines = (why, *_claims(parsed.claims, Mark.UNVERIFIED, now_s), *outdated(beliefs, now_s))
        return Explanation(kind, zh, en, lines, todo_for(refused.reason))
    lines = tuple(_recognised(found, parsed.claims, beliefs, now_s))
    return Explanation(kind, zh, en, lines, _advice(kind, found, lines))


def _why(parsed: code.Unverified, refused: Unrecognised, beliefs: Beliefs) -> Line:
    """The verdict; of an issuer that is not known, what about it is not known."""
    words = failed(refused.reason)
    if refused.reason is not Reason.UNKNOWN_ISSUER:
        return words
    issuers = beliefs.trust.issuers if beliefs.trust else ()
    keys = {row.key.kid for issuer in issuers if issuer.id == parsed.claims.issuer for row in issuer.keys}
    known = any(issuer.id == parsed.claims.issuer for issuer in issuers)
    zh, en = _KEY_ENDED if parsed.kid in keys else _KEY_UNKNOWN if known else _ISSUER_UNKNOWN
    return Line(words.mark, f"{words.zh}：{zh}", f"{words.en}: {en}")


def _shape(parsed: code.Unverified) -> tuple[str, str, str]:
    if parsed.claims.paper is not None:
        return "paper", "纸质健康码", "a paper health code"
    if parsed.proof is None:
        return "phone-without-proof", "手机健康码，缺少动态证明", "a phone's health code without its proof"
    return "phone", "手机健康码", "a phone's health code"


def _claims(claims: code.Claims, mark: Mark, now_s: int | None) -> Iterator[Line]:
    yield Line(mark, f"发码机构 {claims.issuer}", f"issuer {claims.issuer}")
    yield Line(mark, f"持码人 {SUBJECT[0]}", f"subject {SUBJECT[1]}")
    yield Line(mark, f"签发于 {date(claims.issued)}", f"issued {date(claims.issued)}")
    dated = until("健康码", "the code", claims.expires, now_s)
    yield dated if dated.mark is Mark.FAILS else Line(mark, dated.zh, dated.en)
    listed = f"{claims.list_uri} [{claims.index}]"
    yield Line(mark, f"状态列表 {listed}", f"status list {listed}")


def _recognised(
    found: Recognised, claims: code.Claims, beliefs: Beliefs, now_s: int | None
) -> Iterator[Line]:
    issuer = found.issuer
    yield Line(Mark.HOLDS, f"签名有效：{issuer.name_zh}", f"signed by {issuer.name_en}")
    yield from _claims(claims, Mark.HOLDS, now_s)
    if found.proof_issued is not None:
        yield _proof(found.proof_issued, beliefs, now_s)
    elif claims.paper is None:
        yield failed(Reason.PROOF_MISSING)
    yield _colour(found)
    age_s = 0 if now_s is None or found.list_issued is None else now_s - found.list_issued
    if age_s > beliefs.policy().list_age_s:
        yield failed(Reason.LIST_OLD)
    yield from outdated(beliefs, now_s)


def _proof(issued: int, beliefs: Beliefs, now_s: int | None) -> Line:
    shown = date(issued)
    if now_s is None:
        return Line(
            Mark.NOTE, f"动态证明 {shown}（未对时间核验）", f"proof of {shown}, not compared with a clock"
        )
    policy = beliefs.policy()
    reason = None
    if issued < now_s - policy.proof_past_s:
        reason = Reason.PROOF_OLD
    elif issued > now_s + policy.proof_future_s:
        reason = Reason.PROOF_FUTURE
    if reason is None:
        return Line(Mark.HOLDS, f"动态证明 {shown}", f"proof of {shown}")
    words = REASONS[reason]
    return Line(Mark.FAILS, f"{words.code} {words.zh}（{shown}）", f"{words.code} {words.en} ({shown})")


_COLOURS: Final = {
    Colour.GREEN: (Mark.HOLDS, "绿码", "green"),
    Colour.REVOKED: (Mark.FAILS, "已撤销", "revoked"),
    Colour.YELLOW: (Mark.FAILS, "黄码", "yellow"),
    Colour.ORANGE: (Mark.FAILS, "橙码", "orange"),
    Colour.RED: (Mark.FAILS, "红码", "red"),
    Colour.NO_INFORMATION: (Mark.FAILS, "无信息", "no information"),
}


def _colour(found: Recognised) -> Line:
    if found.colour is None:
        return Line(Mark.NOTE, "颜色未知：没有该状态列表", "colour unknown: its status list is not held")
    mark, zh, en = _COLOURS[found.colour]
    if not found.list_issued:
        return Line(mark, f"{zh}（状态列表已过期）", f"{en}, by a status list that has ended")
    when = date(found.list_issued)
    return Line(mark, f"{zh}（状态列表 {when}）", f"{en}, by the status list of {when}")


def _advice(kind: str, found: Recognised, lines: tuple[Line, ...]) -> Line:
    if any(line.mark is Mark.FAILS for line in lines) or found.colour is None:
        return todo(
            "闸机不会直接放行：请找工作人员", "A gate does not admit this by itself: ask the attendant"
        )
    if kind == "paper":
        return todo_for(Reason.PAPER)
    return todo("体温正常即可通行", "Admitted with a normal temperature")
