"""Starts a program that ends when the demo does: kernel tells it with SIGTERM, even after kill -9.

Run as `python -I -S leash.py PARENT PROGRAM ARGUMENT…`; it becomes the program.
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
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:  # else it died before it could be watched
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 -- no shell is meant


if __name__ == "__main__":
    main()
