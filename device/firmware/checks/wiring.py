"""The wiring as the file has it: what cannot work, and what works and may hurt."""

from collections.abc import Iterator
from typing import Final

from device.drivers import DriverError
from device.firmware import parts
from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import Finding, Grade
from device.firmware.words import Both

_FIX: Final = Both(
    "见 docs/wiring.md，改接线和 gate.toml", "see docs/wiring.md; change the wires and gate.toml"
)


def run(context: Context) -> Iterator[Finding]:
    """Read the configuration; no pin is touched."""
    try:
        cautions = parts.cautions_of(context.config)
    except DriverError as error:
        yield Finding(Grade.FAIL, Both("这样接线不可行", str(error)), fix=_FIX)
        return
    for caution in cautions:
        yield Finding(Grade.WARN, Both(caution.zh, caution.en), fix=_FIX)
    if not cautions:
        yield Finding(Grade.PASS, Both("没有需要注意的", "nothing to beware of"))


CHECK: Final = Check(
    name="wiring",
    title=Both("接线配置", "wiring as configured"),
    proves=Both("配置的引脚可用且没有隐患", "that the pins of the file can work, and hide no danger"),
    run=run,
)
