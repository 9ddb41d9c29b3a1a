"""The relay: one pulse, which only somebody beside the barrier may ask for, and how it is wired."""

from collections.abc import Iterator
from typing import Final

from device.drivers import InputKind
from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import Finding, Grade, noted, skipped
from device.firmware.words import Both
from wire.health import Trouble

PULSE_S: Final = 0.8
"""As the policy that suits most venues has it."""
LOOK_S: Final = 3.0
"""How long after the pulse a leaf may take to move."""
STEP_S: Final = 0.02

_ASK: Final = Both(
    "继电器将动作一次，闸门会开。周围安全吗？", "The relay will pulse once and the way open. Is it clear?"
)
_MOVED: Final = Both("闸门是否打开或解锁了一次？", "Did the barrier open, or unlock, once?")
_FIX: Final = Both(
    "检查继电器接线、供电和 relay_active", "check the relay's wires, its supply, and relay_active"
)
_LIMIT: Final = Both("动作一次", "moves once")
_WIRINGS: Final = {
    "fail-safe": Both(
        "断开门锁的电源（不是闸机的电源）时，通道是敞开的吗？（fail-safe）",
        "With the lock's own power off (not the gate's), does the way stand open? (fail-safe)",
    ),
    "fail-secure": Both(
        "断开门锁的电源（不是闸机的电源）时，通道是关闭的吗？（fail-secure）",
        "With the lock's own power off (not the gate's), does the way stay shut? (fail-secure)",
    ),
}


def run(context: Context) -> Iterator[Finding]:
    """Ask, pulse, look at the door contact, ask again. Raises `DriverError`."""
    allowed = context.relay or context.asks.sure(_ASK)
    if not allowed:
        why = Both("没有人允许", "nobody allowed it")
        yield skipped(why, Both("在闸门旁运行，或加 --relay", "run it beside the barrier, or give --relay"))
        return
    moved = _pulse(context)
    yield _verdict(context, moved)
    yield _wiring(context)


def _pulse(context: Context) -> bool | None:
    """Pulse once; whether the door contact saw it. None: there is no contact that could have."""
    barrier, inputs = context.equipment.barrier(), context.equipment.inputs()
    begun_s = context.monotonic()
    moved: bool | None = None
    barrier.open()
    try:
        while (gone_s := context.monotonic() - begun_s) < PULSE_S + LOOK_S:
            if gone_s >= PULSE_S and barrier.is_open:
                barrier.close()
            level = inputs.level(InputKind.DOOR)
            if level is not None:
                moved = bool(moved) or level
            if moved and not barrier.is_open:
                break
            context.sleep(STEP_S)
    finally:
        barrier.close()
    return moved


def _verdict(context: Context, moved: bool | None) -> Finding:
    about = Both("脉冲", "pulse")
    if moved:
        return Finding(Grade.PASS, Both("门磁已动作", "the door contact saw it"), _LIMIT, about=about)
    if moved is False and context.config.pins.barrier == "door":
        silent = Both("门磁没有动作", "the door contact saw nothing")
        return Finding(Grade.FAIL, silent, _LIMIT, _FIX, about)
    answer = context.asks.sure(_MOVED)  # an arm that is freed moves only when somebody pushes it
    if answer is None:
        return noted(Both("已动作，未询问", "pulsed; nobody was asked"), about)
    if answer:
        return Finding(Grade.PASS, Both("有人看到", "somebody saw it"), _LIMIT, about=about)
    return Finding(Grade.FAIL, Both("没有动作", "it did not move"), _LIMIT, _FIX, about)


def _wiring(context: Context) -> Finding:
    told = context.config.pins.relay_wiring
    about, limit = Both("门锁断电", "lock without power"), Both(f"配置为 {told}", f"{told}, as the file says")
    answer = context.asks.sure(_WIRINGS[told])
    if answer is None:
        return noted(limit, about)
    if answer:
        return Finding(Grade.PASS, Both("一致", "so it is"), limit, about=about)
    fix = Both(
        "按 docs/wiring.md 核对锁的种类和 NO/NC 触点，或更改 relay_wiring；疏散通道必须 fail-safe",
        "check the kind of lock and its contact (NO, NC) with docs/wiring.md, or set relay_wiring; "
        "an escape route must be fail-safe",
    )
    return Finding(Grade.FAIL, Both("不一致", "it is not so"), limit, fix, about)


CHECK: Final = Check(
    name="relay",
    title=Both("继电器", "relay"),
    proves=Both(
        "一次脉冲使闸门动作一次，门锁断电时的状态与配置一致",
        "that one pulse moves the barrier once, and what the lock does without power",
    ),
    run=run,
    hardware=True,
    troubles=(Trouble.BARRIER, Trouble.DOES_NOT_OPEN, Trouble.STANDS_OPEN),
    silent=True,
)
