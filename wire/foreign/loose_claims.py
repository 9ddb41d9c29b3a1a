"""Claims of passes as real issuers write them: times, dates, texts, and all of them as JSON."""

import math
import re
from datetime import date, datetime
from typing import Any, Final

from wire.errors import Flaw, WireError
from wire.foreign import loose_cbor

# Claim keys: RFC 8392, 4.
ISS, EXP, NBF, IAT, CTI = 1, 4, 5, 6, 7
DAY_S: Final = 86_400
LAST_SECOND: Final = 253_402_300_799
"""Of the year 9999: the last that dates here can tell."""
_EPOCH: Final = date(1970, 1, 1).toordinal()
_CWT_TAGS: Final = frozenset({55_799, 61})
_MOMENT: Final = re.compile(
    r"((?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,][0-9]{1,9})?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)


def wrong(what: str) -> WireError:
    """What to raise for a claim that is not as its standard has it."""
    return WireError(Flaw.SCHEMA, what)


def claims_of(payload: bytes, *, max_bytes: int) -> dict[Any, Any]:
    """The claims set in a payload; WireError."""
    claims = loose_cbor.decode(loose_cbor.untagged(payload, _CWT_TAGS), max_bytes=max_bytes)
    if not isinstance(claims, dict):
        raise wrong("the claims are not a map")
    return claims


def seconds(value: object, name: str) -> int:
    """A NumericDate in unix seconds. Real issuers write floats too; WireError(SCHEMA) for anything else."""
    # A bool is an int to Python, and NaN lies between no two numbers.
    if isinstance(value, int | float) and value is not True and 1 <= value <= LAST_SECOND:
        return int(value)
    raise wrong(f"{name} is no time")


def maybe_seconds(value: object, name: str) -> int | None:
    """The same for a claim that may be absent, which null is too."""
    return None if value is None else seconds(value, name)


def text(value: object, name: str, most: int) -> str:
    """A text of at most `most` characters; WireError(SCHEMA)."""
    if isinstance(value, str) and len(value) <= most:
        return value
    raise wrong(f"{name} is no text of at most {most} characters")


def date_of(at: int) -> date:
    """The day, UTC, of unix seconds."""
    return date.fromordinal(_EPOCH + at // DAY_S)


def day(value: object, name: str) -> int:
    """The first second, UTC, of a full date; a time of the day behind it is read and left out."""
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    try:
        if found is not None:
            return (date.fromisoformat(found[1]).toordinal() - _EPOCH) * DAY_S
    except ValueError as error:
        raise wrong(f"{name} is a day that no calendar has") from error
    raise wrong(f"{name} is no date")


def moment(value: object, name: str) -> int:
    """A date and time in unix seconds; UTC without a zone, midnight without a time of the day."""
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    try:
        if found is not None:
            zone = (found[3] or "Z").upper()
            return int(datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00'}{zone}").timestamp())
    except ValueError as error:
        raise wrong(f"{name} is a time that no clock shows") from error
    raise wrong(f"{name} is no time")


def as_json(value: object) -> Any:  # noqa: ANN401 - JSON has many types
    """The same as JSON has it: keys as texts, bytes in hexadecimal, null for what JSON has no word for."""
    # Most values are texts already, and every certificate at a gate comes through here.
    if isinstance(value, dict):
        return {str(key): part if part.__class__ is str else as_json(part) for key, part in value.items()}
    if isinstance(value, list):
        return [as_json(part) for part in value]
    if isinstance(value, str | int | None):
        return value
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, float) and math.isfinite(value) else None
