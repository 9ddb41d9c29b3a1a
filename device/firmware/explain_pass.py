"""What a pass of another system says, line by line: whose it is, its dates, and what it is worth here."""

from collections.abc import Iterator, Sequence
from typing import Final

from device.firmware import counts
from device.firmware.answer import Why, doubts
from device.firmware.dates import date
from device.firmware.errors import Unrecognised
from device.firmware.explained import (
    FOREIGN,
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
from device.firmware.holder import holder, visible
from device.firmware.keyring import Key
from device.firmware.trust import Beliefs
from wire.documents import ForeignKey, Trust
from wire.errors import Flaw, WireError
from wire.foreign import reader, shc
from wire.foreign.passes import Format, Kind, Pass, Statement, Unverified
from wire.policy import Choice, Policy
from wire.reason_words import REASONS
from wire.reasons import Reason

_SYSTEMS: Final = {
    Format.HC1: ("欧盟数字新冠证书", "an EU Digital COVID Certificate"),
    Format.SHC: ("SMART 健康卡", "a SMART Health Card"),
    Format.NZCP: ("新西兰新冠通行证", "a New Zealand COVID Pass"),
}
_BEGINNINGS: Final = (("HC1:", Format.HC1), ("SHC:/", Format.SHC), ("NZCP:/", Format.NZCP))
_RESULTS: Final = {
    True: ("阳性", "positive"),
    False: ("阴性", "negative"),
    None: ("结果不明", "without a clear result"),
}
_NO_DATE: Final = ("日期不明", "an unknown date")
_WHY: Final = {
    Why.KID: ("没有它所注明的可信密钥", "no trusted key has the id that it names"),
    Why.ALG: ("签名算法与密钥不符", "its algorithm is not that of the key"),
    Why.SIGNATURE: ("签名与内容不符", "the signature does not verify"),
    Why.KEY_EXPIRED: ("签发密钥已过有效期", "the key of its issuer is past its validity"),
    Why.KEY_NOT_YET_VALID: ("签发密钥尚未生效", "the key of its issuer is not valid yet"),
    Why.KEY_USAGE: ("该密钥无权签发此类内容", "the key may not sign what it states"),
}
_LATER: Final = Line(Mark.NOTE, "姓名只在签名有效时显示", "a name is shown only when the signature holds")


def system_of(text: str) -> Format | None:
    """Which system a text claims to be a pass of, however it is written."""
    beginning = text[:8].upper()
    return next((system for prefix, system in _BEGINNINGS if beginning.startswith(prefix)), None)


def explain_pass(
    system: Format, texts: Sequence[str], beliefs: Beliefs | None, now_s: int | None, *, names: bool
) -> Explanation:
    """What a pass says (the texts of all its parts), checked against `beliefs` where there are any.

    Whose it is only with `names`, and only when the signature holds.
    """
    zh, en = _SYSTEMS[system]
    try:
        parsed = reader.parse(texts[0]) if len(texts) == 1 else shc.parse(texts)
    except WireError as error:
        return Explanation(FOREIGN, zh, en, (unreadable(error),), _again(error.flaw))
    body = parsed.body
    unsure = (*_says(body, Mark.UNVERIFIED, now_s), *_unverified(body.statements), *([_LATER] * names))
    if beliefs is None:
        return Explanation(FOREIGN, zh, en, unsure, UNCHECKED)
    looked_at = (_begins(body) or 0) if now_s is None else now_s
    try:
        found = beliefs.recognise(parsed, looked_at)
    except Unrecognised as refused:
        words, (why_zh, why_en) = failed(refused.reason), _WHY[_why(parsed, beliefs.trust, looked_at)]
        why = Line(Mark.FAILS, f"{words.zh}：{why_zh}", f"{words.en}: {why_en}")
        lines = (why, *unsure, *outdated(beliefs, now_s))
        return Explanation(FOREIGN, zh, en, lines, todo_for(refused.reason))
    signed = Line(Mark.HOLDS, f"签名有效：{found.issuer.name_zh}", f"signed by {found.issuer.name_en}")
    whose = _whose(parsed) if names else ()
    policy = beliefs.policy()
    worth = _worth(body.statements, policy, now_s)
    lines = (signed, *whose, *_says(body, Mark.HOLDS, now_s), *worth, *outdated(beliefs, now_s))
    return Explanation(FOREIGN, zh, en, lines, _advice(lines, body.statements, policy, now_s))


def _why(parsed: Unverified, trust: Trust | None, now_s: int) -> Why:
    """What is wrong with the key or the signature of a pass that is not recognised."""
    body, found = parsed.body, [Why.KID]
    for issuer in trust.foreign if trust else ():
        if issuer.format is body.format and (body.format is Format.HC1 or issuer.iss == body.issuer):
            found += [_against(parsed, row, now_s) for row in issuer.keys if row.kid == parsed.kid]
    return max(found, key=tuple(Why).index)


def _against(parsed: Unverified, row: ForeignKey, now_s: int) -> Why:
    """The first thing that speaks against a key which has the id that the pass names."""
    key = Key(row.key, row.not_before, row.not_after - 1, row.kinds)
    try:
        return next((why for why in doubts(parsed, key, now_s) if why in _WHY), Why.KID)
    except WireError as error:
        return Why(error.flaw.value)


def _again(flaw: Flaw) -> Line:
    if flaw is Flaw.CHUNKS:
        return todo(
            "这张卡分成几个二维码：请全部出示", "This card is spread over several codes: show them all"
        )
    return todo("请重新打开或重新下载证书后再出示", "Open or download the pass again, and show it again")


def _begins(body: Pass) -> int | None:
    return body.issued if body.not_before is None else body.not_before


def _says(body: Pass, mark: Mark, now_s: int | None) -> Iterator[Line]:
    """Who issued it, and its dates: what is wrong with those fails, whether it was signed or not."""
    if body.issuer:
        issuer = visible(body.issuer)
        yield Line(mark, f"签发方 {issuer}", f"issued by {issuer}")
    begins = _begins(body)
    if begins is not None and now_s is not None and now_s < begins:
        words = REASONS[Reason.NOT_YET_VALID]
        yield Line(Mark.FAILS, f"{words.zh}：{date(begins)} 起有效", f"not valid before {date(begins)}")
    elif begins is not None:
        yield Line(mark, f"{date(begins)} 起有效", f"valid from {date(begins)}")
    if body.expires is not None:
        included = body.over_at is not None and body.over_at > body.expires
        dated = until("证书", "the pass", body.expires, now_s, included=included)
        yield dated if dated.mark is Mark.FAILS else Line(mark, dated.zh, dated.en)


def _whose(parsed: Unverified) -> Iterator[Line]:
    shown = visible(holder(parsed))
    if shown:
        yield Line(Mark.HOLDS, f"持证人 {shown}", f"issued to {shown}")


def _unverified(statements: Sequence[Statement]) -> Iterator[Line]:
    for statement in statements:
        yield Line(Mark.UNVERIFIED, *_states(statement))


def _worth(statements: tuple[Statement, ...], policy: Policy, now_s: int | None) -> Iterator[Line]:
    """Each thing that it states, and what that counts for by the policy of the gate."""
    for statement in statements:
        zh, en = _states(statement)
        reason = None if now_s is None else counts.against((statement,), policy, now_s)
        if counts.positive((statement,)):
            reason = Reason.FOREIGN_POSITIVE
        if reason is None:
            yield Line(Mark.NOTE if now_s is None else Mark.HOLDS, zh, en)
        else:
            words = REASONS[reason]
            failing = reason is Reason.FOREIGN_POSITIVE or _nothing_counts(statements, policy, now_s)
            yield Line(
                Mark.FAILS if failing else Mark.NOTE,
                f"{zh}（{words.code} {words.zh}）",
                f"{en} ({words.code} {words.en})",
            )
    if not statements:
        yield failed(Reason.NOTHING_COUNTS)


def _nothing_counts(statements: tuple[Statement, ...], policy: Policy, now_s: int | None) -> bool:
    return now_s is not None and counts.against(statements, policy, now_s) is not None


def _states(statement: Statement) -> tuple[str, str]:
    if statement.kind is Kind.VACCINATION:
        zh, en = _day(statement.at)
        doses = f"{_number(statement.doses)}/{_number(statement.doses_needed)}"
        return f"接种：{doses} 剂，最近一剂 {zh}", f"vaccination: {doses} doses, the last on {en}"
    if statement.kind is Kind.TEST:
        found_zh, found_en = _RESULTS[statement.positive]
        zh, en = _NO_DATE if statement.at is None else (date(statement.at),) * 2
        return f"检测：{found_zh}，采样 {zh}", f"test: {found_en}, sample of {en}"
    if statement.kind is Kind.RECOVERY:
        zh, en = _day(statement.at)
        return f"康复：首次阳性 {zh}", f"recovery: first positive on {en}"
    return "通行证：不说明依据", "a pass that does not say on what it rests"


def _day(at: int | None) -> tuple[str, str]:
    return _NO_DATE if at is None else (date(at).partition(" ")[0],) * 2


def _number(count: int | None) -> str:
    return "?" if count is None else str(count)


def _advice(
    lines: Sequence[Line], statements: tuple[Statement, ...], policy: Policy, now_s: int | None
) -> Line:
    """What a gate would do, in the order in which it looks."""
    if counts.positive(statements):
        return todo_for(Reason.FOREIGN_POSITIVE)
    if policy.foreign is Choice.DENY:
        return todo_for(Reason.FOREIGN_DENIED)
    if any(line.mark is Mark.FAILS for line in lines) or _nothing_counts(statements, policy, now_s):
        return todo(
            "闸机不会直接放行：请找工作人员", "A gate does not admit this by itself: ask the attendant"
        )
    if policy.foreign is Choice.REFER:
        return todo("按规定由工作人员查看", "By policy the attendant looks at it")
    return todo("体温正常即可通行", "Admitted with a normal temperature")
