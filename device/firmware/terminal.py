"""How every command of a gate speaks in a terminal: signs with words, exit codes, refusals, moments."""

import io
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from device.firmware.errors import GateError

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
WARNED: Final = 3

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Clock = Annotated[str | None, typer.Option(help="Compare with this time: 2026-11-21T08:00Z or unix seconds.")]


def forgiving() -> None:
    """Let a terminal that cannot show a sign get a substitute, not a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def out() -> Console:
    """Where people read; what a program reads is never wrapped."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


@contextmanager
def refusals() -> Iterator[None]:
    """Say a `GateError` in its own words and end with `USAGE`."""
    try:
        yield
    except GateError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(Text(str(error)))
        raise typer.Exit(USAGE) from error


def moment(clock: str | None) -> int:
    """The unix seconds that `clock` names, or now; GateError when it names none."""
    if clock is None:
        return int(time.time())
    try:
        return int(clock) if clock.isdigit() else int(datetime.fromisoformat(clock).timestamp())
    except ValueError as error:
        raise GateError(f"{clock} is no time; write it like 2026-11-21T08:00Z") from error


def sign(console: Console, signs: tuple[str, str, str]) -> Text:
    """A sign and its word in its colour; the word alone where no terminal shows signs."""
    mark, word, style = signs
    return Text(f"{mark} {word}" if console.is_terminal else word, style=style)
