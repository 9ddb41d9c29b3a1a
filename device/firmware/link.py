"""How one event hangs in the chain, also one of a kind that only a later firmware knows."""

from wire import cbor, messages
from wire.errors import Flaw, WireError
from wire.messages import Entry


def of(data: bytes) -> tuple[int, bytes]:
    """Sequence and hash of the one before; WireError for what is no event at all."""
    found = cbor.decode(data, max_bytes=messages.MAX_EVENT_BYTES)
    match found:
        case {1: int(sequence), 2: bytes(previous)}:  # as in `wire.messages.Entry`
            return sequence, previous
        case _:
            raise WireError(Flaw.SCHEMA, "an event without sequence and hash")


def known(data: bytes) -> Entry | None:
    """The event, or None for one that this firmware has no words for; WireError for no event at all."""
    try:
        return messages.read_entry(data)
    except WireError:
        of(data)
        return None
