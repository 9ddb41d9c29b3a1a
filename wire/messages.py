"""What a gate says: hello, state, events with their hash chain, checkpoints and replies."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from wire import cose, schema
from wire.documents import Direction
from wire.errors import Flaw, WireError
from wire.health import Trouble
from wire.keys import PublicKey, Signer
from wire.reasons import Colour, Reason, Verdict

CHECKPOINT_TYPE: Final = "application/jx-checkpoint+cbor"
HASH_BYTES: Final = 32
MAX_EVENT_BYTES: Final = 1_024
MAX_BATCH: Final = 50
MAX_MESSAGE_BYTES: Final = 65_536


class Event(IntEnum):
    """Kinds of events."""

    PASSAGE = 1
    PASSED = 2
    NOT_PASSED = 3
    REGISTRATION = 4
    OPENED_BY_HAND = 5
    FORCED_OPEN = 6
    HELD_OPEN = 7
    FIRE = 8
    TAMPER = 9
    FAULT = 10
    FAULT_END = 11
    BOOT = 12
    CLOCK_STEP = 13
    DOCUMENT_ACCEPTED = 14
    DOCUMENT_REFUSED = 15
    COMMAND_DONE = 16
    REFUSALS = 17
    TOMBSTONE = 18
    ATTENDED = 19


class ClockTrust(IntEnum):
    """How far a gate's clock can be trusted."""

    NONE = 0
    FLOOR = 1
    SIGNED = 2


class Outcome(IntEnum):
    """What became of a command."""

    DONE = 1
    REFUSED = 2
    FAILED = 3


_MS: Final = schema.uint()
_C100: Final = schema.integer(-27_315, 40_000)
_ID16: Final = schema.bstr(16)
_HASH: Final = schema.bstr(HASH_BYTES)
_WORD: Final = schema.text(64)
_COUNT: Final = schema.uint(2**32 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperature:
    """One measurement in hundredths of °C; `surface` and `body` are absent when they could not be told."""

    object_c100: int = schema.field(1, _C100)
    ambient_c100: int = schema.field(2, _C100)
    surface_c100: int | None = schema.field(3, _C100, optional=True)
    body_c100: int | None = schema.field(4, _C100, optional=True)
    uncertainty_c100: int = schema.field(5, schema.uint(10_000))
    samples: int = schema.field(6, schema.uint(10_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The documents that decided; 0 means none was held. `list_seq` is that of the list looked into."""

    root: int = schema.field(1, schema.uint())
    trust: int = schema.field(2, schema.uint())
    assignment: int = schema.field(3, schema.uint())
    list_seq: int = schema.field(4, schema.uint())


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event of a journal. `at_ms` is unix milliseconds, `previous` the hash of the event before it."""

    sequence: int = schema.field(1, schema.uint())
    previous: bytes = schema.field(2, _HASH)
    at_ms: int = schema.field(3, _MS)
    clock: ClockTrust = schema.field(4, schema.one_of(ClockTrust))
    kind: Event = schema.field(5, schema.one_of(Event))
    verdict: Verdict | None = schema.field(6, schema.one_of(Verdict), optional=True)
    reason: Reason | None = schema.field(7, schema.one_of(Reason), optional=True)
    colour: Colour | None = schema.field(8, schema.one_of(Colour), optional=True)
    issuer: str | None = schema.field(9, schema.text(16), optional=True)
    subject: bytes | None = schema.field(10, _ID16, optional=True)
    lane: str | None = schema.field(11, schema.text(32), optional=True)
    direction: Direction | None = schema.field(12, schema.one_of(Direction), optional=True)
    temperature: Temperature | None = schema.field(13, schema.record(Temperature), optional=True)
    took_ms: int | None = schema.field(14, schema.uint(2**32 - 1), optional=True)
    versions: Versions | None = schema.field(15, schema.record(Versions), optional=True)
    attendant: bytes | None = schema.field(16, _ID16, optional=True)
    about: int | None = schema.field(17, schema.uint(), optional=True)
    word: str | None = schema.field(18, _WORD, optional=True)
    counts: Mapping[Reason, int] | None = schema.field(
        19, schema.mapping(schema.one_of(Reason), _COUNT, 64), optional=True
    )
    until: int | None = schema.field(20, schema.uint(), optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive events of one journal, each in the exact bytes that were hashed."""

    journal: bytes = schema.field(1, _ID16)
    first: int = schema.field(2, schema.uint())
    events: tuple[bytes, ...] = schema.field(3, schema.array(schema.bstr(1, MAX_EVENT_BYTES), MAX_BATCH))
    checkpoint: bytes | None = schema.field(4, schema.bstr(1, 512), optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of a journal at a time, signed by its gate."""

    gate: str = schema.field(1, schema.text(12))
    journal: bytes = schema.field(2, _ID16)
    head: int = schema.field(3, schema.uint())
    hash: bytes = schema.field(4, _HASH)
    at_ms: int = schema.field(5, _MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Versions of the documents a gate holds, 0 for none; for lists the sequence by uri."""

    root: int = schema.field(1, schema.uint())
    trust: int = schema.field(2, schema.uint())
    assignment: int = schema.field(3, schema.uint())
    lists: Mapping[str, int] = schema.field(4, schema.mapping(schema.text(128), schema.uint(), 4096))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What a gate says on every connect. `tail` is the oldest sequence without a receipt."""

    session: bytes = schema.field(1, _ID16)
    firmware: str = schema.field(2, schema.text(32))
    held: Held = schema.field(3, schema.record(Held))
    journal: bytes = schema.field(4, _ID16)
    head: int = schema.field(5, schema.uint())
    tail: int = schema.field(6, schema.uint())
    checkpoint: bytes = schema.field(7, schema.bstr(1, 512))
    epoch: bytes | None = schema.field(8, _ID16, optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a gate is. A last will has `online` false and the session it belongs to."""

    session: bytes = schema.field(1, _ID16)
    online: bool = schema.field(2, schema.boolean())
    ready: bool = schema.field(3, schema.boolean())
    troubles: tuple[Trouble, ...] = schema.field(4, schema.array(schema.one_of(Trouble), 64))
    at_ms: int = schema.field(5, _MS)
    clock: ClockTrust = schema.field(6, schema.one_of(ClockTrust))
    clock_doubt_ms: int = schema.field(7, _MS)
    held: Held = schema.field(8, schema.record(Held))
    backlog: int = schema.field(9, schema.uint())
    gauges: Mapping[str, int] = schema.field(
        10, schema.mapping(_WORD, schema.integer(-(2**63), 2**63 - 1), 64)
    )
    lane: str | None = schema.field(11, _WORD, optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one command."""

    id: bytes = schema.field(1, _ID16)
    outcome: Outcome = schema.field(2, schema.one_of(Outcome))
    detail: str = schema.field(3, schema.text(120))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answers to commands, and the lists whose full form a gate asks for (held sequence by uri)."""

    session: bytes = schema.field(1, _ID16)
    results: tuple[Result, ...] = schema.field(2, schema.array(schema.record(Result), 32))
    wanted: Mapping[str, int] = schema.field(3, schema.mapping(schema.text(128), schema.uint(), 256))


ENTRY: Final = schema.record(Entry)
BATCH: Final = schema.record(Batch)
HELLO: Final = schema.record(Hello)
STATE: Final = schema.record(State)
REPLY: Final = schema.record(Reply)
_CHECKPOINT: Final = schema.record(Checkpoint)

# What a gate publishes or keeps, how it is written, and the most bytes that anybody reads of it.
MESSAGES: Final[Mapping[type, tuple[schema.Codec[Any], int]]] = {
    Entry: (ENTRY, MAX_EVENT_BYTES),
    Batch: (BATCH, MAX_MESSAGE_BYTES),
    Hello: (HELLO, MAX_MESSAGE_BYTES),
    State: (STATE, MAX_MESSAGE_BYTES),
    Reply: (REPLY, MAX_MESSAGE_BYTES),
}

NOTHING_HELD: Final = Held(root=0, trust=0, assignment=0, lists={})


def genesis(gate: str, journal: bytes) -> bytes:
    """What the first event of a journal has as its previous hash: it binds the chain to gate and journal."""
    return hashlib.sha256(b"jx1 journal" + gate.encode("ascii") + journal).digest()


def event_hash(data: bytes) -> bytes:
    """The hash of an event: SHA-256 over its exact bytes, which hold the hash of the one before."""
    return hashlib.sha256(data).digest()


def write(message: Entry | Batch | Hello | State | Reply) -> bytes:
    """The bytes of a message; WireError for one that its own reader would refuse, also for its size."""
    codec, max_bytes = MESSAGES[type(message)]
    return schema.write(codec, message, max_bytes=max_bytes)


def read_hello(data: bytes) -> Hello:
    """What a gate says on every connect, or WireError."""
    return schema.read(HELLO, data, max_bytes=MAX_MESSAGE_BYTES)


def read_state(data: bytes) -> State:
    """How a gate is, or WireError."""
    return schema.read(STATE, data, max_bytes=MAX_MESSAGE_BYTES)


def read_reply(data: bytes) -> Reply:
    """A gate's answers and wishes, or WireError."""
    return schema.read(REPLY, data, max_bytes=MAX_MESSAGE_BYTES)


def read_entry(data: bytes) -> Entry:
    """One event from its bytes, or WireError."""
    return schema.read(ENTRY, data, max_bytes=MAX_EVENT_BYTES)


def read_batch(data: bytes) -> tuple[Batch, tuple[Entry, ...]]:
    """A batch with its events read; the sequences and hashes inside it must follow each other."""
    batch = schema.read(BATCH, data, max_bytes=MAX_MESSAGE_BYTES)
    entries = tuple(read_entry(event) for event in batch.events)
    for offset, entry in enumerate(entries):
        if entry.sequence != batch.first + offset:
            raise WireError(Flaw.SCHEMA, "the sequences of a batch do not follow each other")
        if offset and entry.previous != event_hash(batch.events[offset - 1]):
            raise WireError(Flaw.SCHEMA, "the hashes of a batch do not follow each other")
    return batch, entries


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """A checkpoint signed by the gate's own key."""
    header = cose.Header(kid=signer.public.kid, content_type=CHECKPOINT_TYPE)
    return cose.sign1(schema.write(_CHECKPOINT, checkpoint, max_bytes=256), header, signer)


def verify_checkpoint(data: bytes, key: PublicKey) -> Checkpoint:
    """A checkpoint signed by `key`, or WireError."""
    signed = cose.parse_sign1(data, max_bytes=512)
    if signed.header.content_type != CHECKPOINT_TYPE:
        raise WireError(Flaw.COSE, f"the content type is not {CHECKPOINT_TYPE}")
    return schema.read(_CHECKPOINT, signed.verify(key), max_bytes=512)
