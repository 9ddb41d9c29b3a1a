"""CBOR within limits (RFC 8949): no tags, no indefinite lengths, no odd or double keys, bounded size."""

import io
from collections.abc import Mapping
from typing import Any, Final, Never

import cbor2

from wire.errors import Flaw, WireError

MAX_DEPTH: Final = 8
ANY_NUMBER: Final = 2**63
# Below this size too few keys fit in for their hashes to matter, and the hook alone is enough.
_SCAN_FROM_BYTES: Final = 1_024
_BYTES, _TEXT, _ARRAY, _MAP, _TAG = 2, 3, 4, 5, 6  # major types: RFC 8949, 3.1
_KEY_TYPES: Final = frozenset({0, 1, _TEXT})
_KEY_CLASSES: Final = frozenset({int, str})

# Tags that cbor2 would otherwise turn into dates, big numbers, shared references and the like.
BUILT_IN_TAGS: Final = (
    0,
    1,
    2,
    3,
    4,
    5,
    25,
    28,
    29,
    30,
    35,
    36,
    37,
    100,
    256,
    258,
    260,
    261,
    1004,
    43000,
    55799,
)


def refuse_tag(*_: object) -> Never:
    """A hook of cbor2 for tags that are not allowed."""
    raise cbor2.CBORDecodeError("a tag stands where none is allowed")


def _check_keys(fields: Mapping[Any, Any], _immutable: bool) -> Mapping[Any, Any]:
    # To a dict 1, 1.0, true and simple(1) are one key; to a format they are not.
    if not _KEY_CLASSES.issuperset(map(type, fields)):
        raise cbor2.CBORDecodeError("a key is neither an integer nor a text")
    return fields


def _scan(data: bytes, max_items: int) -> None:
    """Refuse keys other than integers and texts, and more items than allowed, before anything is built.

    Keys that are arrays of -1 and -2 all have one hash: 64 kB of them would keep a decoder busy for
    seconds. Whatever else is wrong is left for the decoder to find.
    """
    at, items, stack = 0, 0, [[1, False]]
    while stack and at < len(data) and len(stack) <= MAX_DEPTH + 2:
        left, is_map = stack[-1]
        if not left:
            stack.pop()
            continue
        major, number = data[at] >> 5, data[at] & 0x1F
        at, items = at + 1, items + 1
        if items > max_items:
            raise WireError(Flaw.SIZE, f"more than the {max_items} items that are allowed")
        if is_map and not left & 1 and major not in _KEY_TYPES:
            raise WireError(Flaw.CBOR, "a key is neither an integer nor a text")
        if major == _TAG:  # the decoder would decode what is tagged before it asks about the tag
            raise WireError(Flaw.CBOR, "a tag stands where none is allowed")
        if number >= 24:  # noqa: PLR2004 - RFC 8949, 3: the number follows in 1, 2, 4 or 8 bytes
            width = 1 << (number & 7)
            number, at = int.from_bytes(data[at : at + width]), at + width
        stack[-1][0] = left - 1
        if major in {_BYTES, _TEXT}:
            at += number
        elif major in {_ARRAY, _MAP}:
            stack.append([number * (major - 3), major == _MAP])


_SEMANTIC: Final[Mapping[int, Any]] = dict.fromkeys(BUILT_IN_TAGS, refuse_tag)


def decode(data: bytes, *, max_bytes: int, max_items: int = ANY_NUMBER) -> Any:  # noqa: ANN401 - the schema gives it a type
    """Decode one item that fills `data` exactly.

    Limits come before decoding; `max_items` holds for what is longer than a kilobyte.
    Raises WireError(SIZE) or WireError(CBOR), nothing else.
    """
    if len(data) > max_bytes:
        raise WireError(Flaw.SIZE, f"{len(data)} bytes where at most {max_bytes} are allowed")
    if len(data) > _SCAN_FROM_BYTES:
        _scan(data, max_items)
    return build(data, tags=_SEMANTIC, max_depth=MAX_DEPTH)


def build(data: bytes, *, tags: Mapping[int, Any], max_depth: int, indefinite: bool = False) -> Any:  # noqa: ANN401 - as decode
    """What one item that fills `data` exactly says, its size checked before; `tags` are cbor2's decoders.

    Raises WireError(CBOR).
    """
    stream = io.BytesIO(data)
    decoder = cbor2.CBORDecoder(
        stream,
        tag_hook=refuse_tag,
        object_hook=_check_keys,
        semantic_decoders=tags,
        max_depth=max_depth,
        allow_indefinite=indefinite,
        allow_duplicate_keys=False,
    )
    try:
        value = decoder.decode()
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise WireError(Flaw.CBOR, "not well-formed CBOR within the limits") from error
    if stream.tell() != len(data):
        raise WireError(Flaw.CBOR, "bytes follow the end of the item")
    return value


def encode(value: object) -> bytes:
    """Encode deterministically: shortest forms, map keys sorted (RFC 8949, 4.2.3)."""
    return cbor2.dumps(value, canonical=True)


def key_order(key: int | str) -> tuple[int, bytes]:
    """Sorts the keys of a map as RFC 8949, 4.2.3 does: shorter encodings first."""
    encoded = cbor2.dumps(key)
    return len(encoded), encoded


def encode_sorted(value: object) -> bytes:
    """The bytes of `encode`, sooner, for a value whose maps are in `key_order` already and hold no float."""
    return cbor2.dumps(value)
