"""Nothing is open by accident: every endpoint wants a person, every change wants a token."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.config import Settings
from fleet.people.cookies import BACKGROUND
from fleet.web.access import local_path
from fleet.web.wiring import NAVIGATION, create_console, secret

PUBLIC = {"people.sign_in", "people.sign_in_send", "people.language"}


def test_exactly_these_endpoints_are_public(app):
    found = {name for name, view in app.view_functions.items() if getattr(view, "jx_public", False)}
    assert found == PUBLIC


def test_a_stranger_gets_nothing_anywhere(client, app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC:
            continue
        for method in rule.methods - {"OPTIONS"}:
            answer = client.open(rule.rule, method=method)
            assert answer.status_code in {302, 405}, rule
            assert answer.status_code == 405 or answer.location.startswith("/sign-in"), rule


def test_names_used_elsewhere_exist(app):
    assert set(app.view_functions) >= BACKGROUND | {row.endpoint for row in NAVIGATION}


def test_a_stranger_comes_back_to_where_they_wanted(client):
    assert client.get("/entries?verdict=deny").location == "/sign-in?next=/entries?verdict%3Ddeny"


def test_a_fragment_sends_the_whole_page_to_sign_in(client):
    answer = client.get("/overview/live", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_a_stream_is_refused_without_a_redirect(client):
    assert client.get("/live", headers={"Accept": "text/event-stream"}).status_code == 401


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-out", "/language", "/account/password", "/account/sessions/end"]
)
def test_a_change_without_a_form_token_is_refused(console_database, console_directory, clock, path):
    app = create_console(console_database, Settings(), console_directory, clock)
    answer = app.test_client().post(path, data={"language": "en"})
    assert answer.status_code == 400


def test_a_change_with_its_token_passes(console_database, console_directory, clock):
    client = create_console(console_database, Settings(), console_directory, clock).test_client()
    page = client.get("/sign-in").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    answer = client.post("/language", data={"language": "en", "csrf_token": token})
    assert answer.status_code == 303


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_change_that_another_site_caused_is_refused(client, site):
    answer = client.post("/language", data={"language": "en"}, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403


def test_a_form_that_is_too_long_is_refused(client):
    assert client.post("/sign-in", data={"login": "x" * 70_000}).status_code == 413


@given(st.text())
def test_a_local_path_is_never_another_place(target):
    found = local_path(target)
    assert found is None or (found[0] == "/" and found[1:2] not in {"/", "\\"} and "\\" not in found)


@pytest.mark.parametrize("target", ["/", "/entries", "/entries?a=b&c=d", "/a%20b"])
def test_a_local_path_is_kept(target):
    assert local_path(target) == target


@pytest.mark.parametrize("left", [None, b"", b"short"])
def test_the_secret_is_made_once_and_again_if_the_power_left_half_of_it(tmp_path, left):
    path = tmp_path / "web" / "secret"
    if left is not None:
        path.parent.mkdir()
        path.write_bytes(left)
    made = secret(path)
    assert len(made) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret(path) == made


def test_a_form_token_from_before_signing_in_is_worth_nothing_after(
    console_database, console_directory, clock, town, person
):
    client = create_console(console_database, Settings(), console_directory, clock).test_client()
    token = client.get("/sign-in").text.split('name="csrf_token" value="')[1].split('"')[0]
    said = {"login": person, "password": town.PASSWORD, "csrf_token": token}
    assert client.post("/sign-in", data=said).status_code == 303
    assert client.post("/language", data={"language": "en", "csrf_token": token}).status_code == 400
    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 400
    assert client.get("/account").status_code == 200
