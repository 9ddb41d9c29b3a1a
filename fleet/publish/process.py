"""The process `publish`: holds the director's and the timekeeper's keys and no other."""

import queue
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError

from fleet.config import Paths, load_settings
from fleet.db import Database, open_database
from fleet.keys.sealed import key_file, open_role_key, wait_for_key
from fleet.link import Connected, Link, Message
from fleet.publish.publisher import Publisher
from fleet.stop import Stop
from wire import messages, topics
from wire.documents import Role
from wire.errors import WireError
from wire.topics import FromGate, Up, up_filter

LOOK_S: Final = 0.1
TIME_S: Final = 30.0
ROLES: Final = (Role.DIRECTOR, Role.TIMEKEEPER)
SUBSCRIPTIONS: Final = ((Up.HELLO, 1), (Up.REPLY, 1))
_log = structlog.get_logger("publish")


def run(directory: Path) -> None:
    """Serve until SIGTERM or SIGINT, or until one of the keys is replaced."""
    stop = Stop.at(signal.SIGTERM, signal.SIGINT)
    paths, settings = Paths(directory), load_settings(directory)
    if not all(wait_for_key(paths.keys, role, stop) for role in ROLES):
        return
    director, timekeeper = (open_role_key(paths.keys, role) for role in ROLES)
    files = [key_file(paths.keys, role) for role in ROLES]
    link = Link(paths, settings, "publisher", [(up_filter(leaf), qos) for leaf, qos in SUBSCRIPTIONS])
    with open_database(paths.database(settings)) as database:

        def send(topic: str, payload: bytes, retain: bool) -> bool:
            return link.publish(topic, payload, retain=retain)

        publisher = Publisher(database, director, timekeeper, send)
        publisher.started(int(time.time()))
        link.start()
        try:
            Loop(database, link, publisher).run(stop, replaced(files))
        finally:
            link.stop()


def replaced(files: list[Path]) -> Callable[[], bool]:
    """A question: is one of these files another one than now?"""
    opened = [path.stat().st_ino for path in files]

    def look() -> bool:
        try:
            return [path.stat().st_ino for path in files] != opened
        except FileNotFoundError:
            return True

    return look


class Loop:
    """Listens, looks at the database, keeps the time."""

    def __init__(self, database: Database, link: Link, publisher: Publisher) -> None:
        self._link = link
        self._publisher = publisher
        self._changes = database.changes()
        self._looked = -LOOK_S
        self._synced = -TIME_S
        self._timed = -TIME_S
        self._fresh = False

    def run(self, stop: Stop, keys_replaced: Callable[[], bool]) -> None:
        """Until `stop`, or until a key was replaced: the supervisor starts us again with it."""
        while not stop.is_set():
            try:
                self._listen()
                if self._link.connected:
                    self._look(time.monotonic())
            except DBAPIError as error:
                _log.error("the database could not be used", error=type(error.orig).__name__)
                self._fresh = True
                stop.wait(LOOK_S)
            if keys_replaced():
                _log.info("a key was replaced")
                break
        self._changes.close()

    def _look(self, mono: float) -> None:
        if mono - self._looked >= LOOK_S:
            self._looked = mono
            # Dates pass without a commit: look once in a while in any case.
            if self._changes.changed() or self._fresh or mono - self._synced >= TIME_S:
                self._publisher.sync(int(time.time()), mono)
                self._fresh, self._synced = False, mono
        self._publisher.again(mono)
        if mono - self._timed >= TIME_S:
            self._timed = mono
            self._publisher.broadcast(_now_ms())

    def _listen(self) -> None:
        """Handle what has come, for LOOK_S at most, however much there is: the rest of the work goes on."""
        until = time.monotonic() + LOOK_S
        try:
            said = self._link.incoming.get(LOOK_S)
            while True:
                if isinstance(said, Connected):
                    self._publisher.connected()
                    self._fresh, self._timed, self._looked = True, -TIME_S, -LOOK_S
                    self._look(time.monotonic())
                else:
                    self._hear(said)
                if time.monotonic() >= until:
                    return
                said = self._link.incoming.get(0)
        except queue.Empty:
            return

    def _hear(self, said: Message) -> None:
        mono = time.monotonic()
        try:
            place = topics.parse(said.topic)
            match place:
                case FromGate(gate, Up.HELLO):
                    self._publisher.hello(gate, messages.read_hello(said.payload), _now_ms(), mono)
                case FromGate(gate, Up.REPLY):
                    reply = messages.read_reply(said.payload)
                    self._publisher.reply(gate, reply, int(time.time()), mono)
        except WireError as error:
            _log.warning("a message could not be read", flaw=error.flaw.value)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
