"""Signing requests: what the server would like to have signed, and what becomes of the answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet import audit
from fleet.errors import ConflictError, FleetError, NotFoundError
from fleet.keys import dates, fitting, ledger, paper, steps
from fleet.models import Issuer, SigningRequest
from wire import envelope
from wire.documents import ForeignIssuer, Role, Root, Trust
from wire.documents import Issuer as Trusted
from wire.errors import WireError

_FIRST: Final = {"root": 0, "trust": 1}  # a trust document may be signed by keys of the root beside it


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a document to be signed, or an act of the desk that makes its own documents."""

    act: paper.Act
    document: Root | Trust | None = None
    key: bytes = b""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One document that was taken over, and the request that had asked for it, if any."""

    kind: str
    version: int
    request: int | None


def ask(session: Session, wish: Wish, now: int, actor: str) -> SigningRequest:
    """Add a request. One of a kind waits at a time; a newer one replaces it unless a rotation needs it."""
    for waiting in awaiting(session):
        if _touches(waiting.kind) & _touches(wish.act):
            withdraw_alone(session, waiting, now, actor)
    return make(session, wish, now, actor)


def make(session: Session, wish: Wish, now: int, actor: str) -> SigningRequest:
    """Add a request beside whatever waits; FleetError when it does not fit into its file or into gates."""
    root, trust = ledger.needed_root(session), ledger.trust(session)
    body = wish.key if wish.document is None else fitting.body(wish.document)
    words = fitting.words(paper.words_for(wish.act, wish.document, root, trust, wish.key.hex()))
    row = SigningRequest(kind=wish.act, words="\n".join(words), body=body, created_at=now)
    session.add(row)
    session.flush()
    audit.append(session, now, actor, "request.made", request=row.id, act=wish.act)
    return row


def _touches(act: str) -> set[str]:
    """Which documents an act makes a new version of."""
    return {"sign-root": {"root"}, "sign-trust": {"trust"}}.get(act, {"root", "trust"})


def withdraw_alone(session: Session, waiting: SigningRequest, now: int, actor: str) -> None:
    """Withdraw a request that no rotation waits for; ConflictError otherwise."""
    if waiting.state != "awaiting":
        raise ConflictError(f"request {waiting.id} is {waiting.state} already; nothing was changed")
    needed_by = steps.of_request(session, waiting.id)
    if needed_by is not None:
        raise ConflictError(
            f"request {waiting.id} of rotation {needed_by.id} is awaiting signature; nothing was changed. "
            f"Accept its answer first, or: jx-fleet rotate undo {needed_by.id}"
        )
    withdraw(session, waiting, now, actor)


def withdraw(session: Session, row: SigningRequest, now: int, actor: str) -> None:
    """Stop waiting for an answer."""
    row.state = "withdrawn"
    audit.append(session, now, actor, "request.withdrawn", request=row.id)


def awaiting(session: Session) -> list[SigningRequest]:
    """Requests without an answer, oldest first."""
    waiting = select(SigningRequest).where(SigningRequest.state == "awaiting").order_by(SigningRequest.id)
    return list(session.scalars(waiting))


def draft(session: Session) -> Trust | None:
    """The trust document that waits to be signed, else the one in force: what a further change builds on."""
    for row in awaiting(session):
        if row.kind == "sign-trust":
            return envelope.read_body(Trust, row.body)
    return ledger.trust(session)


def get(session: Session, number: int) -> SigningRequest:
    """The request of this number; NotFoundError if there is none."""
    row = session.get(SigningRequest, number)
    if row is None:
        raise NotFoundError(f"request {number} is not known; see: jx-fleet requests list")
    return row


def as_paper(session: Session, row: SigningRequest) -> paper.Request:
    """The file that carries a request to the desk."""
    root = ledger.needed_root(session)
    signs = row.kind.startswith("sign-")
    return paper.Request(
        number=row.id,
        act=cast("paper.Act", row.kind),
        words=row.words.split("\n"),
        root=root.version,
        root_digest=paper.digest(root),
        body=row.body.hex() if signs else "",
        key="" if signs else row.body.hex(),
    )


def accept(session: Session, answers: Sequence[bytes], now: int, actor: str) -> list[Accepted]:
    """Take signed documents over, roots before trust documents, all or none; FleetError says why not.

    What is held already is passed over. A properly signed document is taken even if nobody here asked.
    """
    taken: list[Accepted] = []
    for data in sorted(answers, key=_order):
        if ledger.is_held(session, data):
            continue
        before, document = ledger.root(session), ledger.verified(session, data)
        if wrong := dates.ahead(document, now, dates.PUBLISHED_AHEAD_S):
            raise FleetError(f"{wrong}. Nothing was changed")
        row = ledger.add(session, document, data, now)
        if isinstance(document, Trust):
            _name_issuers(session, document)
        request = _answered(session, before, document, now) or _beside(session, taken)
        audit.append(
            session, now, actor, "document.accepted", kind=row.kind, version=row.version, request=request
        )
        taken.append(Accepted(row.kind, row.version, request))
    steps.settle(session, now, actor)
    return taken


def _order(data: bytes) -> tuple[int, int]:
    document = unverified(data, "one of the files")
    return _FIRST[envelope.KINDS[type(document)].name], document.version


def unverified(data: bytes, name: str) -> Root | Trust:
    """What a file claims to be, believed by nobody yet; FleetError names it when it is no such thing."""
    kinds: tuple[type[Root], type[Trust]] = (Root, Trust)
    for kind in kinds:
        try:
            return envelope.read_body(kind, envelope.parse(kind, data).payload)
        except WireError:
            continue
    raise FleetError(f"{name} is neither a root nor a trust document; nothing was changed")


def _answered(session: Session, before: Root | None, document: Root | Trust, now: int) -> int | None:
    """Mark the request that this document answers; one that can no longer be answered is withdrawn."""
    name = envelope.KINDS[type(document)].name
    body, answered = envelope.write_body(document), None
    for row in awaiting(session):
        if name not in _touches(row.kind):
            continue
        if row.body == body or _did(row, before, document):
            row.state, row.answered_at, answered = "answered", now, row.id
        elif row.kind == f"sign-{name}":
            row.state = "withdrawn"  # it asked for the version that has just been given to something else
    return answered


def _did(row: SigningRequest, before: Root | None, document: Root | Trust) -> bool:
    """Whether a root does what the desk was asked to do with a trust key; any other leaves that waiting."""
    if before is None or not isinstance(document, Root):
        return False
    old, new = (set(root.roles[Role.TRUST].kids) for root in (before, document))
    return (row.kind == "new-trust-key" and old < new) or (
        row.kind == "drop-trust-key" and row.body not in new
    )


def _beside(session: Session, taken: Sequence[Accepted]) -> int | None:
    """The request for a new or a leaving trust key, which a root taken just before has answered."""
    for before in taken:
        row = session.get(SigningRequest, before.request) if before.request else None
        if row is not None and not row.kind.startswith("sign-"):
            return row.id
    return None


def _name_issuers(session: Session, trust: Trust) -> None:
    """Keep names of issuers at hand for pages and reports."""
    everybody: list[Trusted | ForeignIssuer] = [*trust.issuers, *trust.foreign]
    for issuer in everybody:
        row = session.get(Issuer, issuer.id) or Issuer(id=issuer.id)
        row.name_zh, row.name_en = issuer.name_zh, issuer.name_en
        row.detail = {"trust": trust.version, **_system(issuer)}
        session.add(row)


def _system(issuer: Trusted | ForeignIssuer) -> dict[str, str]:
    return {"passes": issuer.format.name} if isinstance(issuer, ForeignIssuer) else {}
