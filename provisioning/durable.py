"""Files that are there whole or not at all, whenever the power goes."""

import os
import tempfile
from pathlib import Path

from device.firmware.mending import sync_directory


def write(path: Path, data: bytes, *, secret: bool = False) -> None:
    """Put `data` in the place of whatever `path` was, durably; only the owner may read a secret."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _give(file.fileno(), path.parent)
            os.fchmod(file.fileno(), 0o600 if secret else 0o644)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def make_directory(path: Path) -> None:
    """A directory with all above it, durably."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
        _give(one, one.parent)
        sync_directory(one.parent)


def _give(one: int | Path, directory: Path) -> None:
    """What root makes belongs to whom the directory belongs: the gate's own account has to read its key."""
    owner = directory.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(one, owner.st_uid, owner.st_gid)
