"""The COSE_Sign1 that nearly every code is: four items, read by their heads without a CBOR decoder."""

from typing import Final, NamedTuple

# Initial bytes: RFC 8949, 3 and appendix B.
_ARRAY_OF_FOUR: Final = b"\x84"
_EMPTY_MAP: Final = 0xA0
_BYTE_STRING: Final = 0x40
_ONE_BYTE, _TWO_BYTES = 24, 25  # what a head says where its number follows it


class Plain(NamedTuple):
    """Protected header, payload and signature, as they stand in the message."""

    protected: bytes
    payload: bytes
    signature: bytes


def _byte_string(data: bytes, at: int) -> tuple[bytes, int]:
    """The byte string at `at` and where it ends; IndexError when there is none of less than 64 kB."""
    size = data[at] - _BYTE_STRING
    at += 1
    if size == _ONE_BYTE:
        size = data[at]
        at += 1
    elif size == _TWO_BYTES:
        size = data[at] << 8 | data[at + 1]
        at += 2
    elif not 0 <= size < _ONE_BYTE:
        raise IndexError
    end = at + size
    return data[at:end], end


def read(data: bytes) -> Plain | None:
    """The three byte strings around an empty unprotected header; None for every other shape.

    What is None here may still be a good message: whoever asks goes on to a decoder, which gives the same
    for every message that is read here. Three byte strings of at most 64 kB need no limits.
    """
    if data[:1] != _ARRAY_OF_FOUR:
        return None
    try:
        protected, at = _byte_string(data, 1)
        if data[at] != _EMPTY_MAP:
            return None
        payload, at = _byte_string(data, at + 1)
        signature, at = _byte_string(data, at)
    except IndexError:
        return None
    return Plain(protected, payload, signature) if at == len(data) else None
