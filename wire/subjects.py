"""How a person stands where the subject itself should not: as a digest that both ends can compare."""

import hashlib
from typing import Final

DIGEST_BYTES: Final = 16


def digest_of(subject: bytes) -> bytes:
    """The first 16 bytes of the SHA-256 of a subject: how staff lists and a venue's state name a person."""
    return hashlib.sha256(subject).digest()[:DIGEST_BYTES]
