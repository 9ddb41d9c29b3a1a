"""Codes as pictures: for a phone's screen, for a file, for a camera."""

import io
from typing import Final

import numpy as np
import segno
from numpy.typing import NDArray

QUIET_MODULES: Final = 4
"""ISO/IEC 18004 asks for four modules of quiet zone."""


def qr(text: str) -> segno.QRCode:
    """The code of a text: error correction M, alphanumeric mode where the text allows it."""
    return segno.make_qr(text, error="m", boost_error=False)


def svg(text: str) -> bytes:
    """Without inline style, so that it may stand in a page with a strict policy."""
    out = io.BytesIO()
    qr(text).save(out, kind="svg", border=QUIET_MODULES, dark="#000", light="#fff", xmldecl=False)
    return out.getvalue()


def png(text: str) -> bytes:
    """Ten pixels a module, about as a phone would save its screen."""
    out = io.BytesIO()
    qr(text).save(out, kind="png", border=QUIET_MODULES, scale=10)
    return out.getvalue()


def luma(text: str) -> NDArray[np.uint8]:
    """One pixel a module with its quiet zone, light 255, dark 0: what `sandbox.optics` photographs."""
    rows = qr(text).matrix_iter(border=QUIET_MODULES)
    return np.array([[0 if dark else 255 for dark in row] for row in rows], dtype=np.uint8)


def beside(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two codes side by side in the middle of a white square."""
    side = left.shape[0] + right.shape[0]
    square = np.full((side, side), 255, dtype=np.uint8)
    top = (side - max(left.shape[0], right.shape[0])) // 2
    square[top : top + left.shape[0], : left.shape[1]] = left
    square[top : top + right.shape[0], left.shape[1] :] = right
    return square
