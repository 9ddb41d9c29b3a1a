"""The fleet seen from the loop: what comes in is handed to intake, what the courier finds due goes out."""

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from device.firmware.clock import Clock, Reading
from device.firmware.courier import Courier, Due, Events, Outgoing
from device.firmware.errors import GateError
from device.firmware.greeting import Greeting
from device.firmware.inbox import Incoming
from device.firmware.intake import Intake
from device.firmware.narrate import Narrator
from device.firmware.store import Store
from device.firmware.trust import Beliefs
from device.firmware.version import FIRMWARE
from wire import messages
from wire.documents import Command, VenueState
from wire.health import Trouble
from wire.keys import Signer
from wire.messages import Batch, Checkpoint, ClockTrust, Hello, Reply, Result, State

AT_ONCE: Final = 4
"""Messages taken in by one step."""
LARGE_BYTES: Final = 8_192
"""Such a one ends the step: a status list takes milliseconds that a person at the lane must not wait."""
GREET_AGAIN_S: Final = 2.0
"""A hello without an answer is said again so soon, then after twice the time, at most after GREET_EVERY_S."""
GREET_EVERY_S: Final = 30.0
GREET_SOON_S: Final = 1.0
"""So long other roots and documents have to come; then hello asks for what is still missing."""
GOOD_DOUBT_MS: Final = 1_000
"""A clock better than this needs no new answer: a crystal needs hours to lose it."""
KEEP_EVERY_S: Final = 60.0
SETTLE_EVERY_S: Final = 5.0
LINE_EVERY_S: Final = 60.0
"""A line that comes and goes is told once in this time, with how often it went."""
RECEIPTED_KEPT_MS: Final = 7 * 86_400_000
MOST_WANTED: Final = 256
MOST_RESULTS: Final = 32


class Wire(Protocol):
    """The line to the broker, as `uplink.Uplink` is one; nothing here waits."""

    @property
    def connected(self) -> bool:
        """Whether it is up."""
        ...

    def take(self) -> list[Incoming]:
        """What has come."""
        ...

    def say_hello(self, hello: Hello) -> bool:
        """False: not sent."""
        ...

    def say_state(self, state: State) -> bool:
        """False: not sent."""
        ...

    def send(self, batch: Batch) -> bool:
        """False: not sent."""
        ...

    def reply(self, reply: Reply) -> bool:
        """False: not sent."""
        ...

    def stop(self) -> None:
        """Say goodbye."""
        ...


@dataclass(slots=True, kw_only=True)
class FleetOffice:
    """One gate's dealings with its fleet. For the loop thread; times are monotonic seconds."""

    line: Wire
    courier: Courier
    intake: Intake
    greeting: Greeting
    store: Store
    beliefs: Beliefs
    clock: Clock
    signer: Signer
    narrator: Narrator
    perform: Callable[[Command, float, Reading], Result | None]
    """None: it takes a while, and `answer` is told."""
    online: bool = False
    withheld: bool = False
    silent: bool = False
    unkept: bool = False
    """Whether the card did not take what should be kept, and has not taken anything since."""
    venue: VenueState | None = None
    _waiting: deque[Incoming] = field(default_factory=deque)
    _results: list[Result] = field(default_factory=list)
    _wanted: dict[str, int] = field(default_factory=dict)
    _greeted_s: float = float("-inf")
    _greet_rest_s: float = GREET_AGAIN_S
    _greet_at_s: float = float("inf")
    _keep_at_s: float = 0.0
    _settle_at_s: float = 0.0
    _told_online: bool = False
    _lost: int = 0
    _line_at_s: float = float("-inf")

    def step(self, now_s: float, now: Reading, state: Callable[[bytes], State]) -> bool:
        """Take in, perform, send; whether something that is believed has changed."""
        self._connection(now_s, now)
        if self.store.torn:
            self._mend(now_s)
        if not self._waiting:  # what waits longer waits in the inbox, which is bounded
            self._waiting.extend(self.line.take())
        epoch = self.store.epoch if self._waiting else None
        changed = False
        for _ in range(min(AT_ONCE, len(self._waiting))):
            incoming = self._waiting.popleft()
            waited = self.greeting.waiting_since is not None
            changed |= self._take_in(incoming, now_s, now)
            answered = waited and self.greeting.waiting_since is None
            if answered or len(incoming.payload) >= LARGE_BYTES:  # `now` is of the clock before the answer
                break
        if epoch is not None and epoch != self.store.epoch:
            self.courier.again()
        self._answer()
        for outgoing in self.courier.next(now_s):
            if not self._send(outgoing, now_s, now, state):
                self.courier.not_sent(outgoing, now_s)
        if now_s >= self._settle_at_s:
            self._settle_at_s = now_s + SETTLE_EVERY_S
            self.intake.keeper.settle()
        if now_s >= self._keep_at_s:
            self._keep(now_s, now)
        troubles = self.intake.troubles(now_s)
        self.silent = Trouble.TIME_SILENT in troubles
        self.withheld, self.unkept = Trouble.DOCUMENT_WITHHELD in troubles, Trouble.DISK in troubles
        return changed

    def changed(self, now_s: float) -> None:
        """The gate's state is another one."""
        self.courier.changed(now_s)

    def answer(self, result: Result) -> None:
        """What became of a command that took a while."""
        self._results.append(result)

    def stop(self) -> None:
        """Say goodbye, and keep what is kept now and then."""
        self.line.stop()
        with suppress(GateError):  # a card that is gone is no reason not to end in order
            self.store.floor_ms = self._floor_ms()

    def _connection(self, now_s: float, now: Reading) -> None:
        if self.line.connected is not self.online:
            self.online = self.line.connected
            self._lost += not self.online
            self._greet_rest_s = GREET_AGAIN_S
            self.intake.listens(now_s if self.online else float("inf"))
            if self.online:
                self.courier.connected(now_s)
            else:
                self.courier.lost()
        if self.online is not self._told_online and now_s >= self._line_at_s:
            self._tell(now_s)
        if self.online and now_s >= self._greet_at_s:
            self._greet_at_s = float("inf")
            self.courier.hello_again(now_s)
        vague = now.trust is not ClockTrust.SIGNED or now.doubt_ms > GOOD_DOUBT_MS
        if not vague:
            self._greet_rest_s = GREET_AGAIN_S
        elif self.online and now_s - self._greeted_s >= self._greet_rest_s:
            self._greeted_s, self._greet_rest_s = now_s, min(GREET_EVERY_S, 2 * self._greet_rest_s)
            self.courier.hello_again(now_s)

    def _tell(self, now_s: float) -> None:
        """One line of log about the line to the broker, however often it comes and goes."""
        times = self._lost if self._lost > 1 else None
        self.narrator.say("connected" if self.online else "disconnected", times_lost=times)
        self._told_online, self._lost, self._line_at_s = self.online, 0, now_s + LINE_EVERY_S

    def _mend(self, now_s: float) -> None:
        """The file was found torn while it was open: open it anew, as a start would."""
        if self.store.mend():
            self.narrator.say("journal damaged", kept_as=str(self.store.set_aside))
            self.courier.connected(now_s)
        self.courier.again()

    def _floor_ms(self) -> int:
        """What to keep of the clock's floor: beyond the root's end nothing counts that it vouches for."""
        root = self.beliefs.root
        return self.clock.floor_ms if root is None else min(self.clock.floor_ms, root.expires * 1000)

    def _take_in(self, incoming: Incoming, now_s: float, now: Reading) -> bool:
        outcome = self.intake.handle(incoming, now_s, now)
        for entry in outcome.entries:
            try:
                kept = self.store.append(entry)
            except GateError as error:
                self.narrator.say("journal failed", why=str(error))
            else:
                self.narrator.say(entry.kind.name.lower(), what=entry.word, sequence=kept.sequence)
        performed = [self.perform(command, now_s, now) for command in outcome.commands]
        self._results += [*outcome.results, *(result for result in performed if result is not None)]
        self._wanted |= outcome.wanted
        if outcome.greet:
            self._greet_at_s = min(self._greet_at_s, now_s + GREET_SOON_S)
        self.venue = outcome.venue or self.venue
        return outcome.changed

    def _answer(self) -> None:
        """Reply while there is something to reply; what could not be sent is said again."""
        while self._results or self._wanted:
            wanted: Mapping[str, int] = dict(list(self._wanted.items())[:MOST_WANTED])
            results = tuple(self._results[:MOST_RESULTS])
            if not self.line.reply(Reply(session=self.greeting.session, results=results, wanted=wanted)):
                return
            del self._results[:MOST_RESULTS]
            self._wanted = {uri: seq for uri, seq in self._wanted.items() if uri not in wanted}

    def _send(self, outgoing: Outgoing, now_s: float, now: Reading, state: Callable[[bytes], State]) -> bool:
        match outgoing:
            case Events(first, events):
                return self.line.send(Batch(journal=self.store.journal, first=first, events=events))
            case Due.HELLO:
                self._greeted_s = now_s
                sent = self.line.say_hello(self._hello(now))
                if sent:
                    self.greeting.said(now_s)
                return sent
            case Due.STATE:
                return self.line.say_state(state(self.greeting.session))
            case Due.CHECKPOINT:
                batch = Batch(
                    journal=self.store.journal,
                    first=self.store.head + 1,
                    events=(),
                    checkpoint=self._checkpoint(now),
                )
                return self.line.send(batch)

    def _hello(self, now: Reading) -> Hello:
        return Hello(
            session=self.greeting.session,
            firmware=FIRMWARE,
            held=self.beliefs.held(),
            journal=self.store.journal,
            head=self.store.head,
            tail=self.store.tail,
            checkpoint=self._checkpoint(now),
            epoch=self.store.epoch,
        )

    def _checkpoint(self, now: Reading) -> bytes:
        checkpoint = Checkpoint(
            gate=self.store.gate,
            journal=self.store.journal,
            head=self.store.head,
            hash=self.store.head_hash,
            at_ms=now.now_ms,
        )
        return messages.sign_checkpoint(checkpoint, self.signer)

    def _keep(self, now_s: float, now: Reading) -> None:
        """What need not be durable at once: the clock's floor, the counters, and what may be forgotten."""
        self._keep_at_s = now_s + KEEP_EVERY_S
        try:
            self.store.floor_ms = self._floor_ms()
            self.store.save_counters()
            self.store.purge(now.now_ms - RECEIPTED_KEPT_MS)
        except GateError as error:
            self.narrator.say("not kept", why=str(error))


@dataclass(slots=True)
class NoOffice:
    """What a gate has before it is enrolled: nobody to talk to."""

    online: bool = False
    withheld: bool = False
    silent: bool = False
    unkept: bool = False
    venue: VenueState | None = None

    def step(self, _now_s: float, _now: Reading, _state: Callable[[bytes], State]) -> bool:
        """Nothing comes."""
        return False

    def changed(self, now_s: float) -> None:
        """Nobody asks."""

    def answer(self, result: Result) -> None:
        """Nobody asked."""

    def stop(self) -> None:
        """Nothing to stop."""
