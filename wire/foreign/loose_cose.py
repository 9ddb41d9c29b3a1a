"""COSE_Sign1 (RFC 9052, 4.2) as real passes carry it: lenient about headers, never about what was signed."""

import functools
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from wire import cbor, plain_sign1
from wire.errors import Flaw, WireError
from wire.foreign import loose_cbor
from wire.foreign.keys import PassAlg
from wire.foreign.passes import Pass, Unverified

MAX_HEADER_BYTES: Final = 512
MAX_KID_BYTES: Final = 128
MAX_SIGNATURE_BYTES: Final = 512
"""That of an RSA key of 4096 bits."""
# What stands around real passes, some of it twice: "this is CBOR" (RFC 8949, 3.4.6), CWT (RFC 8392, 6) and
# COSE_Sign1.
_OUTER_TAGS: Final = frozenset({55_799, 61, 18})
# Header labels: RFC 9052, table 3.
ALG, CRITICAL, KID = 1, 2, 4
_ALGS: Final[Mapping[int, PassAlg]] = {int(alg): alg for alg in PassAlg}
_CONTEXT: Final = "Signature1"
_EMPTY: Final = (b"", b"\xa0")
"""An empty protected header as a verifier covers it (RFC 9052, 4.4), and as some signers did."""


class Sign1(NamedTuple):
    """A COSE_Sign1 taken apart. Nothing in it is verified, and the headers only say which key to try."""

    protected: Mapping[Any, Any]
    alg: PassAlg
    kid: bytes
    payload: bytes
    covers: tuple[bytes, ...]
    signature: bytes

    def of(self, body: Pass, claims: Mapping[str, Any]) -> Unverified:
        """The pass that its payload was read as."""
        return Unverified(
            body=body,
            alg=self.alg,
            kid=self.kid,
            covers=self.covers,
            signature=self.signature,
            claims=claims,
        )


@functools.lru_cache(maxsize=256)  # one for each key of an issuer: nearly every header was seen before
def _protected(data: bytes) -> Mapping[Any, Any]:
    fields = loose_cbor.decode(data, max_bytes=MAX_HEADER_BYTES) if data else {}
    if not isinstance(fields, dict):
        raise WireError(Flaw.COSE, "the protected header is not a map")
    if CRITICAL in fields:
        raise WireError(Flaw.COSE, "the header has parameters that must be understood and are not")
    return fields


def _named(fields: Mapping[Any, Any]) -> tuple[PassAlg, bytes]:
    """Algorithm and key id in a header; an empty key id where there is none."""
    return _alg(fields.get(ALG)), _kid(fields.get(KID, b""))


@functools.lru_cache(maxsize=256)
def _named_inside(data: bytes) -> tuple[PassAlg, bytes]:
    return _named(_protected(data))


def _alg(value: object) -> PassAlg:
    alg = _ALGS.get(value) if type(value) is int else None  # to Python, -7.0 is -7
    if alg is None:
        raise WireError(Flaw.ALG, "passes are signed with ES256 or PS256")
    return alg


def _kid(value: object) -> bytes:
    kid = value.encode() if isinstance(value, str) else value
    if not isinstance(kid, bytes) or len(kid) > MAX_KID_BYTES:
        raise WireError(Flaw.KID, f"a key id is at most {MAX_KID_BYTES} bytes or characters")
    return kid


def _covered(protected: bytes, fields: Mapping[Any, Any], payload: bytes) -> tuple[bytes, ...]:
    """Every Sig_structure that means this header and payload; an empty header stands in several ways."""
    if fields:
        return (cbor.encode_sorted([_CONTEXT, protected, b"", payload]),)
    ways = dict.fromkeys((*_EMPTY, protected))
    return tuple(cbor.encode_sorted([_CONTEXT, way, b"", payload]) for way in ways)


def _four(message: bytes, *, max_bytes: int) -> tuple[bytes, Mapping[Any, Any], bytes, bytes]:
    plain = plain_sign1.read(message)
    if plain is not None:
        return plain.protected, {}, plain.payload, plain.signature
    if loose_cbor.is_tagged(message):
        raise WireError(Flaw.COSE, "the tags say that it is another message, or there are too many of them")
    match loose_cbor.decode(message, max_bytes=max_bytes):
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)]:
            return protected, unprotected, payload, signature
    raise WireError(Flaw.COSE, "a COSE_Sign1 is an array of header, map, payload and signature")


def parse(data: bytes, *, max_bytes: int) -> Sign1:
    """Take a COSE_Sign1 apart, with or without tags around it. Raises WireError; verifies nothing.

    Algorithm and key id count from either header; where they stand in both, the protected one wins.
    """
    if len(data) > max_bytes:
        raise WireError(Flaw.SIZE, f"{len(data)} bytes where at most {max_bytes} are allowed")
    protected, unprotected, payload, signature = _four(
        loose_cbor.untagged(data, _OUTER_TAGS), max_bytes=max_bytes
    )
    if len(signature) > MAX_SIGNATURE_BYTES:
        raise WireError(Flaw.SIGNATURE, f"a signature has at most {MAX_SIGNATURE_BYTES} bytes")
    fields = _protected(protected)
    alg, kid = _named({**unprotected, **fields}) if unprotected else _named_inside(protected)
    return Sign1(
        protected=fields,
        alg=alg,
        kid=kid,
        payload=payload,
        covers=_covered(protected, fields, payload),
        signature=signature,
    )
