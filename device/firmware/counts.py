"""What a pass of another system is worth here: each thing that it states, against policy, with a reason.

A pass counts when one of its statements does; a positive test counts against it, whatever else it states.
Doses and recoveries are dated by the day: the day of the dose or of the test is day 0, both ends of a window
belong to it, and days begin at midnight UTC, here as everywhere (eight in the morning in China). A test is
dated by the second.

A booster waits for nothing: the doses before it count already. So have it the rules that countries of the
European Union published for these certificates (Germany's VR-DE-0003). How long doses count is reckoned from
the newest, boosters as well: the Union sets them no end (Delegated Regulation (EU) 2021/2288), policy does.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from wire.foreign.passes import Kind, Statement
from wire.policy import Policy
from wire.reasons import Reason

DAY_S: Final = 86_400
HOUR_S: Final = 3_600
BOOSTER: Final = 3
"""The third of three, and later ones, are boosters: so Implementing Decision (EU) 2021/2301 has them written.
A primary series of three doses looks the same, and waits for nothing either."""


def positive(statements: tuple[Statement, ...]) -> bool:
    """Whether a test is stated that found something."""
    return any(statement.kind is Kind.TEST and statement.positive is True for statement in statements)


def against(statements: tuple[Statement, ...], policy: Policy, now_s: int) -> Reason | None:
    """Why nothing of this lets anybody in, the reason with the lowest number; None: it counts."""
    reasons = [_RULES.get(one.kind, _unknown)(one, policy, now_s) for one in statements]
    if None in reasons:
        return None
    return min((reason for reason in reasons if reason is not None), default=Reason.NOTHING_COUNTS)


def _vaccination(dose: Statement, policy: Policy, now_s: int) -> Reason | None:
    """Complete by its own count: a pass that does not say how many doses it takes does not say that."""
    if dose.doses is None or dose.doses_needed is None or dose.doses < dose.doses_needed:
        return Reason.DOSES_MISSING
    booster = dose.doses > dose.doses_needed or dose.doses >= BOOSTER
    from_d = 0 if booster else policy.foreign_doses_from_d
    holds = _within(dose.at, from_d, policy.foreign_doses_until_d, now_s)
    return None if holds else Reason.DOSES_OUTSIDE


def _test(test: Statement, policy: Policy, now_s: int) -> Reason | None:
    """Negative and young enough; without a result or a date in the past it says nothing."""
    if test.positive is not False or test.at is None or test.at > now_s:
        return Reason.NOTHING_COUNTS
    return Reason.TEST_OLD if now_s - test.at > policy.foreign_test_h * HOUR_S else None


def _recovery(recovery: Statement, policy: Policy, now_s: int) -> Reason | None:
    """In the window of policy, and in its issuer's own where that is narrower."""
    today = now_s // DAY_S
    holds = (
        _within(recovery.at, policy.foreign_recovery_from_d, policy.foreign_recovery_until_d, now_s)
        and (recovery.begins is None or recovery.begins // DAY_S <= today)
        and (recovery.ends is None or today <= recovery.ends // DAY_S)
    )
    return None if holds else Reason.RECOVERY_OUTSIDE


def _pass(_: Statement, _policy: Policy, _now_s: int) -> None:
    """Who issued it has judged already, and keeps to itself on what."""


def _unknown(_: Statement, _policy: Policy, _now_s: int) -> Reason:
    return Reason.NOTHING_COUNTS


def _within(at: int | None, from_d: int, until_d: int, now_s: int) -> bool:
    """Whether a day lies so many days back, both ends included."""
    return at is not None and from_d <= now_s // DAY_S - at // DAY_S <= until_d


Rule: TypeAlias = Callable[[Statement, Policy, int], Reason | None]

_RULES: Final[Mapping[Kind, Rule]] = {
    Kind.VACCINATION: _vaccination,
    Kind.TEST: _test,
    Kind.RECOVERY: _recovery,
    Kind.PASS: _pass,
}
