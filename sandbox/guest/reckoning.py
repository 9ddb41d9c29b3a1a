"""Whether a journal answers for each movement of the barrier: what was heard, is written, and is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from wire import messages
from wire.messages import Entry, Event, Held
from wire.reasons import Verdict

LEAST: Final = 1
"""Passages between two cuts."""


@dataclass(slots=True)
class Tally:
    """What the world outside the gate saw, over all its lives."""

    moved: list[bytes] = field(default_factory=list)
    """Whose opening of the relay was heard, in order."""
    lives: list[int] = field(default_factory=list)
    """Openings in each life so far."""

    def begin(self) -> None:
        """Power is given."""
        self.lives.append(0)

    def hear(self, subject: bytes) -> None:
        """The relay was driven while this person's code was held up."""
        self.moved.append(subject)
        self.lives[-1] += 1


def admitted(entries: Sequence[Entry]) -> list[bytes]:
    """Whose admission is written down, in order."""
    return [
        entry.subject or b""
        for entry in entries
        if entry.kind is Event.PASSAGE and entry.verdict is Verdict.ADMIT
    ]


def complaints(events: Mapping[int, bytes], moved: Sequence[bytes], told: Mapping[int, bytes]) -> list[str]:
    """What is wrong; nothing is best. `told`: what the fleet holds of this journal."""
    found = []
    if sorted(events) != list(range(1, len(events) + 1)):
        found.append(f"the journal's {len(events)} sequences have a gap")
    entries = [messages.read_entry(events[sequence]) for sequence in sorted(events)]
    written = admitted(entries)
    if len(set(written)) != len(written):
        found.append("somebody was admitted twice")
    missing = [place for place, subject in enumerate(moved, 1) if subject not in set(written)]
    if missing:
        found.append(f"the barrier moved and no admission is written: openings {missing} of {len(moved)}")
    elif [subject for subject in written if subject in set(moved)] != list(moved):
        found.append("admissions are written in another order than the barrier moved")
    if extra := _unmoved(entries, set(moved)):
        found.append(f"admissions at {extra} did not move the barrier, and no power cut followed")
    lost = sorted(sequence for sequence, data in told.items() if events.get(sequence) != data)
    if lost:
        found.append(f"the fleet holds events that are gone or others: {lost[:5]}")
    return found


def outdated(documents: Mapping[tuple[str, str], int], held: Held) -> list[str]:
    """What the gate had told it holds, and the card has not; `documents`: kind and name to version."""
    found = []
    for kind, told in (("trust", held.trust), ("assignment", held.assignment)):
        kept = max((version for (one, _), version in documents.items() if one == kind), default=0)
        if kept < told:
            found.append(f"{kind} {told} was held, {kept} is on the card")
    for uri, told in held.lists.items():
        mine = (
            version for (_, name), version in documents.items() if name == uri or name.startswith(f"{uri} ")
        )
        if (kept := max(mine, default=0)) < told:
            found.append(f"list {uri} {told} was held, {kept} is on the card")
    return found


def _unmoved(entries: Sequence[Entry], moved: set[bytes]) -> list[int]:
    """Admissions that nobody heard the relay after, but for the last of a life."""
    found, last = [], 0
    for entry in entries:
        if entry.kind is Event.BOOT:
            last = 0
        elif entry.kind is Event.PASSAGE:
            if last:
                found.append(last)
            unheard = entry.verdict is Verdict.ADMIT and entry.subject not in moved
            last = entry.sequence if unheard else 0
    return found
