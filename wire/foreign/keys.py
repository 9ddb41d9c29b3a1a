"""Keys that sign passes of other systems: P-256 (ES256) and RSA (PS256), as COSE_Key maps."""

import functools
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TypeAlias, TypeGuard

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from wire.errors import Flaw, WireError
from wire.keys import Alg, PublicKey


class PassAlg(IntEnum):
    """Signature algorithms of passes (IANA COSE Algorithms registry)."""

    ES256 = -7
    PS256 = -37


# COSE_Key labels and values: RFC 8230, section 4.
_KTY, _N, _E = 1, -1, -2
_RSA: Final = 3
MODULUS_BYTES: Final = (256, 512)
"""2048 to 4096 bits: less is not safe, more costs a gate too long."""
EXPONENT_BYTES: Final = 4
_SHA256: Final = hashes.SHA256()
_PSS: Final = padding.PSS(mgf=padding.MGF1(_SHA256), salt_length=padding.PSS.AUTO)
"""Real signers have used other salts than the 32 bytes of RFC 8230; which one does not matter for safety."""


@dataclass(frozen=True, slots=True)
class RsaKey:
    """An RSA public key, both numbers big-endian without leading zeros."""

    modulus: bytes
    exponent: bytes

    @property
    def alg(self) -> PassAlg:
        """What it signs with."""
        return PassAlg.PS256

    def cose(self) -> dict[int, Any]:
        """The COSE_Key map (RFC 8230, 4)."""
        return {_KTY: _RSA, _N: self.modulus, _E: self.exponent}


PassKey: TypeAlias = PublicKey | RsaKey


def from_cose(value: object) -> PassKey:
    """Read a COSE_Key map of P-256 or RSA with exactly the required parameters; else WireError(KID)."""
    if isinstance(value, dict) and value.get(_KTY) == _RSA:
        return _rsa_from(value)
    key = PublicKey.from_cose(value)
    if key.alg is not Alg.ES256:
        raise WireError(Flaw.KID, "no system of passes signs with that kind of key")
    return key


def _rsa_from(value: dict[Any, Any]) -> RsaKey:
    modulus, exponent = value.get(_N), value.get(_E)
    if (
        set(value) != {_KTY, _N, _E}
        or not _is_number(modulus, *MODULUS_BYTES)
        or not _is_number(exponent, 1, EXPONENT_BYTES)
    ):
        raise WireError(Flaw.KID, "an RSA key has a modulus of 2048 to 4096 bits and a small exponent")
    return RsaKey(modulus, exponent)


def _is_number(part: object, least: int, most: int) -> TypeGuard[bytes]:
    return isinstance(part, bytes) and least <= len(part) <= most and part[0] > 0


def alg_of(key: PassKey) -> PassAlg:
    """The algorithm that a key is for; WireError(ALG) for an Ed25519 key, which no system of passes uses."""
    if isinstance(key, RsaKey):
        return PassAlg.PS256
    if key.alg is not Alg.ES256:
        raise WireError(Flaw.ALG, "no system of passes signs with that kind of key")
    return PassAlg.ES256


def verify(key: PassKey, signature: bytes, message: bytes) -> None:
    """Return if `signature` is this key's over `message`; else WireError(SIGNATURE)."""
    if isinstance(key, PublicKey):
        key.verify(signature, message)
        return
    try:
        _rsa(key).verify(signature, message, _PSS, _SHA256)
    except (InvalidSignature, ValueError) as error:
        raise WireError(Flaw.SIGNATURE, "the signature does not verify") from error


@functools.lru_cache(maxsize=256)
def _rsa(key: RsaKey) -> rsa.RSAPublicKey:
    """The key as an object of `cryptography`; ValueError for numbers that are no RSA key."""
    return rsa.RSAPublicNumbers(int.from_bytes(key.exponent), int.from_bytes(key.modulus)).public_key()
