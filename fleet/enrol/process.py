"""The process `est`: gunicorn over TLS with the fleet's own certificate, for gates and for issuers."""

import importlib
from pathlib import Path
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication

from fleet.config import Paths, Settings, bracketed, load_settings
from fleet.db import open_database
from fleet.patience import PatientWorker

# The areas with pages in this process: functions `(app, database, directory) -> None`.
AREAS: Final = ("fleet.enrol.est:mount", "fleet.issuers.pages:mount")
GRACE_S: Final = 5
TIMEOUT_S: Final = 30


def create_app(directory: Path) -> Flask:
    """The application of this process for the fleet in `directory`."""
    app = Flask("fleet.enrol", static_folder=None)
    database = open_database(Paths(directory).database(load_settings(directory)))
    for area in AREAS:
        module, name = area.split(":")
        getattr(importlib.import_module(module), name)(app, database, directory)
    return app


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn publishes no types
    """gunicorn with the settings of fleet.toml; nothing is read from its own files or the command line."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self._directory = directory
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn."""
        paths, est = Paths(self._directory), self._settings.est
        options: dict[str, Any] = {
            "bind": f"{bracketed(est.host)}:{est.port}",
            "workers": 1,  # limits per address are counted in its memory
            "worker_class": PatientWorker,
            "threads": est.threads,
            "timeout": TIMEOUT_S,
            "graceful_timeout": GRACE_S,
            "control_socket_disable": True,
            "forwarded_allow_ips": "",
            "proc_name": "jx-fleet-est",
            "loglevel": "warning",
            "certfile": str(paths.certificate("web")),
            "keyfile": str(paths.key("web")),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called by gunicorn in the worker, so that no connection crosses the fork."""
        return create_app(self._directory)


def run(directory: Path) -> None:
    """Serve until SIGTERM or SIGINT; FleetError when there is no fleet in `directory`."""
    _Server(directory, load_settings(directory)).run()
