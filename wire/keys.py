"""Signature keys as COSE_Key maps: what identifies a key, and what it can sign or verify."""

import base64
import functools
import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple, Protocol, Self, TypeGuard

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from wire import cbor
from wire.errors import Flaw, WireError

KID_BYTES: Final = 8
COORDINATE_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
FINGERPRINT_CHARACTERS: Final = 10


class Alg(IntEnum):
    """Signature algorithms (IANA COSE Algorithms registry)."""

    ES256 = -7
    EDDSA = -8


# COSE_Key labels and values: RFC 9053, section 7.
_KTY, _CRV, _X, _Y = 1, -1, -2, -3
_OKP, _EC2 = 1, 2
_P256, _ED25519 = 1, 6


class _Shape(NamedTuple):
    alg: Alg
    labels: frozenset[int]


_SHAPES: Final = {
    (_EC2, _P256): _Shape(Alg.ES256, frozenset({_KTY, _CRV, _X, _Y})),
    (_OKP, _ED25519): _Shape(Alg.EDDSA, frozenset({_KTY, _CRV, _X})),
}
_ECDSA_SHA256: Final = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: `x` and `y` are 32 bytes each; `y` is empty for Ed25519."""

    alg: Alg
    x: bytes
    y: bytes = b""

    @classmethod
    def from_cose(cls, value: object) -> Self:
        """Read a COSE_Key map with exactly the required parameters; WireError(KID) if it is no such key."""
        if isinstance(value, dict):
            kty, crv, x, y = value.get(_KTY), value.get(_CRV), value.get(_X), value.get(_Y)
            # Compared with their types: to Python, true and 1.0 are 1.
            row = _SHAPES.get((kty, crv)) if type(kty) is type(crv) is int else None
            if row is not None and row.labels == value.keys() and _is_coordinate(x):
                if row.alg is Alg.EDDSA:
                    return cls(Alg.EDDSA, x)
                if _is_coordinate(y):
                    return cls(Alg.ES256, x, y)
        raise WireError(Flaw.KID, "not a P-256 or Ed25519 COSE_Key with exactly its required parameters")

    @classmethod
    def from_cryptography(cls, key: object) -> Self:
        """Take over a key object of the `cryptography` package (P-256 or Ed25519)."""
        if isinstance(key, ed25519.Ed25519PublicKey):
            return cls(Alg.EDDSA, key.public_bytes_raw())
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            numbers = key.public_numbers()
            return cls(Alg.ES256, numbers.x.to_bytes(COORDINATE_BYTES), numbers.y.to_bytes(COORDINATE_BYTES))
        raise WireError(Flaw.ALG, "only P-256 and Ed25519 keys are used here")

    def cose(self) -> dict[int, int | bytes]:
        """The COSE_Key map with its required parameters only."""
        if self.alg is Alg.EDDSA:
            return {_KTY: _OKP, _CRV: _ED25519, _X: self.x}
        return {_KTY: _EC2, _CRV: _P256, _X: self.x, _Y: self.y}

    @property
    def thumbprint(self) -> bytes:
        """SHA-256 over the deterministic encoding of the required parameters (RFC 9679)."""
        return _thumbprint(self)

    @property
    def kid(self) -> bytes:
        """The first 8 bytes of the thumbprint: the key id used in headers."""
        return _thumbprint(self)[:KID_BYTES]

    @property
    def fingerprint(self) -> str:
        """What two people compare: 50 bits of the thumbprint as base32, in two groups of five characters."""
        digits = base64.b32encode(_thumbprint(self)).decode()[:FINGERPRINT_CHARACTERS]
        return f"{digits[:5]}-{digits[5:]}"

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return if `signature` (64 bytes, raw) is this key's over `message`; else WireError(SIGNATURE)."""
        if len(signature) != SIGNATURE_BYTES:
            raise WireError(Flaw.SIGNATURE, "a signature has 64 bytes")
        try:
            key = self._loaded()
            if isinstance(key, ed25519.Ed25519PublicKey):
                key.verify(signature, message)
            else:
                r = int.from_bytes(signature[:COORDINATE_BYTES])
                s = int.from_bytes(signature[COORDINATE_BYTES:])
                key.verify(encode_dss_signature(r, s), message, _ECDSA_SHA256)
        except (InvalidSignature, ValueError) as error:
            raise WireError(Flaw.SIGNATURE, "the signature does not verify") from error

    def _loaded(self) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey:
        return _load(self)


def _is_coordinate(part: object) -> TypeGuard[bytes]:
    return isinstance(part, bytes) and len(part) == COORDINATE_BYTES


@functools.lru_cache(maxsize=256)
def _thumbprint(key: PublicKey) -> bytes:
    return hashlib.sha256(cbor.encode(key.cose())).digest()


@functools.lru_cache(maxsize=256)
def _load(key: PublicKey) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey:
    """The key as an object of `cryptography`; ValueError for a point that is not on its curve."""
    if key.alg is Alg.EDDSA:
        return ed25519.Ed25519PublicKey.from_public_bytes(key.x)
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + key.x + key.y)


class Signer(Protocol):
    """Whatever can sign: a key in memory, a sealed file once opened, a PKCS#11 token."""

    @property
    def public(self) -> PublicKey:
        """The key with which others verify."""
        ...

    def sign(self, message: bytes) -> bytes:
        """64 raw signature bytes over `message`."""
        ...


class PrivateKey:
    """A private key held in memory. It has no repr that shows it and cannot be pickled."""

    __slots__ = ("_key", "public")

    def __init__(self, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> None:
        self._key = key
        self.public: PublicKey = PublicKey.from_cryptography(key.public_key())

    @classmethod
    def generate(cls, alg: Alg = Alg.ES256) -> Self:
        """Make a new key."""
        if alg is Alg.EDDSA:
            return cls(ed25519.Ed25519PrivateKey.generate())
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: bytes | None = None) -> Self:
        """Open a PKCS#8 PEM, sealed when a passphrase is given; WireError(KID) if that fails."""
        try:
            key = serialization.load_pem_private_key(pem, passphrase)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise WireError(
                Flaw.KID, "the private key file cannot be opened: wrong passphrase or damaged file"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
            raise WireError(Flaw.ALG, "only P-256 and Ed25519 keys are used here")
        return cls(key)

    def to_pem(self, passphrase: bytes | None = None) -> bytes:
        """PKCS#8 PEM, sealed with `passphrase` when one is given."""
        seal: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        )
        return self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, seal)

    def crypto(self) -> ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey:
        """The object of the `cryptography` package, for X.509 requests."""
        return self._key

    def sign(self, message: bytes) -> bytes:
        """64 raw signature bytes over `message`."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(message)
        r, s = decode_dss_signature(self._key.sign(message, _ECDSA_SHA256))
        return r.to_bytes(COORDINATE_BYTES) + s.to_bytes(COORDINATE_BYTES)

    def __repr__(self) -> str:
        return f"PrivateKey(kid={self.public.kid.hex()})"

    def __reduce__(self) -> Any:  # noqa: ANN401 - the signature object.__reduce__ has
        raise TypeError("a private key is not pickled")
