"""How every command of a gate speaks in a terminal: signs with words, exit codes, refusals, moments."""

import io
import re
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import IO, Annotated, Any, Final, NoReturn, cast

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from device.firmware.errors import GateError

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
WARNED: Final = 3
ENDS: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""What ends a command beside Ctrl-C: a kill, a terminal that is closed, a connection that breaks."""
_WIDE: Final = 1000
_BLANKS: Final = re.compile(r" +$", re.MULTILINE)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Clock = Annotated[str | None, typer.Option(help="Compare with this time: 2026-11-21T08:00Z or unix seconds.")]


def forgiving() -> None:
    """Let a terminal that cannot show a sign get a substitute, not a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Lines:
    """A file for a program to read: no blanks at the end of a line, however wide a table is."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Rich writes whole lines."""
        return self._file.write(_BLANKS.sub("", text))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a file has
        return getattr(self._file, name)


def out() -> Console:
    """Where people read; what a program reads is never wrapped."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, soft_wrap=True, width=_WIDE, file=cast("IO[str]", _Lines(sys.stdout)))


@contextmanager
def orderly() -> Iterator[None]:
    """While inside, whatever ends the command lets it switch off first what it has switched on.

    A kill or a lost terminal ends it as Ctrl-C does; Ctrl-Z, which would leave a relay energised for as
    long as somebody looks elsewhere, does nothing. For the main thread.
    """
    before = {number: signal.signal(number, _end) for number in ENDS}
    before[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        _restore(before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """While inside, nobody but the kernel ends the command: half of it would be worse than none.

    Ignored, and not blocked: a mask is one thread's, and numpy has threads of its own.
    """
    numbers = (signal.SIGINT, signal.SIGTSTP, *ENDS)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        _restore(before)


def _restore(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


@contextmanager
def refusals() -> Iterator[None]:
    """Say a `GateError` in its own words and end with `USAGE`."""
    try:
        yield
    except GateError as error:
        Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty()).print(Text(str(error)))
        raise typer.Exit(USAGE) from error


def moment(clock: str | None) -> int:
    """The unix seconds that `clock` names, in UTC without a zone, or now; GateError when it names none."""
    if clock is None:
        return int(time.time())
    try:
        if clock.isdigit():
            return int(clock)
        told = datetime.fromisoformat(clock)
        return int((told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp())
    except ValueError as error:
        raise GateError(f"{clock} 不是时间 · is no time; write it like 2026-11-21T08:00Z") from error


def told(console: Console, signs: tuple[str, str, str], words: Text) -> None:
    """One line: its sign, and beside it the words, as many rows as they take."""
    row = Table.grid(padding=(0, 1))
    row.add_column(no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(sign(console, signs), words)
    console.print(row)


def sign(console: Console, signs: tuple[str, str, str]) -> Text:
    """A sign and its word in its colour; the word alone where no terminal shows signs."""
    mark, word, style = signs
    return Text(f"{mark} {word}" if console.is_terminal else word, style=style)
