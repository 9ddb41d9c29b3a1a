"""Which status list belongs to which issuer: bound by the trust document, signed by a list key."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from device.firmware.errors import Refusal, Refused
from wire import status
from wire.documents import ForeignKey, Issuer, IssuerKey, KeyUse, ListRef, Trust
from wire.errors import Flaw, WireError
from wire.keys import PublicKey
from wire.status import Token


@dataclass(frozen=True, slots=True)
class Bound:
    """One list of one issuer, and every other issuer: to say whose key it was that signed."""

    issuer: Issuer
    ref: ListRef
    everybody: tuple[Issuer, ...]


def carries(ref: ListRef, gate: str) -> bool:
    """Whether the gate with this id holds the list."""
    return any(gate.startswith(prefix) for prefix in ref.carried_by)


def carried(trust: Trust | None, gate: str) -> Mapping[str, tuple[Issuer, ListRef]]:
    """The lists that the gate with this id should hold, by uri."""
    rows = _rows(trust.issuers if trust else ())
    return {ref.uri: (issuer, ref) for issuer, ref in rows if carries(ref, gate)}


def _rows(issuers: tuple[Issuer, ...]) -> Iterator[tuple[Issuer, ListRef]]:
    return ((issuer, ref) for issuer in issuers for ref in issuer.lists)


def bind(trust: Trust, gate: str, issuer: str, shard: int) -> Bound:
    """The list that a topic's issuer and shard stand for; Refused(AUDIENCE) when this gate carries none."""
    for row, ref in carried(trust, gate).values():
        if (row.id, ref.shard) == (issuer, shard):
            return Bound(row, ref, trust.issuers)
    raise Refused(Refusal.AUDIENCE, "this gate carries no such list")


def bind_uri(trust: Trust | None, uri: str) -> Bound:
    """The list with this uri, whichever gates carry it; Refused(WRONG_ISSUER) when no issuer has it."""
    issuers = trust.issuers if trust else ()
    for row, ref in _rows(issuers):
        if ref.uri == uri:
            return Bound(row, ref, issuers)
    raise Refused(Refusal.WRONG_ISSUER, "the trust document names no such list")


def still_bound(trust: Trust, gate: str, kids: Mapping[str, frozenset[bytes]]) -> frozenset[str]:
    """The uris whose list the trust document still binds to all keys that signed it and its changes."""
    rows = carried(trust, gate)
    return frozenset(uri for uri, signed in kids.items() if uri in rows and signed <= _kids(rows[uri][0]))


def _kids(issuer: Issuer) -> frozenset[bytes]:
    return frozenset(row.key.kid for row in issuer.keys if row.use is KeyUse.LISTS)


def lasts(bound: Bound, kids: frozenset[bytes]) -> int:
    """Until when all of these list keys count, unix seconds: what they signed goes with the first of them."""
    ends = (row.not_after for row in bound.issuer.keys if row.use is KeyUse.LISTS and row.key.kid in kids)
    return min(ends, default=0)


def in_date(key: IssuerKey | ForeignKey, now_s: int | None) -> bool:
    """Whether an issuer's key counts at this moment; without one, dates are not compared."""
    return now_s is None or key.not_before <= now_s < key.not_after


def read_list(bound: Bound, data: bytes, now_s: int | None) -> tuple[Token, bytes]:
    """A full list with the kid of its signer, or Refused; without `now_s` no date is compared."""
    try:
        key = _key(bound, data, now_s)
        token = status.verify_token(data, key)
    except WireError as error:
        raise _refused(error) from error
    _check(bound, token, now_s)
    return token, key.kid


def read_deltas(
    bound: Bound, held: Token | None, steps: Sequence[bytes], now_s: int | None
) -> tuple[Token, frozenset[bytes]]:
    """`held` after signed deltas in order, with the kids of who signed them; or Refused, all of them."""
    try:
        keys = [_key(bound, data, now_s) for data in steps]
        deltas = [status.verify_delta(data, key) for data, key in zip(steps, keys, strict=True)]
        if held is not None and deltas[0].uri == held.uri and deltas[0].seq <= held.seq:
            raise Refused(Refusal.ROLLBACK, f"sequence {held.seq} of this list is held")
        if held is None:
            raise Refused(Refusal.BASE, "a change to a list that is not held")
        token = status.apply(held, *deltas)
    except WireError as error:
        raise _refused(error) from error
    _check(bound, token, now_s)
    return token, frozenset(key.kid for key in keys)


def _check(bound: Bound, token: Token, now_s: int | None) -> None:
    if token.uri != bound.ref.uri:
        raise Refused(Refusal.WRONG_ISSUER, "the list is not the one that trust binds to this topic")
    if now_s is not None and token.expires <= now_s:
        raise Refused(Refusal.EXPIRED, "the list has expired")


def _key(bound: Bound, data: bytes, now_s: int | None) -> PublicKey:
    kid = status.peek(data).header.kid
    for row in bound.issuer.keys:
        if row.key.kid == kid and row.use is KeyUse.LISTS:
            if not in_date(row, now_s):
                raise Refused(Refusal.EXPIRED_KEY, "the key that signed the list is out of its validity")
            return row.key
    if any(row.key.kid == kid for row in bound.issuer.keys):
        raise Refused(Refusal.WRONG_ROLE, "the key signs this issuer's codes, not its lists")
    if any(row.key.kid == kid for other in bound.everybody for row in other.keys):
        raise Refused(Refusal.WRONG_ISSUER, "the list is signed by another issuer's key")
    raise Refused(Refusal.UNKNOWN_KEY, "no key of the issuer has signed the list")


_REASONS = {
    Flaw.SIZE: Refusal.OVERSIZED,
    Flaw.INFLATE: Refusal.MALFORMED,
    Flaw.SIGNATURE: Refusal.SIGNATURE,
    Flaw.ALG: Refusal.SIGNATURE,
    Flaw.BASE: Refusal.BASE,
    Flaw.INDEX: Refusal.BASE,
}


def _refused(error: WireError) -> Refused:
    return Refused(_REASONS.get(error.flaw, Refusal.MALFORMED), error.detail)
