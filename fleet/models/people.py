"""Tables of who may look, what they did, and facts about this database."""

from typing import Final

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from fleet.models.base import Base, one_of

USER_ROLES: Final = ("owner", "viewer")


class User(Base):
    """A person who may sign in to the console."""

    __tablename__ = "user"
    __table_args__ = (one_of("role", USER_ROLES),)
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]  # argon2id
    language: Mapped[str] = mapped_column(default="")  # empty: never chosen, the browser says
    role: Mapped[str] = mapped_column(default="viewer")
    created_at: Mapped[int]
    disabled_at: Mapped[int | None]


class UserSession(Base):
    """A signed-in browser; only the SHA-256 of its token is kept."""

    __tablename__ = "user_session"
    token_digest: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    created_at: Mapped[int]
    seen_at: Mapped[int]
    expires_at: Mapped[int]
    user_agent_hash: Mapped[bytes]


class Audit(Base):
    """One line of the hash chain that fleet.audit writes and verifies."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1, 2, 3 …: a gap shows
    at: Mapped[int]
    actor: Mapped[str]
    action: Mapped[str]
    detail: Mapped[str]  # canonical JSON
    prev_hash: Mapped[bytes]
    hash: Mapped[bytes]


class Meta(Base):
    """Facts about this database, the epoch first of all."""

    __tablename__ = "meta"
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
