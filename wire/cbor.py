"""CBOR within limits (RFC 8949): definite lengths, no duplicate keys, no tags, bounded size and depth."""

import io
from collections.abc import Mapping
from typing import Any, Final, Never

import cbor2

from wire.errors import Flaw, WireError

MAX_DEPTH: Final = 8

# Tags that cbor2 would otherwise turn into dates, big numbers, shared references and the like.
_BUILT_IN_TAGS: Final = (
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


def _refuse_tag(*_: object) -> Never:
    raise cbor2.CBORDecodeError("a tag stands where none is allowed")


_SEMANTIC: Final[Mapping[int, Any]] = dict.fromkeys(_BUILT_IN_TAGS, _refuse_tag)


def decode(data: bytes, *, max_bytes: int) -> Any:  # noqa: ANN401 - the schema gives it a type
    """Decode one item that fills `data` exactly.

    Limits come before decoding. Raises WireError(SIZE) or WireError(CBOR), nothing else.
    """
    if len(data) > max_bytes:
        raise WireError(Flaw.SIZE, f"{len(data)} bytes where at most {max_bytes} are allowed")
    stream = io.BytesIO(data)
    decoder = cbor2.CBORDecoder(
        stream,
        tag_hook=_refuse_tag,
        semantic_decoders=_SEMANTIC,
        max_depth=MAX_DEPTH,
        allow_indefinite=False,
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
