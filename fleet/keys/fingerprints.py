"""Fingerprints as two people read them to each other: five groups of five letters, 125 bits."""

import base64
from collections.abc import Iterable
from typing import Final

from fleet.keys import paper
from wire.documents import Root
from wire.keys import PublicKey

GROUP: Final = 5
GROUPS: Final = 5
LEAST: Final = 2 * GROUP  # what names one key among the few of a root, as PublicKey.fingerprint has it
# What is heard or read wrongly: these figures do not occur in base32.
_MEANT: Final = str.maketrans("018", "OIB")


def of_key(key: PublicKey) -> str:
    """Of a key; it begins with the short fingerprint that stands elsewhere."""
    return _spoken(key.thumbprint)


def of_root(root: Root) -> str:
    """Of what a root says; who has signed it does not count."""
    return _spoken(bytes.fromhex(paper.digest(root)))


def heard(said: str) -> str:
    """What somebody typed while listening, without spaces, dashes and small letters."""
    return "".join(sign for sign in said.upper() if sign.isalnum()).translate(_MEANT)


def same(said: str, fingerprint: str) -> bool:
    """Whether all of a fingerprint was said."""
    return heard(said) == heard(fingerprint)


def named(said: str, keys: Iterable[PublicKey]) -> list[PublicKey]:
    """The keys that somebody means by the beginning of a fingerprint or by a key id in hexadecimal."""
    start, kid = heard(said), said.strip().lower()
    return [
        key
        for key in keys
        if key.kid.hex() == kid or (len(start) >= LEAST and heard(of_key(key)).startswith(start))
    ]


def _spoken(digest: bytes) -> str:
    letters = base64.b32encode(digest).decode()[: GROUP * GROUPS]
    return "-".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP))
