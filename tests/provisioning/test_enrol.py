"""Enrolment against a fleet's real pages: the way it goes, every way it stops, and power cuts between."""

import json
import os
import socket
import ssl
import time

import pytest
from cryptography import x509
from flask import Flask, Response

import provisioning.command
import provisioning.est
from device.firmware import config
from fleet.enrol import est
from fleet.enrol.authority import Authority, private_pem, public_pem
from provisioning import durable, enrol
from wire.keys import Alg, PrivateKey

GATE = "0123456789ab"


def files(place):
    return {path.name for path in place.iterdir() if not path.name.startswith(".")}


@pytest.fixture
def run(field, place):
    def run(ticket, *more, **options):
        return field(
            "enrol", ticket, "--config", place / "gate.toml", "--yes", "--timeout", "5", *more, **options
        )

    return run


def test_a_ticket_buys_a_certificate_for_a_key_made_on_board(run, town, place):
    result = run(town.ticket())
    assert result.exit_code == 0, result.output
    settings = config.load(place / "gate.toml")
    key = PrivateKey.from_pem(settings.path("gate.key").read_bytes())
    certificate = x509.load_pem_x509_certificate(settings.path("gate.pem").read_bytes())
    authority = x509.load_pem_x509_certificate(settings.path("ca.pem").read_bytes())
    assert certificate.public_key() == key.crypto().public_key()
    assert authority == town.authority.certificate
    assert settings.path("gate.key").stat().st_mode & 0o777 == 0o600
    assert key.public.fingerprint in result.output
    context = ssl.create_default_context(cafile=place / "ca.pem")
    context.load_cert_chain(place / "gate.pem", place / "gate.key")


def test_the_fingerprint_has_ten_characters_that_people_can_read_out():
    shown = PrivateKey.generate().public.fingerprint
    assert len(shown.replace("-", "")) == 10
    assert shown.isupper()


def test_the_request_names_the_gate():
    key = PrivateKey.generate()
    request = x509.load_der_x509_csr(enrol.signing_request(key, GATE))
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [GATE]
    assert request.is_signature_valid


def test_the_ticket_may_be_piped_or_given_as_an_option(field, town, place):
    start = ("enrol", "--config", place / "gate.toml")
    assert field(*start, input=town.ticket() + "\n").exit_code == 0
    assert field(*start, "--token", town.ticket()).exit_code == 0


def test_programs_get_json(run, town):
    told = json.loads(run(town.ticket(), "--json").output)
    assert (told["ok"], told["gate"], told["warnings"]) == (True, GATE, [])
    told = json.loads(run("JXE1:NONSENSE", "--json").output)
    assert told["ok"] is False


@pytest.mark.parametrize("cut_at", ["gate.key", "ca.pem", "gate.pem"])
def test_a_power_cut_at_any_moment_costs_nothing(run, town, place, monkeypatch, cut_at):
    ticket = town.ticket()
    whole = durable.write

    def until(path, data, **more):
        if path.name == cut_at:
            raise KeyboardInterrupt
        whole(path, data, **more)

    with monkeypatch.context() as patch:
        patch.setattr(durable, "write", until)
        assert run(ticket).exit_code != 0
    assert "gate.pem" not in files(place)
    result = run(ticket)
    assert result.exit_code == 0, result.output
    assert {"gate.key", "gate.pem", "ca.pem"} <= files(place)


def test_the_key_is_on_the_disk_before_anybody_hears_of_it(run, town, place):
    seen = []

    def look():
        seen.append("gate.key" in files(place))

    town.before = look
    run(town.ticket())
    assert seen == [False, True]


def test_a_used_ticket_with_another_key_is_refused_in_words(run, town, place):
    ticket = town.ticket()
    run(ticket)
    (place / "gate.key").unlink()
    before = (place / "gate.pem").read_bytes()
    result = run(ticket)
    assert result.exit_code == 1
    assert "used already" in result.output
    assert "jx-fleet gate token" in result.output
    assert (place / "gate.pem").read_bytes() == before


def test_an_expired_ticket_is_refused_in_words(run, town):
    ticket = town.ticket()
    town.now += 2 * 86_400
    result = run(ticket)
    assert (result.exit_code, "expired" in result.output) == (1, True)


def test_a_new_ticket_renews_with_the_same_key(run, town, place):
    run(town.ticket())
    key = (place / "gate.key").read_bytes()
    assert run(town.ticket()).exit_code == 0
    assert (place / "gate.key").read_bytes() == key


def test_a_server_with_another_authority_gets_no_secret(run, town, place):
    asked = []
    town.before = lambda: asked.append(1)
    result = run(town.ticket(ca=bytes(32)))
    assert result.exit_code == 1
    assert "not the one in the ticket" in result.output
    assert asked == [1]
    assert "gate.key" not in files(place)


def test_a_server_that_shows_the_right_authority_but_is_not_of_it_gets_no_secret(run, town, serve, tmp_path):
    """Somebody in the middle passes cacerts on, which anybody may ask for."""
    thief = Authority.create("Thief", town.now)
    key, certificate = thief.issue_service("web", ["127.0.0.1"], serves=True, now=town.now)
    (tmp_path / "thief.pem").write_bytes(private_pem(key) + public_pem(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "thief.pem")
    application = Flask("thief")
    stolen = []
    application.before_request(lambda: stolen.append(1))

    @application.get("/.well-known/est/cacerts")
    def cacerts():
        client = Flask("pages")
        est.register(client, est.Enrolment(town.database, town.authority, lambda: town.now))
        answer = client.test_client().get("/.well-known/est/cacerts")
        return Response(answer.data, content_type=answer.content_type)

    port = serve(application, context)
    result = run(town.ticket(url=f"https://127.0.0.1:{port}"))
    assert result.exit_code == 1
    assert "secret was not sent" in result.output
    assert len(stolen) == 1


def test_a_server_that_is_not_there_is_said(run, town):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    result = run(town.ticket(url=f"https://127.0.0.1:{port}"))
    assert (result.exit_code, "cannot be reached" in result.output) == (1, True)


@pytest.mark.parametrize("url", ["https://h:99999", "https://h:x", "https://[::1", "https://a b:1"])
def test_an_address_that_is_none_is_said_in_words(run, town, url):
    result = run(town.ticket(url=url))
    assert (result.exit_code, "address" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("told", "waits_s"), [("7", 7), ("", 2), ("\xb2", 2), ("9" * 5_000, 2), ("-1", 2), ("99999", 60)]
)
def test_whatever_a_server_asks_for_the_wait_is_bounded(told, waits_s):
    answer = provisioning.est._Answer(202, b"", {"Retry-After": told})
    assert provisioning.est._retry_after(answer) == waits_s


def test_a_server_that_never_answers_is_given_up(field, town, place):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        start = time.monotonic()
        result = field(
            "enrol", town.ticket(url=url), "--config", place / "gate.toml", "--yes", "--timeout", "0.2"
        )
        assert time.monotonic() - start < 5
    assert (result.exit_code, "no answer in time" in result.output) == (1, True)


def test_approval_is_waited_for_as_the_server_asks(run, town, monkeypatch):
    slept, answers = [], []
    real = provisioning.est.Server
    monkeypatch.setattr(provisioning.command, "Server", lambda *told: real(*told, sleep=slept.append))

    def wait():
        answers.append(1)
        if 1 < len(answers) < 4:
            return Response("waiting for approval", 202, headers={"Retry-After": "7"})
        return None

    town.before = wait
    result = run(town.ticket())
    assert result.exit_code == 0, result.output
    assert slept == [7, 7]


def test_an_approval_that_does_not_come_is_said(run, town):
    calls = []

    def wait():
        calls.append(1)
        return Response("", 202) if len(calls) > 1 else None

    town.before = wait
    result = run(town.ticket(), "--wait", "0")
    assert (result.exit_code, "nobody has approved" in result.output) == (1, True)


@pytest.mark.parametrize("body", [b"no base64 \xff", b"AAAA", b""])
def test_an_answer_that_is_no_certificate_is_said(run, town, place, body):
    calls = []

    def garbage():
        calls.append(1)
        return Response(body) if len(calls) > 1 else None

    town.before = garbage
    assert run(town.ticket()).exit_code == 1
    assert "gate.pem" not in files(place)


def test_an_endless_answer_is_cut_short(run, town):
    town.before = lambda: Response(b"A" * 200_000)
    result = run(town.ticket())
    assert (result.exit_code, "too long" in result.output) == (1, True)


def test_a_certificate_for_another_key_is_not_kept(run, town, place):
    first = {}

    def other():
        first.setdefault("calls", 0)
        first["calls"] += 1
        if first["calls"] < 2:
            return None
        request = enrol.signing_request(PrivateKey.generate(), GATE)
        return est._certificates([town.authority.sign_gate(request, GATE, town.now)])

    town.before = other
    result = run(town.ticket())
    assert (result.exit_code, "another key" in result.output) == (1, True)
    assert "gate.pem" not in files(place)


def test_a_certificate_of_another_authority_is_not_kept(run, town, place):
    calls = []

    def other():
        calls.append(1)
        if len(calls) < 2:
            return None
        thief = Authority.create("Thief", town.now)
        request = enrol.signing_request(PrivateKey.from_pem((place / "gate.key").read_bytes()), GATE)
        return est._certificates([thief.sign_gate(request, GATE, town.now)])

    town.before = other
    result = run(town.ticket())
    assert (result.exit_code, "not one of the ticket's authority" in result.output) == (1, True)


def test_a_board_without_a_clock_is_not_locked_out_but_told(run, town, monkeypatch):
    ticket = town.ticket()
    monkeypatch.setattr("provisioning.command.time.time", lambda: 1_000.0)
    result = run(ticket)
    assert (result.exit_code, "clock is wrong" in result.output) == (3, True)


def test_a_ticket_that_only_the_boards_clock_calls_expired_is_a_warning(run, town):
    result = run(town.ticket(expires=5))
    assert (result.exit_code, "one is wrong" in result.output) == (3, True)


def test_a_ticket_for_ever_is_no_crash(run, town):
    assert run(town.ticket(expires=2**62)).exit_code == 0


def test_a_ticket_for_another_gate_is_not_used(run, town):
    result = run(town.ticket(gate="ba9876543210"))
    assert (result.exit_code, "for gate ba9876543210" in result.output) == (2, True)


def test_a_slip_of_the_typing_hand_is_found_before_anything_is_sent(run, town):
    ticket = town.ticket()
    asked = []
    town.before = lambda: asked.append(1)
    slip = ticket[:20] + ("A" if ticket[20] != "A" else "B") + ticket[21:]
    assert run(slip).exit_code == 2
    assert asked == []


@pytest.mark.parametrize("content", [b"no key", None])
def test_a_damaged_or_foreign_key_is_kept_and_said(run, town, place, content):
    if content is None:
        content = PrivateKey.generate(Alg.EDDSA).to_pem()
    (place / "gate.key").write_bytes(content)
    result = run(town.ticket())
    assert (result.exit_code, "was kept" in result.output) == (1, True)
    assert (place / "gate.key").read_bytes() == content


def test_a_missing_configuration_is_said(field, tmp_path):
    assert field("enrol", "x", "--config", tmp_path / "nothing.toml").exit_code == 2


def test_the_secret_never_shows(run, town):
    ticket = town.ticket()
    for change in ({}, {"ca": bytes(32)}):
        result = run(town.ticket(**change))
        assert ticket not in result.output
        assert "secret=" not in result.output


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody")
def test_what_root_enrols_belongs_to_whom_the_gates_directory_belongs(tmp_path):
    home = tmp_path / "gate"
    home.mkdir()
    os.chown(home, 4242, 4343)
    durable.write(home / "gate.key", b"secret", secret=True)
    durable.make_directory(home / "deeper" / "still")
    durable.write(home / "deeper" / "still" / "x", b"")
    for path in (
        home / "gate.key",
        home / "deeper",
        home / "deeper" / "still",
        home / "deeper" / "still" / "x",
    ):
        status = path.stat()
        assert (status.st_uid, status.st_gid) == (4242, 4343), path
    assert (home / "gate.key").stat().st_mode & 0o777 == 0o600
