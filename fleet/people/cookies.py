"""The session cookie: how a signed-in browser is recognised."""

from typing import Final

from flask import Flask, Request
from flask_login import LoginManager
from werkzeug.wrappers import Response as BaseResponse

from fleet.people import sessions
from fleet.web.access import sign_in_response
from fleet.web.context import console

# The prefix binds the cookie to this host and to HTTPS (RFC 6265bis 4.1.3.2); plain HTTP is loopback only.
SECURE_NAME: Final = "__Host-jx-session"
PLAIN_NAME: Final = "jx-session"
MAX_TOKEN_LENGTH: Final = 64
# Requests a page makes by itself: they do not keep an abandoned session alive.
BACKGROUND: Final = frozenset({"live.stream", "overview.live", "entries.fresh"})


def _name() -> str:
    return SECURE_NAME if console().settings.web.tls else PLAIN_NAME


def remember(response: BaseResponse, token: str) -> BaseResponse:
    """Give the browser its token; JavaScript and other sites cannot read or send it."""
    response.set_cookie(
        _name(),
        token,
        max_age=sessions.ABSOLUTE_S,
        httponly=True,
        samesite="Lax",
        secure=console().settings.web.tls,
        path="/",
    )
    return response


def forget(response: BaseResponse) -> BaseResponse:
    """Take the token out of the browser."""
    response.delete_cookie(
        _name(), httponly=True, samesite="Lax", secure=console().settings.web.tls, path="/"
    )
    return response


def signed_in(request: Request) -> sessions.SignedIn | None:
    """Who sends this request; notes their activity at most once a minute."""
    token = request.cookies.get(_name(), "")
    if not 0 < len(token) <= MAX_TOKEN_LENGTH:
        return None
    shared = console()
    now = shared.now()
    with shared.database.reading() as read:
        who = sessions.find(read, sessions.token_digest(token), now)
    if who is not None and now - who.seen_at >= sessions.TOUCH_S and request.endpoint not in BACKGROUND:
        with shared.database.session() as write:
            sessions.touch(write, who.token_digest, now)
    return who


def register(app: Flask) -> None:
    """Make Flask-Login ask our table; its own cookies are not used."""
    manager = LoginManager(app)
    manager.session_protection = None  # nothing of a person is kept in Flask's own session
    manager.request_loader(signed_in)
    manager.unauthorized_handler(sign_in_response)
