"""The push endpoint: an issuer posts signed lists and changes; the signature is the only credential."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from flask import Blueprint, Flask, Response, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from fleet import audit
from fleet.db import Database
from fleet.issuers.colours import PushError, Taken, check_signature, take_delta, take_list
from wire.status import MAX_TOKEN_BYTES

PREFIX: Final = "/issuer/v1"
Take = Callable[[Session, bytes, int], Taken]
_TITLES: Final = {
    400: "not readable",
    403: "not believed",
    404: "not known",
    409: "not the next one",
    413: "too large",
    422: "not acceptable",
    503: "not ready",
}


def mount(app: Flask, database: Database, directory: Path) -> None:  # noqa: ARG001 - the shape of all areas
    """Add the endpoint to the app of the process `est`."""
    register(app, database, lambda: int(time.time()))


def register(app: Flask, database: Database, clock: Callable[[], int]) -> None:
    """Add the endpoint; `clock` gives unix seconds UTC."""
    pages = Blueprint("issuer", __name__, url_prefix=PREFIX)

    @pages.post("/lists")
    def lists() -> Response:
        return _pushed(database, take_list, "list", clock())

    @pages.post("/deltas")
    def deltas() -> Response:
        return _pushed(database, take_delta, "delta", clock())

    @pages.errorhandler(PushError)
    def refused(error: PushError) -> Response:
        return _problem(error.code, str(error))

    @pages.errorhandler(HTTPException)
    def failed(error: HTTPException) -> Response:
        return _problem(error.code or 500, error.description or error.name)

    app.register_blueprint(pages)


def _pushed(database: Database, take: Take, what: str, now: int) -> Response:
    request.max_content_length = MAX_TOKEN_BYTES
    data = request.get_data(cache=False)
    with database.reading() as session:  # strangers must not keep ingest from writing
        check_signature(session, data, now)
    with database.session() as session:
        taken = take(session, data, now)
        if taken.new and what == "list":
            audit.append(session, now, "issuer", "list.taken", uri=taken.uri, seq=taken.seq)
    held = msgspec.json.encode({"uri": taken.uri, "seq": taken.seq})
    return Response(held, 201 if taken.new else 200, content_type="application/json")


def _problem(code: int, detail: str) -> Response:
    """RFC 9457."""
    told = {"status": code, "title": _TITLES.get(code, "failed"), "detail": detail}
    return Response(msgspec.json.encode(told), code, content_type="application/problem+json")
