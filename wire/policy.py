"""What a venue may decide for itself, and how a region's bounds make it stricter, never looser."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Final

from wire import schema


class Choice(IntEnum):
    """What to do with a case that policy leaves open, from lenient to strict."""

    ADMIT = 0
    REFER = 1
    DENY = 2


class Measured(IntEnum):
    """Which temperature the threshold applies to; the body estimate is never below the surface."""

    SURFACE = 0
    BODY = 1


class Site(IntEnum):
    """Where on the person the temperature is taken."""

    FOREHEAD = 1
    WRIST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Every number and choice of a gate.

    `_c100` is hundredths of a degree Celsius, `_ms` milliseconds, `_s` seconds, `_h` hours, `_d` days.
    """

    fever_c100: int = schema.field(1, schema.integer(3500, 4200))
    proof_past_s: int = schema.field(2, schema.uint(300))
    proof_future_s: int = schema.field(3, schema.uint(300))
    repeat_s: int = schema.field(4, schema.uint(86_400))
    clock_doubt_ms: int = schema.field(5, schema.uint(600_000))
    trust_age_s: int = schema.field(6, schema.uint(366 * 86_400))
    list_age_s: int = schema.field(7, schema.uint(90 * 86_400))
    paper: Choice = schema.field(8, schema.one_of(Choice))
    no_information: Choice = schema.field(9, schema.one_of(Choice))
    list_not_held: Choice = schema.field(10, schema.one_of(Choice))
    measured: Measured = schema.field(11, schema.one_of(Measured))
    site: Site = schema.field(12, schema.one_of(Site))
    pulse_ms: int = schema.field(13, schema.integer(50, 30_000))
    longest_open_ms: int = schema.field(14, schema.integer(500, 120_000))
    foreign: Choice = schema.field(15, schema.one_of(Choice), default=Choice.REFER)
    foreign_test_h: int = schema.field(16, schema.uint(720), default=48)
    foreign_recovery_from_d: int = schema.field(17, schema.uint(3_660), default=11)
    foreign_recovery_until_d: int = schema.field(18, schema.uint(3_660), default=180)
    foreign_doses_from_d: int = schema.field(19, schema.uint(3_660), default=14)
    foreign_doses_until_d: int = schema.field(20, schema.uint(3_660), default=270)


CODEC: Final = schema.record(Policy)

# Which of two values is the stricter one. A field that is not here is the assignment's alone.
STRICTER: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "fever_c100": min,
    "proof_past_s": min,
    "proof_future_s": min,
    "repeat_s": max,
    "clock_doubt_ms": min,
    "trust_age_s": min,
    "list_age_s": min,
    "paper": max,
    "no_information": max,
    "list_not_held": max,
    "measured": max,
    "longest_open_ms": min,
    "foreign": max,
    "foreign_test_h": min,
    "foreign_recovery_from_d": max,
    "foreign_recovery_until_d": min,
    "foreign_doses_from_d": max,
    "foreign_doses_until_d": min,
}

# Jilin, March 2020: the threshold is 37.3 °C. The rest suits a venue that has no wishes of its own.
DEFAULT: Final = Policy(
    fever_c100=3730,
    proof_past_s=30,
    proof_future_s=10,
    repeat_s=60,
    clock_doubt_ms=10_000,
    trust_age_s=30 * 86_400,
    list_age_s=86_400,
    paper=Choice.REFER,
    no_information=Choice.REFER,
    list_not_held=Choice.REFER,
    measured=Measured.BODY,
    site=Site.FOREHEAD,
    pulse_ms=800,
    longest_open_ms=8_000,
)

# The loosest values a trust document carries when its makers set no narrower ones.
LOOSEST: Final = Policy(
    fever_c100=3750,
    proof_past_s=60,
    proof_future_s=30,
    repeat_s=0,
    clock_doubt_ms=60_000,
    trust_age_s=90 * 86_400,
    list_age_s=7 * 86_400,
    paper=Choice.ADMIT,
    no_information=Choice.ADMIT,
    list_not_held=Choice.ADMIT,
    measured=Measured.SURFACE,
    site=Site.FOREHEAD,
    pulse_ms=800,
    longest_open_ms=120_000,
    foreign=Choice.ADMIT,
    foreign_test_h=72,
    foreign_recovery_from_d=0,
    foreign_recovery_until_d=270,
    foreign_doses_from_d=0,
    foreign_doses_until_d=3_660,
)


def tightened(wanted: Policy, bounds: Policy) -> Policy:
    """`wanted` with every field that is looser than `bounds` replaced by the bound."""
    values = {f.name: getattr(wanted, f.name) for f in fields(Policy)}
    for name, stricter in STRICTER.items():
        values[name] = stricter(values[name], getattr(bounds, name))
    return Policy(**values)
