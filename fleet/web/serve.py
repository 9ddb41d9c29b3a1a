"""Runs the console under gunicorn: one process, many threads, a stop that lets requests finish."""

from pathlib import Path
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication

from fleet.config import Paths, Settings, bracketed, load_settings
from fleet.db import open_database
from fleet.overview import pages as overview
from fleet.patience import PatientWorker
from fleet.web.context import EXTENSION
from fleet.web.wiring import create_console

GRACE_S: Final = 5  # streams end at once when told to; pages take milliseconds
TIMEOUT_S: Final = 30


def application(directory: Path) -> Flask:
    """The console of the fleet in `directory`."""
    settings = load_settings(directory)
    paths = Paths(directory)
    app = create_console(open_database(paths.database(settings)), settings, directory / "web")
    overview.warm(app)
    return app


class _Worker(PatientWorker):
    """A threaded worker that ends the live streams when it is asked to stop."""

    def handle_exit(self, *arguments: Any) -> None:  # noqa: ANN401 - a signal handler's arguments
        """SIGTERM."""
        # A signal handler must not take the streams' lock: the flag alone is enough, they look at it.
        self.app.end_streams()
        super().handle_exit(*arguments)


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn publishes no types
    """gunicorn with the settings of fleet.toml; nothing is read from its own files or the command line."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self._directory = directory
        self._settings = settings
        self._app: Flask | None = None
        super().__init__()

    def load_config(self) -> None:
        web = self._settings.web
        options: dict[str, Any] = {
            "bind": f"{bracketed(web.host)}:{web.port}",
            "workers": 1,
            "worker_class": _Worker,
            "threads": web.threads,
            "timeout": TIMEOUT_S,
            "graceful_timeout": GRACE_S,
            "keepalive": 5,
            "control_socket_disable": True,
            "forwarded_allow_ips": "",
            "proc_name": "jx-fleet-web",
            "loglevel": "warning",
            "limit_request_line": 4094,
        }
        if web.tls:
            paths = Paths(self._directory)
            options |= {"certfile": str(paths.certificate("web")), "keyfile": str(paths.key("web"))}
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in the worker, so that no connection crosses the fork."""
        self._app = application(self._directory)
        return self._app

    def end_streams(self) -> None:
        """Let every stream end at its next look."""
        if self._app is not None:
            self._app.extensions[EXTENSION].pulse.stop()


def serve(directory: Path) -> None:
    """Serve the console of `directory` until SIGTERM or SIGINT; FleetError when there is no fleet."""
    _Server(directory, load_settings(directory)).run()
