"""What comes in: believed or refused, kept on disk, and told to the loop as an outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from device.firmware import lists
from device.firmware.clock import Clock, Reading
from device.firmware.errors import GateError, Refusal, Refused
from device.firmware.greeting import Greeting
from device.firmware.inbox import Incoming
from device.firmware.restore import DELTA, LIST, delta_name
from device.firmware.store import Store
from device.firmware.trust import Beliefs
from wire.documents import Action, Command, Document, Time, VenueState
from wire.health import Trouble
from wire.messages import ClockTrust, Entry, Event, Result
from wire.messages import Outcome as Became
from wire.topics import All, Down, ToAll

ASK_EVERY_S: Final = 30.0
GRACE_S: Final = 60.0  # how long what signed time names may still be on its way
SAY_EVERY_S: Final = (
    3600.0  # the same refusal is journalled once in this time, or a broker could flood a journal
)
MOST_DELTAS: Final = 64  # kept before the whole list is asked for: each is applied again at every start

# What every gate meets in ordinary life: counted, not journalled.
_ORDINARY: Final = frozenset(
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
    venue: VenueState | None = None
    """What the other lanes know."""


_NOTHING: Final = Outcome()
_Reader: TypeAlias = Callable[[Incoming, Reading], Outcome]


class Intake:
    """The way into one gate. For the loop's thread."""

    def __init__(self, beliefs: Beliefs, store: Store, clock: Clock, greeting: Greeting) -> None:
        self._beliefs = beliefs
        self._store = store
        self._clock = clock
        self._greeting = greeting
        self._said: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._behind: dict[str, float] = {}
        self._card_failed = False
        self._heads: Time | None = None
        # Two tables: both leaves called "time" are equal as text.
        self._to_all: Final[Mapping[All, _Reader]] = {
            All.ROOT: self._root,
            All.TRUST: self._trust,
            All.TIME: self._broadcast,
            All.STATUS: self._list,
            All.DELTA: self._delta,
        }
        self._to_gate: Final[Mapping[Down, _Reader]] = {
            Down.ASSIGNMENT: self._assignment,
            Down.COMMAND: self._command,
            Down.RECEIPT: self._receipt,
            Down.VENUE: self._venue,
            Down.TIME: self._answer,
        }

    def handle(self, incoming: Incoming, mono: float, reading: Reading) -> Outcome:
        """Take one message in. Never raises for what a message holds."""
        leaf = incoming.topic.leaf
        try:
            reader = self._to_all[leaf] if isinstance(leaf, All) else self._to_gate[leaf]
            outcome = reader(incoming, reading)
        except Refused as refused:
            outcome = self._refused(leaf, refused, incoming, mono, reading)
        except GateError:
            self._card_failed = True  # believed, but not kept: it comes again after a restart
            self._store.bump("not kept")
            outcome = Outcome(changed=True)
        else:
            if outcome.changed:
                self._compare(incoming.received_mono)
        return outcome

    def troubles(self, mono: float) -> frozenset[Trouble]:
        """What has been wrong with documents for long enough to say so."""
        late = any(mono - since >= GRACE_S for since in self._behind.values())
        found = {Trouble.DOCUMENT_WITHHELD: late, Trouble.DISK: self._card_failed}
        return frozenset(trouble for trouble, holds in found.items() if holds)

    def _root(self, incoming: Incoming, reading: Reading) -> Outcome:
        before = self._beliefs.root
        root = self._beliefs.new_root(incoming.payload)
        return self._accepted("root", root, before, incoming, reading, str(root.version))

    def _trust(self, incoming: Incoming, reading: Reading) -> Outcome:
        before = self._beliefs.trust
        trust = self._beliefs.new_trust(incoming.payload, reading.now_s)
        return self._accepted("trust", trust, before, incoming, reading)

    def _assignment(self, incoming: Incoming, reading: Reading) -> Outcome:
        before = self._beliefs.assignment
        assignment = self._beliefs.new_assignment(incoming.payload, reading.now_s)
        return self._accepted("assignment", assignment, before, incoming, reading)

    def _accepted(
        self,
        kind: str,
        document: Document,
        before: Document | None,
        incoming: Incoming,
        reading: Reading,
        name: str = "",
    ) -> Outcome:
        if document is before:
            return _NOTHING
        self._clock.believe(document.issued * 1000)
        self._store.keep(kind, name, document.version, incoming.payload)
        entry = _entry(reading, Event.DOCUMENT_ACCEPTED, kind, document.version)
        return Outcome(changed=True, entries=(entry,))

    def _list(self, incoming: Incoming, reading: Reading) -> Outcome:
        issuer, shard = _place(incoming)
        token = self._beliefs.new_list(issuer, shard, incoming.payload, reading.now_s)
        if dict(self._store.names(LIST)).get(token.uri, -1) >= token.seq:
            return _NOTHING
        self._store.keep(LIST, token.uri, token.seq, incoming.payload)
        for name, seq in self._store.names(DELTA):
            if seq <= token.seq and name.startswith(f"{token.uri} "):
                self._store.forget(DELTA, name)
        self._store.bump("lists accepted")
        return Outcome(changed=True)

    def _delta(self, incoming: Incoming, reading: Reading) -> Outcome:
        issuer, shard = _place(incoming)
        token = self._beliefs.new_delta(issuer, shard, incoming.payload, reading.now_s)
        self._store.keep(DELTA, delta_name(token.uri, token.seq), token.seq, incoming.payload)
        self._store.bump("deltas accepted")
        kept = sum(name.startswith(f"{token.uri} ") for name, _ in self._store.names(DELTA))
        wanted = self._ask((token.uri,), incoming.received_mono) if kept > MOST_DELTAS else {}
        return Outcome(changed=True, wanted=wanted)

    def _command(self, incoming: Incoming, reading: Reading) -> Outcome:
        command = self._beliefs.command(incoming.payload, reading.now_s, self._greeting.session)
        if self._store.executed(command.id):
            return _NOTHING
        if command.action is Action.OPEN_ONCE and reading.trust is not ClockTrust.SIGNED:
            # Without signed time nobody can say that the order to open is not an old one.
            return Outcome(results=(Result(id=command.id, outcome=Became.REFUSED, detail="clock in doubt"),))
        self._store.take_up(command.id, command.expires, reading.now_s)
        return Outcome(commands=(command,))

    def _receipt(self, incoming: Incoming, reading: Reading) -> Outcome:
        receipt = self._beliefs.receipt(incoming.payload, reading.now_s, self._store.journal)
        self._store.receipted(receipt, reading.now_ms)
        return _NOTHING

    def _venue(self, incoming: Incoming, reading: Reading) -> Outcome:
        return Outcome(venue=self._beliefs.venue(incoming.payload, reading.now_s))

    def _broadcast(self, incoming: Incoming, _reading: Reading) -> Outcome:
        time = self._beliefs.time(incoming.payload, None)
        self._clock.heard(time, incoming.received_mono)
        return self._head(time, incoming)

    def _answer(self, incoming: Incoming, _reading: Reading) -> Outcome:
        time = self._beliefs.time(incoming.payload, self._greeting.session)
        if self._greeting.waiting_since is not None:
            self._clock.answered(time, self._greeting.waiting_since, incoming.received_mono)
            self._greeting.answered()
        return self._head(time, incoming)

    def _head(self, time: Time, incoming: Incoming) -> Outcome:
        if self._heads is None or time.now_ms >= self._heads.now_ms:
            self._heads = time
        behind = self._compare(incoming.received_mono)
        uris = tuple(name for name in behind if name in time.lists)
        return Outcome(wanted=self._ask(uris, incoming.received_mono))

    def _compare(self, mono: float) -> tuple[str, ...]:
        """What signed time names and this gate has not, each with the moment it was first missed."""
        behind = self._beliefs.withheld(self._heads) if self._heads else ()
        self._behind = {name: self._behind.get(name, mono) for name in behind}
        return behind

    def _ask(self, uris: tuple[str, ...], mono: float) -> dict[str, int]:
        held = self._beliefs.held().lists
        due = [uri for uri in uris if mono - self._asked.get(uri, -ASK_EVERY_S) >= ASK_EVERY_S]
        self._asked.update(dict.fromkeys(due, mono))
        return {uri: held.get(uri, 0) for uri in due}

    def _refused(
        self, leaf: All | Down, refused: Refused, incoming: Incoming, mono: float, reading: Reading
    ) -> Outcome:
        word = f"{leaf.value} {refused.reason.value}"
        self._store.bump(f"refused {word}")
        wanted: Mapping[str, int] = {}
        if leaf is All.DELTA and refused.reason is Refusal.BASE and self._beliefs.trust:
            issuer, shard = _place(incoming)
            uri = lists.bind(self._beliefs.trust, self._beliefs.gate, issuer, shard).ref.uri
            wanted = self._ask((uri,), mono)
        if (leaf, refused.reason) in _ORDINARY or mono - self._said.get(word, -SAY_EVERY_S) < SAY_EVERY_S:
            return Outcome(wanted=wanted)
        self._said[word] = mono
        return Outcome(wanted=wanted, entries=(_entry(reading, Event.DOCUMENT_REFUSED, word, None),))


def _place(incoming: Incoming) -> tuple[str, int]:
    """The issuer and shard of a list's topic, which `wire.topics` has checked to be there."""
    topic = incoming.topic
    if not isinstance(topic, ToAll) or topic.issuer is None or topic.shard is None:
        raise Refused(Refusal.MALFORMED, "a list came on a topic that names none")
    return topic.issuer, topic.shard


def _entry(reading: Reading, kind: Event, word: str, about: int | None) -> Entry:
    return Entry(
        sequence=0,
        previous=bytes(32),
        at_ms=reading.now_ms,
        clock=reading.trust,
        kind=kind,
        word=word,
        about=about,
    )
