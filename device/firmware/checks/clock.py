"""The clock: not before what was signed, and kept right by something while the fleet is away."""

from collections.abc import Iterator
from typing import Final

from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import Finding, Grade, graded
from device.firmware.dates import date
from device.firmware.words import NOTHING, Both, plain
from wire.health import Trouble

_SET: Final = Both("联网等待校时；或装实时钟模块", "let it reach a time server, or fit a real-time clock")


def run(context: Context) -> Iterator[Finding]:
    """Compare with the floor, then ask the system, then the running gate. Raises `GateError`."""
    store, _ = context.files.held()
    floor_s = store.floor_ms // 1000
    value = plain(date(context.now_s))
    since = Both(f"不早于 {date(floor_s)}", f"not before {date(floor_s)}") if floor_s else NOTHING
    yield graded(context.now_s >= floor_s, value, since, _SET, about=Both("系统时间", "system time"))
    yield _kept(context)
    if context.running is not None:
        yield _trusted(context, context.running.told.clock_doubt_ms)


def _kept(context: Context) -> Finding:
    """Who keeps the time: a server now, or a chip with a battery over a night without power."""
    synchronised = (context.machine / "run/systemd/timesync/synchronized").exists() or context.said_by(
        ("timedatectl", "show", "-p", "NTPSynchronized", "--value")
    ) == "yes"
    chip = any((context.machine / "sys/class/rtc").glob("rtc*"))
    ntp = Both("已校时", "set by a time server") if synchronised else Both("未校时", "not set by a server")
    rtc = Both("有实时钟", "a real-time clock") if chip else Both("无实时钟", "no real-time clock")
    value = Both(f"{ntp.zh}，{rtc.zh}", f"{ntp.en}, {rtc.en}")
    limit = Both("至少其一", "one of them")
    return graded(synchronised or chip, value, limit, _SET, bad=Grade.WARN, about=Both("校时", "kept by"))


def _trusted(context: Context, doubt_ms: int | None) -> Finding:
    _, restored = context.files.held()
    most_ms = restored.beliefs.policy().clock_doubt_ms
    about, limit = Both("签名时间", "signed time"), plain(f"≤ ±{most_ms} ms")
    fix = Both("等待服务器的签名时间", "wait for signed time from the fleet")
    if doubt_ms is None:
        return Finding(Grade.WARN, Both("没有", "none yet"), limit, fix, about)
    return graded(doubt_ms <= most_ms, plain(f"±{doubt_ms} ms"), limit, fix, bad=Grade.WARN, about=about)


CHECK: Final = Check(
    name="clock",
    title=Both("时钟", "clock"),
    proves=Both("时间没有倒退，断网时也有依靠", "that time has not gone back, and that something keeps it"),
    run=run,
    troubles=(Trouble.CLOCK_DOUBT,),
)
