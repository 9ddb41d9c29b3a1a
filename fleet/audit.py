"""The audit log: appended inside the transaction it tells of, hash-chained so that an edit or a gap shows."""

import hashlib
import json
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet.models import Audit

START: Final = bytes(32)  # what the first row names as its predecessor


@dataclass(frozen=True, slots=True)
class Chain:
    """What a check found: rows read, hash of the last good row, id of the first bad row or None."""

    rows: int
    head: bytes
    broken_at: int | None

    @property
    def holds(self) -> bool:
        """True when every row follows from the one before it."""
        return self.broken_at is None


def append(session: Session, now: int, actor: str, action: str, **detail: str | int | None) -> Audit:
    """Add one row; `session` must be a writing one (`Database.session`), which keeps rows in one order.

    `actor` is like `gate:0123456789ab`, `user:3` or `command`; no names, subjects or secrets in `detail`.
    """
    last = session.scalars(select(Audit).order_by(Audit.id.desc()).limit(1)).first()
    row = Audit(
        id=last.id + 1 if last else 1,
        at=now,
        actor=actor,
        action=action,
        detail=json.dumps(detail, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
        prev_hash=last.hash if last else START,
    )
    row.hash = _digest(row)
    session.add(row)
    session.flush()
    return row


def verify(session: Session) -> Chain:
    """Walk the whole chain. Rows cut off at the end show only against a head that was kept elsewhere."""
    rows, head = 0, START
    for row in session.scalars(select(Audit).order_by(Audit.id).execution_options(yield_per=1000)):
        if row.id != rows + 1 or row.prev_hash != head or row.hash != _digest(row):
            return Chain(rows, head, row.id)
        rows, head = rows + 1, row.hash
    return Chain(rows, head, None)


def _digest(row: Audit) -> bytes:
    told = [row.id, row.at, row.actor, row.action, row.detail]
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(row.prev_hash + text.encode()).digest()
