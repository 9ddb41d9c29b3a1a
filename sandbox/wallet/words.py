"""Everything the wallet's pages say, in both languages."""

from collections.abc import Mapping
from typing import Final

from wire.reasons import Colour, Verdict

LANGUAGES: Final = {"zh": "zh-CN", "en": "en"}

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("吉祥钱包", "Jixiang Wallet"),
    "sandbox": ("演示环境", "Sandbox"),
    "home_lead": (
        "请选择一位居民。所有人都是虚构的，健康码是真实签名的。",
        "Pick a resident. The people are made up; their codes are really signed.",
    ),
    "resident": ("居民 {n}", "Resident {n}"),
    "visitor": ("境外旅客 {n}", "Visitor {n}"),
    "visitors": ("境外旅客", "Visitors from abroad"),
    "everybody": ("所有居民", "All residents"),
    "code_of": ("{who}的健康码", "{who}'s health code"),
    "renews": ("每 {s} 秒更新一次", "Renewed every {s} seconds"),
    "paper_note": (
        "纸质码：不会更新，须核对证件",
        "A paper code: it never changes, and the document is checked",
    ),
    "abroad_note": (
        "另一体系的证明：不会更新，闸机认识其签发机构",
        "A certificate of another system: it never changes, and the gates know who issued it",
    ),
    "pass_of": ("{who}的证明", "{who}'s certificate"),
    "reload": ("更新健康码", "Renew the code"),
    "save": ("保存图片", "Save picture"),
    "save_hint": (
        "保存后可在终端查看：",
        "Then ask in a terminal what it is:",
    ),
    "colour_title": ("发码机构的判定", "What the issuer says"),
    "colour_hint": (
        "更改后，新的状态列表数秒内到达各闸机。",
        "A change reaches every gate as a new signed list within seconds.",
    ),
    "gate_title": ("去闸机出示", "Show it at a gate"),
    "gate": ("闸机", "Gate"),
    "temperature": ("真实体温", "True body temperature"),
    "normal": ("正常", "normal"),
    "border": ("临界", "borderline"),
    "fever": ("发热", "fever"),
    "show": ("在此闸机出示", "Show it at this gate"),
    "role_staff": ("商场员工", "works at the mall"),
    "role_attendant": ("商场管理员", "attendant at the mall"),
    "button_title": ("闸机按钮", "The gate's button"),
    "press_short": ("短按：下一项", "Short press: next"),
    "press_long": ("长按：选择", "Long press: take"),
    "screen_title": ("闸机显示屏", "The gate's own screen"),
    "screen_alt": ("闸机显示屏上的画面", "What the gate's display shows"),
    "no_screen": ("闸机未运行", "The gate is not running"),
    "queued": ("正在走向闸机…", "On the way to the gate…"),
    "showing": ("正在出示…", "Showing the code…"),
    "left": ("没有结果，已离开", "No verdict; walked away"),
    "nobody": ("还没有人从这里去过这台闸机", "Nobody has walked to this gate from here yet"),
    "took": ("用时 {s} 秒", "after {s} s"),
    "refresh": ("刷新", "Refresh"),
    "theme": ("明暗", "Light or dark"),
    "language": ("语言", "Language"),
    "old_page": ("连接已断开，演示可能已停止", "No connection: the demo may have stopped"),
    "not_found": ("没有这个页面", "There is no such page"),
    "refused": ("请求被拒绝，请返回重试", "The request was refused; go back and try again"),
    "back": ("返回", "Back"),
}

COLOURS: Final[Mapping[Colour, tuple[str, str]]] = {
    Colour.GREEN: ("绿码", "green"),
    Colour.YELLOW: ("黄码", "yellow"),
    Colour.ORANGE: ("橙码", "orange"),
    Colour.RED: ("红码", "red"),
    Colour.NO_INFORMATION: ("无信息", "no information"),
    Colour.REVOKED: ("已撤销", "revoked"),
}

VERDICTS: Final[Mapping[Verdict, tuple[str, str]]] = {
    Verdict.ADMIT: ("放行", "Admitted"),
    Verdict.DENY: ("拒绝", "Denied"),
    Verdict.REFER: ("转人工", "Referred to the attendant"),
    Verdict.WAIT: ("请稍候", "Wait"),
    Verdict.HINT: ("提示", "A hint, no verdict"),
    Verdict.OUT_OF_SERVICE: ("暂停使用", "Out of service"),
    Verdict.EVACUATE: ("疏散", "Evacuating"),
}


def pick(pair: tuple[str, str], language: str) -> str:
    """One of a pair of words: zh or en."""
    return pair[0] if language == "zh" else pair[1]


def say(key: str, language: str, **values: object) -> str:
    """A sentence of the table, filled in."""
    return pick(WORDS[key], language).format(**values)
