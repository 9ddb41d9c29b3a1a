"""The supply: a voltage that sags resets cameras, spoils cards and makes relays drop."""

from collections.abc import Iterator
from typing import Final

from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import NOT_HERE, Finding, Grade, graded
from device.firmware.words import Both

# Bits of `vcgencmd get_throttled` (Raspberry Pi documentation, "vcgencmd", get_throttled).
NOW: Final = 1 << 0
EVER: Final = 1 << 16

_LIMIT: Final = Both("从未低于 4.63 V", "never below 4.63 V")
_FIX: Final = Both(
    "换用官方电源（5 V，3 A 以上）和短而粗的线",
    "use the Pi's own supply (5 V, 3 A or more) and a short, thick cable",
)


def run(context: Context) -> Iterator[Finding]:
    """Ask the firmware of the Pi, or, where that is not there, the kernel."""
    answer = context.said_by(("vcgencmd", "get_throttled"))
    if answer is not None and "=" in answer:
        yield _told(int(answer.partition("=")[2], 0))
        return
    for name in sorted((context.machine / "sys/class/hwmon").glob("*/name")):
        if context.read(str(name.relative_to(context.machine))) == "rpi_volt":
            alarm = context.read(str(name.with_name("in0_lcrit_alarm").relative_to(context.machine)))
            yield _told(0 if alarm == "0" else EVER)
            return
    yield NOT_HERE


def _told(bits: int) -> Finding:
    if bits & NOW:
        return Finding(Grade.FAIL, Both("现在欠压", "undervoltage now"), _LIMIT, _FIX)
    since = Both("启动以来曾欠压", "undervoltage since the start")
    fine = Both("电压正常", "the voltage has held")
    return graded(not bits & EVER, since if bits & EVER else fine, _LIMIT, _FIX, bad=Grade.WARN)


CHECK: Final = Check(
    name="power",
    title=Both("供电", "power"),
    proves=Both(
        "启动以来电压没有跌落", "that the supply has not sagged since the start, under what load there was"
    ),
    run=run,
)
