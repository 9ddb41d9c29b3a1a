"""COSE_Sign1 and COSE_Sign (RFC 9052, section 4): signed bytes taken apart, verified and made."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wire import cbor, plain_sign1
from wire.errors import Flaw, WireError
from wire.keys import KID_BYTES, Alg, PublicKey, Signer

MAX_SIGNATURES: Final = 16
# Nobody has vouched for an envelope yet: 700 kB of small items in its unprotected header would take
# seconds to decode. Sixteen signatures are a hundred items.
MAX_ENVELOPE_ITEMS: Final = 256
# Header labels: RFC 9052, table 3; `typ` is RFC 9596.
ALG, CRITICAL, CONTENT_TYPE, KID, TYP = 1, 2, 3, 4, 16
_SIGN1_TAG: Final = b"\xd2"  # tag 18
_SIGN_TAG: Final = b"\xd8\x62"  # tag 98
_UNDERSTOOD: Final = frozenset({ALG, CONTENT_TYPE, KID, TYP})


@dataclass(frozen=True, slots=True)
class Header:
    """Protected header parameters. Parameters outside the protected bucket are never believed."""

    alg: Alg | None = None
    kid: bytes | None = None
    content_type: str | None = None
    typ: str | None = None

    def encoded(self) -> bytes:
        """The bytes that are signed."""
        fields = {ALG: self.alg, KID: self.kid, CONTENT_TYPE: self.content_type, TYP: self.typ}
        present = {k: int(v) if isinstance(v, Alg) else v for k, v in fields.items() if v is not None}
        return cbor.encode(present) if present else b""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature with the bytes it covers (Sig_structure). Not yet verified."""

    header: Header
    signature: bytes
    covers: bytes

    def verify(self, key: PublicKey) -> None:
        """Return if this is `key`'s signature and the header names its algorithm; else WireError."""
        if self.header.alg is not key.alg:
            raise WireError(Flaw.ALG, "the header names another algorithm than the key's")
        key.verify(self.signature, self.covers)


@dataclass(frozen=True, slots=True)
class Signed:
    """A parsed COSE message. `payload` is *not* verified by being here; see `Signature.verify`."""

    header: Header
    payload: bytes
    signatures: tuple[Signature, ...]

    def verify(self, key: PublicKey) -> bytes:
        """The payload, if the one signature of a COSE_Sign1 is `key`'s; else WireError."""
        if len(self.signatures) != 1:
            raise WireError(Flaw.COSE, "one signature is expected here")
        self.signatures[0].verify(key)
        return self.payload


@functools.lru_cache(maxsize=256)  # few issuers and content types: nearly every header was seen before
def _header(protected: bytes) -> Header:
    fields = cbor.decode(protected, max_bytes=512) if protected else {}
    if not isinstance(fields, dict) or not _UNDERSTOOD.issuperset(fields):
        raise WireError(Flaw.COSE, "the protected header is not a map of parameters understood here")
    content_type, typ, kid = fields.get(CONTENT_TYPE), fields.get(TYP), fields.get(KID)
    if (
        not isinstance(content_type, str | None)
        or not isinstance(typ, str | None)
        or not isinstance(kid, bytes | None)
    ):
        raise WireError(Flaw.COSE, "a header parameter has the wrong type")
    alg = fields.get(ALG)
    if alg is not None and (type(alg) is not int or alg not in tuple(Alg)):
        raise WireError(Flaw.ALG, "only ES256 and EdDSA are used here")
    return Header(None if alg is None else Alg(alg), kid, content_type, typ)


def _untagged(data: bytes, tag: bytes, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise WireError(Flaw.SIZE, f"{len(data)} bytes where at most {max_bytes} are allowed")
    if not data.startswith(tag):
        raise WireError(Flaw.COSE, "the tag of the expected COSE message is missing")
    return data[len(tag) :]


def _array(data: bytes, max_bytes: int) -> list[Any]:
    value = cbor.decode(data, max_bytes=max_bytes, max_items=MAX_ENVELOPE_ITEMS)
    four = 4
    if not isinstance(value, list) or len(value) != four or not isinstance(value[1], dict):
        raise WireError(Flaw.COSE, "a COSE message is an array of four")
    if not isinstance(value[0], bytes):
        raise WireError(Flaw.COSE, "the protected header is not a byte string")
    if not isinstance(value[2], bytes):
        raise WireError(Flaw.COSE, "the payload is missing")
    return value


def _covered(protected: bytes) -> bytes:
    """An empty map is signed as if it were absent (RFC 9052, 4.4)."""
    return b"" if protected == b"\xa0" else protected


def _once(header: Header, unprotected: Mapping[Any, Any]) -> None:
    """WireError if a parameter stands in both buckets (RFC 9052, 3)."""
    if unprotected:
        both = {ALG: header.alg, CONTENT_TYPE: header.content_type, KID: header.kid, TYP: header.typ}
        if any(both[label] is not None for label in both if label in unprotected):
            raise WireError(Flaw.COSE, "a header parameter stands in both buckets")


def parse_sign1(data: bytes, *, max_bytes: int, external: bytes = b"") -> Signed:
    """Take a tagged COSE_Sign1 apart. Raises WireError; verifies nothing."""
    message = _untagged(data, _SIGN1_TAG, max_bytes)
    plain = plain_sign1.read(message)
    if plain is not None:
        protected, payload, signature = plain
        header = _header(protected)
    else:
        protected, unprotected, payload, signature = _array(message, max_bytes)
        if not isinstance(signature, bytes):
            raise WireError(Flaw.COSE, "the signature is not a byte string")
        header = _both(_header(protected), unprotected)
    covers = cbor.encode_sorted(["Signature1", _covered(protected), external, payload])
    return Signed(header, payload, (Signature(header, signature, covers),))


def _both(header: Header, unprotected: Mapping[Any, Any]) -> Header:
    """The header with a kid of the other bucket, if it has none."""
    _once(header, unprotected)
    if header.kid is None and isinstance(unprotected.get(KID), bytes):
        # A kid only says which key to try; whether that key fits is decided by the signature.
        return Header(header.alg, unprotected[KID], header.content_type, header.typ)
    return header


def sign1(payload: bytes, header: Header, signer: Signer, *, external: bytes = b"") -> bytes:
    """Make a tagged COSE_Sign1; the header gets the signer's algorithm."""
    protected = Header(signer.public.alg, header.kid, header.content_type, header.typ).encoded()
    signature = signer.sign(cbor.encode(["Signature1", protected, external, payload]))
    return _SIGN1_TAG + cbor.encode([protected, {}, payload, signature])


def parse_sign(data: bytes, *, max_bytes: int) -> Signed:
    """Take a tagged COSE_Sign (many signers) apart. Raises WireError; verifies nothing."""
    protected, unprotected, payload, rows = _array(_untagged(data, _SIGN_TAG, max_bytes), max_bytes)
    header = _header(protected)
    _once(header, unprotected)
    if not isinstance(rows, list) or len(rows) > MAX_SIGNATURES:
        raise WireError(Flaw.COSE, f"a COSE_Sign message has an array of at most {MAX_SIGNATURES} signatures")
    return Signed(header, payload, tuple(_signature(row, protected, payload) for row in rows))


def _signature(row: object, body_protected: bytes, payload: bytes) -> Signature:
    match row:
        case [bytes(protected), dict(unprotected), bytes(signature)]:
            header = _header(protected)
            _once(header, unprotected)
        case _:
            raise WireError(Flaw.COSE, "a COSE_Signature is an array of header, map and bytes")
    if header.kid is None or len(header.kid) != KID_BYTES:
        raise WireError(Flaw.KID, "every signature names its key")
    covers = cbor.encode(["Signature", _covered(body_protected), _covered(protected), b"", payload])
    return Signature(header, signature, covers)


def sign(payload: bytes, header: Header, signers: Sequence[Signer]) -> bytes:
    """Make a tagged COSE_Sign with one signature from each of `signers`."""
    protected = header.encoded()
    return _join(protected, payload, [_row(protected, payload, signer) for signer in signers])


def add_signature(data: bytes, signer: Signer, *, max_bytes: int) -> bytes:
    """A COSE_Sign message with `signer`'s signature added, or put in the place of its earlier one."""
    protected, _, payload, rows = _array(_untagged(data, _SIGN_TAG, max_bytes), max_bytes)
    parsed = parse_sign(data, max_bytes=max_bytes)
    others = [
        list(row)
        for row, parts in zip(rows, parsed.signatures, strict=True)
        if parts.header.kid != signer.public.kid
    ]
    return _join(protected, payload, [*others, _row(protected, payload, signer)])


def _row(body_protected: bytes, payload: bytes, signer: Signer) -> list[object]:
    protected = Header(signer.public.alg, signer.public.kid).encoded()
    covers = cbor.encode(["Signature", _covered(body_protected), protected, b"", payload])
    return [protected, {}, signer.sign(covers)]


def _join(protected: bytes, payload: bytes, rows: Sequence[object]) -> bytes:
    return _SIGN_TAG + cbor.encode([protected, {}, payload, list(rows)])
