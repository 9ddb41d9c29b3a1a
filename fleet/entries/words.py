"""The words for kinds, verdicts, reasons and colours, by the event table's lower-case enum names."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from wire.messages import Event as Kind
from wire.reason_words import REASONS
from wire.reasons import Colour, Reason, Verdict


def stored(member: IntEnum) -> str:
    """How the event table spells an enum member."""
    return member.name.lower()


# stored name -> (tone of the console, icon, zh, en); a tone is never shown without its icon and word
VERDICTS: Final[Mapping[str, tuple[str, str, str, str]]] = MappingProxyType(
    {
        stored(Verdict.ADMIT): ("admit", "check-circle-fill", "放行", "Admitted"),
        stored(Verdict.DENY): ("deny", "x-circle-fill", "拒绝", "Refused"),
        stored(Verdict.REFER): ("refer", "person-raised-hand", "转人工", "Referred"),
        stored(Verdict.WAIT): ("muted", "hourglass-split", "等候", "Asked to wait"),
        stored(Verdict.HINT): ("muted", "info-circle-fill", "提示", "Hint"),
        stored(Verdict.OUT_OF_SERVICE): ("muted", "slash-circle", "停用", "Out of service"),
        stored(Verdict.EVACUATE): ("deny", "exclamation-octagon-fill", "疏散", "Evacuate"),
    }
)

# stored name -> (zh, en)
KINDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        stored(Kind.PASSAGE): ("通行判定", "Passage"),
        stored(Kind.PASSED): ("已通过", "Walked through"),
        stored(Kind.NOT_PASSED): ("未通过", "Did not walk through"),
        stored(Kind.REGISTRATION): ("人工登记", "Registered by hand"),
        stored(Kind.OPENED_BY_HAND): ("人工开闸", "Opened by hand"),
        stored(Kind.FORCED_OPEN): ("强行打开", "Forced open"),
        stored(Kind.HELD_OPEN): ("长时间未关", "Held open"),
        stored(Kind.FIRE): ("火警", "Fire"),
        stored(Kind.TAMPER): ("外壳被打开", "Case opened"),
        stored(Kind.FAULT): ("故障", "Fault"),
        stored(Kind.FAULT_END): ("故障恢复", "Fault over"),
        stored(Kind.BOOT): ("启动", "Started"),
        stored(Kind.CLOCK_STEP): ("时钟调整", "Clock set"),
        stored(Kind.DOCUMENT_ACCEPTED): ("接受文件", "Document accepted"),
        stored(Kind.DOCUMENT_REFUSED): ("拒绝文件", "Document refused"),
        stored(Kind.COMMAND_DONE): ("执行指令", "Command done"),
        stored(Kind.REFUSALS): ("无效码计数", "Invalid codes, counted"),
        stored(Kind.TOMBSTONE): ("记录已清除", "Records dropped"),
        stored(Kind.ATTENDED): ("工作人员操作", "Attendant at work"),
    }
)

# stored name -> (zh, en)
COLOURS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        stored(Colour.GREEN): ("绿码", "green"),
        stored(Colour.REVOKED): ("已撤销", "revoked"),
        stored(Colour.YELLOW): ("黄码", "yellow"),
        stored(Colour.ORANGE): ("橙码", "orange"),
        stored(Colour.RED): ("红码", "red"),
        stored(Colour.NO_INFORMATION): ("无信息", "no information"),
    }
)

REASON_BY_NAME: Final[Mapping[str, Reason]] = MappingProxyType({stored(reason): reason for reason in Reason})
REASON_BY_CODE: Final[Mapping[str, Reason]] = MappingProxyType(
    {words.code: reason for reason, words in REASONS.items()}
)
