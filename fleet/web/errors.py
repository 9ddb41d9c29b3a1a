"""Error pages: what happened in a few words and what to do, in both languages; never what was inside."""

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import structlog
from flask import Flask, Response, current_app, make_response, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from fleet.errors import ConflictError, FleetError, NotFoundError

# status -> (title, next step), evaluated in the language of the request
WORDS: Final[Mapping[int, Callable[[], tuple[str, str]]]] = {
    400: lambda: (_("That request made no sense"), _("Go back, load the page again and try once more.")),
    403: lambda: (_("Not allowed"), _("Your account may not do this.")),
    404: lambda: (_("There is nothing here"), _("The address may be old or mistyped.")),
    405: lambda: (_("That request made no sense"), _("Go back, load the page again and try once more.")),
    409: lambda: (
        _("That contradicts what is there"),
        _("Nothing was changed. Look at the current state first."),
    ),
    413: lambda: (_("Too large"), _("Nothing was changed.")),
    429: lambda: (_("Too many attempts"), _("Wait a minute, then try again.")),
    500: lambda: (
        _("Something went wrong here"),
        _("Nothing you did is lost that was confirmed. The log says more."),
    ),
}
_OF_FLEET: Final = ((NotFoundError, 404), (ConflictError, 409), (FleetError, 400))

log = structlog.get_logger(__name__)


def _page(code: int) -> Response:
    title, next_step = WORDS.get(code, WORDS[500 if code >= 500 else 400])()  # noqa: PLR2004 - HTTP's classes
    response = make_response(render_template("error.html", code=code, title=title, next_step=next_step), code)
    if request.headers.get("HX-Request") == "true":
        response.headers["HX-Reswap"] = "none"
    return response


def _tell(error: BaseException | None) -> None:
    """Log where a page failed: type and lines only, for messages and values can hold people's data."""
    frames = traceback.extract_tb(error.__traceback__ if error else None)
    log.error(
        "a page failed",
        endpoint=request.endpoint,
        error=type(error).__name__,
        at=[f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-6:]],
    )


def register(app: Flask) -> None:
    """Answer every error with a page of the console's own."""

    @app.errorhandler(HTTPException)
    def known(error: HTTPException) -> Response:
        if error.response is not None:
            return current_app.make_response(error.response)
        if isinstance(error, InternalServerError):
            _tell(error.original_exception)
        response = _page(400 if isinstance(error, CSRFError) else error.code or 500)
        for name, value in error.get_headers():
            if name not in {"Content-Type", "Content-Length"}:
                response.headers[name] = value
        return response

    @app.errorhandler(FleetError)
    def ours(error: FleetError) -> Response:
        return _page(next(code for kind, code in _OF_FLEET if isinstance(error, kind)))
