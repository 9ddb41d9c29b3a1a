"""CBOR as real passes carry it: within limits, with some tags, floats and indefinite lengths."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from wire import cbor
from wire.errors import Flaw, WireError

MAX_DEPTH: Final = 12
"""Of arrays, maps and tags; a pass has six."""
MAX_ITEMS: Final = 1_024
"""A pass has about eighty."""
MAX_OUTER_TAGS: Final = 4
# Below this size too few keys fit in for their hashes to matter, as in wire.cbor.
_SCAN_FROM_BYTES: Final = 1_024
_BYTES, _TEXT, _ARRAY, _MAP, _TAG = 2, 3, 4, 5, 6  # major types: RFC 8949, 3.1
_KEY_TYPES: Final = frozenset({0, 1, _TEXT})
_INDEFINITE, _BREAK = -1, 0xFF
_OPEN: Final = 31  # RFC 8949, 3.2
_LONG: Final = range(24, 28)  # RFC 8949, 3: the number follows in 1, 2, 4 or 8 bytes
_ENDLESS: Final = 2**70
"""More than any definite count, and even, so that keys and values keep their turns."""
# Tags that only say what a value is for: dates as texts and numbers (RFC 8949, 3.4; RFC 8943), a UUID.
# The value is checked where it is used, so that nothing depends on its tag.
_HARMLESS_TAGS: Final = (0, 1, 37, 1004)


def _value(value: object, _immutable: bool) -> object:
    return value


_SEMANTIC: Final[Mapping[int, Any]] = dict.fromkeys(cbor.BUILT_IN_TAGS, cbor.refuse_tag) | dict.fromkeys(
    _HARMLESS_TAGS, _value
)


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type and number of the item at `at`, and where what follows begins."""
    major, number = data[at] >> 5, data[at] & 0x1F
    if number not in _LONG:
        return major, _INDEFINITE if number == _OPEN else number, at + 1
    end = at + 1 + (1 << (number & 7))
    return major, int.from_bytes(data[at + 1 : end]), end


def is_tagged(data: bytes) -> bool:
    """Whether an item begins with a tag."""
    return len(data) > 0 and data[0] >> 5 == _TAG


def untagged(data: bytes, tags: Collection[int]) -> bytes:
    """An item without those of `tags` that stand around it, at most MAX_OUTER_TAGS of them."""
    for _ in range(MAX_OUTER_TAGS):
        if not is_tagged(data):
            break
        _, number, at = _head(data, 0)
        if number not in tags:
            break
        data = data[at:]
    return data


def _scan(data: bytes) -> None:
    """Refuse odd keys and more items than allowed before anything is built; see `wire.cbor`.

    Whatever else is wrong is left for the decoder to find.
    """
    at, items, stack = 0, 0, [[1, False]]
    while stack and at < len(data) and len(stack) <= MAX_DEPTH + 2:
        left, is_map = stack[-1]
        if not left or data[at] == _BREAK:
            at += bool(left)
            stack.pop()
            continue
        major, number, at = _head(data, at)
        items += 1
        if items > MAX_ITEMS:
            raise WireError(Flaw.SIZE, f"more than the {MAX_ITEMS} items that are allowed")
        if is_map and not left & 1 and major not in _KEY_TYPES:
            raise WireError(Flaw.CBOR, "a key is neither an integer nor a text")
        if major == _TAG:
            continue
        stack[-1][0] = left - 1
        if number == _INDEFINITE and major in {_BYTES, _TEXT, _ARRAY, _MAP}:
            stack.append([_ENDLESS, major == _MAP])
        elif major in {_BYTES, _TEXT}:
            at += number
        elif major in {_ARRAY, _MAP}:
            stack.append([number * (major - 3), major == _MAP])


def decode(data: bytes, *, max_bytes: int) -> Any:  # noqa: ANN401 - its reader gives it a type
    """Decode one item that fills `data` exactly; tags on dates are left out.

    Limits come before decoding. Raises WireError(SIZE) or WireError(CBOR), nothing else.
    """
    if len(data) > max_bytes:
        raise WireError(Flaw.SIZE, f"{len(data)} bytes where at most {max_bytes} are allowed")
    if len(data) > _SCAN_FROM_BYTES:
        _scan(data)
    return cbor.build(data, tags=_SEMANTIC, max_depth=MAX_DEPTH, indefinite=True)
