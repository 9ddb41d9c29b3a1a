"""Policies and the bounds of policy in words, each with its exact value and unit, and as people set them."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from enum import Enum
from typing import Any, Final

from fleet.errors import FleetError
from wire.errors import WireError
from wire.policy import CODEC, STRICTER, Policy, tightened

# field of wire.policy.Policy -> Chinese, English
NAMES: Final = {
    "fever_c100": ("发热标准", "fever threshold"),
    "proof_past_s": ("动态码时效", "age of a phone's proof"),
    "proof_future_s": ("动态码超前", "a proof ahead of the clock"),
    "repeat_s": ("再次通行间隔", "pause before somebody may pass again"),
    "clock_doubt_ms": ("时钟误差", "doubt about the clock"),
    "trust_age_s": ("信任文件时效", "age of the trust document"),
    "list_age_s": ("状态列表时效", "age of a status list"),
    "paper": ("纸质码", "paper codes"),
    "no_information": ("无信息者", "people without information"),
    "list_not_held": ("颜色未知的码", "codes whose colour is unknown"),
    "measured": ("采用的温度", "temperature that counts"),
    "site": ("测温部位", "place of measuring"),
    "pulse_ms": ("开闸脉冲", "opening pulse"),
    "longest_open_ms": ("最长开闸时间", "longest time open"),
    "foreign": ("其他体系的证明", "passes of other systems"),
    "foreign_test_h": ("检测结果时效", "age of a test on a pass"),
    "foreign_recovery_from_d": ("康复证明生效", "days from infection to recovery on a pass"),
    "foreign_recovery_until_d": ("康复证明时效", "days a recovery on a pass counts"),
    "foreign_doses_from_d": ("接种证明生效", "days from the last dose until a pass counts"),
    "foreign_doses_until_d": ("接种证明时效", "days the last dose on a pass counts"),
}
_CHOICES: Final = {
    "admit": ("放行", "admit"),
    "refer": ("转人工", "refer"),
    "deny": ("拒绝", "deny"),
    "surface": ("体表", "surface"),
    "body": ("体温", "body"),
    "forehead": ("额头", "forehead"),
    "wrist": ("手腕", "wrist"),
}
# Nobody counts three months in seconds: unit of a field -> how many make a larger one, and that in words.
_LARGER: Final = {
    "ms": ((60_000, "分钟", "minute"), (1_000, "秒", "second")),
    "s": ((86_400, "天", "day"), (3_600, "小时", "hour"), (60, "分钟", "minute")),
    "h": ((24, "天", "day"),),
}


def changes(old: Policy | None, new: Policy) -> Iterator[tuple[str, str]]:
    """A line for each bound that differs, in Chinese and in English; a looser one is called so."""
    for field in fields(Policy):
        was, now = getattr(old, field.name) if old else None, getattr(new, field.name)
        if was == now:
            continue
        stricter = STRICTER.get(field.name)
        looser = was is not None and stricter is not None and stricter(was, now) == was
        zh, en = NAMES[field.name]
        (was_zh, was_en), (now_zh, now_en) = value_words(field.name, was), value_words(field.name, now)
        yield (
            f"限度：{zh} {was_zh} → {now_zh}{'（放宽）' if looser else ''}",
            f"bound: {en} {was_en} → {now_en}{' (LOOSER)' if looser else ''}",
        )


def plain(policy: Policy) -> dict[str, int | str]:
    """A policy as plain values: numbers, and choices by their names."""
    values = {field.name: getattr(policy, field.name) for field in fields(Policy)}
    return {name: v.name.lower() if isinstance(v, Enum) else v for name, v in values.items()}


def with_values(policy: Policy, given: Mapping[str, str]) -> Policy:
    """`policy` with some fields set from text; FleetError names what a field can be."""
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name not in NAMES:
            raise FleetError(
                f"{name} is no part of a policy, which has {', '.join(NAMES)}; nothing was changed"
            )
        kind = type(getattr(policy, name))
        try:
            values[name] = kind[text.upper()] if issubclass(kind, Enum) else int(text)
            CODEC.load(CODEC.dump(replace(policy, **{name: values[name]})))
        except (KeyError, ValueError, WireError) as error:
            known = ", ".join(m.name.lower() for m in kind) if issubclass(kind, Enum) else "a whole number"
            detail = f" ({error.detail.rpartition(': ')[2]})" if isinstance(error, WireError) else ""
            raise FleetError(
                f"{text!r} is no value for {name}, which is {known}{detail}; nothing was changed"
            ) from error
    return replace(policy, **values)


def rows(policy: Policy, limits: Policy | None) -> Iterator[dict[str, str | None]]:
    """A line for each field: its names, its value, and what gates make of it within bounds."""
    strict = tightened(policy, limits) if limits is not None else policy
    for name, (zh, en) in NAMES.items():
        value, counts = getattr(policy, name), getattr(strict, name)
        yield {
            "policy": name,
            "what": f"{zh} · {en}",
            "value": _both(name, value),
            "at the gate": None if counts == value else _both(name, counts),
        }


def value_words(name: str, value: object) -> tuple[str, str]:
    """The value of a field in Chinese and in English."""
    if isinstance(value, Enum):
        return _CHOICES[value.name.lower()]
    exact, larger = _number(name, value)
    if larger is None:
        return exact, exact
    return f"{exact}（{larger[0]}）", f"{exact} ({larger[1]})"


def _both(name: str, value: object) -> str:
    """The same in one cell."""
    if isinstance(value, Enum):
        return " · ".join(_CHOICES[value.name.lower()])
    exact, larger = _number(name, value)
    return exact if larger is None else f"{exact} ({' · '.join(larger)})"


def _number(name: str, value: object) -> tuple[str, tuple[str, str] | None]:
    """A number with its unit, and the same in a larger unit, in words, where that is whole."""
    if value is None:
        return "–", None
    if not isinstance(value, int):
        raise TypeError(f"{name} is neither a number nor a choice")
    if name.endswith("_c100"):
        return f"{value // 100}.{value % 100:02} °C", None
    unit = name.rpartition("_")[2]
    exact = f"{value} {unit}"
    for size, zh, en in _LARGER.get(unit, ()):
        count, rest = divmod(value, size)
        if count and not rest:
            return exact, (f"{count} {zh}", f"{count} {en}{'s' * (count > 1)}")
    return exact, None
