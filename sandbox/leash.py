"""Starts a program that ends when its parent does: the kernel sends it a signal, even after kill -9.

Run as `python -I -S leash.py PARENT SIGNAL PROGRAM ARGUMENT…`; it becomes the program.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h; kept across exec, prctl(2)


def main() -> None:
    """Tie this process to its parent, then become the program."""
    parent = int(sys.argv[1])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.Signals[sys.argv[2]])
    if os.getppid() == parent:  # else it died before it could be watched
        os.execvp(sys.argv[3], sys.argv[3:])  # noqa: S606 -- no shell is meant


if __name__ == "__main__":
    main()
