"""Lamp and buzzer: every colour and the loudest sound, seen and heard by somebody."""

from collections.abc import Iterator
from typing import Final

from device.drivers import Lamp, Sound
from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import NOT_FITTED, Finding, Grade, noted
from device.firmware.words import Both
from wire.health import Trouble

SHOWN: Final = (
    (Lamp.RED_TWO_FLASHES, Sound.TWO_LONG_LOW),
    (Lamp.GREEN, Sound.SHORT_HIGH),
    (Lamp.WHITE, Sound.NONE),
)
EACH_S: Final = 2.0


def run(context: Context) -> Iterator[Finding]:
    """Play, then ask about what is fitted. Raises `DriverError`."""
    pins = context.config.pins
    if pins.lamp is None and pins.sounder is None:
        yield NOT_FITTED
        return
    signals = context.equipment.signals()
    for lamp, sound in SHOWN:
        signals.show(lamp, sound)
        context.sleep(EACH_S)
    signals.show(Lamp.OFF, Sound.NONE)
    if pins.lamp is not None:
        question = Both(
            "灯是否先红（闪两下）、再绿、再白？", "Was the lamp red (two flashes), green, then white?"
        )
        fix = Both(
            "检查 [pins] lamp 的顺序（红、绿、蓝）和 lamp_active",
            "check the order of [pins] lamp (red, green, blue), and lamp_active",
        )
        yield _asked(context.asks.sure(question), Both("灯", "lamp"), fix)
    if pins.sounder is not None:
        question = Both("是否听到两声低音、一声高音？", "Were two low tones and a high one heard?")
        fix = Both("检查 [pins] sounder 和 sounder_kind", "check [pins] sounder, and sounder_kind")
        yield _asked(context.asks.sure(question), Both("蜂鸣器", "buzzer"), fix)


def _asked(answer: bool | None, about: Both, fix: Both) -> Finding:
    if answer is None:
        return noted(Both("已播放，未询问", "played; nobody was asked"), about)
    limit = Both("看到、听到", "seen and heard")
    if answer:
        return Finding(Grade.PASS, Both("正确", "as it should be"), limit, about=about)
    return Finding(Grade.FAIL, Both("不正确", "not as it should be"), limit, fix, about)


CHECK: Final = Check(
    name="signals",
    title=Both("灯和蜂鸣器", "lamp and buzzer"),
    proves=Both("每种颜色和声音都正确", "that every colour is seen and the sounds are heard"),
    run=run,
    hardware=True,
    troubles=(Trouble.SIGNALS,),
)
