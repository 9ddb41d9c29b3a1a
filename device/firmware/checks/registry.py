"""Every self-test, in the order in which an engineer wants them, and how one is done."""

from collections.abc import Callable, Collection, Iterator
from typing import Final

from device.drivers import DriverError
from device.firmware.checks import (
    calibration,
    camera,
    certificate,
    clock,
    display,
    documents,
    focus,
    heat,
    inputs,
    journal,
    memory,
    network,
    power,
    relay,
    signals,
    storage,
    thermometer,
    wiring,
)
from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import Finding, Grade, noted, skipped
from device.firmware.errors import GateError
from device.firmware.words import Both
from wire.health import TROUBLES, Severity, Trouble

CHECKS: Final = (
    power.CHECK,
    heat.CHECK,
    memory.CHECK,
    storage.CHECK,
    clock.CHECK,
    wiring.CHECK,
    inputs.CHECK,
    camera.CHECK,
    focus.CHECK,
    thermometer.CHECK,
    calibration.CHECK,
    display.CHECK,
    signals.CHECK,
    relay.CHECK,
    journal.CHECK,
    certificate.CHECK,
    network.CHECK,
    documents.CHECK,
)
STOP: Final = Both(
    "先停闸机：systemctl stop jixiang-gate", "stop the gate first: systemctl stop jixiang-gate"
)
_BUSY: Final = Both("闸机正在使用", "the running gate uses it")
_GRADES: Final = {Severity.BLOCKS: Grade.FAIL, Severity.REFERS: Grade.FAIL, Severity.NOTE: Grade.WARN}


def chosen(only: Collection[str], skip: Collection[str]) -> tuple[Check, ...]:
    """The checks with these names, in the usual order; none named: all. GateError for an unknown name."""
    names = [check.name for check in CHECKS]
    if unknown := sorted({*only, *skip} - set(names)):
        raise GateError(f"there is no check {', '.join(unknown)}; there are {', '.join(names)}")
    return tuple(check for check in CHECKS if (not only or check.name in only) and check.name not in skip)


def perform(check: Check, context: Context, tell: Callable[[Finding], None]) -> None:
    """Do one check and tell each finding as it comes; a check that breaks has failed, and says of what."""
    try:
        for finding in _findings(check, context):
            tell(finding)
    except Exception as error:  # noqa: BLE001 - whatever breaks a check is its result, and the others go on
        known = isinstance(error, GateError | DriverError)
        fix = Both("按上述提示处理后再试", "do what it says, then try again")
        bug = Both("请连同此行报告", "report it with this line")
        words = str(error) if known else f"{type(error).__name__}: {error}"
        tell(Finding(Grade.FAIL, Both("不能用" if known else "程序错误", words), fix=fix if known else bug))


def _findings(check: Check, context: Context) -> Iterator[Finding]:
    if check.hardware and context.busy:
        yield from _from_afar(check, context)
    else:
        yield from check.run(context)


def _from_afar(check: Check, context: Context) -> Iterator[Finding]:
    """What the running gate says about a part that it holds."""
    if context.running is None or not check.troubles:
        yield skipped(_BUSY, STOP)
        return
    told = context.running.told
    wrong = [trouble for trouble in check.troubles if trouble.name.lower() in told.troubles]
    for trouble in wrong:
        yield _trouble(trouble, told.failures.get(trouble.name.lower(), ""))
    if not wrong and check.silent:
        yield skipped(_BUSY, STOP)
    elif not wrong:
        value = Both("运行中的闸机没有异议", "the running gate has no complaint")
        yield noted(value)


def _trouble(trouble: Trouble, failure: str) -> Finding:
    words = TROUBLES[trouble]
    more = f" ({failure})" if failure else ""
    fix = Both(words.fix_zh, words.fix_en)
    return Finding(_GRADES[words.severity], Both(words.zh, f"{words.en}{more}"), fix=fix)
