"""Every reason in both languages: the code people quote, words for staff, words for the screen."""

from dataclasses import dataclass
from typing import Final

from wire.reasons import Reason, Verdict, verdict_of


@dataclass(frozen=True, slots=True)
class Words:
    """One row: the code people quote, words for staff, words for the screen (no diagnosis, no name)."""

    code: str
    verdict: Verdict
    zh: str
    en: str
    screen_zh: str
    screen_en: str


_ENTER: Final = ("请通行", "Please enter")
_ATTENDANT: Final = ("请找工作人员", "Ask the attendant")
_AGAIN: Final = ("请刷新后重新出示", "Refresh the code and show it again")
_OUT: Final = ("暂停使用", "Out of service")

_VERDICT_LETTER: Final = {
    Verdict.ADMIT: "P",
    Verdict.DENY: "A",
    Verdict.REFER: "R",
    Verdict.WAIT: "W",
    Verdict.HINT: "H",
    Verdict.OUT_OF_SERVICE: "S",
    Verdict.EVACUATE: "E",
}

_ROWS: Final = {
    Reason.GREEN: ("绿码，体温正常", "green, temperature normal", _ENTER),
    Reason.PAPER_ADMITTED: ("纸质码，按规定放行", "paper code, admitted by policy", _ENTER),
    Reason.NO_INFORMATION_ADMITTED: (
        "无信息，体温正常，按规定放行",
        "no information, temperature normal, admitted by policy",
        _ENTER,
    ),
    Reason.LIST_NOT_HELD_ADMITTED: (
        "外地码颜色未知，按规定放行",
        "recognised, colour unknown, admitted by policy",
        _ENTER,
    ),
    Reason.STAFF: ("员工，绿码", "staff, green", _ENTER),
    Reason.PAPER_CHECKED: (
        "纸质码，工作人员已核对证件",
        "paper code, document checked by the attendant",
        _ENTER,
    ),
    Reason.MEASURED_AGAIN: (
        "工作人员复测，体温正常",
        "measured again by the attendant, temperature normal",
        _ENTER,
    ),
    Reason.REGISTERED: (
        "无码人员已登记，体温正常",
        "no code: registered by the attendant, temperature normal",
        _ENTER,
    ),
    Reason.FOREIGN_ADMITTED: (
        "其他体系的证明有效，体温正常，按规定放行",
        "a pass of another system, temperature normal, admitted by policy",
        _ENTER,
    ),
    Reason.FOREIGN_CHECKED: (
        "其他体系的证明，工作人员已核对证件",
        "a pass of another system, document checked by the attendant",
        _ENTER,
    ),
    Reason.UNKNOWN_ISSUER: (
        "发码机构未被认可",
        "the issuer is not known here",
        ("此码无法识别", "This code is not recognised"),
    ),
    Reason.BAD_SIGNATURE: (
        "签名无效，可能是伪造的码",
        "the signature is wrong: possibly a forgery",
        ("此码无效", "This code is not valid"),
    ),
    Reason.EXPIRED: ("健康码已过期", "the code has expired", ("健康码已过期", "This code has expired")),
    Reason.PROOF_OLD: ("动态码过旧，可能是截图", "the phone code is too old: possibly a screenshot", _AGAIN),
    Reason.PROOF_FUTURE: (
        "动态码时间超前，手机时钟不准",
        "the phone code is from the future: the phone's clock is wrong",
        ("请校准手机时间", "Set the phone's clock"),
    ),
    Reason.PROOF_REPLAYED: ("动态码已被使用", "this phone code was used before", _AGAIN),
    Reason.INDEX_OUTSIDE: (
        "码不在状态列表内",
        "the code's index is outside its status list",
        ("此码无效", "This code is not valid"),
    ),
    Reason.REVOKED: ("健康码已撤销", "the code was revoked", ("此码已停用", "This code is no longer in use")),
    Reason.MALFORMED: (
        "健康码内容损坏",
        "the code is damaged or malformed",
        ("此码无法读取", "This code cannot be read"),
    ),
    Reason.ORANGE: ("橙码", "orange", _ATTENDANT),
    Reason.RED: ("红码", "red", _ATTENDANT),
    Reason.FEVER: ("体温超过标准", "temperature at or above the threshold", _ATTENDANT),
    Reason.PASSED_BEFORE: (
        "刚刚已经通行",
        "passed here a moment ago",
        ("您已通行", "You have already passed"),
    ),
    Reason.LIST_NOT_HELD_DENIED: (
        "外地码颜色未知，按规定拒绝",
        "recognised, colour unknown, refused by policy",
        _ATTENDANT,
    ),
    Reason.PAPER_DENIED: (
        "不接受纸质码",
        "paper codes are not accepted here",
        ("请出示手机健康码", "Please show the code on a phone"),
    ),
    Reason.COLOUR_UNKNOWN: ("状态值无法识别", "the status list holds a value without a meaning", _ATTENDANT),
    Reason.PROOF_MISSING: ("缺少手机动态证明", "a phone's code without the phone's proof", _AGAIN),
    Reason.DOCUMENT_DIFFERS: (
        "证件与纸质码不符",
        "the document is not that of the paper code",
        _ATTENDANT,
    ),
    Reason.NOT_YET_VALID: (
        "尚未生效",
        "not valid yet",
        ("尚未生效", "This is not valid yet"),
    ),
    Reason.FOREIGN_DENIED: (
        "不接受其他体系的证明",
        "passes of other systems are not accepted here",
        ("请出示健康码", "Please show a health code"),
    ),
    Reason.FOREIGN_POSITIVE: ("证明上的检测结果为阳性", "the pass states a positive test", _ATTENDANT),
    Reason.YELLOW: ("黄码", "yellow", _ATTENDANT),
    Reason.NO_INFORMATION: ("无信息", "no information about this person", _ATTENDANT),
    Reason.LIST_NOT_HELD: ("已识别，颜色未知", "recognised, colour unknown", _ATTENDANT),
    Reason.PAPER: (
        "纸质码，需核对证件",
        "paper code: check the document",
        ("请出示证件", "Show your document to the attendant"),
    ),
    Reason.NO_TEMPERATURE: (
        "未能测到体温",
        "no usable temperature",
        ("请人工测温", "Temperature by hand, please"),
    ),
    Reason.TEMPERATURE_UNSURE: (
        "体温接近标准，需人工复测",
        "temperature too close to the threshold to call",
        ("请人工测温", "Temperature by hand, please"),
    ),
    Reason.CLOCK_DOUBT: ("本机时钟不可信", "this gate's clock is in doubt", _ATTENDANT),
    Reason.TRUST_OLD: ("信任文件过旧", "the trust document is too old", _ATTENDANT),
    Reason.LIST_OLD: ("状态列表过旧", "the status list is too old", _ATTENDANT),
    Reason.AMBIENT_OUTSIDE: (
        "环境温度超出测温范围",
        "too cold or too warm here to tell a body temperature",
        ("请人工测温", "Temperature by hand, please"),
    ),
    Reason.STAFF_NOT_LISTED: ("不在员工名单内", "not on this venue's roster", _ATTENDANT),
    Reason.STAFF_HOURS: ("员工，非通行时间", "on the roster, outside staff hours", _ATTENDANT),
    Reason.FOREIGN: (
        "其他体系的证明，需人工查看",
        "a pass of another system: for the attendant to decide",
        _ATTENDANT,
    ),
    Reason.DOSES_MISSING: ("未完成全程接种", "the vaccination is not complete", _ATTENDANT),
    Reason.DOSES_OUTSIDE: (
        "接种时间不在认可期内",
        "the last dose is too recent or too long ago",
        _ATTENDANT,
    ),
    Reason.TEST_OLD: ("检测结果已过时效", "the test is too old", _ATTENDANT),
    Reason.RECOVERY_OUTSIDE: (
        "康复时间不在认可期内",
        "the recovery is too recent or too long ago",
        _ATTENDANT,
    ),
    Reason.NOTHING_COUNTS: (
        "证明内容在此不作依据",
        "nothing that the pass states counts here",
        _ATTENDANT,
    ),
    Reason.JOURNAL_FAILED: ("记录写入失败", "the journal could not be written", _ATTENDANT),
    Reason.FULL: (
        "场所人数已满",
        "the venue is full",
        ("人数已满，请稍候", "Full at the moment, please wait"),
    ),
    Reason.VISITORS_LATER: (
        "现在只对员工开放",
        "open to staff only at this hour",
        ("现在未开放", "Closed now"),
    ),
    Reason.NOT_A_CODE: ("不是健康码", "not a health code", ("请出示健康码", "Please show a health code")),
    Reason.SEVERAL_CODES: (
        "画面中有多个码",
        "several codes in view",
        ("请一个一个来", "One at a time, please"),
    ),
    Reason.MORE_PARTS: (
        "证明由多个码组成，尚未出示全部",
        "a pass in several codes, not all of them shown yet",
        ("请出示其他码", "Now show the other codes"),
    ),
    Reason.NO_ASSIGNMENT: ("尚未分配场所", "no venue is assigned to this gate", _OUT),
    Reason.NO_PERMISSION: ("没有有效的扫码许可", "no valid permission to scan", _OUT),
    Reason.OUTSIDE_HOURS: ("非开放时间", "outside opening hours", ("现在未开放", "Closed now")),
    Reason.CLOSED_BY_AUTHORITY: ("已被主管部门关闭", "closed by the authority", ("现在未开放", "Closed now")),
    Reason.FAULT: ("设备故障", "a part of this gate has failed", ("设备故障", "Out of service")),
    Reason.ENROLLING: ("等待登记", "waiting to be enrolled", ("等待登记", "Waiting to be enrolled")),
    Reason.FIRE: (
        "火警，闸门已释放",
        "fire: the barrier is released",
        ("请立即撤离", "Leave the building now"),
    ),
}


def _words(reason: Reason) -> Words:
    zh, en, (screen_zh, screen_en) = _ROWS[reason]
    verdict = verdict_of(reason)
    return Words(f"{_VERDICT_LETTER[verdict]}-{reason:d}", verdict, zh, en, screen_zh, screen_en)


REASONS: Final = {reason: _words(reason) for reason in Reason}
