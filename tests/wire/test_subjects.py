"""The digest by which staff lists and venue states name a person, and the fingerprint of a key."""

import base64
import hashlib

from wire.keys import PrivateKey
from wire.subjects import digest_of


def test_a_digest_is_the_first_sixteen_bytes_of_the_sha_256_of_a_subject():
    # SHA-256 of sixteen zero bytes, computed with coreutils.
    assert digest_of(bytes(16)).hex() == "374708fff7719dd5979ec875d56cd228"
    assert digest_of(b"x") == hashlib.sha256(b"x").digest()[:16]


def test_a_fingerprint_is_fifty_bits_of_the_thumbprint_in_two_groups_of_five():
    key = PrivateKey.generate().public
    left, right = key.fingerprint.split("-")
    assert (len(left), len(right)) == (5, 5)
    assert base64.b32encode(key.thumbprint).decode().startswith(left + right)
