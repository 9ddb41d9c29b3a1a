"""Browsers in which somebody has signed in before: strangers' attempts at the same name do not lock them out.

Attempts are limited for each name, wherever they come from. Without this, whoever reaches the sign-in page
could keep a person out by trying wrong passwords in that person's name (OWASP: device cookies). A browser
that signed in before has a signed cookie, and attempts with it are counted on their own.
"""

import hashlib
import secrets
from typing import Final

from flask import current_app, request
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response

from fleet.web.context import console

NAME: Final = "jx-known"
LIFE_S: Final = 180 * 86_400
_NONCE_BYTES: Final = 12
_MOST_LENGTH: Final = 256


def _cookie() -> str:
    return f"__Host-{NAME}" if console().settings.web.tls else NAME


def _serializer() -> URLSafeSerializer:
    key = current_app.config["SECRET_KEY"]
    return URLSafeSerializer(key, salt="known browser", signer_kwargs={"digest_method": hashlib.sha256})


def _digest(login: str) -> str:
    return hashlib.sha256(login.encode()).hexdigest()[:32]


def remember(response: Response, login: str) -> Response:
    """Let this browser be known for a name from now on."""
    value = _serializer().dumps([_digest(login), console().now(), secrets.token_hex(_NONCE_BYTES)])
    tls = console().settings.web.tls
    response.set_cookie(
        _cookie(), value, max_age=LIFE_S, httponly=True, samesite="Strict", secure=tls, path="/"
    )
    return response


def browser(login: str) -> str | None:
    """What names this browser if it is known for `login`, else None."""
    value = request.cookies.get(_cookie(), "")
    if not 0 < len(value) <= _MOST_LENGTH:
        return None
    try:
        digest, since, nonce = _serializer().loads(value)
    except (BadData, ValueError, TypeError):
        return None
    if not secrets.compare_digest(str(digest), _digest(login)) or console().now() - since > LIFE_S:
        return None
    return f"known:{nonce}"
