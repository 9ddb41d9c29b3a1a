"""Tables of what gates said: events, how complete they are, last states."""

from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fleet.models.base import Base


class Event(Base):
    """What a gate recorded: unique by (gate, journal, sequence), `id` is the order of arrival.

    Temperatures are hundredths of a degree Celsius. No foreign keys: this is the hot insert, and
    ingest has looked the gate up already.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("gate_id", "journal", "sequence"),
        Index(None, "at"),
        Index(None, "venue_id", "at"),
        Index(None, "verdict", "at"),
        Index(None, "reason", "at"),
        {"sqlite_autoincrement": True},  # a reader's cursor stays valid after old events are purged
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    gate_id: Mapped[str]
    journal: Mapped[bytes]  # 16 bytes
    sequence: Mapped[int]
    venue_id: Mapped[str | None]  # where the gate stood when the event arrived
    at: Mapped[int]
    clock: Mapped[str]
    kind: Mapped[str]
    verdict: Mapped[str | None]
    reason: Mapped[str | None]
    colour: Mapped[str | None]
    issuer: Mapped[str | None]
    subject: Mapped[bytes | None]  # 16 bytes, opaque
    lane: Mapped[int | None]
    direction: Mapped[str | None]
    raw_centi_c: Mapped[int | None]
    estimate_centi_c: Mapped[int | None]
    millis: Mapped[int | None]  # from code to verdict
    data: Mapped[bytes]
    received_at: Mapped[int]


class Journal(Base):
    """How far one gate's journal is held without a gap, and the newest head its gate has signed."""

    __tablename__ = "journal"
    gate_id: Mapped[str] = mapped_column(primary_key=True)
    journal: Mapped[bytes] = mapped_column(primary_key=True)
    contiguous_to: Mapped[int] = mapped_column(default=0)
    head_sequence: Mapped[int | None]
    head_hash: Mapped[bytes | None]
    checked_at: Mapped[int | None]


class GateState(Base):
    """The last state and hello of a gate."""

    __tablename__ = "gate_state"
    gate_id: Mapped[str] = mapped_column(ForeignKey("gate.id"), primary_key=True)
    session: Mapped[bytes | None]  # nonce of the last hello
    online: Mapped[bool] = mapped_column(default=False)
    ready: Mapped[bool] = mapped_column(default=False)
    reasons: Mapped[list[str]] = mapped_column(default=list)
    versions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    body: Mapped[bytes | None]
    received_at: Mapped[int | None]
    hello: Mapped[bytes | None]
    hello_at: Mapped[int | None]
