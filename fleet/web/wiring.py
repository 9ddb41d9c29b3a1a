"""Joins the parts of the console to one Flask application."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import gettext as _
from flask_wtf import CSRFProtect

from fleet.config import Settings
from fleet.db import Database
from fleet.entries import pages as entries
from fleet.keys.sealed import replace_private
from fleet.overview import pages as overview
from fleet.people import cookies
from fleet.people import pages as people
from fleet.web import access, assets, errors, headers, language, live
from fleet.web.context import EXTENSION, Console
from fleet.web.pulse import Pulse

ROOT: Final = Path(__file__).parent.parent
MAX_FORM_BYTES: Final = 65_536  # no form of the console is longer
SECRET_BYTES: Final = 32
SPARE_THREADS: Final = 6  # never taken by streams, so that pages always answer


@dataclass(frozen=True, slots=True)
class Place:
    """One row of the navigation bar."""

    endpoint: str
    words: Callable[[], str]


NAVIGATION: Final = (
    Place("overview.overview", lambda: _("Overview")),
    Place("entries.entries", lambda: _("Entries")),
)


def secret(path: Path) -> bytes:
    """The key that signs form cookies: made at the first start, readable by its owner only."""
    if not path.is_file() or path.stat().st_size != SECRET_BYTES:  # never made, or the power went meanwhile
        replace_private(path, secrets.token_bytes(SECRET_BYTES))
    return path.read_bytes()


def create_console(
    database: Database,
    settings: Settings,
    directory: Path,
    now: Callable[[], int] = lambda: int(time.time()),
) -> Flask:
    """The console as a Flask application; `directory` is its own place for a secret and static files."""
    app = Flask("fleet", root_path=str(ROOT), static_folder=None)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}  # pages are sent uncompressed
    tls = settings.web.tls
    app.config.update(
        SECRET_KEY=secret(directory / "secret"),
        SESSION_COOKIE_NAME="__Host-jx-form" if tls else "jx-form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=tls,
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        WTF_CSRF_TIME_LIMIT=None,  # a page may stay open all day; the token dies with the form cookie
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, which our own policy tells browsers not to send
        RATELIMIT_HEADERS_ENABLED=False,
    )
    pulse = Pulse(database, limit=max(1, settings.web.threads - SPARE_THREADS))
    app.extensions[EXTENSION] = Console(database, settings, ZoneInfo(settings.fleet.time_zone), pulse, now)
    headers.register(app)
    language.register(app)
    cookies.register(app)
    CSRFProtect(app)
    access.register(app)
    people.limiter.init_app(app)
    errors.register(app)
    assets.register(app, directory / "assets")
    app.context_processor(
        lambda: {"navigation": NAVIGATION, "time_of_day": app.extensions[EXTENSION].time_of_day()}
    )
    app.register_blueprint(live.pages)
    app.register_blueprint(people.pages)
    overview.register(app)
    app.register_blueprint(entries.pages)
    return app
