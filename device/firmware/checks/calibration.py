"""The calibration record: there, of this very sensor, and not overdue."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from device.drivers import SensorFault
from device.firmware import calibration
from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import NOT_FITTED, Finding, Grade, graded
from device.firmware.errors import GateError
from device.firmware.words import NOTHING, Both, plain

_FIX: Final = Both(
    "用黑体校准（见 docs/field-guide.md）", "calibrate it against a black body: docs/field-guide.md"
)
_AS_SAID: Final = Both("按上述提示处理", "do what it says")
_LIMIT: Final = Both("有记录", "a record")


def run(context: Context) -> Iterator[Finding]:
    """Read the record; ask the chip for its number when nobody else is talking to it."""
    told = context.config.thermometer
    if told is None:
        yield NOT_FITTED
        return
    try:
        record = calibration.load(context.config.path(told.calibration))
    except GateError as error:
        yield Finding(Grade.FAIL, Both("记录无法采用", str(error)), _LIMIT, _AS_SAID)
        return
    if record is None:
        yield Finding(Grade.WARN, Both("没有校准记录", "no calibration record"), _LIMIT, _FIX)
        return
    today = datetime.fromtimestamp(context.now_s, UTC).date()
    limit = Both("未到期", "not due yet")
    value = Both(f"{record.made} 校准，{record.due} 到期", f"made {record.made}, due {record.due}")
    yield graded(today <= record.due, value, limit, _FIX, bad=Grade.WARN, about=Both("日期", "dates"))
    yield _sensor(context, record.sensor)


def _sensor(context: Context, wanted: str) -> Finding:
    about = Both("传感器", "sensor")
    limit = plain(wanted)
    if context.busy:
        foreign = context.running is not None and "calibration" in context.running.told.troubles
        value = Both("运行中的闸机认为不符", "the running gate says it is another one")
        fine = Both("运行中的闸机没有异议", "the running gate does not object")
        return graded(not foreign, value if foreign else fine, limit, _FIX, about=about)
    thermometer = context.equipment.thermometer()
    try:
        found = thermometer.identity().id if thermometer is not None else ""
    except SensorFault as error:
        fix = Both("先修好测温", "mend the thermometer first")
        return Finding(Grade.SKIP, Both("传感器没有应答", str(error)), NOTHING, fix, about)
    return graded(found == wanted, plain(found), limit, _FIX, about=about)


CHECK: Final = Check(
    name="calibration",
    title=Both("校准", "calibration"),
    proves=Both("校准记录属于本传感器且未到期", "that the calibration is this sensor's and not overdue"),
    run=run,
)
