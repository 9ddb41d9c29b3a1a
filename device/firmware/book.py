"""The gate's pen: every event gets its time, lane and versions here, and refusals are counted, not listed."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from device.firmware.clock import Reading
from device.firmware.desk import Person
from device.firmware.narrate import Narrator
from device.firmware.store import Store
from device.firmware.trust import Beliefs
from wire.messages import HASH_BYTES, Entry, Event
from wire.reasons import Reason, verdict_of

FLUSH_S: Final = 60.0
"""Refusals of unverified codes become one event a minute."""


@dataclass(slots=True)
class Book:
    """Writes events. For the loop thread; every method raises JournalError when nothing could be kept."""

    store: Store
    beliefs: Beliefs
    narrator: Narrator
    refusals: Counter[Reason] = field(default_factory=Counter)
    flush_at_s: float = 0.0

    def write(self, kind: Event, now: Reading, **fields: Any) -> Entry:  # noqa: ANN401 - as Entry's own fields
        """Keep one event durably and say so."""
        assignment = self.beliefs.assignment
        entry = self.store.append(
            Entry(
                sequence=0,
                previous=bytes(HASH_BYTES),
                at_ms=now.now_ms,
                clock=now.trust,
                kind=kind,
                lane=assignment.lane if assignment else None,
                direction=assignment.direction if assignment else None,
                **fields,
            )
        )
        self.narrator.verdict(kind.name.lower(), entry.reason, entry.took_ms, entry.sequence)
        return entry

    def passage(self, person: Person, reason: Reason, now: Reading, took_ms: int) -> Entry:
        """The verdict about a person; about one without a code it is a registration."""
        recognised, measured, case = person.recognised, person.measured, person.case
        who: dict[str, Any] = {}
        if recognised is not None:
            who = {
                "colour": recognised.colour,
                "issuer": recognised.issuer.id,
                "subject": recognised.subject,
            }
        if case is not None:
            who |= {"attendant": case.attendant, "about": case.about, "word": case.number or None}
        return self.write(
            Event.REGISTRATION if recognised is None else Event.PASSAGE,
            now,
            verdict=verdict_of(reason),
            reason=reason,
            temperature=measured[-1].wire() if measured else None,
            took_ms=took_ms,
            versions=self.beliefs.versions(recognised.list_seq if recognised else 0),
            **who,
        )

    def refused(self, reason: Reason, now_s: float, took_ms: int) -> None:
        """Count one refusal of a code that nobody vouches for; `now_s` monotonic."""
        if not self.refusals:
            self.flush_at_s = now_s + FLUSH_S
        self.refusals[reason] += 1
        self.narrator.verdict("refusal", reason, took_ms, None)

    def flush(self, now_s: float, now: Reading, *, at_once: bool = False) -> None:
        """Keep the counts of the last minute, if there are any and it is time."""
        if self.refusals and (at_once or now_s >= self.flush_at_s):
            self.write(Event.REFUSALS, now, counts=dict(self.refusals))
            self.refusals.clear()
