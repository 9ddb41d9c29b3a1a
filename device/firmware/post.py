"""Performs what the courier decides: builds, signs and hands over what a gate says."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from device.firmware.clock import Reading
from device.firmware.courier import Courier, Due, Outgoing
from device.firmware.greeting import Greeting
from device.firmware.store import Store
from device.firmware.uplink import Uplink
from wire import messages
from wire.keys import Signer
from wire.messages import Batch, Checkpoint, Held, Hello, Reply, Result, State

HELLO_AGAIN_S: Final = 30.0
DOUBT_MS: Final = 3_000  # beyond this, ask for signed time again: a policy may allow as little as ten seconds


class Post:
    """The way out of one gate. For the loop's thread; nothing here waits."""

    def __init__(
        self, uplink: Uplink, store: Store, greeting: Greeting, signer: Signer, firmware: str
    ) -> None:
        self.courier = Courier(store)
        self._uplink = uplink
        self._store = store
        self._greeting = greeting
        self._signer = signer
        self._firmware = firmware
        self._online = False
        self._epoch = store.epoch
        self._hello_at = 0.0

    def run(self, mono: float, reading: Reading, held: Held, state: Callable[[], State]) -> None:
        """Say everything that is due; `state` is asked only when it is to be said."""
        if self._uplink.connected is not self._online:
            self._online = self._uplink.connected
            self.courier.connected(mono) if self._online else self.courier.lost()
        if self._store.epoch != self._epoch:
            self._epoch = self._store.epoch
            self.courier.again()
        if reading.doubt_ms > DOUBT_MS and mono - self._hello_at >= HELLO_AGAIN_S:
            self.courier.hello_again(mono)
        for outgoing in self.courier.next(mono):
            if not self._perform(outgoing, mono, reading, held, state):
                self.courier.not_sent(outgoing, mono)

    def answer(self, results: Sequence[Result], wanted: Mapping[str, int]) -> bool:
        """What became of commands, and the lists that are wanted whole; False when it could not go out."""
        reply = Reply(session=self._uplink.session, results=tuple(results), wanted=dict(wanted))
        return self._uplink.reply(reply)

    def _perform(
        self, outgoing: Outgoing, mono: float, reading: Reading, held: Held, state: Callable[[], State]
    ) -> bool:
        if outgoing is Due.STATE:
            return self._uplink.say_state(state())
        if outgoing is Due.HELLO:
            return self._say_hello(mono, reading, held)
        if outgoing is Due.CHECKPOINT:
            return self._uplink.send(
                Batch(
                    journal=self._store.journal,
                    first=self._store.head + 1,
                    events=(),
                    checkpoint=self._checkpoint(reading),
                )
            )
        return self._uplink.send(
            Batch(journal=self._store.journal, first=outgoing.first, events=outgoing.events)
        )

    def _say_hello(self, mono: float, reading: Reading, held: Held) -> bool:
        self._hello_at = mono
        hello = Hello(
            session=self._uplink.session,
            firmware=self._firmware,
            held=held,
            journal=self._store.journal,
            head=self._store.head,
            tail=self._store.tail,
            checkpoint=self._checkpoint(reading),
            epoch=self._store.epoch,
        )
        sent = self._uplink.say_hello(hello)
        if sent:
            self._greeting.said(mono)
        return sent

    def _checkpoint(self, reading: Reading) -> bytes:
        checkpoint = Checkpoint(
            gate=self._store.gate,
            journal=self._store.journal,
            head=self._store.head,
            hash=self._store.head_hash,
            at_ms=reading.now_ms,
        )
        return messages.sign_checkpoint(checkpoint, self._signer)
