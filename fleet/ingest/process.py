"""The process `ingest`: reads what gates publish, holds the recorder's key and no other."""

import queue
import signal
import time
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import DBAPIError

from fleet.config import Paths, load_settings
from fleet.db import Database, open_database
from fleet.errors import FleetError
from fleet.ingest.receipts import Receipts
from fleet.ingest.venues import Venues
from fleet.ingest.worker import Worker
from fleet.keys.sealed import key_file, open_role_key, wait_for_key
from fleet.link import Link, Message
from fleet.models import Meta
from fleet.stop import Stop
from wire.documents import Role
from wire.topics import Up, up_filter

MOST_EVENTS: Final = 1_000
GROUP_S: Final = 0.05
IDLE_S: Final = 0.2
LOOK_S: Final = 0.2  # how soon a revoked gate is ignored
TELL_S: Final = 60.0
# Events at QoS 0: the receipt is what makes delivery certain, a second acknowledgement only costs.
SUBSCRIPTIONS: Final = ((Up.HELLO, 1), (Up.STATE, 1), (Up.EVENTS, 0))
_log = structlog.get_logger("ingest")


def run(directory: Path) -> None:
    """Serve until SIGTERM or SIGINT, or until the recorder's key is replaced."""
    stop = Stop.at(signal.SIGTERM, signal.SIGINT)
    paths, settings = Paths(directory), load_settings(directory)
    if not wait_for_key(paths.keys, Role.RECORDER, stop):
        return
    signer = open_role_key(paths.keys, Role.RECORDER)
    link = Link(paths, settings, "ingest", [(up_filter(leaf), qos) for leaf, qos in SUBSCRIPTIONS])
    with open_database(paths.database(settings)) as database:
        receipts = Receipts(signer, epoch(database))
        venues = Venues(database, signer, ZoneInfo(settings.fleet.time_zone))
        worker = Worker(database, receipts, venues)
        link.start()
        try:
            Loop(database, link, worker, (receipts, venues)).run(stop, key_file(paths.keys, Role.RECORDER))
        finally:
            link.stop()


def epoch(database: Database) -> bytes:
    """The 16 bytes that name this database: another database is another epoch."""
    with database.reading() as session:
        row = session.get(Meta, "epoch")
    if row is None:
        raise FleetError("the database has no epoch; make the fleet with: jx-fleet init")
    return bytes.fromhex(row.value)


class Loop:
    """Gathers groups, has them committed, sends receipts and what venues know."""

    def __init__(
        self, database: Database, link: Link, worker: Worker, outgoing: tuple[Receipts, Venues]
    ) -> None:
        self._database = database
        self._link = link
        self._worker = worker
        self._outgoing = outgoing
        self._changes = database.changes()
        self._looked = -LOOK_S
        self._stale = True
        self._told = time.monotonic()
        self._counts = {"dropped": 0}

    def run(self, stop: Stop, key: Path) -> None:
        """Until `stop`, or until the key file is another one: the supervisor starts us again with it."""
        opened = key.stat().st_ino
        while not stop.is_set():
            self._see(time.monotonic())
            self._gather(time.monotonic())
            self._commit()
            self._send()
            if not key.exists() or key.stat().st_ino != opened:
                _log.info("the recorder's key was replaced")
                break
        self._changes.close()

    def _see(self, mono: float) -> None:
        try:
            self._look(mono)
        except DBAPIError as error:
            _log.error("the gates could not be looked up", error=type(error.orig).__name__)
            time.sleep(IDLE_S)

    def _look(self, mono: float) -> None:
        if mono - self._looked >= LOOK_S:
            self._looked = mono
            self._stale = self._changes.changed() or self._stale
            if self._stale:  # until it was read: a revoked gate must not go on for a failed look
                self._worker.look(int(time.time()))
                self._stale = False
        if mono - self._told >= TELL_S:
            self._told = mono
            counts = {**self._worker.counts, "dropped": self._link.incoming.dropped}
            if counts != self._counts:
                self._counts = counts
                _log.info("counts", counts={name: count for name, count in counts.items() if count})

    def _gather(self, mono: float) -> None:
        """Take what has come: at most MOST_EVENTS events or GROUP_S seconds, and no waiting once idle."""
        waits = [wait_s for sender in self._outgoing if (wait_s := sender.due_in(mono)) is not None]
        wait_s = min([IDLE_S, *waits])
        events, incoming = 0, self._link.incoming
        try:
            message = incoming.get(wait_s)
            until = time.monotonic() + GROUP_S
            while True:
                if isinstance(message, Message):
                    events += self._worker.take(message.topic, message.payload)
                if events >= MOST_EVENTS or time.monotonic() >= until:
                    return
                message = incoming.get(0)
        except queue.Empty:
            return

    def _commit(self) -> None:
        try:
            self._worker.commit(int(time.time()))
        except DBAPIError as error:
            # Nothing was receipted: the gates keep what was in this group and send it again.
            _log.error("a group could not be stored", error=type(error.orig).__name__)
            time.sleep(IDLE_S)

    def _send(self) -> None:
        if not self._link.connected:
            return
        for sender in self._outgoing:
            for topic, document in sender.due(time.monotonic(), time.time_ns() // 1_000_000):
                self._link.publish(topic, document)
