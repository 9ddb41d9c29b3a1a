"""Files that others carried here: plain files only, read within bounds and never waited for."""

import errno
import os
import stat
from pathlib import Path

from fleet.errors import FleetError


def read(path: Path, most: int) -> bytes:
    """At most `most` + 1 bytes, so that a longer file shows; FleetError for what is no readable file."""
    try:
        # Without waiting: a pipe that lies on a stick under a document's name would never open.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        why = "is a link: give the file itself" if error.errno == errno.ELOOP else error.strerror
        raise FleetError(f"{path} cannot be read: {why}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FleetError(f"{path} is no plain file; it was not read")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most + 1)
    except OSError as error:
        raise FleetError(f"{path} cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
