"""Memory: enough of it, and a limit on the service that it does not reach."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import NOT_HERE, Finding, Grade, graded
from device.firmware.words import Both, plain

MIB: Final = 1 << 20
LEAST_MIB: Final = 100
GOAL_MIB: Final = 120
"""What an idle gate may use (docs: measures)."""
UNIT: Final = "/sys/fs/cgroup/system.slice/jixiang-gate.service"


def run(context: Context) -> Iterator[Finding]:
    """Ask the kernel about the machine, the process, and the service."""
    yield _available(context)
    if context.running is not None:
        yield _resident(context, context.running.told.pid)
    most = context.read(f"{UNIT}/memory.max")
    if most is None:
        return
    about = Both("服务上限", "limit of the service")
    if not most.isdigit():
        fix = Both("在服务单元中设置 MemoryMax", "set MemoryMax in the unit")
        yield Finding(Grade.WARN, Both("没有上限", "no limit"), plain("MemoryMax"), fix, about)
        return
    used = int(context.read(f"{UNIT}/memory.current") or 0)
    value, limit = plain(f"{used // MIB} / {int(most) // MIB} MiB"), plain("< 80 %")
    fix = Both("查看日志，重启闸机程序", "look at its log, restart the gate")
    yield graded(used < 0.8 * int(most), value, limit, fix, bad=Grade.WARN, about=about)


def _available(context: Context) -> Finding:
    rows = (line.split() for line in (context.read("/proc/meminfo") or "").splitlines())
    kib = next((int(row[1]) for row in rows if row and row[0] == "MemAvailable:"), None)
    if kib is None:
        return NOT_HERE
    fix = Both("停掉别的程序；用 1 GB 以上的机型", "stop other programs; use a board with 1 GB or more")
    return graded(
        kib // 1024 >= LEAST_MIB,
        plain(f"{kib // 1024} MiB"),
        plain(f"≥ {LEAST_MIB} MiB"),
        fix,
        bad=Grade.WARN,
        about=Both("可用", "available"),
    )


def _resident(context: Context, pid: int) -> Finding:
    about = Both("闸机程序", "the gate's own")
    rows = (line.split() for line in (context.read(f"/proc/{pid}/status") or "").splitlines())
    kib = next((int(row[1]) for row in rows if row and row[0] == "VmRSS:"), None)
    if kib is None:
        return replace(NOT_HERE, about=about)
    fix = Both("查看日志，重启闸机程序", "look at its log, restart the gate")
    limit = plain(f"≤ {GOAL_MIB} MiB")
    return graded(
        kib // 1024 <= GOAL_MIB, plain(f"{kib // 1024} MiB"), limit, fix, bad=Grade.WARN, about=about
    )


CHECK: Final = Check(
    name="memory",
    title=Both("内存", "memory"),
    proves=Both("内存够用，程序没有膨胀", "that there is memory left, and that the gate does not swell"),
    run=run,
)
