"""Accounts: who may sign in, their password, their language, and taking the right away again."""

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet import audit
from fleet.errors import ConflictError, FleetError, NotFoundError
from fleet.models import USER_ROLES, User
from fleet.people import passwords, sessions

LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")


@dataclass(frozen=True, slots=True)
class Person:
    """One row of `people list`."""

    login: str
    role: str
    language: str
    created_at: int
    disabled_at: int | None


def add(
    session: Session, login: str, password_hash: str, role: str, now: int, actor: str = "command"
) -> User:
    """Make an account with a digest of `passwords.digest`, which is slow and so made before a lock is taken.

    ConflictError when the name is taken, FleetError when name or role is unfit.
    """
    if not LOGIN.fullmatch(login):
        raise FleetError(
            "a sign-in name has 2 to 32 characters from a-z 0-9 . _ - and begins with a letter or digit;"
            " nothing was changed"
        )
    if role not in USER_ROLES:
        raise FleetError(f"a role is one of {', '.join(USER_ROLES)}; nothing was changed")
    if session.scalar(select(User.id).where(User.login == login)) is not None:
        raise ConflictError(
            "that sign-in name is taken; nothing was changed, choose another or use: people passwd"
        )
    user = User(login=login, password_hash=password_hash, role=role, created_at=now)
    session.add(user)
    session.flush()
    audit.append(session, now, actor, "person.add", user=user.id, role=role)
    return user


def get(session: Session, login: str) -> User:
    """The account of that name; NotFoundError when there is none."""
    user = session.scalar(select(User).where(User.login == login))
    if user is None:
        raise NotFoundError("there is no account of that name; see: people list")
    return user


def set_password(
    session: Session, user: User, password_hash: str, now: int, actor: str, *, keep: bytes | None = None
) -> int:
    """Set a new digest of `passwords.digest`; the sessions end, except `keep`. Return how many ended."""
    user.password_hash = password_hash
    audit.append(session, now, actor, "person.password", user=user.id)
    return sessions.end_all(session, user.id, keep)


def disable(session: Session, user: User, now: int, actor: str) -> int:
    """Take the right to sign in away; every session ends at once. Return how many ended."""
    user.disabled_at = user.disabled_at or now
    audit.append(session, now, actor, "person.disable", user=user.id)
    return sessions.end_all(session, user.id)


def enable(session: Session, user: User, now: int, actor: str) -> None:
    """Give the right to sign in back; the old sessions stay ended."""
    user.disabled_at = None
    audit.append(session, now, actor, "person.enable", user=user.id)


def people(session: Session) -> list[Person]:
    """Every account by name."""
    rows = session.scalars(select(User).order_by(User.login))
    return [Person(row.login, row.role, row.language, row.created_at, row.disabled_at) for row in rows]


def authenticate(session: Session, login: str, password: str) -> User | None:
    """The account if name and password fit and it is not disabled; takes the same time whichever is wrong."""
    user = session.scalar(select(User).where(User.login == login))
    fits = passwords.matches(user.password_hash if user else None, password)
    return user if user is not None and fits and user.disabled_at is None else None
