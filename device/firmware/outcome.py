"""What one message from the fleet means for the loop, and which refusals are ordinary life."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from device.firmware.clock import Reading
from device.firmware.errors import Refusal, Refused
from device.firmware.inbox import Incoming
from wire.documents import Command, VenueState
from wire.messages import HASH_BYTES, Entry, Event, Result
from wire.topics import All, Down, ToAll

# What every gate meets in ordinary life: counted, not journalled.
ORDINARY: Final = frozenset(
    {
        (All.ROOT, Refusal.ROLLBACK),
        (All.ROOT, Refusal.SKIPPED_VERSION),
        (All.STATUS, Refusal.AUDIENCE),
        (All.DELTA, Refusal.AUDIENCE),
        (All.DELTA, Refusal.ROLLBACK),
        (All.DELTA, Refusal.BASE),
        (Down.COMMAND, Refusal.NONCE),
    }
)

# A later root or trust document may vouch for what was refused so.
TOO_EARLY: Final = frozenset(
    {Refusal.UNKNOWN_KEY, Refusal.WRONG_ROLE, Refusal.WRONG_ISSUER, Refusal.THRESHOLD, Refusal.EXPIRED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one message means for the loop."""

    changed: bool = False
    """Something that is believed has changed: judge readiness again."""
    entries: tuple[Entry, ...] = ()
    """To journal; sequence and previous hash are the journal's to fill in."""
    commands: tuple[Command, ...] = ()
    """To perform, once: they are already remembered as taken up."""
    results: tuple[Result, ...] = ()
    """To reply: commands that are not performed."""
    wanted: Mapping[str, int] = field(default_factory=dict)
    """To ask for in full: the held sequence by uri."""
    greet: bool = False
    """Something is missing that was here, or could be believed by now: say hello, so that it comes again."""
    venue: VenueState | None = None
    """What the other lanes know."""


def place_of(incoming: Incoming) -> tuple[str, int]:
    """The issuer and shard of a list's topic, which `wire.topics` has checked to be there."""
    topic = incoming.topic
    if not isinstance(topic, ToAll) or topic.issuer is None or topic.shard is None:
        raise Refused(Refusal.MALFORMED, "a list came on a topic that names none")
    return topic.issuer, topic.shard


def entry_of(reading: Reading, kind: Event, word: str, about: int | None) -> Entry:
    """An event about a document, not in the chain yet."""
    return Entry(
        sequence=0,
        previous=bytes(HASH_BYTES),
        at_ms=reading.now_ms,
        clock=reading.trust,
        kind=kind,
        word=word,
        about=about,
    )
