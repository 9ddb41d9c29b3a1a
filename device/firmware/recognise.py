"""Whose code it is: the issuer's key, the signatures and the colour, from what is believed."""

from collections.abc import Mapping
from dataclasses import dataclass

from device.firmware.errors import Unrecognised
from device.firmware.lists import in_date
from wire import code
from wire.documents import Issuer, KeyUse, Trust
from wire.errors import WireError
from wire.keys import PublicKey
from wire.reasons import Colour, Reason
from wire.status import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A code whose signatures hold. Nothing here says that it, its proof or its list is in date."""

    issuer: Issuer
    claims: code.Claims
    proof_issued: int | None
    """Unix seconds; None for paper, and for a phone's code that came without its proof."""
    colour: Colour | None
    """None when the issuer's list is not held."""
    list_issued: int | None
    list_seq: int
    """0 when the list is not held."""


def recognise(
    trust: Trust | None, lists: Mapping[str, Token], unverified: code.Unverified, now_s: int
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
        claims=verified.claims,
        proof_issued=verified.proof_issued,
        colour=None if token is None else colour_of(token, claims.index),
        list_issued=None if token is None else token.issued,
        list_seq=0 if token is None else token.seq,
    )


def _key(trust: Trust, issuer: Issuer, kid: bytes, now_s: int) -> PublicKey:
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
