"""The processor's temperature: a hot Pi slows down, and a hot case warms the thermometer."""

from collections.abc import Iterator
from typing import Final

from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import NOT_HERE, Finding, Grade, graded
from device.firmware.words import Both, plain

# A Pi begins to slow down at 80 °C, all of it at 85 °C (Raspberry Pi documentation, "Frequency management").
WARM_C: Final = 75.0
HOT_C: Final = 80.0


def run(context: Context) -> Iterator[Finding]:
    """Ask the kernel."""
    told = context.read("/sys/class/thermal/thermal_zone0/temp")
    if told is None or not told.lstrip("-").isdigit():
        yield NOT_HERE
        return
    heat_c = int(told) / 1000
    bad = Grade.WARN if heat_c < HOT_C else Grade.FAIL
    fix = Both("加散热片或通风，避免日晒", "give it a heat sink or air, keep it out of the sun")
    yield graded(heat_c < WARM_C, plain(f"{heat_c:.1f} °C"), plain(f"< {WARM_C:.0f} °C"), fix, bad=bad)


CHECK: Final = Check(
    name="heat",
    title=Both("处理器温度", "processor temperature"),
    proves=Both("处理器现在不过热", "that the processor is not too hot now"),
    run=run,
)
