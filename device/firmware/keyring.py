"""Keys that somebody gives along with a text to be checked: certificates and JWKs under their ids."""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from wire.errors import Flaw, WireError
from wire.foreign import certificate, jwk, notation
from wire.foreign.keys import PassKey
from wire.foreign.passes import EVERY_KIND, Kind

MAX_KEYS: Final = 10_000
"""In one line; the lists of all countries together have some thousand."""
REMEMBERED: Final = 1_024
"""Lines repeat their keys, and reading a certificate costs as much as a signature."""
# What is remembered is remembered with its text: without these, a thousand keys would be gigabytes.
MAX_CERTIFICATE_TEXT: Final = 12_000
MAX_JWK_TEXT: Final = 32_768
"""With a chain of certificates in it."""
MAX_KID_TEXT: Final = 1_024
"""That of a DID, of which no header has more than the last part."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key and what it is good for; times in unix seconds, both included, None when nobody says."""

    key: PassKey
    not_before: int | None = None
    not_after: int | None = None
    kinds: Kind = EVERY_KIND


class _Refusal(NamedTuple):
    """Why a key cannot be used. No error: one that is kept holds the lines of everybody who raised it."""

    flaw: Flaw
    detail: str


class _Read(NamedTuple):
    """A key, and the id that its own bytes make; None for what has none."""

    kid: bytes | None
    key: Key | _Refusal


@dataclass(frozen=True, slots=True)
class Given:
    """One row of what somebody trusts, not opened yet: most rows of a long list are never needed."""

    issuer: str | None
    kid: str | None
    certificate: str | None
    jwk: Mapping[str, Any] | None

    def opened(self) -> Key:
        """The key; WireError when it cannot be used."""
        found = self._read().key
        if isinstance(found, _Refusal):
            raise WireError(*found)
        return found

    def names(self, kids: frozenset[bytes]) -> bool:
        """Whether its id is one of these; what gives no id has the one that its own bytes make."""
        if self.kid is not None:
            return len(self.kid) <= MAX_KID_TEXT and not kids.isdisjoint(_written(self.kid))
        return self._read().kid in kids

    def _read(self) -> _Read:
        if self.certificate is not None:
            if len(self.certificate) > MAX_CERTIFICATE_TEXT:
                return _refused(Flaw.SIZE, f"a certificate has at most {MAX_CERTIFICATE_TEXT} characters")
            return _read_certificate(self.certificate)
        try:
            text = json.dumps(self.jwk)
            if len(text) <= MAX_JWK_TEXT:
                return _read_jwk(text)
        except RecursionError:
            pass  # what could just be read may be too deep to be written
        return _refused(Flaw.KID, f"a JWK is flat, and has at most {MAX_JWK_TEXT} characters")


def given(rows: Iterable[object]) -> tuple[Given, ...]:
    """Rows {"kid", "cert"} or {"iss", "kid", "jwk"}; ValueError for what has neither shape."""
    return tuple(map(_given, rows))


def _given(row: object) -> Given:
    if not isinstance(row, dict):
        raise ValueError("what is trusted is no object")  # noqa: TRY004 - one kind of error for all of a line
    issuer, kid, text, key = (row.get(name) for name in ("iss", "kid", "cert", "jwk"))
    if (
        not isinstance(issuer, str | None)
        or not isinstance(kid, str | None)
        or not isinstance(text, str | None)
        or not isinstance(key, dict | None)
        or (text is None and key is None)
    ):
        raise ValueError("what is trusted has neither a certificate nor a JWK")
    return Given(issuer, kid, text, key)


def meanings(kid: bytes) -> frozenset[bytes]:
    """A pass's key id, with the bytes that it is the base64 of where it is a text like a thumbprint."""
    try:
        return frozenset({kid, _from_base64(kid.decode("ascii"))})
    except (UnicodeDecodeError, WireError):
        return frozenset({kid})


@functools.lru_cache(maxsize=REMEMBERED)
def _written(kid: str) -> frozenset[bytes]:
    """Every id that a text may mean: itself, the last part of a DID URL, or what it is the base64 of.

    An id only says which key to try; whether that key fits is decided by the signature.
    """
    raw = kid.rpartition("#")[2].encode("utf-8", "replace")
    try:
        return frozenset({raw, _from_base64(kid)})
    except WireError:
        return frozenset({raw})


def _from_base64(text: str) -> bytes:
    """Base64 of either alphabet, padded or not, lines broken or not; WireError(CERTIFICATE)."""
    packed = "".join(text.split()).rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return notation.from_base64url(packed)
    except ValueError as error:
        raise WireError(Flaw.CERTIFICATE, "not base64") from error


def _refused(flaw: Flaw, detail: str) -> _Read:
    return _Read(None, _Refusal(flaw, detail))


@functools.lru_cache(maxsize=REMEMBERED)
def _read_certificate(text: str) -> _Read:
    try:
        found = certificate.read(_from_base64(text))
    except WireError as error:
        return _refused(error.flaw, error.detail)
    return _Read(found.kid, Key(found.key, found.not_before, found.not_after, found.kinds))


@functools.lru_cache(maxsize=REMEMBERED)
def _read_jwk(text: str) -> _Read:
    try:
        fields = json.loads(text)
        kid, key = jwk.read_ed25519(fields) if fields.get("kty") == "OKP" else jwk.read(fields)
    except WireError as error:
        return _refused(error.flaw, error.detail)
    return _Read(kid, Key(key))
