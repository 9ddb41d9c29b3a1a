"""What a QR text is, what holds and what does not, in words; no trust is needed to look."""

from typing import Final

from device.firmware.explain_code import explain_code
from device.firmware.explain_pass import explain_pass, system_of
from device.firmware.explained import Explanation, Line, Mark, todo, unreadable, until
from device.firmware.trust import Beliefs
from wire import code, enrolment
from wire.errors import WireError
from wire.foreign.passes import Format

# What people hold up to a gate by mistake: prefix, kind, words. The first that fits.
_OTHERS: Final = (
    ("https://qr.alipay.com", "payment", "付款链接（支付宝）", "a payment link (Alipay)"),
    ("alipays:", "payment", "付款链接（支付宝）", "a payment link (Alipay)"),
    ("wxp:", "payment", "付款链接（微信）", "a payment link (WeChat)"),
    ("weixin:", "payment", "微信链接", "a link into WeChat"),
    ("http://", "link", "网页链接", "a link to a page"),
    ("https://", "link", "网页链接", "a link to a page"),
    ("wifi:", "wifi", "无线网络设置", "settings of a wireless network"),
    ("begin:vcard", "card", "名片", "a business card"),
)
_PAYMENT_DIGITS: Final = 18  # WeChat and Alipay payment codes: 18 digits (16 to 24 for Alipay)
_MOST_PAYMENT_DIGITS: Final = 24


def explain(
    text: str, beliefs: Beliefs | None = None, now_s: int | None = None, *, names: bool = False
) -> Explanation:
    """Say what `text` is; check it against `beliefs` (what a gate holds) and `now_s` where they are given.

    The parts of a card stand in one text, a line each. `names`: tell whose pass it is, if it is signed.
    """
    if code.is_code(text):
        return explain_code(text, beliefs, now_s)
    system = system_of(text)
    if system is not None:
        texts = text.split() if system is Format.SHC else [text]
        return explain_pass(system, texts, beliefs, now_s, names=names)
    if text.upper().startswith(enrolment.PREFIX):
        return _explain_ticket(text, now_s)
    return _explain_other(text)


def _explain_other(text: str) -> Explanation:
    low = text.strip().lower()
    for prefix, kind, zh, en in _OTHERS:
        if low.startswith(prefix):
            return Explanation(kind, zh, en, (), todo("请出示健康码", "Show a health code instead"))
    if low.isdigit() and _PAYMENT_DIGITS - 2 <= len(low) <= _MOST_PAYMENT_DIGITS:
        return Explanation(
            "payment", "付款码", "a payment code", (), todo("请出示健康码", "Show a health code instead")
        )
    return Explanation(
        "unknown",
        "不认识的内容",
        "a text of no kind known here",
        (Line(Mark.NOTE, f"{len(text)} 个字符", f"{len(text)} characters"),),
        todo("请出示健康码", "Show a health code instead"),
    )


def _explain_ticket(text: str, now_s: int | None) -> Explanation:
    zh, en = "闸机登记令牌（保密）", "an enrolment ticket for a gate: a secret"
    try:
        ticket = enrolment.decode(text)
    except WireError as error:
        broken = (unreadable(error),)
        return Explanation("ticket", zh, en, broken, todo("请重新生成令牌", "Make a new ticket"))
    lines = [
        Line(Mark.NOTE, f"闸机 {ticket.gate_id}", f"for gate {ticket.gate_id}"),
        Line(Mark.NOTE, f"服务器 {ticket.url}", f"at {ticket.url}"),
        until("令牌", "the ticket", ticket.expires, now_s),
    ]
    return Explanation(
        "ticket", zh, en, tuple(lines), todo("运行 jx-field enrol", "Use it with: jx-field enrol")
    )
