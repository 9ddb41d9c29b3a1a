"""`jx-fleet gate`, `venue`, `region`, as a person types them."""

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from fleet import founding
from fleet.config import Paths
from fleet.db import open_database
from fleet.enrol import tokens
from fleet.enrol.authority import Authority
from fleet.errors import FleetError
from fleet.models import GateKey, GateState
from fleet.server import app
from wire import cbor, enrolment
from wire.health import TROUBLES, Trouble
from wire.keys import PublicKey

GATE = "0123456789ab"
NOW = 1_790_000_000


@pytest.fixture
def fleet(tmp_path):
    founding.found(tmp_path, founding.Wishes(password="correct horse battery"), NOW)
    return tmp_path


@pytest.fixture
def jx(fleet):
    def call(*words, fails=None):
        result = CliRunner().invoke(app, [*words], env={"JX_FLEET_DIR": str(fleet), "COLUMNS": "100"})
        if fails is None:
            assert result.exception is None, (result.output, result.exception)
            return result.output
        assert isinstance(result.exception, FleetError), result.output
        assert fails in str(result.exception)
        return str(result.exception)

    return call


@pytest.fixture
def mall(jx):
    jx("region", "add", "jl", "--zh", "吉林省", "--en", "Jilin")
    jx("region", "add", "cc", "--parent", "jl", "--zh", "长春市", "--en", "Changchun")
    jx("venue", "add", "mall", "--region", "cc", "--kind", "mall", "--zh", "欧亚商场", "--en", "Ouya [Mall]")


def enrol(fleet, secret: bytes):
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
    with open_database(fleet / "fleet.db") as database, database.session() as session:
        authority = Authority.load(Paths(fleet).ca)
        tokens.redeem(session, authority, GATE, secret, request.public_bytes(Encoding.DER), NOW)


def test_empty_lists_say_what_to_do_next(jx):
    assert "gate add" in jx("gate", "list")
    assert "venue add" in jx("venue", "list")
    assert "region add" in jx("region", "list")


@pytest.mark.usefixtures("mall")
def test_a_gate_is_added_shown_and_listed(jx):
    assert f"gate token {GATE}" in jx(
        "gate", "add", GATE, "--name", "East [1]", "--venue", "mall", "--lane", "2"
    )
    (row,) = json.loads(jx("gate", "list", "--json"))
    assert (row["id"], row["venue"], row["lane"], row["state"]) == (GATE, "mall", 2, "seen")
    assert "East [1]" in jx("gate", "list")
    assert "East [1]" in jx("gate", "show", GATE)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["gate", "add", "0123"], "12 lower-case"),
        (["gate", "add", GATE.upper()], "12 lower-case"),
        (["gate", "add", GATE, "--venue", "nowhere"], "venue list"),
        (["gate", "add", GATE, "--lane", "0"], "lane"),
        (["gate", "add", GATE, "--direction", "up"], "direction"),
        (["gate", "add", GATE, "--name", "x" * 65], "name"),
        (["gate", "show", GATE], "gate list"),
        (["gate", "token", GATE], "gate add"),
        (["gate", "revoke", GATE, "--reason", "lost"], "gate list"),
        (["gate", "restore", GATE], "gate list"),
        (["region", "add", "x", "--parent", "y", "--zh", "一", "--en", "x"], "region list"),
        (["region", "add", "X", "--zh", "一", "--en", "x"], "slug"),
        (["region", "add", "x", "--zh", "", "--en", "x"], "name"),
        (["venue", "grant", "x", "--days", "1"], "venue list"),
        (["venue", "withdraw", "x", "--reason", "r"], "venue list"),
        (["venue", "grant", "x"], "--days or --until"),
        (["venue", "grant", "x", "--until", "soon"], "no date"),
    ],
)
def test_what_cannot_be_done_says_why_and_what_next(jx, words, why):
    jx(*words, fails=why)


def test_a_gate_is_added_once(jx):
    jx("gate", "add", GATE)
    jx("gate", "add", GATE, fails="known already")


def test_a_token_is_a_ticket_for_this_fleet_and_this_gate(jx, fleet):
    jx("gate", "add", GATE)
    told = json.loads(jx("gate", "token", GATE, "--json"))
    ticket = enrolment.decode(told["token"])
    assert ticket.gate_id == GATE
    assert ticket.ca == Authority.load(Paths(fleet).ca).fingerprint
    assert ticket.url == "https://127.0.0.1:8443"
    assert ticket.expires == told["expires_at"]


def test_a_token_is_shown_as_a_picture_and_as_text(jx):
    jx("gate", "add", GATE)
    lines = jx("gate", "token", GATE).splitlines()
    assert any("█" in line for line in lines)
    assert any(line.startswith("JXE1:") for line in lines)
    assert not any("█" in line for line in jx("gate", "token", GATE, "--no-qr").splitlines())


def test_a_revoked_gate_gets_no_token_until_it_is_restored(jx):
    jx("gate", "add", GATE)
    jx("gate", "revoke", GATE, "--reason", "stolen")
    jx("gate", "revoke", GATE, "--reason", "stolen", fails="revoked already")
    jx("gate", "token", GATE, fails="gate restore")
    jx("gate", "restore", GATE)
    jx("gate", "restore", GATE, fails="not revoked")
    assert "JXE1:" in jx("gate", "token", GATE)


def test_revoking_ends_the_keys_of_a_gate(jx, fleet):
    jx("gate", "add", GATE)
    with open_database(fleet / "fleet.db") as database, database.session() as session:
        secret = tokens.issue(session, GATE, NOW)
    enrol(fleet, secret)
    before = json.loads(jx("gate", "show", GATE, "--json"))
    jx("gate", "revoke", GATE, "--reason", "stolen")
    after = json.loads(jx("gate", "show", GATE, "--json"))
    assert (before["state"], before["keys"][0]["revoked_at"]) == ("enrolled", None)
    assert after["state"] == "retired"
    assert after["keys"][0]["revoked_at"] is not None
    assert "retired" not in jx("gate", "list")


@pytest.mark.usefixtures("mall")
@pytest.mark.parametrize("assigned_first", [True, False])
def test_a_gate_is_known_then_enrolled_and_assigned_in_either_order(jx, fleet, assigned_first):
    def state():
        return json.loads(jx("gate", "show", GATE, "--json"))["state"]

    def enrolled():
        with open_database(fleet / "fleet.db") as database, database.session() as session:
            secret = tokens.issue(session, GATE, NOW)
        enrol(fleet, secret)

    jx("gate", "add", GATE)
    assert state() == "seen"
    if assigned_first:
        jx("assign", "set", GATE, "--venue", "mall")
        assert state() == "seen"
        enrolled()
    else:
        enrolled()
        assert state() == "enrolled"
        jx("assign", "set", GATE, "--venue", "mall")
    assert state() == "assigned"
    jx("gate", "revoke", GATE, "--reason", "lost")
    jx("gate", "restore", GATE)
    jx("assign", "set", GATE, "--lane", "2")
    assert state() == "seen"  # its certificates stay revoked


def test_a_gate_is_shown_in_words_with_the_fingerprint_that_its_engineer_reads(jx, fleet):
    jx("gate", "add", GATE)
    with open_database(fleet / "fleet.db") as database, database.session() as session:
        secret = tokens.issue(session, GATE, NOW)
    enrol(fleet, secret)
    with open_database(fleet / "fleet.db") as database, database.session() as session:
        key = PublicKey.from_cose(cbor.decode(session.query(GateKey).one().cose_key, max_bytes=256))
        held = {"root": 1, "trust": 7, "assignment": 4, "lists": {"https://codes.example/1/0": 118}}
        session.add(GateState(gate_id=GATE, reasons=["camera", "not_known_yet"], versions=held))
    told = " ".join(jx("gate", "show", GATE).split())
    assert told.count(key.fingerprint) == 2
    assert "root 1, trust 7, assignment 4" in told
    assert "https://codes.example/1/0 at 118" in told
    assert TROUBLES[Trouble.CAMERA].en in told
    assert "not_known_yet" in told
    assert "{" not in told
    assert "[" not in told


@pytest.mark.usefixtures("mall")
def test_a_venue_may_scan_from_its_grant_to_its_withdrawal(jx):
    def until():
        return json.loads(jx("venue", "list", "--json"))[0]["permit_until"]

    assert until() is None
    assert "may scan until" in jx("venue", "grant", "mall", "--days", "30")
    assert until() is not None
    assert "Ouya [Mall]" in jx("venue", "list")
    jx("venue", "withdraw", "mall", "--reason", "closed")
    assert until() is None
    jx("venue", "withdraw", "mall", "--reason", "closed", fails="no permit")


def test_every_kind_of_venue_has_both_names(jx):
    rows = json.loads(jx("venue", "kinds", "--json"))
    assert len(rows) == 26
    assert all(row["zh"] and row["en"] for row in rows)


@pytest.mark.usefixtures("mall")
def test_every_act_is_in_the_audit_log(jx):
    jx("gate", "add", GATE)
    jx("gate", "token", GATE)
    chain = json.loads(jx("audit", "--json"))
    assert chain["holds"]
    assert chain["rows"] == 7  # founding, the account, two regions, a venue, a gate, its token


@pytest.mark.usefixtures("mall")
def test_a_gate_added_with_a_venue_is_assigned_there_at_once(jx):
    jx("venue", "grant", "mall", "--days", "90")
    jx("gate", "add", GATE, "--venue", "mall", "--lane", "2", "--direction", "out")
    made = json.loads(jx("assign", "show", GATE, "--json"))
    assert (made["version"], made["venue"], made["lane"], made["direction"]) == (1, "mall", "2", "exit")
    assert made["permission"] is not None
    assert "no assignment" in jx("assign", "show", "f" * 12, fails="no assignment")
