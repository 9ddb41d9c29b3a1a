"""`jx-gate explain --jsonl`: questions in lines of JSON, answered one by one as they come."""

import sys
import time
from pathlib import Path
from typing import BinaryIO, Final

from device.firmware import lines
from device.firmware.errors import GateError

STANDARD_INPUT: Final = "-"
_PIECE: Final = 1 << 20


def answer_file(name: str | None, clock_s: int | None) -> None:
    """Answer every line of a file, or of standard input, on standard output.

    GateError when it cannot be read. `clock_s` counts for lines that name no clock; None means the
    moment at which each is answered.
    """
    sink = sys.stdout.buffer
    if name is None or name == STANDARD_INPUT:
        if sys.stdin.isatty():
            print(  # noqa: T201 - a hint to whoever sits there, beside the output
                "每行一个 JSON，Ctrl-D 结束 · one JSON object a line; end with Ctrl-D", file=sys.stderr
            )
        answer_lines(sys.stdin.buffer, sink, clock_s)
        return
    try:
        source = Path(name).open("rb")  # noqa: SIM115 - only opening it may fail in these words
    except (OSError, ValueError) as error:
        raise GateError(
            f"{name} 无法读取，什么都没有回答 · cannot be read ({_why(error)}); nothing was answered"
        ) from error
    with source:
        answer_lines(source, sink, clock_s)


def _why(error: OSError | ValueError) -> str:
    return error.strerror or "" if isinstance(error, OSError) else "no name of a file"


def answer_lines(source: BinaryIO, sink: BinaryIO, clock_s: int | None) -> None:
    """One answer for each line, at once: whoever asks may wait for it before asking again."""
    while line := source.readline(lines.MAX_LINE + 1):
        whole = line.endswith(b"\n")
        while not whole and len(line) > lines.MAX_LINE:  # its end is of no use, and never held
            rest = source.readline(_PIECE)
            whole = not rest or rest.endswith(b"\n")
        sink.write(_said(line, int(time.time()) if clock_s is None else clock_s).encode("ascii") + b"\n")
        sink.flush()


def _said(line: bytes, now_s: int) -> str:
    try:
        return lines.reply(line, now_s)
    except Exception as error:  # noqa: BLE001 - whatever is wrong in here, the other lines are answered
        said = f"a line met a mistake of this program ({type(error).__name__}); tell its makers"
        print(said, file=sys.stderr)  # noqa: T201 - beside the output
        return lines.UNANSWERABLE
