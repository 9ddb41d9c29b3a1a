"""How an explanation is written down: what a text is, line by line in two languages, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from device.firmware.dates import date
from device.firmware.trust import Beliefs
from wire.errors import Flaw, WireError
from wire.reason_words import REASONS
from wire.reasons import Reason

FOREIGN: Final = "foreign"
"""The kind of everything that says it is a pass of another system."""
_CHECKED: Final = frozenset({"phone", "paper", "phone-without-proof", FOREIGN})
_FLAWS: Final = {
    Flaw.PREFIX: "版本不认识",
    Flaw.SIZE: "内容过长",
    Flaw.BASE45: "编码有误",
    Flaw.BASE32: "编码有误",
    Flaw.NUMERIC: "编码有误",
    Flaw.INFLATE: "压缩数据损坏",
    Flaw.CBOR: "数据损坏",
    Flaw.JSON: "数据损坏",
    Flaw.COSE: "签名结构有误",
    Flaw.JWS: "签名结构有误",
    Flaw.ALG: "签名算法不符",
    Flaw.KID: "密钥标识有误",
    Flaw.SCHEMA: "内容不合规范",
    Flaw.CHUNKS: "缺少其他部分，或混入了别的卡",
}


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
    def fails(self) -> bool:
        """Whether it is no code or pass, or something that was checked failed."""
        return self.kind not in _CHECKED or Mark.FAILS in self._marks

    @property
    def holds(self) -> bool:
        """Whether it was verified and nothing failed; without trust it neither holds nor fails."""
        return not self.fails and Mark.HOLDS in self._marks

    @property
    def _marks(self) -> set[Mark]:
        return {line.mark for line in self.lines}


def outdated(beliefs: Beliefs, now_s: int | None) -> tuple[Line, ...]:
    """That the trust document is too old to go by, where it is; a gate refers everybody then."""
    root, trust = beliefs.root, beliefs.trust
    if now_s is None or root is None or trust is None:
        return ()
    over = now_s >= min(root.expires, trust.expires)
    return (failed(Reason.TRUST_OLD),) if over or now_s - trust.issued > beliefs.policy().trust_age_s else ()


def todo(zh: str, en: str) -> Line:
    """What to do about it."""
    return Line(Mark.NOTE, zh, en)


UNCHECKED: Final = todo(
    "未核验签名：请用 --root、--trust 或 --data 核验",
    "Nothing was verified: check it with --root and --trust, or --data",
)


# Where a gate's screen says only what is wrong.
_INSTEAD: Final[Mapping[Reason, Line]] = {
    Reason.UNKNOWN_ISSUER: todo(
        "请找工作人员；若应被认可，请核对信任文件：jx-fleet trust show",
        "Ask the attendant. If it should be known, look into the trust document: jx-fleet trust show",
    ),
    Reason.BAD_SIGNATURE: todo(
        "请重新打开后再出示；仍然无效就不要放行",
        "Open it again and show it again; if it fails again, let nobody pass by it",
    ),
    Reason.INDEX_OUTSIDE: todo("请向发码机构申领新码", "Have its issuer make a new one"),
    Reason.COLOUR_UNKNOWN: todo("请找工作人员", "Ask the attendant; its issuer has to mend the list"),
    Reason.MALFORMED: todo(
        "请擦净、放大或重新打开后再出示", "Open it again, larger and clean, and show it again"
    ),
}


def todo_for(reason: Reason) -> Line:
    """What to do: what a gate's screen would say, where that tells it."""
    words = REASONS[reason]
    return _INSTEAD.get(reason) or todo(words.screen_zh, words.screen_en)


def failed(reason: Reason) -> Line:
    """That a gate would not admit it, and for which reason."""
    words = REASONS[reason]
    return Line(Mark.FAILS, f"{words.code} {words.zh}", f"{words.code} {words.en}")


def unreadable(error: WireError, zh: str = "无法读取", en: str = "cannot be read") -> Line:
    """Which layer of a text is broken."""
    return Line(Mark.FAILS, f"{zh}：{_FLAWS.get(error.flaw, '数据损坏')}", f"{en}: {error.detail}")


def until(zh: str, en: str, expires: int, now_s: int | None, *, included: bool = False) -> Line:
    """Until when something is good, or since when it is not; `included`: in that second it still is."""
    shown = date(expires)
    if now_s is not None and expires + included <= now_s:
        return Line(Mark.FAILS, f"{zh}已于 {shown} 过期", f"{en} expired {shown}")
    return Line(Mark.NOTE, f"{zh}有效至 {shown}", f"{en} is good until {shown}")
