"""From a publisher's row to a key of a trust document: read, bounded in time, and what was odd about it."""

import warnings
from dataclasses import dataclass, replace
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from fleet.keys.published_rows import MAX_KID_BYTES, Row
from wire.documents import ForeignKey
from wire.errors import Flaw, WireError
from wire.foreign import certificate, jwk, keys
from wire.foreign.keys import PassAlg, PassKey
from wire.foreign.passes import EVERY_KIND, Format
from wire.keys import PublicKey

_KTY, _N, _E, _RSA = 1, -1, -2, 3  # COSE_Key: RFC 8230, 4
DAY_S: Final = 86_400
LATEST: Final = 2**40
"""Nobody's key counts longer; some certificates end in the year 9999."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """When keys count whose publisher says nothing of it, and when every key ends at the latest."""

    now: int
    ends: int
    latest: int = LATEST

    @property
    def begins(self) -> int:
        """The beginning of the day in UTC: the same file twice on one day says the same."""
        return self.now - self.now % DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """A key that passes can be checked with, and what was odd about it."""

    key: ForeignKey
    dated: bool
    """Its publisher said when it counts."""
    limited: bool
    """Its publisher said what it may state, be it everything."""
    odd: tuple[str, ...] = ()


def read(row: Row, system: Format, span: Span) -> Usable:
    """The key of a row; WireError says why it cannot be used."""
    if row.trouble:
        raise WireError(Flaw.KID, row.trouble)
    return _signer(row, span) if system is Format.HC1 else _member(row, system, span)


def country(row: Row) -> str:
    """Whose key it is, as the list says, else as its certificate's subject; "" when neither does."""
    if row.country or row.certificate is None:
        return row.country
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd certificates, which are not judged by this reader
        try:
            subject = x509.load_der_x509_certificate(row.certificate).subject
            found = subject.get_attributes_for_oid(x509.NameOID.COUNTRY_NAME)
        except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm):
            return ""
    code = str(found[0].value).upper() if len(found) == 1 else ""
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""  # noqa: PLR2004 - ISO 3166


def _signer(row: Row, span: Span) -> Usable:
    """A signer of EU certificates: by its certificate where there is one."""
    if row.certificate is None:
        return _bare(row, span)
    read = certificate.read(row.certificate)
    odd = []
    if row.jwk is not None and jwk.read(row.jwk)[1] != read.key:
        raise WireError(Flaw.KID, "the key beside its certificate is another one")
    if row.kid is not None and row.kid != read.kid:
        odd.append("it stands under another key id than its certificate's: that one counts")
    if row.kinds is not None and row.kinds != read.kinds:
        odd.append("the list and the certificate differ in what it may state: what both allow counts")
    kinds = read.kinds if row.kinds is None else read.kinds & row.kinds
    if not kinds:
        raise WireError(Flaw.CERTIFICATE, "list and certificate allow nothing in common")
    made = ForeignKey(
        kid=row.kid or read.kid,
        key=read.key,
        not_before=max(0, read.not_before),
        not_after=_end(read.not_after, span),
        kinds=kinds,
    )
    return Usable(key=made, dated=True, limited=True, odd=tuple(odd))


def _bare(row: Row, span: Span) -> Usable:
    """A signer of EU certificates of which the list has nothing but the key."""
    if row.kid is None:
        raise WireError(Flaw.KID, "it has no key id")
    key = jwk.read(row.jwk)[1] if row.jwk is not None else _public(row.key or b"")
    return _dated(row, row.kid, key, span)


def _member(row: Row, system: Format, span: Span) -> Usable:
    """A key of a JWK set or of a DID document."""
    if row.jwk is None:
        raise WireError(Flaw.KID, f"{system.name} passes are signed by keys of JWK sets and DID documents")
    kid, key = jwk.read(row.jwk)
    if keys.alg_of(key) is not PassAlg.ES256:
        raise WireError(Flaw.ALG, f"{system.name} passes are signed with ES256")
    odd: tuple[str, ...] = ()
    if system is Format.SHC and kid != jwk.thumbprint(key).encode():
        odd = ("its id is not its thumbprint",)
    if system is Format.NZCP and row.kid is not None:
        kid = row.kid
    if len(kid) > MAX_KID_BYTES:
        raise WireError(Flaw.KID, f"a key id has at most {MAX_KID_BYTES} bytes")
    if row.certificate is None:
        return replace(_dated(row, kid, key, span), odd=odd)
    beside = certificate.read(row.certificate)
    if beside.key != key:
        raise WireError(Flaw.KID, "the certificate beside the key is for another one")
    limits = replace(row, begins=max(0, beside.not_before), ends=beside.not_after)
    return replace(_dated(limits, kid, key, span), odd=odd)


def _dated(row: Row, kid: bytes, key: PassKey, span: Span) -> Usable:
    made = ForeignKey(
        kid=kid,
        key=key,
        not_before=span.begins if row.begins is None else row.begins,
        not_after=_end(span.ends if row.ends is None else row.ends, span),
        kinds=row.kinds or EVERY_KIND,
    )
    return Usable(key=made, dated=row.ends is not None, limited=row.kinds is not None)


def _end(ends: int, span: Span) -> int:
    return max(0, min(ends, span.latest))


def _public(info: bytes) -> PassKey:
    """A P-256 or RSA key from its SubjectPublicKeyInfo."""
    try:
        key = load_der_public_key(info)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise WireError(Flaw.KID, "it holds a key that nothing here can use") from error
    if not isinstance(key, rsa.RSAPublicKey):
        return keys.from_cose(PublicKey.from_cryptography(key).cose())
    numbers = key.public_numbers()
    modulus, exponent = (n.to_bytes((n.bit_length() + 7) // 8) for n in (numbers.n, numbers.e))
    return keys.from_cose({_KTY: _RSA, _N: modulus, _E: exponent})
