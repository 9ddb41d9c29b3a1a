"""Who may ask for what: every endpoint wants a signed-in person unless it says `@public`."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask import Flask, Response, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

View = TypeVar("View", bound=Callable[..., Any])
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# What browsers say of requests this site caused; old browsers say nothing, and the token still guards.
OWN_SITE: Final = frozenset({"same-origin", "none"})


def public(view: View) -> View:
    """Mark a view that strangers may call."""
    view.jx_public = True  # type: ignore[attr-defined]  # functions carry attributes, their type does not say so
    return view


def local_path(target: str | None) -> str | None:
    """`target` if it is a path on this very server, else None: nobody is sent elsewhere after signing in.

    Browsers read a backslash as a slash and drop tabs and newlines, so only plain printable text passes.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if any(c == "\\" or not "!" <= c <= "~" for c in target):
        return None
    return target


def sign_in_response() -> ResponseReturnValue:
    """Lead a stranger to the sign-in page, and back to where they wanted to go if that was a page."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    if request.headers.get("HX-Request") == "true":
        return Response(status=401, headers={"HX-Redirect": url_for("people.sign_in")})
    if "text/event-stream" in request.headers.get("Accept", ""):
        return Response(status=401)
    return redirect(url_for("people.sign_in", next=local_path(wanted) if wanted != "/" else None))


def register(app: Flask) -> None:
    """Check every request before its view runs."""

    def check() -> ResponseReturnValue | None:
        site = request.headers.get("Sec-Fetch-Site", "none")
        if request.method not in SAFE_METHODS and site not in OWN_SITE:
            abort(403)
        view = current_app.view_functions.get(request.endpoint or "")
        if view is None or getattr(view, "jx_public", False) or current_user.is_authenticated:
            return None
        return sign_in_response()

    app.before_request(check)
