"""What one transaction of ingest will hold."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from fleet.ingest.receipts import Part
from fleet.ingest.rows import Row
from fleet.ingest.venues import Told


@dataclass(slots=True)
class Group:
    """Rows to insert, what may be receipted after, and what venues are told after; `now` unix seconds."""

    session: Session
    now: int
    rows: list[Row] = field(default_factory=list)
    fresh: dict[tuple[str, bytes, int], bytes] = field(default_factory=dict)
    parts: dict[tuple[str, bytes], list[Part]] = field(default_factory=dict)
    touched: set[tuple[str, bytes]] = field(default_factory=set)
    told: list[Told] = field(default_factory=list)
