"""Signed-in browsers: a random token in the cookie, its digest in the table, and when each one ends."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from fleet.models import User, UserSession

IDLE_S: Final = 8 * 3600  # a working day without a click
ABSOLUTE_S: Final = 7 * 86_400  # then the password is asked for again, whatever happens
TOUCH_S: Final = 60  # `seen_at` is written at most this often: reading pages must not become writing


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a token belongs to. Satisfies what Flask-Login asks of a user."""

    user_id: int
    login: str
    role: str
    language: str
    token_digest: bytes
    seen_at: int

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """The account's number as Flask-Login wants it."""
        return str(self.user_id)


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a person's list of sessions; `name` ends it and cannot be turned into the token."""

    name: str
    created_at: int
    seen_at: int
    expires_at: int
    this: bool


def token_digest(token: str) -> bytes:
    """SHA-256 of a token; it has 256 random bits, so a plain digest is enough."""
    return hashlib.sha256(token.encode()).digest()


def begin(session: Session, user: User, user_agent: str, now: int) -> str:
    """Open a session and return its token, which is kept nowhere else; the person's dead ones are removed."""
    session.execute(
        delete(UserSession).where(
            UserSession.user_id == user.id,
            (UserSession.expires_at <= now) | (UserSession.seen_at <= now - IDLE_S),
        )
    )
    token = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            token_digest=token_digest(token),
            user_id=user.id,
            created_at=now,
            seen_at=now,
            expires_at=now + ABSOLUTE_S,
            user_agent_hash=hashlib.sha256(user_agent.encode()).digest(),
        )
    )
    return token


def find(session: Session, digest: bytes, now: int) -> SignedIn | None:
    """Who is behind a token's digest; None: unknown, over, idle for too long, or the account is disabled."""
    row = session.execute(
        select(User, UserSession.seen_at)
        .join(UserSession, UserSession.user_id == User.id)
        .where(
            UserSession.token_digest == digest,
            UserSession.expires_at > now,
            UserSession.seen_at > now - IDLE_S,
            User.disabled_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    user, seen_at = row
    return SignedIn(user.id, user.login, user.role, user.language, digest, seen_at)


def touch(session: Session, digest: bytes, now: int) -> None:
    """Note that the person did something now."""
    held = session.get(UserSession, digest)
    if held is not None:
        held.seen_at = max(held.seen_at, now)


def listed(session: Session, who: SignedIn, now: int) -> list[Listed]:
    """The person's sessions that still stand, newest use first."""
    rows = session.scalars(
        select(UserSession)
        .where(
            UserSession.user_id == who.user_id,
            UserSession.expires_at > now,
            UserSession.seen_at > now - IDLE_S,
        )
        .order_by(UserSession.seen_at.desc())
    )
    return [
        Listed(
            _name(row.token_digest),
            row.created_at,
            row.seen_at,
            row.expires_at,
            row.token_digest == who.token_digest,
        )
        for row in rows
    ]


def end(session: Session, digest: bytes) -> None:
    """End the session of one token; unknown: does nothing."""
    session.execute(delete(UserSession).where(UserSession.token_digest == digest))


def end_named(session: Session, who: SignedIn, name: str) -> bool:
    """End one of the person's own sessions by its name in the list; False when there is none of that name."""
    for row in session.scalars(select(UserSession).where(UserSession.user_id == who.user_id)):
        if _name(row.token_digest) == name:
            session.delete(row)
            return True
    return False


def end_all(session: Session, user_id: int, keep: bytes | None = None) -> int:
    """End every session of an account, except the one with the digest `keep`; return how many ended."""
    rows = [
        row
        for row in session.scalars(select(UserSession).where(UserSession.user_id == user_id))
        if row.token_digest != keep
    ]
    for row in rows:
        session.delete(row)
    return len(rows)


def _name(digest: bytes) -> str:
    return hashlib.sha256(b"session list" + digest).hexdigest()[:16]
