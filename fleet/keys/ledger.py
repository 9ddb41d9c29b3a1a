"""The signed documents this fleet holds, newest first in mind: read, and added to after verification."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet.errors import FleetError
from fleet.keys import chain
from fleet.models import Document
from wire import envelope
from wire.documents import Root, Trust
from wire.errors import WireError


def newest(session: Session, kind: str, subject: str = "") -> Document | None:
    """The row of the highest version of a document."""
    of = select(Document).where(Document.kind == kind, Document.subject == subject)
    return session.scalars(of.order_by(Document.version.desc()).limit(1)).first()


def root(session: Session) -> Root | None:
    """The root in force; it was verified when it was added."""
    row = newest(session, "root")
    return None if row is None else envelope.read_body(Root, envelope.parse(Root, row.data).payload)


def trust(session: Session) -> Trust | None:
    """The trust document in force; it was verified when it was added."""
    row = newest(session, "trust")
    return None if row is None else envelope.read_body(Trust, envelope.parse(Trust, row.data).payload)


def needed_root(session: Session) -> Root:
    """The root in force; FleetError says how to get one."""
    found = root(session)
    if found is None:
        raise FleetError("this fleet has no root document yet; first: jx-fleet keys install FROM")
    return found


def chain_of(session: Session) -> list[tuple[str, bytes]]:
    """Every root and the newest trust document under their file names."""
    roots = select(Document).where(Document.kind == "root").order_by(Document.version)
    rows = [*session.scalars(roots), *([found] if (found := newest(session, "trust")) else [])]
    return [(f"{row.kind}-{row.version}.cbor", row.data) for row in rows]


def verified(session: Session, data: bytes) -> Root | Trust:
    """A root or trust document that follows from what is held; FleetError otherwise."""
    held = root(session)
    try:
        content = envelope.parse(Root, data)
    except WireError:
        content = None
    try:
        if content is not None:
            return chain.first_root(data) if held is None else chain.next_root(held, data)
        return chain.next_trust(needed_root(session), trust(session), data)
    except WireError as error:
        raise FleetError(f"the document is not accepted: {error}; nothing was changed") from error


def add(session: Session, document: Root | Trust, data: bytes, now: int) -> Document:
    """Keep a verified document, so that the publisher sends it."""
    name = envelope.KINDS[type(document)].name
    row = Document(kind=name, subject="", version=document.version, data=data, created_at=now)
    session.add(row)
    session.flush()
    return row


def is_held(session: Session, data: bytes) -> bool:
    """Whether this document is held, whoever signed this form of it; FleetError for another in its place."""
    kinds: tuple[type[Root], type[Trust]] = (Root, Trust)
    for kind in kinds:
        try:
            payload = envelope.parse(kind, data).payload
            version = envelope.read_body(kind, payload).version
        except WireError:
            continue
        name = envelope.KINDS[kind].name
        of = select(Document.data).where(Document.kind == name, Document.version == version)
        held = session.scalars(of.where(Document.subject == "").limit(1)).first()
        if held is None or envelope.parse(kind, held).payload == payload:
            return held is not None
        raise FleetError(
            f"another {name} version {version} was accepted here before; nothing was changed. If this one is "
            "complete as well, the offices have to follow the one that is held: jx-fleet keys export, then "
            "jx-fleet ceremony take --instead"
        )
    return False
