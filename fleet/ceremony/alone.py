"""One command at a time on an office: the second says so instead of signing beside the first."""

import fcntl
import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

from fleet.errors import FleetError

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Hold an office while something in it changes; the lock ends with the process, however that ends."""
    if not directory.is_dir():
        yield
        return
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(handle, directory)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, directory: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise FleetError(
            f"another command works on {directory}; nothing was changed. Wait until it has ended"
        ) from error


def one_at_a_time(command: Callable[P, R]) -> Callable[P, R]:
    """A command that holds the office it is given as `office_dir`."""

    @functools.wraps(command)
    def held(*args: P.args, **options: P.kwargs) -> R:
        with alone(cast("Path", options["office_dir"])):
            return command(*args, **options)

    return held
