"""Children that end with their parent, however it ends."""

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def hold() -> None:
    """Ask the kernel to send SIGTERM to this process when its parent dies; only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def hold_to(parent: int) -> bool:
    """As `hold`, for a parent of known process id; False if it is gone already."""
    hold()
    return os.getppid() == parent
