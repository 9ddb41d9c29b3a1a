"""The process `broker`: keeps nats-server running with exactly the clients that the database calls valid."""

import signal
import time
from pathlib import Path
from typing import Final

import structlog

from fleet.broker.clients import Client, valid_clients
from fleet.broker.nats import Place
from fleet.broker.server import NatsBroker
from fleet.config import Paths, Settings, load_settings
from fleet.db import Database, open_database
from fleet.errors import FleetError
from fleet.stop import Stop

POLL_S: Final = 0.2
EXPIRY_LOOK_S: Final = 60.0  # certificates that ran out leave without any commit

_log = structlog.get_logger("broker")


def place_of(paths: Paths, settings: Settings) -> Place:
    """Where this fleet's broker listens and keeps its files."""
    return Place(
        host=settings.broker.host,
        port=settings.broker.port,
        directory=paths.broker,
        certificate=paths.certificate("broker"),
        key=paths.key("broker"),
        authority=paths.ca_certificate,
    )


def run(directory: Path) -> None:
    """Serve until SIGTERM or SIGINT; FleetError when the server ends by itself, for the supervisor to see."""
    stop = Stop.at(signal.SIGTERM, signal.SIGINT)
    paths, settings = Paths(directory), load_settings(directory)
    broker = NatsBroker(place_of(paths, settings))
    with open_database(paths.database(settings)) as database:
        try:
            _follow(database, broker, stop)
        finally:
            broker.stop()


def _follow(database: Database, broker: NatsBroker, stop: Stop) -> None:
    changes = database.changes()
    changes.changed()
    clients = _look(database)
    broker.start(clients)
    _log.info("broker ready", clients=len(clients))
    looked = time.monotonic()
    while not stop.wait(POLL_S):
        if not broker.alive:
            raise FleetError("the broker ended by itself; its log is nats.log in the broker directory")
        if not changes.changed() and time.monotonic() - looked < EXPIRY_LOOK_S:
            continue
        looked, fresh = time.monotonic(), _look(database)
        if fresh != clients:
            _apply(broker, fresh)
            clients = fresh
    changes.close()


def _look(database: Database) -> tuple[Client, ...]:
    with database.reading() as session:
        return valid_clients(session, int(time.time()))


def _apply(broker: NatsBroker, clients: tuple[Client, ...]) -> None:
    if broker.reload(clients):
        _log.info("broker reloaded", clients=len(clients))
        return
    _log.warning("broker did not confirm the reload and is restarted", clients=len(clients))
    broker.stop()
    broker.start(clients)
