"""Every reason why a gate cannot decide correctly, how bad that is, and the words for it."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Severity(IntEnum):
    """What a trouble costs."""

    NOTE = 1
    REFERS = 2
    BLOCKS = 3


class Trouble(IntEnum):
    """What can be wrong. Numbers are never used again for another meaning."""

    NOT_ENROLLED = 1
    NO_ROOT = 2
    NO_TRUST = 3
    TRUST_EXPIRED = 4
    TRUST_OLD = 5
    NO_ASSIGNMENT = 6
    ASSIGNMENT_EXPIRED = 7
    NO_PERMISSION = 8
    CLOSED = 9
    NO_LIST = 10
    LIST_OLD = 11
    CLOCK_DOUBT = 12
    VENUE_STALE = 13
    ROOT_ENDING = 14
    TRUST_ENDING = 15
    ASSIGNMENT_ENDING = 16
    LIST_AGING = 17
    TIME_SILENT = 18
    CAMERA = 20
    THERMOMETER = 21
    BARRIER = 22
    DISPLAY = 23
    SIGNALS = 24
    CAMERA_DARK = 25
    CAMERA_SLOW = 26
    CALIBRATION = 27
    CALIBRATION_DUE = 28
    EMISSIVITY = 29
    STANDS_OPEN = 60
    DOES_NOT_OPEN = 61
    CONTACT_CHATTERS = 62
    JOURNAL = 30
    JOURNAL_FULL = 31
    DISK = 32
    BACKLOG = 33
    OFFLINE = 40
    DOCUMENT_WITHHELD = 41
    CERTIFICATE_ENDING = 42
    ORDERED_OUT = 50
    FIRE = 51
    TAMPER = 52


@dataclass(frozen=True, slots=True)
class TroubleWords:
    """One row: what it costs, the words, and what to do about it."""

    severity: Severity
    zh: str
    en: str
    fix_zh: str
    fix_en: str


_B, _R, _N = Severity.BLOCKS, Severity.REFERS, Severity.NOTE

TROUBLES: Final = {
    Trouble.NOT_ENROLLED: TroubleWords(_B, "尚未登记", "not enrolled", "用令牌登记", "enrol it with a token"),
    Trouble.NO_ROOT: TroubleWords(_B, "没有根文件", "no root document", "重新制卡", "prepare the card again"),
    Trouble.NO_TRUST: TroubleWords(
        _B, "没有信任文件", "no trust document", "检查网络", "check the connection to the fleet"
    ),
    Trouble.TRUST_EXPIRED: TroubleWords(
        _R, "信任文件已过期", "the trust document has expired", "签发新版本", "have a new version signed"
    ),
    Trouble.TRUST_OLD: TroubleWords(
        _R, "信任文件过旧", "the trust document is too old", "检查网络", "check the connection to the fleet"
    ),
    Trouble.NO_ASSIGNMENT: TroubleWords(
        _B, "尚未分配场所", "no venue assigned", "分配场所", "assign it to a venue"
    ),
    Trouble.ASSIGNMENT_EXPIRED: TroubleWords(
        _B, "分配已过期", "the assignment has expired", "检查网络", "check the connection to the fleet"
    ),
    Trouble.NO_PERMISSION: TroubleWords(
        _B, "没有有效的扫码许可", "no valid permission to scan", "向主管部门申请", "apply to the authority"
    ),
    Trouble.CLOSED: TroubleWords(_B, "场所关闭", "the venue is closed", "等待开放", "wait until it opens"),
    Trouble.NO_LIST: TroubleWords(
        _R, "缺少状态列表", "a status list is missing", "检查网络", "check the connection to the fleet"
    ),
    Trouble.LIST_OLD: TroubleWords(
        _R, "状态列表过旧", "a status list is too old", "检查网络", "check the connection to the fleet"
    ),
    Trouble.CLOCK_DOUBT: TroubleWords(
        _R, "时钟不可信", "the clock is in doubt", "等待签名时间", "wait for signed time from the fleet"
    ),
    Trouble.VENUE_STALE: TroubleWords(
        _N,
        "收不到其他通道的信息，本机单独判断",
        "nothing heard of the other lanes: this gate decides alone",
        "检查网络",
        "check the connection to the fleet",
    ),
    Trouble.ROOT_ENDING: TroubleWords(
        _N,
        "根文件即将到期",
        "the root document ends within 60 days",
        "签发新版本",
        "have a new version signed",
    ),
    Trouble.TRUST_ENDING: TroubleWords(
        _N,
        "信任文件即将到期",
        "the trust document ends within 14 days",
        "签发新版本",
        "have a new version signed",
    ),
    Trouble.ASSIGNMENT_ENDING: TroubleWords(
        _N,
        "分配即将到期",
        "the assignment ends within 7 days",
        "检查网络",
        "check the connection to the fleet",
    ),
    Trouble.LIST_AGING: TroubleWords(
        _N,
        "状态列表即将过旧",
        "a status list will soon be too old",
        "检查网络",
        "check the connection to the fleet",
    ),
    Trouble.TIME_SILENT: TroubleWords(
        _N,
        "收不到签名时间",
        "no signed time for ten minutes",
        "检查服务器",
        "check the broker",
    ),
    Trouble.CAMERA: TroubleWords(
        _B, "摄像头故障", "the camera has failed", "检查排线", "check the camera cable"
    ),
    Trouble.THERMOMETER: TroubleWords(
        _R, "测温故障", "the thermometer has failed", "检查接线", "check its wires"
    ),
    Trouble.BARRIER: TroubleWords(_B, "闸门故障", "the barrier has failed", "检查继电器", "check the relay"),
    Trouble.DISPLAY: TroubleWords(_N, "显示屏故障", "the display has failed", "检查接线", "check its wires"),
    Trouble.SIGNALS: TroubleWords(
        _N, "声光提示故障", "lamp or buzzer has failed", "检查接线", "check its wires"
    ),
    Trouble.CAMERA_DARK: TroubleWords(
        _R,
        "摄像头一片黑",
        "the camera sees only black",
        "检查镜头遮挡和照明",
        "uncover the lens, check the light",
    ),
    Trouble.CAMERA_SLOW: TroubleWords(
        _N, "摄像头帧率过低", "the camera gives too few pictures", "检查供电和温度", "check power and heat"
    ),
    Trouble.CALIBRATION: TroubleWords(
        _R,
        "测温校准与传感器不符",
        "the calibration is not this sensor's, or cannot be read",
        "重新校准",
        "calibrate the thermometer again",
    ),
    Trouble.CALIBRATION_DUE: TroubleWords(
        _N,
        "测温未校准或校准到期",
        "the thermometer's calibration is missing or overdue",
        "校准",
        "calibrate it",
    ),
    Trouble.EMISSIVITY: TroubleWords(
        _R,
        "测温发射率设置不符",
        "the thermometer is set to another emissivity",
        "运行 jx-gate emissivity",
        "run jx-gate emissivity, then switch its power off and on",
    ),
    Trouble.STANDS_OPEN: TroubleWords(
        _N,
        "闸门未经放行而开着",
        "the way stands open though the relay is off",
        "关上闸门，检查继电器",
        "shut it; check relay and contact",
    ),
    Trouble.DOES_NOT_OPEN: TroubleWords(
        _N,
        "放行时闸门没有动作",
        "the barrier was told to open and did not move",
        "检查继电器和门磁",
        "check relay, barrier and contact",
    ),
    Trouble.CONTACT_CHATTERS: TroubleWords(
        _N, "触点抖动", "a contact chatters", "检查接线", "check its wires"
    ),
    Trouble.JOURNAL: TroubleWords(
        _B, "日志无法写入", "the journal cannot be written", "检查存储卡", "check the card"
    ),
    Trouble.JOURNAL_FULL: TroubleWords(
        _N, "日志将满", "the journal is nearly full", "恢复网络", "restore the connection"
    ),
    Trouble.DISK: TroubleWords(
        _N, "存储空间不足", "little space on the card", "更换存储卡", "replace the card"
    ),
    Trouble.BACKLOG: TroubleWords(
        _N, "大量记录未上传", "many events are not sent yet", "检查网络", "check the connection to the fleet"
    ),
    Trouble.OFFLINE: TroubleWords(
        _N, "未连接服务器", "not connected to the fleet", "检查网络", "check the network"
    ),
    Trouble.DOCUMENT_WITHHELD: TroubleWords(
        _N, "有文件未送达", "a newer document exists but did not arrive", "检查服务器", "check the broker"
    ),
    Trouble.CERTIFICATE_ENDING: TroubleWords(
        _N, "证书即将到期", "the certificate ends soon", "重新登记", "enrol it again"
    ),
    Trouble.ORDERED_OUT: TroubleWords(
        _B, "按指令停用", "taken out of service by command", "发送恢复指令", "send the command to resume"
    ),
    Trouble.FIRE: TroubleWords(_B, "火警", "fire input active", "疏散", "evacuate"),
    Trouble.TAMPER: TroubleWords(_N, "外壳被打开", "the case is open", "检查外壳", "check the case"),
}


def severity_of(trouble: Trouble) -> Severity:
    """What a trouble costs."""
    return TROUBLES[trouble].severity
