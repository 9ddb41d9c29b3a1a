"""The headers of every answer, errors and static files included."""

import pytest

from fleet.web.headers import CONTENT_SECURITY_POLICY, HEADERS

EVERYWHERE = ["/", "/sign-in", "/entries", "/account", "/nope", "/live", "/assets/none.css", "/overview/live"]


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize("method", ["get", "post", "put", "head"])
def test_every_answer_carries_them(client, path, method):
    answer = getattr(client, method)(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_policy_is_the_one_that_was_decided():
    assert CONTENT_SECURITY_POLICY == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def test_static_files_carry_them_and_may_be_kept(client, app):
    answer = client.get(app.jinja_env.globals["asset"]("console.css"), buffered=True)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_page_that_fails_says_nothing_of_its_inside(signed_in, monkeypatch):
    def fail(*_):
        raise RuntimeError("a secret word")

    monkeypatch.setattr("fleet.overview.pages.gates.rows", fail)
    answer = signed_in.get("/")
    assert answer.status_code == 500
    assert "a secret word" not in answer.text
    assert "RuntimeError" not in answer.text
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_the_log_of_a_failure_names_lines_and_no_values(signed_in, monkeypatch, capsys):
    def fail(*_):
        raise RuntimeError("a secret word")

    monkeypatch.setattr("fleet.overview.pages.gates.rows", fail)
    signed_in.get("/")
    said = "".join(capsys.readouterr())
    assert "RuntimeError" in said
    assert "a secret word" not in said
