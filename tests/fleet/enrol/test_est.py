"""EST pages: what a gate asks, and every way to be refused."""

import base64

import pytest
from cryptography.hazmat.primitives.serialization import pkcs7
from flask import Flask
from sqlalchemy import select

from fleet.enrol import est, tokens
from fleet.models import Audit, Gate

GATE = "0123456789ab"
NOW = 1_790_000_000

URL = "/.well-known/est/simpleenroll"


@pytest.fixture
def client(database, authority):
    app = Flask(__name__)
    est.register(app, est.Enrolment(database, authority, lambda: NOW))
    return app.test_client()


@pytest.fixture
def secret(database):
    with database.session() as session:
        return tokens.issue(session, GATE, NOW).hex()


def enrol(client, secret, der, *, user=GATE, content_type="application/pkcs10"):
    body = base64.encodebytes(der)
    return client.post(URL, data=body, content_type=content_type, auth=(user, secret))


def certificates(answer):
    assert answer.headers["Content-Type"] == "application/pkcs7-mime; smime-type=certs-only"
    assert answer.headers["Content-Transfer-Encoding"] == "base64"
    return pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer.data))


def test_anybody_may_ask_for_the_authority(client, authority):
    answer = client.get("/.well-known/est/cacerts")
    assert answer.status_code == 200
    assert certificates(answer) == [authority.certificate]


def test_a_token_buys_a_certificate(client, secret, board):
    answer = enrol(client, secret, board.request())
    assert answer.status_code == 200
    (certificate,) = certificates(answer)
    assert certificate.public_key() == board.key.public_key()


def test_without_credentials_a_challenge_comes_back(client, board):
    answer = client.post(URL, data=board.request(), content_type="application/pkcs10")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize(
    ("user", "password"),
    [(GATE, "0" * 32), ("f" * 12, None), ("../etc", None), (GATE, "短"), ("", ""), (GATE.upper(), None)],
)
def test_wrong_credentials_are_401(client, secret, board, user, password):
    answer = enrol(client, secret if password is None else password, board.request(), user=user)
    assert answer.status_code == 401
    assert secret not in answer.text


def test_an_expired_token_says_so(database, authority, board):
    app = Flask(__name__)
    est.register(app, est.Enrolment(database, authority, lambda: NOW + tokens.LIFE_S))
    with database.session() as session:
        secret = tokens.issue(session, GATE, NOW)
    answer = enrol(app.test_client(), secret.hex(), board.request())
    assert (answer.status_code, "expired" in answer.text) == (401, True)


def test_a_used_token_with_another_key_is_409(client, secret, board, thief):
    assert enrol(client, secret, board.request()).status_code == 200
    assert enrol(client, secret, thief.request()).status_code == 409


def test_a_revoked_gate_is_409(client, database, secret, board):
    with database.session() as session:
        session.get_one(Gate, GATE).revoked_at = NOW
    assert enrol(client, secret, board.request()).status_code == 409


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"!!!!", base64.b64encode(b"no request")])
def test_a_body_that_is_no_request_is_400(client, secret, body):
    answer = client.post(URL, data=body, content_type="application/pkcs10", auth=(GATE, secret))
    assert answer.status_code == 400
    assert answer.content_type == "text/plain; charset=utf-8"


def test_another_content_type_is_400(client, secret, board):
    assert enrol(client, secret, board.request(), content_type="text/plain").status_code == 400


def test_a_long_body_is_413(client, secret):
    assert enrol(client, secret, bytes(est.MAX_BODY_BYTES)).status_code == 413


def test_refusals_are_limited_per_address(client, secret, board):
    codes = [enrol(client, "0" * 32, board.request()).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    other = client.post(
        URL,
        data=base64.b64encode(board.request()),
        content_type="application/pkcs10",
        auth=(GATE, secret),
        environ_base={"REMOTE_ADDR": "127.0.0.2"},
    )
    assert other.status_code == 200


def test_requests_that_succeed_are_limited_more_widely(client):
    codes = [client.get("/.well-known/est/cacerts").status_code for _ in range(121)]
    assert codes == [200] * 120 + [429]


def test_every_outcome_is_in_the_audit_log_without_the_token(client, database, secret, board):
    enrol(client, "0" * 32, board.request())
    enrol(client, secret, board.request())
    with database.reading() as session:
        rows = session.scalars(select(Audit).order_by(Audit.id)).all()
    assert [row.action for row in rows] == ["gate.token", "enrol.refuse", "gate.enrol"]
    assert not any(secret in row.detail for row in rows)
