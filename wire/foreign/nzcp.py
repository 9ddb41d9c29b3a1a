"""New Zealand COVID Passes: text of a QR code to an unverified pass (NZ COVID Pass, version 1)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from wire.errors import Flaw, WireError
from wire.foreign import loose_cbor, loose_claims, loose_cose
from wire.foreign.keys import PassAlg
from wire.foreign.loose_claims import CTI, EXP, ISS, NBF, wrong
from wire.foreign.passes import MAX_TEXT, Format, Kind, Pass, Statement, Unverified

SCHEME: Final = "NZCP:/"
PREFIX: Final = "NZCP:/1/"
MAX_BYTES: Final = MAX_TEXT * 5 // 8
MAX_ISSUER: Final = 256
MAX_NAME: Final = 100
NUMBER_BYTES: Final = 16
_SIGN1_TAG: Final = b"\xd2"
_DID: Final = re.compile(r"did:web:[A-Za-z0-9._%:-]+")
# A multiple of eight characters is whole; of the rest, these lengths are whole bytes: RFC 4648, 6.
_TAILS: Final = frozenset({0, 2, 4, 5, 7})
_BASE32: Final = re.compile(r"[A-Z2-7]*")
# To Python's own digits of base 32: one long number is read far sooner than groups of eight characters.
_DIGITS: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghijklmnopqrstuv")
_CONTEXT: Final = "https://www.w3.org/2018/credentials/v1"
_TYPE: Final = ["VerifiableCredential", "PublicCovidPass"]
_VERSION: Final = "1.0.0"
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SAYS: Final = (Statement(kind=Kind.PASS),)


def _bytes(content: str) -> bytes:
    if not _BASE32.fullmatch(content) or len(content) % 8 not in _TAILS:
        raise WireError(Flaw.BASE32, "not base32 without padding")
    size, over = divmod(len(content) * 5, 8)
    return (int(content.translate(_DIGITS) or "0", 32) >> over).to_bytes(size)


def _subject(subject: object) -> None:
    if not isinstance(subject, dict):
        raise wrong("credentialSubject is not a map")
    loose_claims.text(subject.get("givenName"), "givenName", MAX_NAME)
    loose_claims.text(subject.get("familyName") or "", "familyName", MAX_NAME)
    if not _DATE.fullmatch(loose_claims.text(subject.get("dob"), "dob", MAX_NAME)):
        raise wrong("dob is no date")


def _credential(credential: object) -> None:
    """WireError(SCHEMA) unless it is the verifiable credential of a PublicCovidPass."""
    if not isinstance(credential, dict):
        raise wrong("vc is not a map")
    context = credential.get("@context")
    if not isinstance(context, list) or not all(isinstance(each, str) for each in context):
        raise wrong("@context is not an array of texts")
    if context[:1] != [_CONTEXT]:
        raise wrong("@context does not begin with that of verifiable credentials")
    if credential.get("type") != _TYPE:
        raise wrong("type is not that of a public COVID pass")
    if credential.get("version") != _VERSION:
        raise wrong("version is not 1.0.0")
    _subject(credential.get("credentialSubject"))


def _urn(number: bytes) -> str:
    digits = number.hex()
    return f"urn:uuid:{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _signed(content: str) -> loose_cose.Sign1:
    """The signed message; here the standard has real passes on its side, and allows no second way."""
    data = _bytes(content)
    if not data.startswith(_SIGN1_TAG) or loose_cbor.is_tagged(data[1:]):
        raise WireError(Flaw.COSE, "the tag of a COSE_Sign1 is missing, or not alone")
    signed = loose_cose.parse(data, max_bytes=MAX_BYTES)
    if signed.alg is not PassAlg.ES256 or loose_cose.ALG not in signed.protected:
        raise WireError(Flaw.ALG, "these passes are signed with ES256, and say so in the protected header")
    if not signed.kid or loose_cose.KID not in signed.protected:
        raise WireError(Flaw.KID, "these passes name their key in the protected header")
    return signed


def parse(content: str) -> Unverified:
    """What the text of a QR code says, its signature not verified; WireError with the layer that is wrong."""
    if not content.startswith(PREFIX):
        raise WireError(Flaw.PREFIX, f"the text does not begin with {PREFIX}")
    if len(content) > MAX_TEXT:
        raise WireError(Flaw.SIZE, f"a QR code holds {MAX_TEXT} characters")
    signed = _signed(content[len(PREFIX) :])
    claims: Mapping[Any, Any] = loose_claims.claims_of(signed.payload, max_bytes=MAX_BYTES)
    issuer = loose_claims.text(claims.get(ISS), "iss", MAX_ISSUER)
    if not _DID.fullmatch(issuer):
        raise wrong("iss is no did:web")
    number = claims.get(CTI)
    if not isinstance(number, bytes) or len(number) != NUMBER_BYTES:
        raise wrong("cti is no UUID")
    not_before = loose_claims.seconds(claims.get(NBF), "nbf")
    expires = loose_claims.seconds(claims.get(EXP), "exp")
    credential = claims.get("vc")
    _credential(credential)
    body = Pass(
        format=Format.NZCP,
        issuer=issuer,
        issued=None,
        not_before=not_before,
        expires=expires,
        number=number,
        statements=_SAYS,
    )
    told = {
        "iss": issuer,
        "nbf": not_before,
        "exp": expires,
        "jti": _urn(number),
        "vc": loose_claims.as_json(credential),
    }
    return signed.of(body, told)
