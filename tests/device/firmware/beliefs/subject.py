"""The gate that is tried: real intake, beliefs, clock and disk; it can be killed between any two writes."""

import os
from contextlib import suppress

from device.firmware.clock import Clock
from device.firmware.errors import GateError
from device.firmware.greeting import Greeting
from device.firmware.inbox import Inbox
from device.firmware.intake import Intake
from device.firmware.restore import DELTA, LIST, restore
from device.firmware.store import Store
from tests.device.firmware.beliefs.forge import GATE, body, token

WRITES = ("keep", "forget", "lower_floor", "take_up")


class Killed(BaseException):
    """As if the power was cut here."""


class Subject:
    """One gate; `mono` is its monotonic clock, `system_s` what its unset system clock says."""

    def __init__(self, path):
        self.path = path
        self.store = None
        self.card = b""
        self.sessions = 0
        self.mono = 100.0
        self.system_s = 0
        self.left = None
        self.broken = False
        self._seen = self._meant = ()

    def begin(self, card, system_s):
        """A new gate with this root on its card: the disk is wiped, which is quicker than a new file."""
        self.card, self.system_s, self.left, self.broken = card, system_s, None, False
        if self.store is None:
            self.store = self._open()
        for table in ("document", "command", "counter"):
            self.store._db.execute(f"DELETE FROM {table}")
        self.store._db.execute("DELETE FROM fact WHERE name = 'floor'")
        self.store._bumped.clear()
        self._wake()

    def start(self):
        """A start after an end in order."""
        self.store.close()
        self.store = self._open()
        self._wake()

    def killed(self):
        """A start after the power was cut: nothing more was written."""
        self.store._closed = True
        self.store._db.close()
        os.close(self.store.lock)
        self.left = None
        self.store = self._open()
        self._wake()

    def close(self):
        if self.store is not None:
            self.store.close()

    def hear(self, message):
        """Take one message in, as it comes from the broker."""
        inbox = Inbox(GATE)
        assert inbox.put(message.topic, message.data, self.mono)
        (incoming,) = inbox.take()
        return self.intake.handle(incoming, self.mono, self.reading())

    def reading(self):
        return self.clock.read(self.mono, self.system_s * 1000)

    def said_hello(self):
        self.greeting.said(self.mono)

    def passes(self, seconds):
        self.mono += seconds
        self.system_s += seconds

    def keep_floor(self):
        """What the office does once a minute."""
        self.store.floor_ms = min(self.clock.floor_ms, self.beliefs.root.expires * 1000)

    def settle(self):
        """The card is well again, and takes what it did not take."""
        self.broken = False
        self.intake.keeper.settle()

    def differs(self, model):
        """In words what this gate believes otherwise than it should; "" when it is right."""
        own, told = self.beliefs, []
        seen = (own.root, own.trust, own.assignment, *own.lists.values())
        meant = (model.root, model.trust, model.assignment, *model.lists.values())
        if _same_objects(seen, self._seen) and _same_objects(meant, self._meant):
            return ""
        told += [] if own.root == body(model.root) else [f"root {own.root.version}, not {model.root.version}"]
        for kind in ("trust", "assignment"):
            said, document = getattr(model, kind), getattr(own, kind)
            if document != (said and body(said)):
                told.append(f"{kind} {document and document.version}, not {said and said.version}")
        seqs = {uri: held.said.seq for uri, held in model.lists.items()}
        bound = {uri for _, uri, _ in model.carried()}
        lists = {uri: held for uri, held in own.lists.items() if uri in bound}
        told += [] if own.held().lists == seqs else [f"lists {own.held().lists}, not {seqs}"]
        told += [
            f"list {uri} has other colours or dates"
            for uri, held in lists.items()
            if uri in model.lists and not _same(held, model.lists[uri].said)
        ]
        self._seen, self._meant = (seen, meant) if not told else ((), ())
        return "; ".join(told)

    def stray(self):
        """Lists on the card, or changes of them, that are not believed and nothing will take away."""
        if self.broken or self.intake.keeper.failed or self.beliefs.trust is None:
            return set()
        kept = {name for name, _ in self.store.names(LIST)}
        kept |= {name.rsplit(" ", 1)[0] for name, _ in self.store.names(DELTA)}
        return kept - set(self.beliefs.lists)

    def _open(self):
        return Store.open(self.path, GATE, journal_limit_bytes=1 << 20)

    def _wake(self):
        self.sessions += 1
        restored = restore(self.store, self.card)
        self.beliefs = restored.beliefs
        self.clock = Clock(self.store.floor_ms)
        self.greeting = Greeting(self.sessions.to_bytes(16))
        self.intake = Intake(self.beliefs, self.store, self.clock, self.greeting)
        for name in WRITES:
            setattr(self.store, name, self._counted(getattr(self.store, name)))

    def _counted(self, write):
        def counted(*given):
            if self.left is not None:
                self.left -= 1
                if self.left < 0:
                    raise Killed
            if self.broken:
                raise GateError("the card takes nothing")
            return write(*given)

        return counted


def _same_objects(some, others):
    """Whether nothing has changed since both were compared, which takes a while."""
    return len(some) == len(others) > 0 and all(one is other for one, other in zip(some, others, strict=True))


def _same(held, said):
    mine = token(said)
    return (held.seq, held.statuses, held.issued, held.expires) == (
        mine.seq,
        mine.statuses,
        mine.issued,
        mine.expires,
    )


def quietly(work):
    """Whether the work was cut off."""
    with suppress(Killed):
        work()
        return False
    return True
