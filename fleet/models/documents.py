"""Tables of what is signed: documents to publish, requests to the offline signer, issuers' lists."""

from typing import Any, Final

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fleet.models.base import Base, one_of

REQUEST_STATES: Final = ("awaiting", "answered", "withdrawn")
ROTATION_STATES: Final = ("prepared", "awaiting", "published", "active", "retired", "removed")


class Document(Base):
    """A signed document to publish; subject is '', a gate id or a list uri."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("kind", "subject", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    version: Mapped[int]
    data: Mapped[bytes]
    created_at: Mapped[int]


class SigningRequest(Base):
    """A change only the offline signer can make, with the words that say what it changes."""

    __tablename__ = "signing_request"
    __table_args__ = (one_of("state", REQUEST_STATES),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]  # root or trust
    words: Mapped[str]
    body: Mapped[bytes]
    state: Mapped[str] = mapped_column(default="awaiting")
    created_at: Mapped[int]
    answered_at: Mapped[int | None]


class Rotation(Base):
    """One key's way through replacement."""

    __tablename__ = "rotation"
    __table_args__ = (one_of("state", ROTATION_STATES),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    key_label: Mapped[str]
    state: Mapped[str] = mapped_column(default="prepared")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[int]
    updated_at: Mapped[int]


class Issuer(Base):
    """Who signs codes and colours, as the trust document names it."""

    __tablename__ = "issuer"
    id: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class StatusList(Base):
    """The newest verified status list token of one uri."""

    __tablename__ = "status_list"
    __table_args__ = (UniqueConstraint("issuer_id", "shard"),)
    uri: Mapped[str] = mapped_column(primary_key=True)
    issuer_id: Mapped[str]
    shard: Mapped[int]
    seq: Mapped[int]
    iat: Mapped[int]
    expires: Mapped[int]
    token: Mapped[bytes]
    received_at: Mapped[int]


class Delta(Base):
    """A verified change to a status list, from base_seq to seq."""

    __tablename__ = "delta"
    uri: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    base_seq: Mapped[int]
    data: Mapped[bytes]
    received_at: Mapped[int]
