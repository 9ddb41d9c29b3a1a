"""Status lists and deltas: which key may sign them, which sequence comes next, what gates should hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from fleet.errors import FleetError
from fleet.keys import ledger
from fleet.models import Delta as DeltaRow
from fleet.models import StatusList
from wire import schema, status
from wire.documents import Issuer, KeyUse, ListRef, Trust
from wire.errors import Flaw, WireError
from wire.keys import PublicKey
from wire.status import Delta, Token

MOST_DELTAS: Final = 200  # between two full lists; each costs a gate that was off a message
SKEW_S: Final = 300  # how far ahead an issuer's clock may be
T = TypeVar("T")
_DELTA: Final = schema.record(Delta)
_CODES: Final[Mapping[Flaw, int]] = {Flaw.SIGNATURE: 403, Flaw.KID: 403, Flaw.SIZE: 413}


class PushError(FleetError):
    """What an issuer pushed is not taken; `code` is the HTTP status, nothing was changed."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{words}; nothing was changed")
        self.code = code


@dataclass(frozen=True, slots=True)
class Taken:
    """What is held now of one list; `new` is False when it was held already."""

    uri: str
    seq: int
    new: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """A list as the trust document binds it to its issuer."""

    issuer: Issuer
    ref: ListRef


def bound_lists(trust: Trust | None) -> dict[str, Bound]:
    """Every list that gates may hold, by uri."""
    issuers = trust.issuers if trust else ()
    return {ref.uri: Bound(issuer, ref) for issuer in issuers for ref in issuer.lists}


def newest(session: Session) -> dict[str, int]:
    """The newest sequence of each list that is held, changes included."""
    found = {row.uri: row.seq for row in session.execute(select(StatusList.uri, StatusList.seq))}
    for uri, seq in session.execute(select(DeltaRow.uri, func.max(DeltaRow.seq)).group_by(DeltaRow.uri)):
        found[uri] = max(seq, found.get(uri, 0))
    return found


def heads(session: Session, trust: Trust | None) -> dict[str, int]:
    """As `newest`, of those lists alone that the trust document binds."""
    bound = bound_lists(trust)
    return {uri: seq for uri, seq in newest(session).items() if uri in bound}


def check_signature(session: Session, data: bytes, now: int) -> None:
    """PushError for what no valid list key signed: told before anybody waits for a lock because of it."""
    _trust, key = _signer(session, data, now)
    _read(lambda: status.peek(data).verify(key))


def take_list(session: Session, data: bytes, now: int) -> Taken:
    """Take a whole status list over; PushError says why not."""
    trust, key = _signer(session, data, now)
    token = _read(lambda: status.verify_token(data, key))
    bound = _bound(trust, token.uri, key, now)
    if token.statuses.bits != status.BITS:
        raise PushError(422, f"a list here has {status.BITS} bits a person")
    if token.issued > now + SKEW_S or not token.issued < token.expires or token.expires <= now:
        raise PushError(422, "the list is from the future, or has expired")
    row = session.get(StatusList, token.uri)
    if row is not None and row.token == data:
        return Taken(token.uri, row.seq, new=False)
    held = heads(session, trust).get(token.uri, 0)
    if token.seq < held or (row is not None and token.seq <= row.seq):
        raise PushError(409, f"sequence {held} of this list is held, and {token.seq} is not newer")
    _make_room(session, bound, trust)
    row = row or StatusList(uri=token.uri)
    row.issuer_id, row.shard = bound.issuer.id, bound.ref.shard
    row.seq, row.iat, row.expires = token.seq, token.issued, token.expires
    row.token, row.received_at = data, now
    session.add(row)
    session.execute(delete(DeltaRow).where(DeltaRow.uri == token.uri, DeltaRow.seq <= token.seq))
    return Taken(token.uri, token.seq, new=True)


def take_delta(session: Session, data: bytes, now: int) -> Taken:
    """Take changes over that lead on from what is held; PushError says why not."""
    trust, key = _signer(session, data, now)
    change = _read(lambda: status.verify_delta(data, key))
    _bound(trust, change.uri, key, now)
    if change.issued > now + SKEW_S or change.expires <= now:
        raise PushError(422, "the changes are from the future, or have expired")
    row = session.get(DeltaRow, (change.uri, change.seq))
    if row is not None and row.data == data:
        return Taken(change.uri, change.seq, new=False)
    base = _head(session, change.uri)
    if change.base_seq != base.seq:
        raise PushError(
            409, f"sequence {base.seq} of this list is held; the changes are for {change.base_seq}"
        )
    try:
        status.apply(base, change)
    except WireError as error:
        raise PushError(409, f"the changes do not lead to what they promise: {error.detail}") from error
    fresh = DeltaRow(uri=change.uri, seq=change.seq, base_seq=change.base_seq, data=data, received_at=now)
    session.add(fresh)
    session.flush()
    return Taken(change.uri, change.seq, new=True)


def deltas(session: Session, uri: str, after: int) -> list[DeltaRow]:
    """Stored changes of a list that lead beyond a sequence, in order."""
    beyond = select(DeltaRow).where(DeltaRow.uri == uri, DeltaRow.seq > after)
    return list(session.scalars(beyond.order_by(DeltaRow.seq)))


def _signer(session: Session, data: bytes, now: int) -> tuple[Trust, PublicKey]:
    """The list key that a message names, from the trust document in force."""
    trust = ledger.trust(session)
    if trust is None:
        raise PushError(503, "this fleet has no trust document yet")
    kid = _read(lambda: status.peek(data)).header.kid
    for issuer in trust.issuers:
        for row in issuer.keys:
            if row.key.kid == kid and row.use is KeyUse.LISTS and row.not_before <= now < row.not_after:
                return trust, row.key
    raise PushError(403, "no valid list key of the trust document signed this")


def _bound(trust: Trust, uri: str, key: PublicKey, now: int) -> Bound:
    """The binding of a list whose issuer holds `key`: issuer A never speaks for issuer B."""
    bound = bound_lists(trust).get(uri)
    if bound is None:
        raise PushError(404, "the trust document knows no list of this uri")
    own = [row for row in bound.issuer.keys if row.key == key and row.use is KeyUse.LISTS]
    if not any(row.not_before <= now < row.not_after for row in own):
        raise PushError(403, "the list belongs to another issuer than its key")
    return bound


def _make_room(session: Session, bound: Bound, trust: Trust) -> None:
    """A shard has one list: one of another uri goes when the trust document does not bind it any more."""
    same = (StatusList.issuer_id == bound.issuer.id, StatusList.shard == bound.ref.shard)
    others = select(StatusList.uri).where(*same, StatusList.uri != bound.ref.uri)
    for uri in session.scalars(others).all():
        if uri in bound_lists(trust):
            raise PushError(409, "the trust document binds two lists to this shard, and the other is held")
        session.execute(delete(DeltaRow).where(DeltaRow.uri == uri))
        session.execute(delete(StatusList).where(StatusList.uri == uri))


def _head(session: Session, uri: str) -> Token:
    """The list as it is after all changes held; each of them was verified when it came."""
    row = session.get(StatusList, uri)
    if row is None:
        raise PushError(409, "there is no whole list yet that changes could lead on from")
    claims = status.read_claims(status.peek(row.token).payload)
    rows = deltas(session, uri, row.seq)
    if len(rows) >= MOST_DELTAS:
        raise PushError(409, f"{MOST_DELTAS} changes wait for a whole list: push one")
    changes: dict[int, int] = {}
    seq = claims.seq
    for kept in rows:
        body = schema.read(_DELTA, status.peek(kept.data).payload, max_bytes=status.MAX_TOKEN_BYTES)
        changes |= status.unpack_changes(body.packed)
        seq = body.seq
    return Token(
        uri=uri,
        issued=claims.issued,
        expires=claims.expires,
        seq=seq,
        statuses=claims.statuses.changed(changes),
        ttl_s=claims.ttl_s,
    )


def _read(step: Callable[[], T]) -> T:
    try:
        return step()
    except WireError as error:
        code = _CODES.get(error.flaw, 400)
        raise PushError(code, f"this cannot be taken ({error.flaw.value}: {error.detail})") from error
