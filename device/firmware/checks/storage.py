"""The card: room, a partition of its own for what must survive, and a write that is done when it says so."""

import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import NOT_HERE, Finding, Grade, graded
from device.firmware.readiness import DISK_FREE_BYTES
from device.firmware.words import NOTHING, Both, plain
from wire.health import Trouble

WRITES: Final = 12
WRITE_BYTES: Final = 4096
SLOW_MS: Final = 30.0
"""An event is written before the barrier opens: one camera frame at 30 a second."""
DEAD_MS: Final = 300.0
_NEW_CARD: Final = Both("换一张工业级或 A2 级存储卡", "use an industrial or A2 card")


def run(context: Context) -> Iterator[Finding]:
    """Look at the mounts, then write a little and time it."""
    data = Path(context.config.data)
    try:
        free = shutil.disk_usage(data).free
    except OSError as error:
        fix = Both("挂载数据分区", "mount the data partition")
        yield Finding(Grade.FAIL, Both(f"{data} 不可用", f"{data}: {error.strerror}"), fix=fix)
        return
    yield _free(free)
    yield _mounts(context, data)
    yield _latency(context, data)


def _free(free: int) -> Finding:
    limit = plain(f"≥ {DISK_FREE_BYTES // 1_000_000} MB")
    fix = Both("恢复网络让记录上传，或换更大的卡", "let events go to the fleet, or use a larger card")
    return graded(
        free >= DISK_FREE_BYTES, plain(f"{free // 1_000_000} MB"), limit, fix, about=Both("剩余空间", "free")
    )


def _mounts(context: Context, data: Path) -> Finding:
    about = Both("分区", "partitions")
    mounts = context.read("/proc/self/mountinfo")
    if mounts is None:
        return replace(NOT_HERE, about=about)
    points = {fields[4]: (fields[5], line) for line in mounts.splitlines() if len(fields := line.split()) > 5}  # noqa: PLR2004 - proc(5): field 5 is the mount point, 6 its options
    options, root = points.get("/", ("rw", ""))
    kept = "ro" in options.split(",") or " - overlay " in root
    own = any(str(one) in points for one in (data.resolve(), *data.resolve().parents) if str(one) != "/")
    zh = f"根{'只读' if kept else '可写'}，数据{'独立' if own else '与根同一'}分区"
    en = f"root {'read-only' if kept else 'writable'}, data on {'its own' if own else 'the same'} partition"
    limit = Both("根只读，数据独立", "root read-only, data on its own")
    fix = Both(
        "按 provisioning/image/README.md 重新制卡", "make the card anew as provisioning/image/README.md says"
    )
    return graded(kept and own, Both(zh, en), limit, fix, bad=Grade.WARN, about=about)


def _latency(context: Context, data: Path) -> Finding:
    about = Both("写入", "durable write")
    try:
        times_ms = _written(context, data)
    except OSError as error:
        fix = Both("检查数据分区是否可写，以服务用户运行", "check that the data partition can be written to")
        return Finding(Grade.FAIL, Both("写不进去", error.strerror or str(error)), NOTHING, fix, about)
    middle_ms, worst_ms = statistics.median(times_ms), max(times_ms)
    value = Both(
        f"{middle_ms:.1f} ms，最慢 {worst_ms:.1f} ms", f"{middle_ms:.1f} ms, slowest {worst_ms:.1f} ms"
    )
    limit = plain(f"≤ {SLOW_MS:.0f} ms")
    bad = Grade.WARN if middle_ms <= DEAD_MS else Grade.FAIL
    return graded(middle_ms <= SLOW_MS, value, limit, _NEW_CARD, bad=bad, about=about)


def _written(context: Context, data: Path) -> list[float]:
    times_ms: list[float] = []
    with tempfile.TemporaryFile(dir=data) as file:
        for _ in range(WRITES):
            begun_s = context.monotonic()
            os.pwrite(file.fileno(), bytes(WRITE_BYTES), 0)
            os.fsync(file.fileno())
            times_ms.append((context.monotonic() - begun_s) * 1000)
    return times_ms


CHECK: Final = Check(
    name="storage",
    title=Both("存储", "storage"),
    proves=Both(
        "有空间、断电不坏、写入够快", "that there is room, that a power cut spares it, and writes are quick"
    ),
    run=run,
    troubles=(Trouble.DISK,),
)
