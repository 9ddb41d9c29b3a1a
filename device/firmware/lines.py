"""Lines of JSON that ask about texts, and the lines that answer them: one each, whatever comes."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from device.firmware.answer import Answer, answer
from device.firmware.keyring import MAX_KEYS, Given, given
from wire.foreign.shc import MAX_CHUNKS

MAX_LINE: Final = 8 * 2**20
"""Bytes: room for all keys of the world in one line. What is longer is answered, but not read."""
LINE: Final = "line"
"""The reason when nobody can tell what a line asks."""
_EARLIEST, _LATEST = -(2**53), 2**53
_ENCODE: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Question:
    """What a line asks; `clock_s` None means now."""

    held: tuple[str, ...]
    trusted: tuple[Given, ...]
    clock_s: int | None


def reply(line: bytes, now_s: int) -> str:
    """The answer to a line, itself one line of JSON in ASCII; `now_s` counts where it names no clock."""
    ident: object = None
    try:
        fields = _fields(line)
        ident = _ident(fields)
        asked = _question(fields, line)
    except (ValueError, OverflowError, RecursionError):
        return _written(ident, Answer(LINE))
    return _written(
        ident, answer(asked.held, asked.trusted, now_s if asked.clock_s is None else asked.clock_s)
    )


def _written(ident: object, said: Answer) -> str:
    row = {
        "id": ident,
        "valid": said.reason is None,
        "reason": said.reason,
        "format": said.format,
        "claims": said.claims,
    }
    return _ENCODE(row)


UNANSWERABLE: Final = _written(None, Answer(LINE))
"""What is said of a line of which not even the id can be told."""


def _fields(line: bytes) -> dict[str, Any]:
    """The object in a line. Bytes that are no UTF-8 are replaced: the id may still be readable."""
    if len(line) > MAX_LINE:
        raise ValueError("longer than allowed")
    fields = json.loads(line.decode("utf-8-sig", "replace"))
    if not isinstance(fields, dict):
        raise ValueError("no object")  # noqa: TRY004 - like everything else that is wrong with a line
    return fields


def _ident(fields: dict[str, Any]) -> object:
    """The id of a line, if it is something to recognise the answer by."""
    found = fields.get("id")
    if isinstance(found, float) and not math.isfinite(found):
        return None
    return found if isinstance(found, str | int | float | None) else None


def _question(fields: dict[str, Any], line: bytes) -> Question:
    line.decode("utf-8")  # a text of which a part was replaced is not the text that was meant
    held = fields.get("qr")
    texts = (held,) if isinstance(held, str) else tuple(held) if isinstance(held, list) else ()
    if not 0 < len(texts) <= MAX_CHUNKS or not all(isinstance(text, str) for text in texts):
        raise ValueError("qr is neither a text nor a list of texts")
    rows = fields.get("trust")
    if not isinstance(rows, list | None) or (rows is not None and len(rows) > MAX_KEYS):
        raise ValueError("trust is no list")
    return Question(texts, given(rows or ()), _clock(fields.get("clock")))


def _clock(value: object) -> int | None:
    """Unix seconds, as a number or in digits, or a date as ISO 8601 has it: in UTC when it names no zone."""
    if value is None:
        return None
    if isinstance(value, str):
        return _moment(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not _EARLIEST < value < _LATEST:
        raise ValueError("the clock is no time")
    return math.floor(value)


def _moment(written: str) -> int:
    try:
        number = float(written)
    except ValueError:
        moment = datetime.fromisoformat(written.strip())
        return math.floor((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    return _clock(number) or 0
