"""The camera: pictures come, as many as asked for, and are neither black nor burnt out."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from device.drivers import Luma
from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import Finding, Grade, graded
from device.firmware.words import Both, plain
from wire.health import Trouble

SETTLE_FRAMES: Final = 10
"""What a camera's automatic exposure takes to settle."""
FRAMES: Final = 30
SLOW: Final = 0.8
"""Of the pictures that were asked for."""
BURNT: Final = 250
BLACK: Final = 8
MOST_BURNT: Final = 0.25
"""Share of a picture; a lamp or a bright phone in view covers less."""
MOST_BLACK: Final = 0.6


def run(context: Context) -> Iterator[Finding]:
    """Take pictures for some seconds. Raises `DriverError`."""
    camera, config = context.equipment.camera(), context.config.camera
    times: list[float] = []
    burnt: list[float] = []
    black: list[float] = []
    for number in range(SETTLE_FRAMES + FRAMES):
        with camera.frame(max(config.timeout_s, 5.0) if not number else config.timeout_s) as frame:
            if number >= SETTLE_FRAMES:
                times.append(frame.taken_s)
                burnt.append(share(frame.luma, BURNT, 255))
                black.append(share(frame.luma, 0, BLACK))
    yield _rate((len(times) - 1) / max(times[-1] - times[0], 1e-6), config.frames_per_s)
    yield _light(float(np.median(burnt)), float(np.median(black)))


def share(luma: Luma, low: int, high: int) -> float:
    """Which part of a picture lies between two levels, both included; every fourth pixel each way tells."""
    small = luma[::4, ::4]
    return float(np.count_nonzero((small >= low) & (small <= high)) / small.size)


def _rate(found: float, wanted: float) -> Finding:
    value = Both(f"每秒 {found:.1f} 幅", f"{found:.1f} pictures a second")
    fix = Both(
        "检查供电和温度；或在 gate.toml 中减小 frames_per_s、width、height",
        "check power and heat, or lower frames_per_s, width or height in gate.toml",
    )
    limit = plain(f"≥ {SLOW * wanted:.0f}/s")
    return graded(found >= SLOW * wanted, value, limit, fix, bad=Grade.WARN, about=RATE)


def _light(burnt: float, black: float) -> Finding:
    value = Both(f"过亮 {burnt:.0%}，全黑 {black:.0%}", f"burnt out {burnt:.0%}, black {black:.0%}")
    limit = Both(
        f"过亮 ≤ {MOST_BURNT:.0%}，全黑 ≤ {MOST_BLACK:.0%}",
        f"burnt out ≤ {MOST_BURNT:.0%}, black ≤ {MOST_BLACK:.0%}",
    )
    if black > MOST_BLACK:
        fix = Both("取下镜头盖，加一盏灯", "uncover the lens, or put up a light")
        return Finding(Grade.FAIL, value, limit, fix, LIGHT)
    fix = Both(
        "不要正对窗户或灯；或减小 exposure_value", "turn it from window or lamp, or lower exposure_value"
    )
    return graded(burnt <= MOST_BURNT, value, limit, fix, bad=Grade.WARN, about=LIGHT)


RATE: Final = Both("帧率", "rate")
LIGHT: Final = Both("曝光", "exposure")
CHECK: Final = Check(
    name="camera",
    title=Both("摄像头", "camera"),
    proves=Both("画面正常、够快、曝光合适", "that pictures come, fast enough, neither black nor burnt out"),
    run=run,
    hardware=True,
    troubles=(Trouble.CAMERA, Trouble.CAMERA_DARK, Trouble.CAMERA_SLOW),
)
