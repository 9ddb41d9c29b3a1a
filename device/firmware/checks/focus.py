"""The camera's focus, by how steep the edges are that it sees: a code is nothing but edges."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from device.drivers import Luma
from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import Finding, Grade, graded, noted
from device.firmware.words import Both

FRAMES: Final = 8
BLOCK: Final = 32
CONTRAST: Final = 60
"""Levels between dark and bright within a block that make an edge worth measuring."""
LEAST_BLOCKS: Final = 6
SOFT_PX: Final = 6.0
"""A module of a code at arm's length covers about as many pixels at 720 rows: wider edges run together."""
BLIND_PX: Final = 12.0


def run(context: Context) -> Iterator[Finding]:
    """Look at a few pictures and take the sharpest. Raises `DriverError`."""
    camera = context.equipment.camera()
    widths: list[float] = []
    for _ in range(FRAMES):
        with camera.frame(max(context.config.camera.timeout_s, 5.0)) as frame:
            width_px = edge_px(frame.luma)
        if width_px is not None:
            widths.append(width_px)
    if not widths:
        yield noted(
            Both(
                "画面中没有边缘：请在镜头前 20 厘米处举一张码",
                "no edges in view: hold a code 20 cm before it",
            )
        )
        return
    best_px = min(widths)
    value = Both(f"边缘宽 {best_px:.1f} 像素", f"edges are {best_px:.1f} pixels wide")
    fix = Both(
        "擦镜头，撕保护膜；用 jx-gate preview 看画面，调整 focus_dioptres",
        "wipe the lens, peel off its film; look with jx-gate preview and set focus_dioptres",
    )
    limit = Both(f"≤ {SOFT_PX:.0f} 像素", f"≤ {SOFT_PX:.0f} pixels")
    bad = Grade.WARN if best_px <= BLIND_PX else Grade.FAIL
    yield graded(best_px <= SOFT_PX, value, limit, fix, bad=bad)


def edge_px(luma: Luma) -> float | None:
    """How wide the steepest edges of a picture are, in pixels; None: there is nothing with edges in view.

    In each block with contrast: its range over its steepest step; the sharpest tenth of the blocks counts.
    """
    rows, columns = (side // BLOCK * BLOCK for side in luma.shape)
    if not rows or not columns:
        return None
    picture = luma[:rows, :columns].astype(np.int16)
    steps = np.zeros_like(picture)
    steps[:, :-1] = np.abs(np.diff(picture, axis=1))
    steps[:-1] = np.maximum(steps[:-1], np.abs(np.diff(picture, axis=0)))
    steps[:, BLOCK - 1 :: BLOCK] = 0  # what lies between two blocks belongs to neither's range
    steps[BLOCK - 1 :: BLOCK] = 0
    shape = (rows // BLOCK, BLOCK, columns // BLOCK, BLOCK)
    reach = picture.reshape(shape).max(axis=(1, 3)) - picture.reshape(shape).min(axis=(1, 3))
    steepest = steps.reshape(shape).max(axis=(1, 3))
    usable = (reach >= CONTRAST) & (steepest > 0)
    if np.count_nonzero(usable) < LEAST_BLOCKS:
        return None
    return float(np.percentile(reach[usable] / steepest[usable], 10))


CHECK: Final = Check(
    name="focus",
    title=Both("对焦", "camera focus"),
    proves=Both("镜头看得清码的边缘", "that the lens shows edges sharply enough for a code"),
    run=run,
    hardware=True,
)
