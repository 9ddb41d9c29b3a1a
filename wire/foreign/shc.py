"""SMART Health Cards (spec.smarthealth.cards, 1.4): QR texts <-> a signed bundle, unverified until checked.

`Pass.number` is the SHA-256 of the card's FHIR bundle, its keys sorted. A card has no id of its own: the
signature, `nbf` and the key change each time it is issued again, and a revocation id is made with the
key's id. The bundle, with whose it is and what was done when, stays.
"""

import functools
import hashlib
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from wire.errors import Flaw, WireError
from wire.foreign import fhir, notation
from wire.foreign.keys import PassAlg
from wire.foreign.passes import Format, Pass, Statement, Unverified

PREFIX: Final = "shc:/"
MAX_TEXT: Final = 7_089
"""What a QR code of version 40-L holds in numeric mode; a card should be version 22 at most."""
MAX_CHUNKS: Final = 32
MAX_JWS: Final = 32_768
MAX_HEADER_BYTES: Final = 512
MAX_INFLATED_BYTES: Final = 1 << 17
MAX_ISSUER: Final = 256
LATEST: Final = 253_402_300_799
"""The end of the year 9999: a time beyond is in milliseconds, or nonsense."""
CARD: Final = "https://smarthealth.cards#health-card"
_READABLE: Final = "4."
"""FHIR R4 and R4B. Other releases name things differently: their bundles state nothing here."""
_LOWEST: Final = 45
"""The character "-", the lowest of a JWS: two digits say how far a character is from it."""
_CHARACTERS: Final = bytes(range(_LOWEST, ord("z") + 1))
"""Up to the highest of a JWS; some pairs of digits stand for nothing."""
_RAW_DEFLATE: Final = -15
_THUMBPRINT_BYTES: Final = 32
_NUMERALS: Final = re.compile(r"(?:([1-9][0-9]?)/([1-9][0-9]?)/)?([0-9]+)")
_URL: Final = re.compile(r"https://[!-~]+")
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_DIGITS: Final = bytes((c - 48) & 0xFF for c in range(256))


class _Part(NamedTuple):
    place: int
    of: int
    digits: str


def is_chunk(text: str) -> bool:
    """Whether a text is one of several parts of a card; False also for what is no part of any."""
    try:
        return _part(text).of > 1
    except WireError:
        return False


@dataclass(frozen=True, slots=True)
class Chunks:
    """Parts of one card, held up one after another in any order; whoever collects lets go in time.

    At most `MAX_CHUNKS` texts of `MAX_TEXT` characters.
    """

    texts: tuple[str, ...] = ()

    def add(self, text: str) -> "Chunks":
        """These and another part; or that part alone when it belongs to another card.

        WireError when it is no part of a card.
        """
        part = _part(text)
        for kept in map(_part, self.texts):
            if kept == part:
                return self
            if kept.of != part.of or kept.place == part.place:
                return Chunks((text,))
        return Chunks((*self.texts, text))

    @property
    def of(self) -> int:
        """How many parts the card has; 0 when none was added."""
        return _part(self.texts[0]).of if self.texts else 0

    @property
    def whole(self) -> bool:
        """Whether all parts are here: give `texts` to `parse`."""
        return 0 < self.of == len(self.texts)


def parse(held: str | Sequence[str]) -> Unverified:
    """Read a card from its QR text, or from the texts of all its parts in any order.

    Raises WireError; checks limits before it decodes, and inflates no more than `MAX_INFLATED_BYTES`.
    """
    jws = _join((held,) if isinstance(held, str) else held)
    parts = jws.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - RFC 7515, 3.1: header, payload, signature
        raise WireError(Flaw.JWS, "a card is three texts with dots between them")
    header, payload, signature = map(_bytes, parts)
    kid = _kid(header)
    claims = notation.from_json(_inflate(payload), max_bytes=MAX_INFLATED_BYTES)
    return Unverified(
        body=_body(claims),
        alg=PassAlg.ES256,
        kid=kid,
        covers=(f"{parts[0]}.{parts[1]}".encode(),),
        signature=signature,
        claims=claims,
    )


def _part(text: str) -> _Part:
    if len(text) > MAX_TEXT:
        raise WireError(Flaw.SIZE, f"{len(text)} characters where at most {MAX_TEXT} are allowed")
    if text[: len(PREFIX)].lower() != PREFIX:
        raise WireError(Flaw.PREFIX, f"a card begins with {PREFIX}")
    found = _NUMERALS.fullmatch(text, len(PREFIX))
    if found is None or len(found[3]) % 2:
        raise WireError(Flaw.NUMERIC, "a card is pairs of digits")
    place, of = int(found[1] or 1), int(found[2] or 1)
    if not place <= of <= MAX_CHUNKS:
        raise WireError(Flaw.CHUNKS, f"part {place} of {of}: a card has at most {MAX_CHUNKS} parts")
    return _Part(place, of, found[3])


def _join(texts: Sequence[str]) -> str:
    if not 0 < len(texts) <= MAX_CHUNKS:
        raise WireError(Flaw.CHUNKS, f"a card has 1 to {MAX_CHUNKS} parts")
    parts = sorted(set(map(_part, texts)))
    of = parts[0].of
    if any(part.of != of for part in parts) or len({part.place for part in parts}) != len(parts):
        raise WireError(Flaw.CHUNKS, "these are parts of different cards")
    if len(parts) != of:
        raise WireError(Flaw.CHUNKS, f"{len(parts)} of {of} parts of the card: all are needed")
    digits = "".join(part.digits for part in parts)
    if len(digits) > 2 * MAX_JWS:
        raise WireError(Flaw.SIZE, f"{len(digits) // 2} characters where at most {MAX_JWS} are allowed")
    return _characters(digits)


def _characters(digits: str) -> str:
    """All pairs at once: as one long number with eight bits a pair, one addition adds them all."""
    values = digits.encode().translate(_DIGITS)
    count = len(values) // 2
    pairs = int.from_bytes(values[::2]) * 10 + int.from_bytes(values[1::2])
    codes = (pairs + int.from_bytes(bytes((_LOWEST,)) * count)).to_bytes(count)
    if codes.translate(None, _CHARACTERS):
        raise WireError(Flaw.NUMERIC, "a pair of digits stands for no character")
    return codes.decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        return notation.from_base64url(text)
    except ValueError as error:
        raise WireError(Flaw.JWS, "a part of the card is not base64url") from error


@functools.lru_cache(maxsize=256)  # few issuers: nearly every header was seen before
def _kid(header: bytes) -> bytes:
    """The key id of a header that is as it must be."""
    try:
        fields = notation.from_json(header, max_bytes=MAX_HEADER_BYTES)
    except WireError as error:
        raise WireError(Flaw.JWS, "the header is no JSON within limits") from error
    if not isinstance(fields, dict) or "crit" in fields:
        raise WireError(Flaw.JWS, "the header is no object, or demands what nobody here understands")
    if fields.get("alg") != PassAlg.ES256.name:
        raise WireError(Flaw.ALG, "cards are signed with ES256")
    if fields.get("zip") != "DEF":
        raise WireError(Flaw.INFLATE, "the header does not say that the payload is deflated")
    kid = fields.get("kid")
    if not isinstance(kid, str) or not _is_thumbprint(kid):
        raise WireError(Flaw.KID, "the key id is no SHA-256 thumbprint")
    return kid.encode()


def _is_thumbprint(kid: str) -> bool:
    try:
        return len(notation.from_base64url(kid)) == _THUMBPRINT_BYTES
    except ValueError:
        return False


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj(_RAW_DEFLATE)
    try:
        inflated = inflater.decompress(data, MAX_INFLATED_BYTES + 1)
    except zlib.error as error:
        raise WireError(Flaw.INFLATE, "the payload is not raw DEFLATE") from error
    if len(inflated) > MAX_INFLATED_BYTES:
        raise WireError(Flaw.INFLATE, f"the payload inflates to more than {MAX_INFLATED_BYTES} bytes")
    if not inflater.eof or inflater.unused_data:
        raise WireError(Flaw.INFLATE, "the payload ends too early, or something follows it")
    return inflated


def _body(claims: object) -> Pass:
    match claims:
        case {
            "iss": str(issuer),
            "nbf": begins,
            "vc": {"type": [*types], "credentialSubject": subject},
            **more,
        }:
            pass
        case _:
            raise WireError(Flaw.SCHEMA, "issuer, nbf or credential is missing")
    if CARD not in types:
        raise WireError(Flaw.SCHEMA, "the credential is no health card")
    if len(issuer) > MAX_ISSUER or not _URL.fullmatch(issuer):
        raise WireError(Flaw.SCHEMA, "the issuer is no https URL")
    issued = _time(begins)
    stated, number = _subject(subject)
    return Pass(
        format=Format.SHC,
        issuer=issuer,
        issued=issued,
        not_before=issued,
        expires=_time(more["exp"]) if "exp" in more else None,
        number=number,
        statements=stated,
    )


def _subject(subject: object) -> tuple[tuple[Statement, ...], bytes]:
    match subject:
        case {"fhirVersion": str(version), "fhirBundle": dict(bundle)}:
            stated = fhir.statements(bundle)
            return stated if version.startswith(_READABLE) else (), _number(bundle)
    raise WireError(Flaw.SCHEMA, "the credential has no FHIR version or no bundle")


def _number(bundle: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(_CANONICAL(bundle).encode()).digest()


def _time(value: object) -> int:
    """Seconds as JWT has them (RFC 7519, 2): issuers write fractions too."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST:
        raise WireError(Flaw.SCHEMA, "a time is not in seconds since 1970")
    return int(value)
