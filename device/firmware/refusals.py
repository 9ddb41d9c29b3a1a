"""What a gate would refuse, and whom it would send to an attendant, in words: policy as people read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from device.firmware.admit import gating, hours_of
from device.firmware.trust import Beliefs
from device.firmware.words import Both
from wire.documents import Assignment, Direction, Hours
from wire.policy import Choice, Measured, Policy
from wire.reason_words import REASONS
from wire.reasons import Verdict

DAY_S: Final = 86_400
DAYS: Final = (
    Both("周一", "Mon"),
    Both("周二", "Tue"),
    Both("周三", "Wed"),
    Both("周四", "Thu"),
    Both("周五", "Fri"),
    Both("周六", "Sat"),
    Both("周日", "Sun"),
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One kind of person or code, and what becomes of them."""

    verdict: Verdict
    words: Both


_CHOICES: Final = {
    Choice.ADMIT: Verdict.ADMIT,
    Choice.REFER: Verdict.REFER,
    Choice.DENY: Verdict.DENY,
}
VERDICTS: Final = {
    Verdict.OUT_OF_SERVICE: Both("暂停使用", "nobody"),
    Verdict.DENY: Both("拒绝", "denied"),
    Verdict.REFER: Both("转人工", "attendant"),
    Verdict.WAIT: Both("等候", "waits"),
    Verdict.ADMIT: Both("放行", "admitted"),
}


def refusals(beliefs: Beliefs, now_s: int) -> tuple[Refusal, ...]:
    """Every rule by which this gate turns people away at `now_s`, in the order of what it costs them."""
    found = [
        *_gate(beliefs.assignment, now_s),
        *_codes(beliefs),
        *_freshness(beliefs.policy()),
        *_choices(beliefs.policy()),
        *_passes(beliefs),
        *_temperature(beliefs.policy()),
        *_people(beliefs.assignment, now_s),
    ]
    order = list(VERDICTS)
    return tuple(sorted(found, key=lambda one: order.index(one.verdict)))


def _gate(assignment: Assignment | None, now_s: int) -> Iterator[Refusal]:
    why = gating(assignment, now_s)
    if why is not None:
        words = REASONS[why]
        yield Refusal(
            Verdict.OUT_OF_SERVICE, Both(f"任何人：{words.screen_zh}", f"everybody: {words.screen_en}")
        )


def _codes(beliefs: Beliefs) -> Iterator[Refusal]:
    issuers = ", ".join(issuer.id for issuer in beliefs.trust.issuers) if beliefs.trust else ""
    if issuers:
        words = Both(f"发码机构不是 {issuers} 的码", f"codes of issuers other than {issuers}")
    else:
        words = Both("任何码：没有信任文件", "every code: no trust document is held")
    yield Refusal(Verdict.DENY, words)
    yield Refusal(
        Verdict.DENY,
        Both(
            "签名不符、过期、撤销的码，橙码，红码",
            "codes with a bad signature, expired, revoked, orange or red",
        ),
    )
    yield Refusal(Verdict.REFER, Both("黄码（再测体温）", "yellow (measured again there)"))


def _freshness(policy: Policy) -> Iterator[Refusal]:
    past, future = policy.proof_past_s, policy.proof_future_s
    yield Refusal(
        Verdict.DENY,
        Both(
            f"动态证明早于 {past} 秒或超前 {future} 秒以上的手机码",
            f"phone codes whose proof is older than {past} s, or more than {future} s ahead",
        ),
    )
    repeat_s = policy.repeat_s
    if repeat_s:
        words = Both(f"通行后 {repeat_s} 秒内再次出示的码", f"a code again within {repeat_s} s of passing")
        yield Refusal(Verdict.DENY, words)
    hours, days = policy.list_age_s / 3600, policy.trust_age_s / DAY_S
    words = Both(f"状态列表早于 {hours:g} 小时的码", f"codes whose list is older than {hours:g} h")
    yield Refusal(Verdict.REFER, words)
    words = Both(f"所有人：信任文件早于 {days:g} 天时", f"everybody, when trust is older than {days:g} days")
    yield Refusal(Verdict.REFER, words)
    doubt_s = policy.clock_doubt_ms / 1000
    words = Both(
        f"所有人：时钟误差可能超过 {doubt_s:g} 秒时",
        f"everybody, when the clock may be off by over {doubt_s:g} s",
    )
    yield Refusal(Verdict.REFER, words)


def _choices(policy: Policy) -> Iterator[Refusal]:
    yield Refusal(_CHOICES[policy.paper], Both("纸质码", "paper codes"))
    yield Refusal(_CHOICES[policy.no_information], Both("没有信息的码", "codes without information"))
    words = Both("本机没有其状态列表的码", "codes whose status list is not held here")
    yield Refusal(_CHOICES[policy.list_not_held], words)


def _passes(beliefs: Beliefs) -> Iterator[Refusal]:
    """What becomes of passes of other systems; nothing, where trust names nobody who issues any."""
    policy, foreign = beliefs.policy(), beliefs.trust.foreign if beliefs.trust else ()
    if not foreign:
        return
    yield Refusal(_CHOICES[policy.foreign], Both("其他体系的证明", "passes of other systems"))
    if policy.foreign is Choice.DENY:
        return
    yield Refusal(Verdict.DENY, Both("检测阳性的证明", "passes that state a positive test"))
    test_h = policy.foreign_test_h
    words = Both(f"检测早于 {test_h} 小时的证明", f"passes with a test older than {test_h} h")
    yield Refusal(Verdict.REFER, words)
    until = policy.foreign_doses_until_d
    doses = f"{policy.foreign_doses_from_d}–{until}"
    words = Both(
        f"未完成全程接种，或末次接种不在 {doses} 天前（加强针：{until} 天内）的证明",
        f"passes with doses missing, or the last one not {doses} days ago (a booster: up to {until} days)",
    )
    yield Refusal(Verdict.REFER, words)
    days = f"{policy.foreign_recovery_from_d}–{policy.foreign_recovery_until_d}"
    words = Both(f"康复不在 {days} 天前的证明", f"passes with a recovery not {days} days ago")
    yield Refusal(Verdict.REFER, words)


def _temperature(policy: Policy) -> Iterator[Refusal]:
    zh, en = ("体表", "skin") if policy.measured is Measured.SURFACE else ("体温", "body")
    fever = f"{policy.fever_c100 / 100:.1f} °C"
    yield Refusal(
        Verdict.DENY,
        Both(
            f"{zh}两次高于 {fever} 且超出误差",
            f"a {en} temperature above {fever} twice, by more than the error",
        ),
    )
    yield Refusal(
        Verdict.REFER,
        Both(f"{zh}在 {fever} 误差范围内，或测不出", f"a {en} temperature too near {fever} to tell, or none"),
    )


def _people(assignment: Assignment | None, now_s: int) -> Iterator[Refusal]:
    if assignment is None or assignment.direction is Direction.EXIT:
        return
    visitors, staff = hours_of(assignment, now_s)
    rules = assignment.staff_rules
    if rules is not None and rules.only:
        yield Refusal(Verdict.REFER, Both("不在名单上的人", "people who are not on the roster"))
    if rules is not None and rules.hours:
        words = Both(
            f"名单上的人，在 {_hours(rules.hours).zh} 之外",
            f"people on the roster outside {_hours(rules.hours).en}",
        )
        yield Refusal(Verdict.REFER, Both(_now(words.zh, staff, "（现在）"), _now(words.en, staff, " (now)")))
    if assignment.hours:
        words = Both(
            f"访客，在 {_hours(assignment.hours).zh} 之外", f"visitors outside {_hours(assignment.hours).en}"
        )
        yield Refusal(
            Verdict.WAIT, Both(_now(words.zh, visitors, "（现在）"), _now(words.en, visitors, " (now)"))
        )
    if assignment.closed_days:
        days = len(assignment.closed_days)
        yield Refusal(Verdict.WAIT, Both(f"访客，在 {days} 个不开放日", f"visitors on {days} closed days"))
    if assignment.capacity is not None:
        most = assignment.capacity
        yield Refusal(
            Verdict.WAIT, Both(f"场内已有 {most} 人时的访客", f"visitors, while {most} people are inside")
        )


def _now(words: str, open_: bool, now: str) -> str:
    return words if open_ else f"{words}{now}"


def _hours(periods: tuple[Hours, ...]) -> Both:
    """The opening periods, days with the same ones together."""
    days: dict[str, list[int]] = {}
    for hours in sorted(periods, key=lambda one: (one.weekday, one.opens_min)):
        span = f"{_clock(hours.opens_min)}–{_clock(hours.closes_min)}"
        days.setdefault(span, []).append(hours.weekday)
    return Both(
        "，".join(f"{_days(which, 0)} {span}" for span, which in days.items()),
        ", ".join(f"{_days(which, 1)} {span}" for span, which in days.items()),
    )


def _days(which: list[int], language: int) -> str:
    whole = len(which) > 1 and which == list(range(which[0], which[-1] + 1))
    shown = (which[0], which[-1]) if whole else which
    return ("–" if whole else " ").join(DAYS[day][language] for day in shown)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
