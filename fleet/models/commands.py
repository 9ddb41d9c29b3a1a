"""The table of commands: what a gate was asked to do, and what it answered."""

from typing import Final

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from fleet.models.base import Base, one_of

COMMAND_STATES: Final = ("waiting", "sent", "done", "refused", "failed", "unanswered")


class Command(Base):
    """One action asked of one gate; `id` is the version that its signed document carries."""

    __tablename__ = "command"
    __table_args__ = (one_of("state", COMMAND_STATES),)
    id: Mapped[int] = mapped_column(primary_key=True)
    command_id: Mapped[bytes] = mapped_column(unique=True)  # 16 random bytes, by which a gate answers
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.id"), index=True)
    action: Mapped[str]  # a member of wire.documents.Action, lower case
    reason: Mapped[str]
    actor: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting", index=True)
    created_at: Mapped[int]
    expires_at: Mapped[int]
    sent_at: Mapped[int | None]
    answered_at: Mapped[int | None]
    detail: Mapped[str] = mapped_column(default="")  # what the gate said about it
