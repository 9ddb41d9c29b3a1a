"""Keys as JSON has them (RFC 7517): P-256 and RSA keys with their ids, and sets of them."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from wire.errors import Flaw, WireError
from wire.foreign import keys, notation
from wire.foreign.keys import PassKey, RsaKey
from wire.keys import COORDINATE_BYTES, Alg, PublicKey

MAX_SET_BYTES: Final = 1 << 20
"""Some hundred keys, each with a chain of certificates."""
MAX_KEYS: Final = 2_000
MAX_TEXT: Final = 1_024
"""Of one parameter: an RSA modulus of 4096 bits takes 683 characters."""
KID_BYTES: Final = 64
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class KeySet:
    """What a JWK set holds: id and key of all that can be used here, and why each other one is left out."""

    keys: tuple[tuple[bytes, PassKey], ...]
    left_out: tuple[str, ...]


def read(jwk: Mapping[str, Any]) -> tuple[bytes, PassKey]:
    """The id and the key of one JWK; the id is its text in UTF-8, the thumbprint where it has none.

    WireError(KID) for a key that is none, that is of another kind or for another use, or that gives
    its private half away: whoever has read that can sign with it.
    """
    if not _PRIVATE.isdisjoint(jwk):
        raise WireError(Flaw.KID, "the private half of the key stands beside the public one: never trust it")
    fields = _FIELDS.get(_text(jwk, "kty"))
    if fields is None:
        raise WireError(Flaw.KID, "no system of passes signs with that kind of key")
    key = fields(jwk)
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", keys.alg_of(key).name) != keys.alg_of(key).name:
        raise WireError(Flaw.KID, "the key is for another use or algorithm")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise WireError(Flaw.KID, "the key is not for verifying")
    return _kid(jwk, key), key


def read_ed25519(jwk: Mapping[str, Any]) -> tuple[bytes, PublicKey]:
    """The id and the key of an Ed25519 JWK (RFC 8037), for codes of ours: no system of passes has such keys.

    WireError(KID) as from `read`.
    """
    if not _PRIVATE.isdisjoint(jwk) or jwk.get("crv") != "Ed25519":
        raise WireError(Flaw.KID, "this is no public Ed25519 key")
    x = _number(jwk, "x")
    if len(x) != COORDINATE_BYTES:
        raise WireError(Flaw.KID, "an Ed25519 key has 32 bytes")
    key = PublicKey(Alg.EDDSA, x)
    return _kid(jwk, key), key


def read_set(data: bytes) -> KeySet:
    """A JWK set in JSON; as RFC 7517, 5 wishes, what cannot be used does not spoil the rest.

    WireError(SIZE), WireError(JSON), or WireError(SCHEMA) when it is no set at all.
    """
    found = notation.from_json(data, max_bytes=MAX_SET_BYTES)
    rows = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(rows, list) or len(rows) > MAX_KEYS:
        raise WireError(Flaw.SCHEMA, f"a JWK set is an object with at most {MAX_KEYS} keys")
    usable: list[tuple[bytes, PassKey]] = []
    left_out: list[str] = []
    for place, row in enumerate(rows, 1):
        try:
            usable.append(read(row if isinstance(row, dict) else {}))
        except WireError as error:
            left_out.append(f"key {place}: {error.detail}")
    return KeySet(tuple(usable), tuple(left_out))


def thumbprint(key: PassKey) -> str:
    """The SHA-256 thumbprint of a key (RFC 7638), as SMART Health Cards name keys: base64url."""
    encode = notation.to_base64url
    if isinstance(key, RsaKey):
        required = {"e": encode(key.exponent), "kty": "RSA", "n": encode(key.modulus)}
    elif key.alg is Alg.EDDSA:
        required = {"crv": "Ed25519", "kty": "OKP", "x": encode(key.x)}
    else:
        required = {"crv": "P-256", "kty": "EC", "x": encode(key.x), "y": encode(key.y)}
    canonical = json.dumps(required, separators=(",", ":"), sort_keys=True)
    return encode(hashlib.sha256(canonical.encode()).digest())


def write(key: PassKey, kid: str | None = None) -> dict[str, str]:
    """The JWK of a key, under its thumbprint unless another id is given."""
    encode = notation.to_base64url
    named = {"kid": kid or thumbprint(key), "use": "sig"}
    if isinstance(key, PublicKey) and key.alg is Alg.EDDSA:
        return {"kty": "OKP", **named, "alg": "EdDSA", "crv": "Ed25519", "x": encode(key.x)}
    head = named | {"alg": keys.alg_of(key).name}
    if isinstance(key, RsaKey):
        return {"kty": "RSA", **head, "n": encode(key.modulus), "e": encode(key.exponent)}
    return {"kty": "EC", **head, "crv": "P-256", "x": encode(key.x), "y": encode(key.y)}


def _kid(jwk: Mapping[str, Any], key: PassKey) -> bytes:
    if "kid" not in jwk:
        return thumbprint(key).encode()
    try:
        kid = _text(jwk, "kid").encode()
    except UnicodeEncodeError as error:
        raise WireError(Flaw.KID, "the id of a key is no text") from error
    if not 0 < len(kid) <= KID_BYTES:
        raise WireError(Flaw.KID, f"the id of a key has 1 to {KID_BYTES} bytes")
    return kid


def _ec(jwk: Mapping[str, Any]) -> PassKey:
    if jwk.get("crv") != "P-256":
        raise WireError(Flaw.KID, "no system of passes signs on that curve")
    key = keys.from_cose({1: 2, -1: 1, -2: _number(jwk, "x"), -3: _number(jwk, "y")})
    return _usable(key)


def _rsa(jwk: Mapping[str, Any]) -> PassKey:
    return _usable(keys.from_cose({1: 3, -1: _number(jwk, "n"), -2: _number(jwk, "e")}))


def _usable(key: PassKey) -> PassKey:
    """The key, if its numbers are one: a point on its curve, a modulus and exponent that fit."""
    try:
        if isinstance(key, PublicKey):
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + key.x + key.y)
        else:
            rsa.RSAPublicNumbers(int.from_bytes(key.exponent), int.from_bytes(key.modulus)).public_key()
    except ValueError as error:
        raise WireError(Flaw.KID, "the numbers of the key are no key") from error
    return key


def _number(jwk: Mapping[str, Any], name: str) -> bytes:
    try:
        return notation.from_base64url(_text(jwk, name))
    except ValueError as error:
        raise WireError(Flaw.KID, f"{name} of the key is not base64url") from error


def _text(jwk: Mapping[str, Any], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise WireError(Flaw.KID, f"{name} of the key is missing or no text of at most {MAX_TEXT} characters")
    return value


_FIELDS: Final[Mapping[str, Callable[[Mapping[str, Any]], PassKey]]] = {"EC": _ec, "RSA": _rsa}
