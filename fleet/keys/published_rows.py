"""One key as its publisher tells of it, in any of the shapes that lists of keys have in the wild."""

import base64
import binascii
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from wire.foreign.keys import MODULUS_BYTES
from wire.foreign.passes import Kind
from wire.keys import KID_BYTES

MAX_TEXT: Final = 16_384
"""Of a certificate in base64; real ones have up to 3 kB."""
MAX_KID_BYTES: Final = 64
_PEM_LINES: Final = re.compile(r"-----[A-Z ]+-----|\s")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_SUBJECT: Final = re.compile(r"(?:^|, ?)C=([A-Z]{2})(?:,|$)")
_TYPE: Final = re.compile(r"[A-Za-z_]{1,20}")
_HEX_KID: Final = re.compile(r"[0-9a-fA-F]{16}")
_ALIASES: Final = {"EL": "GR", "UK": "GB"}  # what the EU itself writes -> ISO 3166
# The members in which lists carry the same thing.
_KIDS: Final = ("kid", "keyId", "identyfikatorKlucza")
_CERTIFICATES: Final = ("rawData", "certyfikat", "certificate")
_KEYS: Final = ("subjectPk", "subjectPublicKeyInfo", "publicKeyPem")
_USES: Final = ("keyUsage", "use")
_LETTERS: Final = {"t": Kind.TEST, "v": Kind.VACCINATION, "r": Kind.RECOVERY}
_JWK: Final = ("x", "y", "n", "e")
_ORDINARY_USES: Final = ("", "sig")
Value = Any  # what JSON can say


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a publisher says of one key; `trouble` says why a row cannot be used at all."""

    where: str
    """Its place in the file, in words of ours: no text of a file gets onto a terminal."""
    certificate: bytes | None = None
    key: bytes | None = None
    """A bare public key (SubjectPublicKeyInfo)."""
    jwk: Mapping[str, Value] | None = None
    kid: bytes | None = None
    country: str = ""
    kinds: Kind | None = None
    begins: int | None = None
    ends: int | None = None
    iss: str = ""
    name: str = ""
    """Of the issuer, as a directory has it: not yet known to be printable."""
    trouble: str = ""


def listed(found: Value, where: str = "row", country: str = "") -> Iterator[Row]:
    """The rows of an array of certificates, or of objects that hold one."""
    for number, entry in enumerate(found if isinstance(found, list) else (), 1):
        yield _row(f"{where} {number}", entry, country)


def by_kid(found: Value) -> Iterator[Row]:
    """The rows of an object whose names are key ids, each with one key or several."""
    for number, (name, held) in enumerate(found.items() if isinstance(found, dict) else (), 1):
        kid = _kid(name)
        where = f"key {number}" if kid is None else f"key {kid.hex()}"
        for entry in held if isinstance(held, list) else (held,):
            row = _row(where, entry, "")
            yield row if row.kid is not None else replace(row, kid=kid)


def by_country(found: Value) -> Iterator[Row]:
    """The rows of an object whose names are countries, each with a JWK set."""
    for name, held in found.items() if isinstance(found, dict) else ():
        country = _country(name)
        inner = held.get("keys") if isinstance(held, dict) else held
        yield from listed(inner, f"{country or 'country'} row", country)


def jwks(found: Value) -> Iterator[Row]:
    """The rows of a JWK set, each as it is."""
    return _jwks(found, "key")


def directory(found: Value) -> Iterator[Row]:
    """The rows of a directory of issuers, each with its name and its keys."""
    for number, entry in enumerate(found if isinstance(found, list) else (), 1):
        issuer = entry.get("issuer") if isinstance(entry, dict) else None
        if not isinstance(issuer, dict) or not isinstance(issuer.get("iss"), str):
            yield Row(where=f"issuer {number}", trouble="it does not say which issuer it is")
            continue
        name = issuer.get("name")
        for row in _jwks(entry.get("keys"), f"issuer {number} key"):
            yield replace(row, iss=issuer["iss"], name=name if isinstance(name, str) else "")


def methods(found: Value) -> Iterator[Row]:
    """The verification methods of a DID document; the fragment of a method's id is its key id.

    Only those count that it lists for assertions: NZ COVID Pass, 7.2 (DID Core, 5.3.2).
    """
    subject = found.get("id") if isinstance(found.get("id"), str) else ""
    held, relations = found["verificationMethod"], found.get("assertionMethod")
    asserting = [name for name in relations if isinstance(name, str)] if isinstance(relations, list) else []
    for number, entry in enumerate(held if isinstance(held, list) else (), 1):
        where = f"method {number}"
        name = entry.get("id") if isinstance(entry, dict) else None
        owner, mark, fragment = name.partition("#") if isinstance(name, str) else ("", "", "")
        if not mark or not fragment or owner not in {"", subject}:
            yield Row(where=where, trouble="its id is no fragment of this document")
        elif name not in asserting and f"#{fragment}" not in asserting:
            yield Row(where=where, trouble="its document does not list it for assertions")
        elif not isinstance(entry.get("publicKeyJwk"), dict):
            yield Row(where=where, trouble="it holds no publicKeyJwk")
        else:
            kid = fragment.encode(errors="surrogatepass")
            yield Row(where=where, jwk=entry["publicKeyJwk"], kid=kid, iss=subject)


def certificate(where: str, text: Value) -> Row:
    """A row that is nothing but a certificate in base64."""
    try:
        return Row(where=where, certificate=_bytes(text))
    except ValueError:
        return Row(where=where, trouble="it is no certificate in base64")


def are_kids(names: Collection[str]) -> bool:
    """Whether names are ids of signers of EU certificates: nearly all of 8 bytes; real lists have others."""
    kids = [_kid(name) for name in names]
    usual = sum(1 for kid in kids if kid is not None and len(kid) == KID_BYTES)
    return None not in kids and 2 * usual > len(kids)


def _jwks(found: Value, where: str) -> Iterator[Row]:
    for number, entry in enumerate(found if isinstance(found, list) else (), 1):
        place = f"{where} {number}"
        if not isinstance(entry, dict):
            yield Row(where=place, trouble="it is no JWK")
            continue
        chain = entry.get("x5c")
        first = chain[0] if isinstance(chain, list) and chain else None
        kept = certificate(place, first).certificate if first is not None else None
        yield Row(where=place, jwk=entry, certificate=kept, kid=_kid(entry.get("kid")))


def _row(where: str, entry: Value, country: str) -> Row:
    if not isinstance(entry, dict):
        return replace(certificate(where, entry), country=country)
    kind = entry.get("certificateType", "DSC")
    if kind != "DSC":
        said = kind if isinstance(kind, str) and _TYPE.fullmatch(kind) else "other"
        return Row(where=where, trouble=f"a certificate of the type {said}: it signs no passes")
    row = Row(
        where=where,
        country=country or _country(entry.get("country")) or _country(entry.get("ian")) or _subject(entry),
        kid=_kid(_first(entry, _KIDS)),
        begins=_moment(entry.get("notBefore")),
        ends=_moment(entry.get("notAfter")),
    )
    try:
        return _with_key(replace(row, kinds=_kinds(_first(entry, _USES))), entry)
    except ValueError as error:
        return replace(row, trouble=str(error) or "its key is no base64")


def _with_key(row: Row, entry: Mapping[str, Value]) -> Row:
    chain = entry.get("x5c")
    found = chain[0] if isinstance(chain, list) and chain else _first(entry, _CERTIFICATES)
    bare = _first(entry, _KEYS)
    if entry.get("crv") or entry.get("n"):
        row = replace(row, jwk=_jwk(entry))
    if found is not None:
        return replace(row, certificate=_bytes(found))
    if row.jwk is None and bare is None:
        raise ValueError("it holds neither a certificate nor a key")
    return row if row.jwk is not None else replace(row, key=_bytes(bare))


def _jwk(entry: Mapping[str, Value]) -> Mapping[str, Value]:
    """A JWK from numbers in whatever base64; which use it is for was read before."""
    kind = {"kty": "EC", "crv": entry["crv"]} if entry.get("crv") else {"kty": "RSA"}
    return kind | {name: _url(entry[name]) for name in _JWK if entry.get(name) is not None}


def _first(entry: Mapping[str, Value], names: tuple[str, ...]) -> Value:
    return next((entry[name] for name in names if entry.get(name) is not None), None)


def _bytes(text: Value) -> bytes:
    if not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT:
        raise ValueError("its certificate or key is no text of a fitting length")
    plain = _PEM_LINES.sub("", text).translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("its certificate or key is no base64") from error


def _url(text: Value) -> str:
    """A number of a key, in whichever base64 and with whatever zeros before it, as a JWK has it."""
    number = _bytes(text)
    if len(number) > MODULUS_BYTES[0]:
        number = number.lstrip(b"\0")  # of an RSA modulus; a coordinate keeps its zeros
    return base64.urlsafe_b64encode(number).decode().rstrip("=")


def _kid(text: Value) -> bytes | None:
    """A key id from base64, or from hex where it is the usual one; None for anything else."""
    if not isinstance(text, str):
        return None
    if _HEX_KID.fullmatch(text):
        return bytes.fromhex(text)
    try:
        kid = _bytes(text)
    except ValueError:
        return None
    return kid if 0 < len(kid) <= MAX_KID_BYTES else None


def _country(text: Value) -> str:
    code = text.upper() if isinstance(text, str) else ""
    return _ALIASES.get(code, code) if _COUNTRY.fullmatch(code) else ""


def _subject(entry: Mapping[str, Value]) -> str:
    text = entry.get("subject")
    found = _SUBJECT.search(text) if isinstance(text, str) else None
    return _country(found[1]) if found else ""


def _kinds(uses: Value) -> Kind | None:
    """What letters like "tv" let a key state; None when nothing is said; ValueError for what is unknown."""
    if isinstance(uses, list):
        uses = "".join(use for use in uses if isinstance(use, str))
    if not isinstance(uses, str) or uses in _ORDINARY_USES:
        return None
    kinds = Kind(0)
    for letter in uses:
        kinds |= _LETTERS.get(letter, Kind(0))
    if not kinds:
        raise ValueError("it is for a use that is not known here")
    return kinds


def _moment(text: Value) -> int | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is None:
            return None
        return max(0, int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))
    except (ValueError, OverflowError):
        return None
