"""The firmware's whole gate and small authority, for scenarios; they are told by the firmware's own tests."""

import importlib.util
import itertools
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from wire import code, messages, topics
from wire.documents import Range
from wire.health import Trouble
from wire.messages import Event
from wire.reasons import Reason

FIRMWARE = Path(__file__).parents[1] / "device" / "firmware"
DOOR, PASSAGE = 5, 6


def _told_by(name):
    """One file of the firmware's tests as a module."""
    spec = importlib.util.spec_from_file_location(f"firmware_{name}", FIRMWARE / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_GATE, _PROCESS, _LINE = _told_by("conftest"), _told_by("test_main"), _told_by("test_uplink")
shared_authority, authority = _GATE.shared_authority, _GATE.authority
beliefs, world, served = _GATE.beliefs, _GATE.world, _GATE.served
running = _PROCESS.running


@pytest.fixture
def world_at(authority, beliefs):
    """A gate with its file wherever a test wants it."""
    worlds = []

    def make(path):
        worlds.append(_GATE.World(authority, beliefs, path))
        return worlds[-1]

    yield make
    for world in worlds:
        world.store.close()


class Whole(_PROCESS.Running):
    """One gate process on its board with a real broker, and a fleet that tells it the time and listens."""

    def __init__(self, path, authority, directory):
        self.town = town = _LINE.Town(directory)
        town.broker.start(town.clients)
        self.ingest, self.publisher = (town.service(name) for name in _LINE.SERVICES)
        self.publisher.on_message = self.greet
        self.numbers = itertools.count(1)
        self.kept = {}
        self.ingest.on_message = self.hear
        super().__init__(path, authority)
        self.enrol()

    def start(self):
        toml = self.path / "gate.toml"
        text = toml.read_text()
        if "port = 1\n" in text:  # answers stand for a moment only: nobody reads them here
            brief = "[lane]\ndenied_s = 0.3\nreferred_s = 0.3\nwaiting_s = 0.3"
            text = text.replace("port = 1\n", f"port = {self.town.place.port}\n").replace("[lane]", brief)
            toml.write_text(text)
        return super().start()

    def enrol(self):
        for name in ("gate.key", "gate.pem", "ca.pem"):
            shutil.copy(self.town.directory / name, self.path / name)

    def greet(self, client, _data, message):
        """Answer a hello with signed time."""
        if not message.topic.endswith("/hello"):
            return
        hello = messages.read_hello(message.payload)
        now_ms = time.time_ns() // 1_000_000
        dates = {"issued": now_ms // 1000 - 1, "expires": now_ms // 1000 + 60}
        told = self.authority.time(
            **dates, audience=_GATE.GATE, nonce=hello.session, now_ms=now_ms, lists={"jl/0": 1}
        )
        client.publish(topics.down(_GATE.GATE, topics.Down.TIME), self.authority.sign(told), 1)

    def hear(self, client, _data, message):
        """Keep what is said, and give receipts for events."""
        self.town.heard.append((message.topic, message.payload))
        if not message.topic.endswith("/events"):
            return
        batch, _ = messages.read_batch(message.payload)
        self.kept |= {(batch.journal, batch.first + at): one for at, one in enumerate(batch.events)}
        last = 0
        while (batch.journal, last + 1) in self.kept:
            last += 1
        if last:
            end = Range(first=1, last=last, hash=messages.event_hash(self.kept[batch.journal, last]))
            now_s = int(time.time())
            told = self.authority.receipt(
                issued=now_s - 1, expires=now_s + 60, journal=batch.journal, ranges=(end,)
            )
            client.publish(topics.down(_GATE.GATE, topics.Down.RECEIPT), self.authority.sign(told), 1)

    def states(self):
        """What the gate told its fleet about itself, oldest first."""
        return self.town.said("/state", messages.STATE)

    def events(self):
        """Every event that the fleet heard, by its sequence."""
        entries = map(messages.read_entry, list(self.kept.values()))
        return {entry.sequence: entry for entry in entries}

    def troubles(self):
        """What the fleet knows to be wrong."""
        states = self.states()
        return set(states[-1].troubles) if states else set()

    def serving(self):
        """Wait until it serves people and knows the time."""
        self.until(lambda: self.states() and self.states()[-1].lane == "idle", "it serves")
        self.until(lambda: Trouble.CLOCK_DOUBT not in self.troubles(), "the time")
        return self

    def phone(self, number=None):
        """What the phone of this or another person shows; the subject's number."""
        number = number or next(self.numbers)
        claims = self.authority.claims(
            subject=number.to_bytes(16), issued=self.now_s - 60, expires=self.now_s + 86_400
        )
        credential = code.issue(claims, self.authority.codes["jl"])
        return code.to_text(code.prove(credential, int(time.time()), self.authority.holder)), number

    def passages(self, number):
        """The reasons of every passage of this person that the fleet heard of."""
        subject = number.to_bytes(16)
        kept = self.events().values()
        return [one.reason for one in kept if one.kind is Event.PASSAGE and one.subject == subject]

    def visit(self, moves=True):
        """Somebody comes, shows a phone, gets an answer and leaves; the reason."""
        text, number = self.phone()
        self.board.set(object_c=_GATE.NORMAL_C)
        self.film.show(_PROCESS.qr(text))
        self.until(lambda: self.passages(number), "a verdict")
        if self.passages(number)[0] is Reason.GREEN:
            self.walk_through(moves)
        self.film.show(np.full((720, 1280), 90, np.uint8))
        self.board.set(object_c=23.0)
        self.until(lambda: self.states()[-1].lane == "idle", "the next one")
        (reason,) = self.passages(number)
        return reason

    def walk_through(self, moves):
        """Push the arm, step through the beam."""
        for level in (False, True):
            if moves:
                self.board.pin(DOOR, level)
            self.board.pin(PASSAGE, level)
            time.sleep(0.15)  # longer than the contacts bounce

    def stop(self):
        super().stop()
        for service in (self.ingest, self.publisher):
            service.disconnect()
            service.loop_stop()
        self.town.broker.stop()


@pytest.fixture(scope="module")
def whole(shared_authority, tmp_path_factory):
    """One for a whole file: each test leaves it healed."""
    with tempfile.TemporaryDirectory(prefix="jx") as path:  # a unix socket's path has 107 bytes at most
        gate = Whole(Path(path), shared_authority, tmp_path_factory.mktemp("whole"))
        try:
            yield gate
        finally:
            gate.stop()
            gate.board.close()


@pytest.fixture(scope="session")
def a_whole_gate():
    """What makes one, for a test that wants a gate of its own."""
    return Whole


@pytest.fixture(scope="session")
def qr():
    """What the camera sees when a text is held up."""
    return _PROCESS.qr
