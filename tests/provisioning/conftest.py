"""A fleet's enrolment pages on a real HTTPS port, and a gate's card."""

import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from typer.testing import CliRunner
from werkzeug.serving import WSGIRequestHandler, make_server

from fleet.db import open_database
from fleet.enrol import est, tokens
from fleet.enrol.authority import Authority, private_pem, public_pem
from fleet.models import Gate
from provisioning.command import app
from wire import documents, enrolment, envelope
from wire.documents import EVERYBODY, Role, RoleKeys
from wire.keys import PrivateKey

GATE = "0123456789ab"


class Quiet(WSGIRequestHandler):
    def log(self, *_):
        """Say nothing."""


@dataclass
class Town:
    """A fleet that can issue tickets; `before` may answer requests in its place."""

    directory: Path
    authority: Authority
    database: object
    now: int
    port: int = 0
    before: object = None

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def ticket(self, **changes):
        with self.database.session() as session:
            secret = tokens.issue(session, GATE, self.now)
        values = {
            "url": self.url,
            "ca": self.authority.fingerprint,
            "gate": GATE,
            "secret": secret,
            "expires": self.now + 3600,
        }
        return enrolment.encode(enrolment.ticket(**(values | changes)))


def server_context(directory, authority, names=("127.0.0.1",)):
    key, certificate = authority.issue_service("web", list(names), serves=True, now=int(time.time()))
    path = directory / "web.pem"
    path.write_bytes(private_pem(key) + public_pem(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def serve():
    """Serve a WSGI application over TLS until the test ends; returns the port."""
    started = []

    def serve(application, context):
        server = make_server(
            "127.0.0.1", 0, application, ssl_context=context, request_handler=Quiet, threaded=True
        )
        server.log = lambda *_: None
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        started.append((server, thread))
        return server.port

    yield serve
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def town(tmp_path, serve):
    now = int(time.time())
    authority = Authority.create("Town", now)
    with open_database(tmp_path / "fleet.db") as database:
        database.upgrade()
        with database.session() as session:
            session.add(Gate(id=GATE, name=GATE, created_at=now))
        town = Town(tmp_path, authority, database, now)
        flask = Flask(__name__)
        flask.before_request(lambda: town.before() if town.before else None)
        est.register(flask, est.Enrolment(database, authority, lambda: town.now))
        town.port = serve(flask, server_context(tmp_path, authority))
        yield town


def signed_root(version=1):
    keys = [PrivateKey.generate() for _ in range(2)]
    kids = tuple(key.public.kid for key in keys)
    root = documents.Root(
        version=version,
        issued=1,
        expires=2**40,
        audience=EVERYBODY,
        keys=tuple(key.public for key in keys),
        roles={role: RoleKeys(threshold=2 if role is Role.ROOT else 1, kids=kids) for role in Role},
    )
    return envelope.sign(root, keys)


@pytest.fixture
def root_file(tmp_path):
    path = tmp_path / "root-1.cbor"
    path.write_bytes(signed_root())
    return path


@pytest.fixture
def field():
    def run(*arguments, **more):
        return CliRunner().invoke(app, [str(one) for one in arguments], **more)

    return run


@pytest.fixture
def place(field, tmp_path, root_file):
    """A prepared card that lies where its data will."""
    place = tmp_path / "card"
    options = ("--gate", GATE, "--fleet", "https://127.0.0.1:1", "--broker-host", "127.0.0.1")
    result = field("prepare", place, *options, "--root", root_file)
    assert result.exit_code == 0, result.output
    return place


@pytest.fixture
def later_root():
    return signed_root(version=2)
