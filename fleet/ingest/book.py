"""What ingest looks up in the database: known gates with their keys, and how far each journal is held."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fleet.ingest.coverage import Coverage, Span
from fleet.models import Event, Gate, GateKey, Journal
from wire import cbor, cose, messages
from wire.errors import WireError
from wire.keys import PublicKey
from wire.messages import Checkpoint, Entry
from wire.messages import Event as Kind

TOMBSTONE: Final = Kind.TOMBSTONE.name.lower()
_MARK_HEX: Final = 32  # of each of the two hashes in a tombstone's word


@dataclass(frozen=True, slots=True)
class Known:
    """A gate that may speak."""

    id: str
    venue: str | None


def known_gates(session: Session) -> dict[str, Known]:
    """Every gate that is not revoked, by id."""
    rows = session.execute(select(Gate.id, Gate.venue_id).where(Gate.revoked_at.is_(None)))
    return {gate: Known(gate, venue) for gate, venue in rows}


def key_of(session: Session, gate: str, kid: bytes) -> PublicKey | None:
    """The public key with which a gate signs, if it is one of its own that is not revoked."""
    own = (GateKey.gate_id == gate, GateKey.kid == kid, GateKey.revoked_at.is_(None))
    row = session.scalars(select(GateKey.cose_key).where(*own).limit(1)).first()
    return None if row is None else PublicKey.from_cose(cbor.decode(row, max_bytes=256))


def believed(session: Session, gate: str, signed: bytes) -> Checkpoint | None:
    """A checkpoint about `gate` that one of its live keys signed, else None."""
    try:
        kid = cose.parse_sign1(signed, max_bytes=512).header.kid
        key = key_of(session, gate, kid or b"")
        checkpoint = messages.verify_checkpoint(signed, key) if key else None
    except WireError:
        return None
    return checkpoint if checkpoint is not None and checkpoint.gate == gate else None


def journal_row(session: Session, gate: str, journal: bytes) -> Journal:
    """The row of a journal, made if there is none."""
    found = session.get(Journal, (gate, journal))
    if found is None:
        found = Journal(gate_id=gate, journal=journal, contiguous_to=0)
        session.add(found)
    return found


def event_data(session: Session, gate: str, journal: bytes, sequence: int) -> bytes | None:
    """The exact bytes of a stored event."""
    key = (Event.gate_id == gate, Event.journal == journal, Event.sequence == sequence)
    return session.scalars(select(Event.data).where(*key)).first()


def burial(entry: Entry) -> tuple[int, int, bytes, bytes] | None:
    """What a tombstone says will never come: first, last, the beginnings of the hashes around it."""
    if entry.kind is not Kind.TOMBSTONE or entry.about is None or entry.until is None:
        return None
    try:
        marks = bytes.fromhex(entry.word or "")
    except ValueError:
        return None
    half = _MARK_HEX // 2
    if len(marks) != 2 * half or not 1 <= entry.about <= entry.until < entry.sequence:
        return None
    return entry.about, entry.until, marks[:half], marks[half:]


def coverage(session: Session, gate: str, journal: bytes) -> Coverage:
    """How far a journal is held, from its row and the events above that."""
    row = session.get(Journal, (gate, journal))
    least = row.contiguous_to if row else 0
    found = Coverage(messages.genesis(gate, journal))
    if least:
        found.add(Span(1, least, None, _hash(session, gate, journal, least)))
    for first, last in _islands(session, gate, journal, least):
        data = event_data(session, gate, journal, first)
        before = messages.read_entry(data).previous if data else None
        found.add(Span(first, last, before, _hash(session, gate, journal, last)))
    above = (Event.gate_id == gate, Event.journal == journal, Event.sequence > least)
    for data in session.scalars(select(Event.data).where(*above, Event.kind == TOMBSTONE)).all():
        buried = burial(messages.read_entry(data))
        if buried:
            found.bury(*buried)
    return found


def _hash(session: Session, gate: str, journal: bytes, sequence: int) -> bytes | None:
    data = event_data(session, gate, journal, sequence)
    return None if data is None else messages.event_hash(data)


def _islands(session: Session, gate: str, journal: bytes, above: int) -> list[Any]:
    """First and last sequence of every run of stored events above a sequence, by the index alone."""
    key = (Event.gate_id == gate, Event.journal == journal, Event.sequence > above)
    place = func.row_number().over(order_by=Event.sequence)
    numbered = select(Event.sequence, (Event.sequence - place).label("run")).where(*key).subquery()
    runs = select(func.min(numbered.c.sequence), func.max(numbered.c.sequence)).group_by(numbered.c.run)
    return [tuple(run) for run in session.execute(runs)]
