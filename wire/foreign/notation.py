"""JSON and base64url as passes and keys use them: one meaning each, within limits."""

import binascii
import json
import math
import re
from collections.abc import Callable
from typing import Any, Final, Never

from wire.errors import Flaw, WireError

MAX_DEPTH: Final = 32
"""A bundle of FHIR resources has about a dozen."""
MAX_DIGITS: Final = 20
"""More than any count or time has; Python alone would read thousands, slowly."""
_CONTAINERS: Final = frozenset({dict, list})
_AMBIGUOUS: Final = (b"\\", b'" ', b'"\t', b'"\n', b'"\r')
"""With none of these, a quote that ends a key is followed by its colon at once."""
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")


def from_base64url(text: str) -> bytes:
    """The bytes of a base64url text (RFC 4648, 5) without padding, in its one canonical form.

    ValueError for anything else: then two texts would mean the same bytes.
    """
    raw = text.encode("ascii")
    data = binascii.a2b_base64(raw.translate(_TO_STANDARD) + b"=" * (-len(raw) % 4))
    if _base64url(data) != raw:
        raise ValueError("not base64url without padding")
    return data


def to_base64url(data: bytes) -> str:
    """Bytes as base64url without padding."""
    return _base64url(data).decode("ascii")


def _base64url(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=")


def from_json(data: bytes, *, max_bytes: int) -> Any:  # noqa: ANN401 - its reader gives it a type
    """Decode one JSON text (RFC 8259) in UTF-8, limits first.

    WireError(SIZE) when it is too long, WireError(JSON) for anything that two readers could understand
    differently: a key that stands twice, NaN and infinities, half a surrogate pair.
    """
    if len(data) > max_bytes:
        raise WireError(Flaw.SIZE, f"{len(data)} bytes where at most {max_bytes} are allowed")
    try:
        text = data.decode()
        value = _CAREFUL(text) if any(mark in data for mark in _AMBIGUOUS) else _PLAIN(text)
        # Each member has a quote with a colon behind it: with no more of those, no key stood twice.
        if _members(value) != data.count(b'":'):
            value = _CAREFUL(text)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise WireError(Flaw.JSON, "not JSON within the limits") from error
    return value


def _members(value: object) -> int:
    """How many members all objects have together; ValueError when they are nested too deeply."""
    members, depth = 0, 0
    level: list[Any] = [value] if type(value) in _CONTAINERS else []
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        below: list[Any] = []
        for part in level:
            if isinstance(part, dict):
                members += len(part)
            inside = part.values() if isinstance(part, dict) else part
            below += [inner for inner in inside if type(inner) in _CONTAINERS]
        level = below
    return members


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key stands twice")
    return fields


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number has too many digits")
    return int(digits)


def _real(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _no_constant(_: str) -> Never:
    raise ValueError("no number")


_PLAIN: Final[Callable[[str], Any]] = json.JSONDecoder(
    parse_int=_integer, parse_float=_real, parse_constant=_no_constant
).decode
_CAREFUL: Final[Callable[[str], Any]] = json.JSONDecoder(
    object_pairs_hook=_fields, parse_int=_integer, parse_float=_real, parse_constant=_no_constant
).decode
