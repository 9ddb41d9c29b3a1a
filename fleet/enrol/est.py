"""Enrolment over Secure Transport (RFC 7030): the pages a new gate speaks to before it has a certificate."""

import base64
import binascii
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from flask import Blueprint, Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import HTTPException

from fleet import audit
from fleet.config import Paths
from fleet.db import Database
from fleet.enrol import tokens
from fleet.enrol.authority import MAX_CSR_BYTES, Authority
from fleet.errors import ConflictError, FleetError, RefusedError
from wire.topics import GATE_ID

PREFIX: Final = "/.well-known/est"
MAX_BODY_BYTES: Final = 2 * MAX_CSR_BYTES  # base64 and line ends
REFUSALS_PER_ADDRESS: Final = "10 per minute"
REQUESTS_PER_ADDRESS: Final = "120 per minute"
_SECRET: Final = re.compile(r"[0-9a-f]{32}")
_CHALLENGE: Final = 'Basic realm="enrolment", charset="UTF-8"'
_STATUS: Final = ((tokens.WrongTokenError, 401), (ConflictError, 409), (RefusedError, 400))


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the pages need: where rows go, who signs, what time it is (unix seconds UTC)."""

    database: Database
    authority: Authority
    clock: Callable[[], int]


def _text(message: str, status: int) -> Response:
    answer = Response(message + "\n", status, content_type="text/plain; charset=utf-8")
    if status == 401:  # noqa: PLR2004 - HTTP's own number
        answer.headers["WWW-Authenticate"] = _CHALLENGE
    return answer


def _certificates(certificates: list[x509.Certificate]) -> Response:
    """A certs-only PKCS#7, base64 as RFC 7030, sections 4.1.3 and 4.2.3, has it."""
    body = base64.encodebytes(pkcs7.serialize_certificates(certificates, Encoding.DER))
    answer = Response(body, content_type="application/pkcs7-mime; smime-type=certs-only")
    answer.headers["Content-Transfer-Encoding"] = "base64"
    return answer


def _request_body() -> bytes:
    if request.mimetype != "application/pkcs10":
        raise RefusedError("the body is a base64 PKCS#10 request, content type application/pkcs10")
    try:
        return base64.b64decode(b"".join(request.get_data().split()), validate=True)
    except binascii.Error as error:
        raise RefusedError("the body is not base64") from error


def _credentials() -> tuple[str, bytes]:
    given = request.authorization
    if given is None or given.type != "basic":
        raise tokens.WrongTokenError("give the gate id as user and the token as password")
    gate, secret = given.username or "", given.password or ""
    if not GATE_ID.fullmatch(gate) or not _SECRET.fullmatch(secret):
        raise tokens.WrongTokenError("the user is a gate id, the password a token of 32 hexadecimal digits")
    return gate, bytes.fromhex(secret)


def _enrol(enrolment: Enrolment) -> Response:
    gate, now = "unknown", enrolment.clock()
    try:
        gate, secret = _credentials()
        body = _request_body()
        with enrolment.database.session() as session:
            certificate = tokens.redeem(session, enrolment.authority, gate, secret, body, now)
    except FleetError as error:
        status = next(code for kind, code in _STATUS if isinstance(error, kind))
        with enrolment.database.session() as session:
            audit.append(session, now, f"gate:{gate}", "enrol.refuse", status=status, why=str(error))
        return _text(str(error), status)
    return _certificates([certificate])


def mount(app: Flask, database: Database, directory: Path) -> None:
    """Add the EST pages of the fleet in `directory` to the application of the process `est`."""
    authority = Authority.load(Paths(directory).ca)
    register(app, Enrolment(database, authority, lambda: int(time.time())))


def register(app: Flask, enrolment: Enrolment) -> None:
    """Add the EST pages to `app`, with limits per address and errors as one line of text."""
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://")
    pages = Blueprint("est", __name__, url_prefix=PREFIX)

    @pages.before_request
    def limit_body() -> None:
        request.max_content_length = MAX_BODY_BYTES

    @pages.get("/cacerts")
    def cacerts() -> Response:
        return _certificates([enrolment.authority.certificate])

    @pages.post("/simpleenroll")
    @limiter.limit(REFUSALS_PER_ADDRESS, deduct_when=lambda answer: answer.status_code >= 400)  # noqa: PLR2004 - HTTP
    def simpleenroll() -> Response:
        return _enrol(enrolment)

    @pages.errorhandler(HTTPException)
    def failed(error: HTTPException) -> Response:
        return _text(error.description or error.name, error.code or 500)

    limiter.limit(REQUESTS_PER_ADDRESS)(pages)
    app.register_blueprint(pages)
