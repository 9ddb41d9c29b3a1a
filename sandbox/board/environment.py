"""The environment variables that stand an unchanged program on the virtual machine."""

import os
from pathlib import Path

from sandbox.board.machine import CAMERA_VARIABLE, SOCKET_VARIABLE

REPOSITORY = Path(__file__).resolve().parents[2]
SITE = REPOSITORY / "sandbox" / "board" / "site"
PI_4B = "c03115"


def environment(socket: Path, camera: Path) -> dict[str, str]:
    """Return what to add to a program's environment; each machine has its own socket and film.

    A unix socket's path may have 107 bytes at most.
    """
    paths = [str(SITE), str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "PYTHONPATH": os.pathsep.join(paths),
        SOCKET_VARIABLE: str(socket),
        CAMERA_VARIABLE: str(camera),
        "GPIOZERO_PIN_FACTORY": "mock",
        "GPIOZERO_MOCK_PIN_CLASS": "boardpin",
        "GPIOZERO_MOCK_REVISION": PI_4B,
    }
