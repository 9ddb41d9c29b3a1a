"""lgpio for a release whose Python the index has no wheel for: built from its source, in that release."""

import shutil
from pathlib import Path
from typing import Final

from sandbox.guest import wheels
from sandbox.guest.apart import apart, debian
from sandbox.guest.suites import Suite

PACKAGES: Final = ("gcc", "libc6-dev", "python3-dev", "python3-setuptools", "python3-venv", "swig")
_BUILD: Final = """
mount -t proc proc "$1/proc"
chroot "$1" python3 -m venv --system-site-packages /tmp/build
PYPI=1 chroot "$1" /tmp/build/bin/pip wheel --no-index --no-deps --no-build-isolation -w /tmp/made "/tmp/$2"
mv "$1"/tmp/made/lgpio-*.whl "$3"
"""
"""PYPI=1 tells lgpio's setup.py to put its C library inside, as in its wheels: Debian has none."""
MADE_FROM: Final = (wheels.GUEST, *PACKAGES, _BUILD)
"""What a kept wheel is named after, beside its release."""


def needed(suite: Suite) -> bool:
    """Whether the index has no wheel for this release's Python, as the marker in the lock says."""
    wanted = wheels.target(suite, "x86_64")
    return "lgpio" not in {pin.name for pin in wheels.pins([wheels.GUEST], wanted)}


def build(suite: Suite, mirror: str, into: Path, log: Path) -> None:
    """Make the wheel, alone in `into`, for the processor of this computer."""
    tree = into / "tree"
    tree.mkdir()
    source = wheels.source(wheels.GUEST, "lgpio", into / "source")
    debian(suite.name, mirror, PACKAGES, tree, log)
    shutil.copy(source, tree / "tmp")
    apart(_BUILD, [tree, source.name, into], "building lgpio", log)
    shutil.rmtree(tree)
    shutil.rmtree(source.parent)
