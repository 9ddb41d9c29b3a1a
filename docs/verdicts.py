# noqa: INP001 - stands beside the script that renders the tables
"""What a gate finds, and what it then decides: each row is put to `admit` itself, so that none can lie."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from device.firmware.admit import Code, Here, Recall, judge
from device.firmware.thermometry import Measurement
from wire.documents import Direction
from wire.foreign.passes import Kind, Statement
from wire.policy import DEFAULT, Choice, Policy
from wire.reason_words import REASONS
from wire.reasons import Colour, Reason

NOW_S: Final = 1_795_000_000
DAY_S: Final = 86_400
LONG_AGO_S: Final = NOW_S - 40 * DAY_S

GREEN: Final = Code(
    expires=NOW_S + DAY_S, colour=Colour.GREEN, list_issued=NOW_S - 60, proof_issued=NOW_S - 3
)
PAPER: Final = replace(GREEN, proof_issued=None, paper=True)
DOSES: Final = Statement(kind=Kind.VACCINATION, at=NOW_S - 30 * DAY_S, doses=2, doses_needed=2)
TEST: Final = Statement(kind=Kind.TEST, at=NOW_S - 3_600, positive=False)
RECOVERY: Final = Statement(kind=Kind.RECOVERY, at=NOW_S - 60 * DAY_S)
PASS: Final = Code(expires=NOW_S + DAY_S, colour=None, statements=(DOSES,))
HERE: Final = Here(
    policy=DEFAULT, now_ms=NOW_S * 1000, doubt_ms=50, trust_issued=NOW_S - 60, trust_expires=NOW_S + DAY_S
)


def _measured(*body_c: float | None) -> tuple[Measurement, ...]:
    return tuple(
        Measurement(
            object_c=34.0,
            ambient_c=22.0,
            surface_c=35.0,
            body_c=value,
            uncertainty_c=0.3,
            samples=5,
            taken_s=1.0,
        )
        for value in body_c
    )


NORMAL: Final = _measured(36.6)


def _policy(**changes: object) -> Here:
    values = {name: getattr(DEFAULT, name) for name in DEFAULT.__dataclass_fields__} | changes
    return replace(HERE, policy=Policy(**values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One case in words, and the case itself."""

    zh: str
    en: str
    code: Code = GREEN
    here: Here = HERE
    measured: tuple[Measurement, ...] = NORMAL

    @property
    def reason(self) -> Reason | None:
        """What the gate decides."""
        return judge(self.code, self.here, self.measured, last=True)


def _coloured(colour: Colour | None, **more: bool) -> Code:
    return replace(GREEN, colour=colour, list_issued=None if colour is None else GREEN.list_issued, **more)


_UNHELD: Final = _coloured(None)
_NOTHING: Final = _coloured(Colour.NO_INFORMATION)
_STAFF: Final = replace(GREEN, staff=True)

_WELCOME: Final = _policy(foreign=Choice.ADMIT)


def _stating(*statements: Statement) -> Code:
    return replace(PASS, statements=statements)


FINDINGS: Final = (
    Finding(zh="绿码，体温正常", en="green, temperature normal"),
    Finding(
        zh="手机码缺动态证明",
        en="a phone's code without the phone's proof",
        code=replace(GREEN, proof_issued=None),
    ),
    Finding(zh="本机时钟不可信", en="the gate's clock is in doubt", here=replace(HERE, doubt_ms=None)),
    Finding(
        zh="时钟不可信，红码",
        en="clock in doubt, and red",
        code=_coloured(Colour.RED),
        here=replace(HERE, doubt_ms=None),
    ),
    Finding(zh="健康码过期", en="the code has expired", code=replace(GREEN, expires=NOW_S)),
    Finding(zh="动态码过旧", en="the proof is too old", code=replace(GREEN, proof_issued=NOW_S - 31)),
    Finding(
        zh="动态码时间超前", en="the proof is from the future", code=replace(GREEN, proof_issued=NOW_S + 11)
    ),
    Finding(zh="已撤销", en="revoked", code=_coloured(Colour.REVOKED)),
    Finding(zh="红码", en="red", code=_coloured(Colour.RED)),
    Finding(zh="橙码", en="orange", code=_coloured(Colour.ORANGE)),
    Finding(zh="刚刚已通行", en="passed a moment ago", code=replace(GREEN, recall=Recall.PASSED)),
    Finding(zh="动态码已用过", en="a proof used before", code=replace(GREEN, recall=Recall.REPLAYED)),
    Finding(
        zh="纸质码，规定不收",
        en="paper, where policy refuses it",
        code=PAPER,
        here=_policy(paper=Choice.DENY),
    ),
    Finding(
        zh="信任文件过旧", en="the trust document is too old", here=replace(HERE, trust_issued=LONG_AGO_S)
    ),
    Finding(zh="状态列表过旧", en="the status list is too old", code=replace(GREEN, list_issued=LONG_AGO_S)),
    Finding(zh="黄码", en="yellow", code=_coloured(Colour.YELLOW)),
    Finding(
        zh="黄码，工作人员复测正常",
        en="yellow, measured again by the attendant",
        code=_coloured(Colour.YELLOW, attended=True),
        measured=NORMAL * 2,
    ),
    Finding(zh="列表未持有", en="its list is not held", code=_UNHELD),
    Finding(
        zh="列表未持有，规定拒绝",
        en="its list is not held, policy refuses",
        code=_UNHELD,
        here=_policy(list_not_held=Choice.DENY),
    ),
    Finding(
        zh="列表未持有，规定放行",
        en="its list is not held, policy admits",
        code=_UNHELD,
        here=_policy(list_not_held=Choice.ADMIT),
    ),
    Finding(zh="无信息", en="no information", code=_NOTHING),
    Finding(
        zh="无信息，规定放行",
        en="no information, policy admits",
        code=_NOTHING,
        here=_policy(no_information=Choice.ADMIT),
    ),
    Finding(zh="纸质码", en="paper", code=PAPER),
    Finding(zh="纸质码，规定放行", en="paper, policy admits", code=PAPER, here=_policy(paper=Choice.ADMIT)),
    Finding(
        zh="纸质码，证件已核对", en="paper, its document checked", code=replace(PAPER, document_checked=True)
    ),
    Finding(
        zh="员工通道，非员工", en="a staff lane, and not on its roster", here=replace(HERE, staff_only=True)
    ),
    Finding(
        zh="员工通道，非通行时间",
        en="a staff lane, outside staff hours",
        code=_STAFF,
        here=replace(HERE, staff_only=True, staff_now=False),
    ),
    Finding(zh="员工", en="on the roster", code=_STAFF),
    Finding(zh="开放前，访客", en="before opening, a visitor", here=replace(HERE, visitors_now=False)),
    Finding(
        zh="开放前，员工",
        en="before opening, on the roster",
        code=_STAFF,
        here=replace(HERE, visitors_now=False),
    ),
    Finding(zh="人数已满", en="the venue is full", here=replace(HERE, capacity=9, occupancy=9)),
    Finding(
        zh="人数已满，出口",
        en="the venue is full, on the way out",
        here=replace(HERE, capacity=9, occupancy=9, direction=Direction.EXIT),
    ),
    Finding(zh="其他体系的证明", en="a pass of another system", code=PASS),
    Finding(
        zh="其他体系的证明，规定放行", en="a pass of another system, policy admits", code=PASS, here=_WELCOME
    ),
    Finding(
        zh="其他体系的证明，规定不收",
        en="a pass of another system, where policy refuses it",
        code=PASS,
        here=_policy(foreign=Choice.DENY),
    ),
    Finding(
        zh="其他体系的证明，证件已核对",
        en="a pass of another system, compared with a document",
        code=replace(PASS, document_checked=True),
    ),
    Finding(zh="证明过期", en="the pass has expired", code=replace(PASS, expires=NOW_S), here=_WELCOME),
    Finding(
        zh="证明尚未生效", en="the pass is not valid yet", code=replace(PASS, begins=NOW_S + 1), here=_WELCOME
    ),
    Finding(
        zh="证明：检测阳性",
        en="the pass states a positive test",
        code=_stating(replace(TEST, positive=True)),
        here=_WELCOME,
    ),
    Finding(
        zh="证明：未完成全程接种",
        en="the pass states one dose of two",
        code=_stating(replace(DOSES, doses=1)),
        here=_WELCOME,
    ),
    Finding(
        zh="证明：昨日接种",
        en="the pass states a dose of yesterday",
        code=_stating(replace(DOSES, at=NOW_S - DAY_S)),
        here=_WELCOME,
    ),
    Finding(zh="证明：检测阴性", en="the pass states a negative test", code=_stating(TEST), here=_WELCOME),
    Finding(
        zh="证明：检测阴性，过久",
        en="the pass states a negative test of last week",
        code=_stating(replace(TEST, at=NOW_S - 7 * DAY_S)),
        here=_WELCOME,
    ),
    Finding(zh="证明：康复", en="the pass states a recovery", code=_stating(RECOVERY), here=_WELCOME),
    Finding(
        zh="证明：康复，过久",
        en="the pass states a recovery of last year",
        code=_stating(replace(RECOVERY, at=NOW_S - 365 * DAY_S)),
        here=_WELCOME,
    ),
    Finding(zh="证明：无可用内容", en="the pass states nothing", code=_stating(), here=_WELCOME),
    Finding(
        zh="员工通道，其他体系的证明",
        en="a staff lane, and a pass of another system",
        code=PASS,
        here=replace(_WELCOME, staff_only=True),
    ),
    Finding(zh="未能测温", en="no usable temperature", measured=()),
    Finding(zh="环境温度超范围", en="too cold or warm to tell a body temperature", measured=_measured(None)),
    Finding(zh="体温偏高，一次", en="high once, and no second reading", measured=_measured(38.5)),
    Finding(zh="体温偏高，两次", en="high twice", measured=_measured(38.5, 38.4)),
    Finding(zh="偏高后正常", en="high, then normal", measured=_measured(38.5, 36.6)),
    Finding(zh="接近标准，两次", en="too close to the threshold, twice", measured=_measured(37.3, 37.2)),
)


def rows() -> Iterator[tuple[str, str, str]]:
    """Finding, verdict, reason; as the gate's own rules say."""
    for finding in FINDINGS:
        reason = finding.reason
        if reason is None:
            raise ValueError(f"the gate would go on measuring: {finding.en}")
        words = REASONS[reason]
        yield f"{finding.zh} · {finding.en}", words.verdict.name.lower().replace("_", " "), words.code
