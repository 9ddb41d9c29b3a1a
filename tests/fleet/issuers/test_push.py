"""The push endpoint: only the right key, for its own list, in the right order."""

import threading
import zlib
from dataclasses import dataclass, replace

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.db import open_database
from fleet.issuers import colours, pages
from fleet.keys import ledger
from fleet.models import Base, Delta, Document, StatusList
from wire import cbor, cose, envelope, status
from wire.documents import Issuer, IssuerKey, KeyUse, ListRef, Trust
from wire.keys import PrivateKey
from wire.policy import LOOSEST
from wire.status import StatusList as Packed
from wire.status import Token

NOW = 1_795_000_000
URI, OTHER = "https://jl.example/0", "https://hlj.example/0"


@dataclass
class Authority:
    """An issuer with its keys and its one list."""

    name: str
    uri: str
    lists: PrivateKey
    codes: PrivateKey

    @classmethod
    def make(cls, name: str, uri: str) -> "Authority":
        return cls(name, uri, PrivateKey.generate(), PrivateKey.generate())

    def described(self, end: int = NOW + 1000) -> Issuer:
        rows = ((self.lists, KeyUse.LISTS), (self.codes, KeyUse.CODES))
        return Issuer(
            id=self.name,
            name_zh=self.name,
            name_en=self.name,
            keys=tuple(IssuerKey(key=key.public, use=use, not_before=0, not_after=end) for key, use in rows),
            lists=(ListRef(uri=self.uri, shard=0, carried_by=("",)),),
        )

    def token(self, seq: int, changes=None, **values) -> Token:
        packed = Packed(bytes(512)).changed(changes or {})
        made = {"uri": self.uri, "issued": NOW - 5, "expires": NOW + 500, "seq": seq, "statuses": packed}
        return Token(**(made | values))

    def push(self, seq: int, changes=None, key=None, **values) -> bytes:
        return status.issue_token(self.token(seq, changes, **values), key or self.lists)

    def delta(self, base: Token, after: Token, changes, key=None) -> bytes:
        return status.issue_delta(base, after, changes, key or self.lists)


@pytest.fixture
def jl():
    return Authority.make("jl", URI)


@pytest.fixture
def hlj():
    return Authority.make("hlj", OTHER)


@pytest.fixture
def database(tmp_path, jl, hlj):
    with open_database(tmp_path / "fleet.db") as opened:
        Base.metadata.create_all(opened.engine)
        trust(opened, 1, jl.described(), hlj.described())
        yield opened


def trust(database, version: int, *issuers: Issuer):
    document = Trust(
        version=version, issued=NOW, expires=NOW + 1000, audience="*", issuers=issuers, bounds=LOOSEST
    )
    data = envelope.sign(document, [PrivateKey.generate()])
    with database.session() as session:
        session.add(Document(kind="trust", subject="", version=version, data=data, created_at=NOW))


@pytest.fixture
def client(database):
    app = Flask("test")
    app.config["MAX_CONTENT_LENGTH"] = 8192  # as enrolment sets it for its own pages
    pages.register(app, database, lambda: NOW)
    return app.test_client()


def post(client, leaf: str, data: bytes):
    return client.post(f"/issuer/v1/{leaf}", data=data, content_type="application/octet-stream")


def held(database) -> dict[str, int]:
    with database.reading() as session:
        return colours.heads(session, ledger.trust(session))


def test_a_list_is_taken_and_the_same_again_is_no_error(client, database, jl):
    data = jl.push(7)
    answer = post(client, "lists", data)
    assert (answer.status_code, answer.json) == (201, {"uri": URI, "seq": 7})
    assert post(client, "lists", data).status_code == 200
    assert held(database) == {URI: 7}
    with database.reading() as session:
        row = session.get_one(StatusList, URI)
    assert (row.issuer_id, row.shard, row.token) == ("jl", 0, data)


def test_changes_lead_on_from_what_is_held(client, database, jl):
    base, one, two = jl.token(7), jl.token(8, {3: 14}), jl.token(9, {3: 0, 5: 12})
    post(client, "lists", status.issue_token(base, jl.lists))
    first, second = jl.delta(base, one, {3: 14}), jl.delta(one, two, {3: 0, 5: 12})
    assert post(client, "deltas", second).status_code == 409
    assert post(client, "deltas", first).status_code == 201
    assert post(client, "deltas", first).status_code == 200
    assert post(client, "deltas", second).status_code == 201
    assert held(database) == {URI: 9}
    assert post(client, "lists", jl.push(8)).status_code == 409
    assert post(client, "lists", jl.push(9, {5: 12})).status_code == 201
    with database.reading() as session:
        assert session.query(Delta).count() == 0


def test_changes_that_lead_elsewhere_than_they_say_are_refused(client, jl):
    post(client, "lists", jl.push(7, {9: 14}))
    answer = post(client, "deltas", jl.delta(jl.token(7), jl.token(8, {3: 14}), {3: 14}))
    assert answer.status_code == 409
    assert "promise" in answer.json["detail"]


@pytest.mark.parametrize(
    ("code", "push"),
    [
        (403, lambda jl, _: jl.push(1, key=PrivateKey.generate())),
        (403, lambda jl, _: jl.push(1, key=jl.codes)),
        (403, lambda jl, hlj: jl.push(1, key=hlj.lists)),
        (404, lambda jl, _: jl.push(1, uri="https://jl.example/9")),
        (422, lambda jl, _: jl.push(1, expires=NOW)),
        (422, lambda jl, _: jl.push(1, issued=NOW + 400)),
        (422, lambda jl, _: jl.push(1, statuses=Packed(bytes(64), 8))),
        (403, lambda jl, _: jl.push(1)[:-1] + b"\x00"),
        (400, lambda jl, _: jl.push(1)[:-1]),
        (400, lambda *_: b""),
    ],
)
def test_what_is_not_believed_changes_nothing(client, database, jl, hlj, code, push):
    answer = post(client, "lists", push(jl, hlj))
    assert (answer.status_code, answer.content_type) == (code, "application/problem+json")
    assert "nothing was changed" in answer.json["detail"]
    assert held(database) == {}


def test_an_older_or_another_list_of_the_same_sequence_is_refused(client, database, jl):
    post(client, "lists", jl.push(7))
    assert post(client, "lists", jl.push(6)).status_code == 409
    assert post(client, "lists", jl.push(7, {1: 14})).status_code == 409
    assert held(database) == {URI: 7}


def test_a_key_that_ended_is_not_believed(client, database, jl, hlj):
    trust(database, 2, jl.described(end=NOW), hlj.described())
    assert post(client, "lists", jl.push(7)).status_code == 403


@pytest.mark.parametrize("data", [b"", b"junk", "stranger"])
def test_a_stranger_is_refused_while_somebody_else_writes(client, database, jl, data):
    pushed = jl.push(1, key=PrivateKey.generate()) if data == "stranger" else data
    with database.session():
        assert post(client, "lists", pushed).status_code in {400, 403}


def test_a_shard_that_got_another_uri_takes_the_list_of_that_uri(client, database, jl, hlj):
    post(client, "lists", jl.push(7))
    post(client, "deltas", jl.delta(jl.token(7), jl.token(8, {3: 14}), {3: 14}))
    jl.uri = "https://jl.example/new"
    trust(database, 2, jl.described(), hlj.described())
    assert post(client, "lists", jl.push(1)).status_code == 201
    assert held(database) == {jl.uri: 1}
    with database.reading() as session:
        assert session.query(Delta).count() == 0


def test_two_lists_of_one_shard_do_not_push_each_other_out(client, database, jl, hlj):
    post(client, "lists", jl.push(7))
    both = jl.described()
    second = ListRef(uri="https://jl.example/second", shard=0, carried_by=("",))
    trust(database, 2, replace(both, lists=(*both.lists, second)), hlj.described())
    assert post(client, "lists", jl.push(1, uri=second.uri)).status_code == 409
    assert held(database) == {URI: 7}


def test_a_small_message_cannot_become_a_large_list(client, jl):
    bomb = zlib.compress(bytes(200_000_000), 9)
    assert len(bomb) < status.MAX_TOKEN_BYTES
    claims = {2: URI, 4: NOW + 500, 6: NOW - 5, -70003: 1, 65533: {"bits": 4, "lst": bomb}}
    header = cose.Header(kid=jl.lists.public.kid, typ=status.LIST_TYPE)
    data = cose.sign1(cbor.encode(claims), header, jl.lists)
    assert post(client, "lists", data).status_code == 400


def test_of_two_pushes_at_once_of_one_sequence_one_is_taken(database, client, jl):
    app, codes = client.application, []

    def push(data):
        codes.append(post(app.test_client(), "lists", data).status_code)

    threads = [threading.Thread(target=push, args=[jl.push(3, {n: 14})]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [201] + [409] * 5
    assert held(database) == {URI: 3}


def test_a_large_list_passes_and_a_larger_one_does_not(client, jl):
    noise = bytes(range(256)) * 2048
    assert post(client, "lists", jl.push(1, statuses=Packed(noise))).status_code == 201
    assert post(client, "lists", bytes(status.MAX_TOKEN_BYTES + 1)).status_code == 413


def test_without_a_trust_document_it_is_not_ready(tmp_path, jl):
    with open_database(tmp_path / "new.db") as database:
        Base.metadata.create_all(database.engine)
        app = Flask("test")
        pages.register(app, database, lambda: NOW)
        assert post(app.test_client(), "lists", jl.push(1)).status_code == 503


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(leaf=st.sampled_from(["lists", "deltas"]), data=st.binary(max_size=300))
def test_no_bytes_make_it_fail(client, leaf, data):
    assert post(client, leaf, data).status_code in {400, 403}
