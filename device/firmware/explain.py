"""What a QR text is, what holds and what does not, in words; no trust is needed to look."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from device.firmware.dates import date
from device.firmware.errors import Unrecognised
from device.firmware.recognise import Recognised
from device.firmware.trust import Beliefs
from wire import code, enrolment
from wire.errors import WireError
from wire.reason_words import REASONS
from wire.reasons import Colour, Reason

SUBJECT: Final = ("不透明，16 字节", "opaque, 16 bytes")


class Mark(StrEnum):
    """How far a line can be relied on."""

    HOLDS = "holds"
    FAILS = "fails"
    UNVERIFIED = "unverified"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Line:
    """One statement in both languages."""

    mark: Mark
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a text is, line by line; `todo` says what to do about it."""

    kind: str
    zh: str
    en: str
    lines: tuple[Line, ...]
    todo: Line

    @property
    def holds(self) -> bool:
        """Whether it is a code of ours and nothing that was checked failed."""
        return self.kind in {"phone", "paper", "phone-without-proof"} and all(
            line.mark is not Mark.FAILS for line in self.lines
        )


# What people hold up to a gate by mistake: prefix, kind, words. The first that fits.
_OTHERS: Final = (
    ("https://qr.alipay.com", "payment", "付款链接（支付宝）", "a payment link (Alipay)"),
    ("alipays:", "payment", "付款链接（支付宝）", "a payment link (Alipay)"),
    ("wxp:", "payment", "付款链接（微信）", "a payment link (WeChat)"),
    ("weixin:", "payment", "微信链接", "a link into WeChat"),
    ("hc1:", "foreign", "欧盟数字新冠证书", "an EU Digital COVID Certificate"),
    ("shc:/", "foreign", "SMART 健康卡", "a SMART Health Card"),
    ("nzcp:/", "foreign", "新西兰新冠通行证", "a New Zealand COVID Pass"),
    ("http://", "link", "网页链接", "a link to a page"),
    ("https://", "link", "网页链接", "a link to a page"),
    ("wifi:", "wifi", "无线网络设置", "settings of a wireless network"),
    ("begin:vcard", "card", "名片", "a business card"),
)
_PAYMENT_DIGITS: Final = 18  # WeChat and Alipay payment codes: 18 digits (16 to 24 for Alipay)
_MOST_PAYMENT_DIGITS: Final = 24


def explain(text: str, beliefs: Beliefs | None = None, now_s: int | None = None) -> Explanation:
    """Say what `text` is; check it against `beliefs` (what a gate holds) and `now_s` where they are given."""
    if code.is_code(text):
        return _explain_code(text, beliefs, now_s)
    if text.upper().startswith(enrolment.PREFIX):
        return _explain_ticket(text, now_s)
    return _explain_other(text)


def _explain_other(text: str) -> Explanation:
    low = text.strip().lower()
    for prefix, kind, zh, en in _OTHERS:
        if low.startswith(prefix):
            return Explanation(kind, zh, en, (), _todo("请出示健康码", "Show a health code instead"))
    if low.isdigit() and _PAYMENT_DIGITS - 2 <= len(low) <= _MOST_PAYMENT_DIGITS:
        return Explanation(
            "payment", "付款码", "a payment code", (), _todo("请出示健康码", "Show a health code instead")
        )
    return Explanation(
        "unknown",
        "不认识的内容",
        "a text of no kind known here",
        (Line(Mark.NOTE, f"{len(text)} 个字符", f"{len(text)} characters"),),
        _todo("请出示健康码", "Show a health code instead"),
    )


def _explain_ticket(text: str, now_s: int | None) -> Explanation:
    zh, en = "闸机登记令牌（保密）", "an enrolment ticket for a gate: a secret"
    try:
        ticket = enrolment.decode(text)
    except WireError as error:
        broken = Line(Mark.FAILS, f"无法读取：{error.flaw.value}", f"cannot be read: {error.detail}")
        return Explanation("ticket", zh, en, (broken,), _todo("请重新生成令牌", "Make a new ticket"))
    lines = [
        Line(Mark.NOTE, f"闸机 {ticket.gate_id}", f"for gate {ticket.gate_id}"),
        Line(Mark.NOTE, f"服务器 {ticket.url}", f"at {ticket.url}"),
        _until("令牌", "the ticket", ticket.expires, now_s),
    ]
    return Explanation(
        "ticket", zh, en, tuple(lines), _todo("运行 jx-field enrol", "Use it with: jx-field enrol")
    )


def _explain_code(text: str, beliefs: Beliefs | None, now_s: int | None) -> Explanation:
    try:
        parsed = code.parse(text)
    except WireError as error:
        words = REASONS[Reason.MALFORMED]
        broken = Line(Mark.FAILS, f"{words.zh}（{error.flaw.value}）", f"{words.en}: {error.detail}")
        return Explanation(
            "damaged",
            "损坏的健康码",
            "a damaged health code",
            (broken,),
            _todo(words.screen_zh, words.screen_en),
        )
    kind, zh, en = _shape(parsed)
    if beliefs is None:
        todo = _todo(
            "未核验签名：请用 --root、--trust 或 --data 核验",
            "Nothing was verified: check it with --root and --trust, or --data",
        )
        return Explanation(kind, zh, en, tuple(_claims(parsed.claims, Mark.UNVERIFIED, now_s)), todo)
    try:
        found = beliefs.recognise(parsed, parsed.claims.issued if now_s is None else now_s)
    except Unrecognised as refused:
        words = REASONS[refused.reason]
        failed = Line(Mark.FAILS, f"{words.code} {words.zh}", f"{words.code} {words.en}")
        lines = (failed, *_claims(parsed.claims, Mark.UNVERIFIED, now_s))
        return Explanation(kind, zh, en, lines, _todo(words.screen_zh, words.screen_en))
    lines = tuple(_recognised(found, parsed.claims, beliefs, now_s))
    return Explanation(kind, zh, en, lines, _advice(kind, found, lines))


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
    dated = _until("健康码", "the code", claims.expires, now_s)
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
        words = REASONS[Reason.PROOF_MISSING]
        yield Line(Mark.FAILS, f"{words.code} {words.zh}", f"{words.code} {words.en}")
    yield _colour(found)


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
    when = date(found.list_issued or 0)
    return Line(mark, f"{zh}（状态列表 {when}）", f"{en}, by the status list of {when}")


def _advice(kind: str, found: Recognised, lines: tuple[Line, ...]) -> Line:
    failed = any(line.mark is Mark.FAILS for line in lines)
    if failed or found.colour is None:
        return _todo(
            "闸机不会直接放行：请找工作人员", "A gate does not admit this by itself: ask the attendant"
        )
    if kind == "paper":
        words = REASONS[Reason.PAPER]
        return _todo(words.screen_zh, words.screen_en)
    return _todo("体温正常即可通行", "Admitted with a normal temperature")


def _todo(zh: str, en: str) -> Line:
    return Line(Mark.NOTE, zh, en)


def _until(zh: str, en: str, expires: int, now_s: int | None) -> Line:
    shown = date(expires)
    if now_s is not None and expires <= now_s:
        return Line(Mark.FAILS, f"{zh}已于 {shown} 过期", f"{en} expired {shown}")
    return Line(Mark.NOTE, f"{zh}有效至 {shown}", f"{en} is good until {shown}")
