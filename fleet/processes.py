"""The processes of a fleet: one table, how one is run, how all are watched, what is known of them."""

import contextlib
import fcntl
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from fleet import lifeline, logs
from fleet.config import Paths, Settings, load_settings
from fleet.db import open_database
from fleet.errors import FleetError
from fleet.stop import Stop
from fleet.supervisor import PARENT, Child, Supervisor

# name -> "module:function", a function `(directory: Path) -> None` that serves until SIGTERM.
PROCESSES: Final = {
    "broker": "fleet.broker.process:run",
    "est": "fleet.enrol.process:run",
    "web": "fleet.web:run",
    "ingest": "fleet.ingest:run",
    "publish": "fleet.publish:run",
}

LOCK_WAIT_S: Final = 0.5  # `status` holds the lock for a moment, too
LOCK_POLL_S: Final = 0.05

# certificate -> processes that hold it and have to start anew when it was renewed.
HOLDERS: Final = {
    "web": ("web", "est"),
    "broker": ("broker",),
    "ingest": ("ingest",),
    "publisher": ("publish",),
}


@dataclass(frozen=True, slots=True)
class Running:
    """One process as `status` tells it; `since` is unix seconds UTC."""

    name: str
    state: str
    pid: int | None
    since: int | None
    restarts: int


def run(name: str, directory: Path) -> None:
    """Be one process of the fleet until SIGTERM; FleetError says why it cannot."""
    if name not in PROCESSES:
        raise FleetError(f"{name!r} is no process of a fleet; there are: {', '.join(PROCESSES)}")
    parent = os.environ.get(PARENT)
    if parent and not lifeline.hold_to(int(parent)):
        return
    logs.configure(name)
    load_settings(directory)
    module, function = PROCESSES[name].split(":")
    getattr(importlib.import_module(module), function)(directory)


def serve(directory: Path, names: Sequence[str], *, now: int) -> None:
    """Run the named processes until SIGTERM or SIGINT; one `serve` per directory."""
    unknown = [name for name in names if name not in PROCESSES]
    if unknown:
        raise FleetError(f"{', '.join(unknown)}: no such process; there are: {', '.join(PROCESSES)}")
    paths, settings = Paths(directory), load_settings(directory)
    with _alone(paths, LOCK_WAIT_S):
        logs.configure("supervisor")
        with open_database(paths.database(settings)) as database:
            database.upgrade()
        renew(paths, settings, now)
        stop = Stop.at(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # HUP: the terminal was closed
        commands = {name: [sys.executable, "-m", "fleet.child", name, str(directory)] for name in names}
        watch = Supervisor(
            commands,
            lambda children: _tell(paths, children),
            lambda: renew(paths, settings, int(time.time())),
        )
        watch.run(stop)


def renew(paths: Paths, settings: Settings, now: int) -> set[str]:
    """Renew the services' certificates that are due; return the processes that have to start anew."""
    # Imported here: only the supervisor needs them, and its children start sooner without.
    from fleet.enrol import services
    from fleet.enrol.authority import Authority

    made = services.ensure(paths, settings, Authority.load(paths.ca), now)
    if made:
        structlog.get_logger("supervisor").info("certificates made anew", names=made)
    return {process for name in made for process in HOLDERS[name]}


def status(directory: Path) -> list[Running]:
    """What the supervisor last told of its children; none when no `serve` runs here."""
    paths = Paths(directory)
    load_settings(directory)
    with contextlib.suppress(FleetError), _alone(paths):
        return []
    try:
        told = json.loads(_report(paths).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [Running(**row) for row in told]


@contextlib.contextmanager
def _alone(paths: Paths, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the directory's lock; FleetError when another `serve` holds it. The kernel frees it at our end."""
    descriptor = os.open(paths.root / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _locked(descriptor):
            if (wait_s := wait_s - LOCK_POLL_S) < 0:
                raise FleetError(f"another `jx-fleet serve` runs in {paths.root}; stop it first")
            time.sleep(LOCK_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _report(paths: Paths) -> Path:
    return paths.root / "serve.json"


def _tell(paths: Paths, children: Sequence[Child]) -> None:
    """Write what `status` reads; monotonic times become dates."""
    offset_s = time.time() - time.monotonic()
    rows = [
        {
            "name": child.name,
            "state": "running" if child.process else "waiting",
            "pid": child.process.pid if child.process else None,
            "since": int(child.started_s + offset_s) if child.process else None,
            "restarts": child.restarts,
        }
        for child in children
    ]
    fresh = _report(paths).with_suffix(".new")
    fresh.write_text(json.dumps(rows), encoding="utf-8")
    fresh.replace(_report(paths))
