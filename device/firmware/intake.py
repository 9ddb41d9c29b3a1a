"""What comes in: believed or refused, kept on disk, and told to the loop as an outcome."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from device.firmware import lists
from device.firmware.clock import LATEST_MS, Clock, Reading
from device.firmware.errors import GateError, Refusal, Refused
from device.firmware.greeting import Greeting
from device.firmware.inbox import Incoming
from device.firmware.keeper import Keeper
from device.firmware.outcome import ORDINARY, TOO_EARLY, Outcome, entry_of, place_of
from device.firmware.restore import DELTA, delta_name
from device.firmware.store import Store
from device.firmware.trust import Beliefs
from wire import envelope
from wire.documents import Action, Document, Role, Root, Time
from wire.health import Trouble
from wire.messages import ClockTrust, Event, Result
from wire.messages import Outcome as Became
from wire.topics import RETAINED, All, Down

ASK_EVERY_S: Final = 30.0
GRACE_S: Final = 60.0  # how long what signed time names may still be on its way
SILENT_S: Final = 600.0
"""The fleet tells the time every 30 s: whoever keeps that back keeps back that something newer exists."""
SAY_EVERY_S: Final = (
    3600.0  # the same refusal is journalled once in this time, or a broker could flood a journal
)

_NOTHING: Final = Outcome()
# Whose dates move the clock's floor: one that is wrong goes with the key that signed it.
_DATES: Final = (Role.TIMEKEEPER, Role.DIRECTOR, Role.TRUST)
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
        self._answers: dict[bytes | None, int] = {}
        self.keeper = Keeper(store)
        self._heads: Time | None = None
        self._heard_s = float("inf")
        self._too_early = False
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
        except GateError:  # the card could not be asked, or not take a receipt, which comes again
            self.keeper.refused_by_card()
            outcome = Outcome(changed=True)
        else:
            if outcome.changed:
                self._compare(incoming.received_mono)
        return outcome

    def troubles(self, mono: float) -> frozenset[Trouble]:
        """What has been wrong with documents for long enough to say so."""
        late = any(mono - since >= GRACE_S for since in self._behind.values())
        found = {
            Trouble.DOCUMENT_WITHHELD: late,
            Trouble.TIME_SILENT: mono - self._heard_s >= SILENT_S,
            Trouble.DISK: self.keeper.failed,
        }
        return frozenset(trouble for trouble, holds in found.items() if holds)

    def listens(self, mono: float) -> None:
        """A connection has begun, or ended: `mono` infinite."""
        self._heard_s = mono

    def _root(self, incoming: Incoming, reading: Reading) -> Outcome:
        before, documents = self._beliefs.root, (self._beliefs.trust, self._beliefs.assignment)
        root = self._beliefs.new_root(incoming.payload)
        if before is not None and any(_removed(before, root, role) for role in _DATES):
            self._forget_dates(signed_time=not _removed(before, root, Role.TIMEKEEPER))
        self._too_early |= documents != (self._beliefs.trust, self._beliefs.assignment)
        return self._vouching(self._accepted("root", root, before, incoming, reading, str(root.version)))

    def _vouching(self, outcome: Outcome) -> Outcome:
        """After a new root or trust document: ask for what was refused before it, or let go by it."""
        greet = outcome.changed and self._too_early
        self._too_early &= not greet
        if greet:
            self._asked.clear()  # the answer to what was asked before came too early as well
        return replace(outcome, greet=greet)

    def _forget_dates(self, *, signed_time: bool) -> None:
        """Dates that the old keys signed bind nobody: what several people signed offline is all there is.

        Otherwise whoever stole the timekeeper's key could put a gate into the year 9999 for good. This comes
        before the root is kept: killed in between, the gate hears that root again and forgets once more.
        `signed_time`: what the timekeeper has told still stands.
        """
        signed = [doc.issued * 1000 for doc in (self._beliefs.root, self._beliefs.trust) if doc is not None]
        if not signed_time:
            self._heads, self._behind = None, {}
        elif self._heads is not None:
            signed.append(self._heads.now_ms)
        floor_ms = max((date_ms for date_ms in signed if date_ms <= LATEST_MS), default=0)
        self._clock.begin_again(floor_ms, signed_time=signed_time)
        self.keeper.lower_floor(floor_ms)

    def _trust(self, incoming: Incoming, reading: Reading) -> Outcome:
        before = self._beliefs.trust
        trust = self._beliefs.new_trust(incoming.payload, reading.now_s)
        if trust is not before:
            self.keeper.forget_lists_but(self._beliefs.lists)
        return self._vouching(self._accepted("trust", trust, before, incoming, reading))

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
        self.keeper.keep(kind, name, document.version, incoming.payload)
        entry = entry_of(reading, Event.DOCUMENT_ACCEPTED, kind, document.version)
        return Outcome(changed=True, entries=(entry,))

    def _list(self, incoming: Incoming, reading: Reading) -> Outcome:
        issuer, shard = place_of(incoming)
        before = dict(self._beliefs.lists)
        token = self._beliefs.new_list(issuer, shard, incoming.payload, reading.now_s)
        held = before.get(token.uri)
        if token is held and self.keeper.holds(token.uri, token.seq):
            return _NOTHING
        self.keeper.keep_list(token.uri, token.seq, incoming.payload, leads_on=held is not None)
        self._store.bump("lists accepted")
        return Outcome(changed=True)

    def _delta(self, incoming: Incoming, reading: Reading) -> Outcome:
        issuer, shard = place_of(incoming)
        token = self._beliefs.new_deltas(issuer, shard, (incoming.payload,), reading.now_s)
        self.keeper.keep(DELTA, delta_name(token.uri, token.seq), token.seq, incoming.payload)
        self._store.bump("deltas accepted")
        return Outcome(changed=True)

    def _command(self, incoming: Incoming, reading: Reading) -> Outcome:
        command = self._beliefs.command(incoming.payload, reading.now_s, self._greeting.session)
        if self._store.executed(command.id):
            return _NOTHING
        if command.action is Action.OPEN_ONCE and self._doubts(reading):
            # Without a clock nobody can say that the order to open is not an old one.
            return Outcome(results=(Result(id=command.id, outcome=Became.REFUSED, detail="clock in doubt"),))
        try:
            self._store.take_up(command.id, command.expires, reading.now_s)
        except GateError:  # what cannot be remembered is not performed: rather not at all than twice
            self.keeper.refused_by_card()
            return Outcome(results=(Result(id=command.id, outcome=Became.FAILED, detail="the card failed"),))
        return Outcome(commands=(command,))

    def _doubts(self, reading: Reading) -> bool:
        """Whether the clock is worse than policy allows, as it is of a code."""
        signed = reading.trust is ClockTrust.SIGNED
        return not signed or reading.doubt_ms > self._beliefs.policy().clock_doubt_ms

    def _receipt(self, incoming: Incoming, reading: Reading) -> Outcome:
        receipt = self._beliefs.receipt(incoming.payload, reading.now_s, self._store.journal)
        self._store.receipted(receipt, reading.now_ms)
        return _NOTHING

    def _venue(self, incoming: Incoming, reading: Reading) -> Outcome:
        return Outcome(venue=self._beliefs.venue(incoming.payload, reading.now_s))

    def _broadcast(self, incoming: Incoming, reading: Reading) -> Outcome:
        time = self._beliefs.time(incoming.payload, None)
        self._clock.heard(time, incoming.received_mono)
        return self._head(time, incoming, reading)

    def _answer(self, incoming: Incoming, reading: Reading) -> Outcome:
        time = self._beliefs.time(incoming.payload, self._greeting.session)
        if self._greeting.waiting_since is not None and self._is_later(time, incoming.payload):
            self._clock.answered(time, self._greeting.waiting_since, incoming.received_mono)
            self._greeting.answered()
        return self._head(time, incoming, reading)

    def _is_later(self, time: Time, data: bytes) -> bool:
        """Whether it is no answer that set the clock before: this session's nonce stands in those, too."""
        kid = envelope.parse(Time, data).header.kid
        later = time.now_ms > self._answers.get(kid, -1)
        if later:
            self._answers[kid] = time.now_ms
        return later

    def _head(self, time: Time, incoming: Incoming, reading: Reading) -> Outcome:
        if self._heads is None or time.now_ms > self._heads.now_ms:
            self._heads = time
            # One that was held up names what was the newest then.
            if reading.trust is not ClockTrust.SIGNED or reading.now_ms - time.now_ms < SILENT_S * 1000:
                self._heard_s = incoming.received_mono
        behind = self._compare(incoming.received_mono)
        uris = tuple(name for name in behind if name in time.lists)
        wanted = self._ask(uris, incoming.received_mono)
        others = tuple(name for name in behind if name not in time.lists)
        return Outcome(wanted=wanted, greet=bool(self._ask(others, incoming.received_mono)))

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
        self._too_early |= leaf in RETAINED and refused.reason in TOO_EARLY
        wanted: Mapping[str, int] = {}
        if leaf is All.DELTA and refused.reason is Refusal.BASE and self._beliefs.trust:
            issuer, shard = place_of(incoming)
            uri = lists.bind(self._beliefs.trust, self._beliefs.gate, issuer, shard).ref.uri
            wanted = self._ask((uri,), mono)
        greet = _roots_are_missing(leaf, refused.reason) and bool(self._ask(("roots",), mono))
        if (leaf, refused.reason) in ORDINARY or mono - self._said.get(word, -SAY_EVERY_S) < SAY_EVERY_S:
            return Outcome(wanted=wanted, greet=greet)
        self._said[word] = mono
        entry = entry_of(reading, Event.DOCUMENT_REFUSED, word, None)
        return Outcome(wanted=wanted, greet=greet, entries=(entry,))


def _roots_are_missing(leaf: All | Down, reason: Refusal) -> bool:
    """Whether a refusal hints at a root that did not arrive: nobody whom the gate knows may tell it."""
    skipped = leaf is All.ROOT and reason is Refusal.SKIPPED_VERSION
    return skipped or (leaf in {All.TIME, Down.TIME} and reason in TOO_EARLY)


def _removed(before: Root, after: Root, role: Role) -> bool:
    """Whether a key of `role` does not count any more after a new root."""
    return not set(before.roles[role].kids) <= set(after.roles[role].kids)
