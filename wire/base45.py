"""Base45 (RFC 9285): two bytes in three characters of the QR alphanumeric alphabet."""

import struct
from typing import Final

from wire.errors import Flaw, WireError

ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
BASE: Final = len(ALPHABET)
_BAD: Final = 0xFF
_VALUES: Final = bytes(ALPHABET.find(c) if c in ALPHABET else _BAD for c in range(256))
_PAIR: Final = tuple(bytes((ALPHABET[n % BASE], ALPHABET[n // BASE])) for n in range(BASE * BASE))


def encode(data: bytes) -> str:
    """Bytes to text."""
    even = len(data) & ~1
    out = []
    for word in struct.unpack(f">{even // 2}H", data[:even]):
        high, low = divmod(word, BASE * BASE)
        out.append(_PAIR[low] + ALPHABET[high : high + 1])
    if len(data) != even:
        out.append(_PAIR[data[-1]])
    return b"".join(out).decode("ascii")


def decode(text: str) -> bytes:
    """Text to bytes; WireError(BASE45) for a wrong character, length or value."""
    try:
        values = text.encode("ascii").translate(_VALUES)
    except UnicodeEncodeError as error:
        raise WireError(Flaw.BASE45, "a character outside the Base45 alphabet") from error
    if _BAD in values:
        raise WireError(Flaw.BASE45, "a character outside the Base45 alphabet")
    count, rest = divmod(len(values), 3)
    if rest == 1:
        raise WireError(Flaw.BASE45, "one character left over")
    # All groups at once: as one long number with 24 bits for each, a multiplication multiplies them all.
    groups = int.from_bytes(values[: 3 * count])
    ones = int.from_bytes(b"\0\0\xff" * count)
    words = (groups >> 16 & ones) + (groups >> 8 & ones) * BASE + (groups & ones) * (BASE * BASE)
    lanes = words.to_bytes(3 * count)
    tail = values[-2] + BASE * values[-1] if rest else 0
    if lanes[::3] != bytes(count) or tail > 0xFF:  # noqa: PLR2004 - the largest byte
        raise WireError(Flaw.BASE45, "a group of characters stands for too large a number")
    data = bytearray(2 * count)
    data[::2], data[1::2] = lanes[1::3], lanes[2::3]
    if rest:
        data.append(tail)
    return bytes(data)
