"""Whose code or pass it is: the issuer's key, the signatures and the colour, from what is believed."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from device.firmware.errors import Unrecognised
from device.firmware.lists import in_date
from wire import cbor, code
from wire.documents import ForeignIssuer, ForeignKey, Issuer, KeyUse, Trust
from wire.errors import WireError
from wire.foreign import passes
from wire.foreign.passes import Format, Statement
from wire.keys import PublicKey
from wire.reasons import Colour, Reason
from wire.status import Token


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody's colour stands: a status list, and the index in it."""

    uri: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A code or a pass whose signatures hold. Nothing here says that it, its proof or its list is in date.

    A pass of another system has no colour, but statements; of whom they are is not in here.
    """

    issuer: Issuer | ForeignIssuer
    subject: bytes | None
    """16 opaque bytes; None for a pass that nothing tells from others here."""
    begins: int | None = None
    """From when on it is valid, unix seconds; None: it does not say."""
    expires: int | None
    """None: never."""
    proof_issued: int | None = None
    """Unix seconds; None for paper, for a pass, and for a phone's code that came without its proof."""
    paper: code.PaperName | None = None
    place: Place | None = None
    """None for a pass."""
    colour: Colour | None = None
    """None when the issuer's list is not held."""
    list_issued: int | None = None
    """0 when the list is past its issuer's own end: older than any policy permits."""
    list_seq: int = 0
    """0 when the list is not held."""
    statements: tuple[Statement, ...] | None = None
    """None for a code of ours."""


def recognise(
    trust: Trust | None, lists: Mapping[str, Token], unverified: code.Unverified, now_s: int | None
) -> Recognised:
    """Check a code against trust and colours; raise Unrecognised with the reason of the verdict."""
    claims = unverified.claims
    issuer = next((row for row in trust.issuers if row.id == claims.issuer), None) if trust else None
    if trust is None or issuer is None:
        raise Unrecognised(Reason.UNKNOWN_ISSUER, "no issuer of this name is trusted")
    try:
        verified = code.verify(unverified, _key(trust, issuer, unverified.kid, now_s))
    except WireError as error:
        raise Unrecognised(Reason.BAD_SIGNATURE, error.detail) from error
    if all(ref.uri != claims.list_uri for ref in issuer.lists):
        raise Unrecognised(Reason.INDEX_OUTSIDE, "the code points into a list that is not its issuer's")
    token = lists.get(claims.list_uri)
    return Recognised(
        issuer=issuer,
        subject=claims.subject,
        expires=claims.expires,
        proof_issued=verified.proof_issued,
        paper=claims.paper,
        place=Place(claims.list_uri, claims.index),
        colour=None if token is None else colour_of(token, claims.index),
        list_issued=None if token is None else token.issued if now_s is None or now_s < token.expires else 0,
        list_seq=0 if token is None else token.seq,
    )


def _key(trust: Trust, issuer: Issuer, kid: bytes, now_s: int | None) -> PublicKey:
    for row in issuer.keys:
        if row.key.kid == kid and row.use is KeyUse.CODES:
            if not in_date(row, now_s):
                raise Unrecognised(Reason.UNKNOWN_ISSUER, "the key of the code is out of its validity")
            return row.key
    if any(row.key.kid == kid for other in trust.issuers for row in other.keys):
        raise Unrecognised(Reason.BAD_SIGNATURE, "the key belongs to another issuer, or signs no codes")
    raise Unrecognised(Reason.UNKNOWN_ISSUER, "no key of this issuer has signed the code")


def colour_of(token: Token, index: int) -> Colour:
    """The colour that a list has for this index; Unrecognised where it has none that means anything."""
    try:
        return Colour(token.statuses[index])
    except WireError as error:
        raise Unrecognised(Reason.INDEX_OUTSIDE, error.detail) from error
    except ValueError as error:
        raise Unrecognised(Reason.COLOUR_UNKNOWN, "the list holds a value without a meaning") from error


Signers: TypeAlias = Mapping[tuple[Format, str, bytes], Sequence[tuple[ForeignIssuer, ForeignKey]]]
"""Who may have signed a pass, by its format, what its issuer calls itself, and the name of the key.

In HC1 the key's name alone says that, as the pass's own words are free: there is no issuer.
"""


def signers(trust: Trust | None) -> Signers:
    """Made once for a trust document: it may have thousands of such keys, and several of one name."""
    found: dict[tuple[Format, str, bytes], list[tuple[ForeignIssuer, ForeignKey]]] = {}
    for issuer in trust.foreign if trust else ():
        for row in issuer.keys:
            found.setdefault(_place(issuer.format, issuer.iss, row.kid), []).append((issuer, row))
    return found


def _place(format_: Format, iss: str, kid: bytes) -> tuple[Format, str, bytes]:
    return format_, "" if format_ is Format.HC1 else iss, kid


def recognise_pass(
    known: Signers, secret: bytes | None, unverified: passes.Unverified, now_s: int | None
) -> Recognised:
    """Check a pass of another system against trust; raise Unrecognised with the reason of the verdict.

    `secret` makes the subject of that by which its issuer tells it from others; without it there is none.
    """
    named = known.get(_place(unverified.body.format, unverified.body.issuer, unverified.kid))
    if not named:
        raise Unrecognised(Reason.UNKNOWN_ISSUER, "no key of this name is trusted for such passes")
    valid = [(issuer, row) for issuer, row in named if in_date(row, now_s)]
    if not valid:
        raise Unrecognised(Reason.UNKNOWN_ISSUER, "the key of the pass is out of its validity")
    issuer, body = _signer(valid, unverified)
    return Recognised(
        issuer=issuer,
        subject=None if secret is None or not body.number else _subject(secret, issuer.id, body.number),
        begins=body.issued if body.not_before is None else body.not_before,
        expires=body.over_at,
        statements=body.statements,
    )


def _signer(
    rows: list[tuple[ForeignIssuer, ForeignKey]], unverified: passes.Unverified
) -> tuple[ForeignIssuer, passes.Pass]:
    """Whose signature holds, of those whose keys have one name; a key states only what it is there for."""
    detail = ""
    for issuer, row in rows:
        if unverified.body.kinds & ~row.kinds:
            detail = "the key is not there for what the pass states"
            continue
        try:
            return issuer, unverified.verify(row.key)
        except WireError as error:
            detail = error.detail
    raise Unrecognised(Reason.BAD_SIGNATURE, detail)


def _subject(secret: bytes, issuer: str, number: bytes) -> bytes:
    digest = hmac.new(secret, cbor.encode([issuer, number]), hashlib.sha256).digest()
    return digest[: code.SUBJECT_BYTES]
