"""A camera for a guest that is none of the gate's: libcamera's virtual one under the real picamera2.

On a Pi both come with its system, in /usr/lib/python3/dist-packages, where the gate's environment sees them;
so they do here. Debian has libcamera, its newest release in backports; it has no picamera2, which comes from
locks/hil-camera.lock. Of what picamera2 imports, two libraries are replaced by names without content:
`pykms` draws on a screen, `pidng` writes raw pictures, and a gate does neither.
"""

import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from sandbox.errors import SandboxError
from sandbox.guest import wheels
from sandbox.guest.camera import film, patches
from sandbox.guest.suites import ARCHITECTURE, TRIXIE
from sandbox.optics import empty_scene

BACKPORTS: Final = f"{TRIXIE.name}-backports"
"""libcamera 0.4, in the release itself, leaves the state of a virtual camera's frames unset: none arrives."""
LIBRARIES: Final = "usr/lib/python3/dist-packages"
MACHINE: Final = {"amd64": "x86_64"}[ARCHITECTURE]
STAND_INS: Final = {
    "pykms.py": """\
class _Named(type):
    def __getattr__(cls, name):
        return name


class PixelFormat(metaclass=_Named):
    pass
""",
    "pidng/__init__.py": "",
    "pidng/camdefs.py": "class Picamera2Camera:\n    pass\n",
    "pidng/core.py": "class PICAM2DNG:\n    pass\n",
}
SETTINGS: Final = {
    "usr/share/libcamera/pipeline/virtual/virtual.yaml": film.CONFIGURATION,
    # picamera2 asks for the heap that a Pi has by this name; a kernel for PCs has one by another.
    "etc/tmpfiles.d/jx-camera.conf": "L+ /dev/dma_heap/linux,cma - - - - system\n",
}
GATE_TOML: Final = {"pixel_format": "NV12", "frames_per_s": 4.0, "timeout_s": 5.0}
"""The camera's part of gate.toml in such a guest: what a virtual camera gives, as fast as it can there."""


def sources(mirror: str) -> tuple[str, ...]:
    """The lines of sources.list that `packages` needs beside the release itself."""
    return (f"deb {mirror} {BACKPORTS} main",)


def packages() -> tuple[str, ...]:
    """Debian's packages: libcamera, and what picamera2 imports at its start."""
    return (
        f"python3-libcamera/{BACKPORTS}",
        "python3-numpy",
        "python3-pil",
        "python3-piexif",
        "python3-prctl",
    )


def fetch(into: Path) -> list[Path]:
    """Download picamera2 and what of it Debian has not; hashes are checked, what is there stays."""
    return wheels.fetch(wheels.CAMERA, wheels.target(TRIXIE, MACHINE), into)


def install(tree: Path, files: Sequence[Path]) -> None:
    """Put the wheels and the camera's settings into a tree that has `packages`; as root."""
    place = tree / LIBRARIES
    for wheel in files:
        with zipfile.ZipFile(wheel) as opened:
            if any(".data/" in name for name in opened.namelist()):
                raise SandboxError(f"{wheel.name} is more than libraries; it needs pip, not unpacking")
            opened.extractall(place)
    for name, text in STAND_INS.items():
        _write(place / name, text.encode())
    patches.apply(place / "picamera2")
    compiling = ["python3", "-m", "compileall", "-q", f"/{LIBRARIES}"]
    subprocess.run(["chroot", str(tree), *compiling], check=True)  # noqa: S603, S607 -- our own words
    for name, text in SETTINGS.items():
        _write(tree / name, text.encode())
    for name, jpeg in film.numbered([empty_scene(np.random.default_rng(0))]).items():
        _write(tree / film.PLACE.lstrip("/") / name, jpeg)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o644)
