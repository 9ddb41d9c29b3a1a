"""Signing in and out through the pages."""

import re

import pytest

from fleet import audit
from fleet.models import User
from fleet.people import known, sessions
from fleet.people.cookies import PLAIN_NAME, SECURE_NAME
from fleet.web.language import COOKIE


def sign_in(client, town, **more):
    return client.post("/sign-in", data={"login": "wang", "password": town.PASSWORD} | more)


@pytest.mark.usefixtures("person")
def test_the_right_password_opens_the_console(client, town):
    answer = sign_in(client, town)
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/").status_code == 200


@pytest.mark.usefixtures("person")
def test_the_cookie_is_closed_to_scripts_and_other_sites(client, town):
    (cookie,) = [
        value for value in sign_in(client, town).headers.getlist("Set-Cookie") if value.startswith(PLAIN_NAME)
    ]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie


@pytest.mark.usefixtures("person")
def test_over_tls_the_cookie_is_bound_to_the_host(console_database, tmp_path, town, clock):
    from fleet.config import Settings, Web
    from fleet.web.wiring import create_console

    app = create_console(console_database, Settings(web=Web(tls=True)), tmp_path / "tls", clock)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    answer = client.post(
        "/sign-in", data={"login": "wang", "password": town.PASSWORD}, base_url="https://localhost"
    )
    cookies = answer.headers.getlist("Set-Cookie")
    (cookie,) = [value for value in cookies if value.startswith(SECURE_NAME)]
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("login", "password"), [("wang", "wrong wrong wrong"), ("nobody", "wrong wrong wrong")]
)
@pytest.mark.usefixtures("person")
def test_wrong_name_and_wrong_password_look_the_same(client, login, password):
    answer = client.post("/sign-in", data={"login": login, "password": password})
    assert answer.status_code == 401
    assert not any(PLAIN_NAME in value for value in answer.headers.getlist("Set-Cookie"))
    said = answer.text.replace(f'value="{login}"', "")
    assert "登录名或密码错误，或账号已停用。" in said
    assert password not in said


@pytest.mark.usefixtures("person")
def test_a_disabled_account_looks_like_a_wrong_password(client, town, console_database):
    with console_database.session() as session:
        session.query(User).one().disabled_at = 1
    assert sign_in(client, town).status_code == 401


@pytest.mark.usefixtures("person")
def test_signing_in_is_limited_per_address(client):
    codes = [client.post("/sign-in", data={"login": f"n{n}", "password": "x"}).status_code for n in range(11)]
    assert codes == [401] * 10 + [429]


def _attack(client, count=25):
    """Wrong passwords in somebody's name from many addresses."""
    for number in range(count):
        client.application.test_client().post(
            "/sign-in",
            data={"login": "wang", "password": "a guess, no more"},
            environ_base={"REMOTE_ADDR": f"10.0.{number // 5}.1"},
        )


@pytest.mark.usefixtures("person")
def test_guessing_in_a_name_is_limited_wherever_it_comes_from(client, town):
    _attack(client)
    assert sign_in(client, town).status_code == 429


@pytest.mark.usefixtures("person")
def test_guessing_locks_nobody_out_of_the_browser_they_used_before(client, town):
    sign_in(client, town)
    client.post("/sign-out")
    _attack(client)
    assert sign_in(client, town).status_code == 303


@pytest.mark.usefixtures("person")
def test_a_known_browser_has_a_limit_too_and_is_known_for_one_name_only(client, town):
    sign_in(client, town)
    codes = [client.post("/sign-in", data={"login": "wang", "password": "x"}).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    others = [client.post("/sign-in", data={"login": "li", "password": "x"}).status_code for _ in range(11)]
    assert others == [401] * 10 + [429]


@pytest.mark.parametrize("how", ["forged", "old", "long"])
@pytest.mark.usefixtures("person")
def test_a_browser_that_only_claims_to_be_known_is_not(client, town, clock, how):
    sign_in(client, town)
    value = client.get_cookie(known.NAME).value
    clock.now += known.LIFE_S + 1 if how == "old" else 0
    _attack(client)
    client.set_cookie(known.NAME, {"forged": value[:-2] + "AA", "old": value, "long": "x" * 3000}[how])
    assert sign_in(client, town).status_code == 429


@pytest.mark.usefixtures("person")
def test_right_passwords_do_not_use_the_limit_up(client, town):
    assert {sign_in(client, town).status_code for _ in range(11)} == {303}


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/ /evil.example",
        "entries",
        "",
    ],
)
@pytest.mark.usefixtures("person")
def test_nobody_is_sent_elsewhere_after_signing_in(client, town, target):
    assert sign_in(client, town, next=target).location == "/"


@pytest.mark.usefixtures("person")
def test_a_local_path_is_kept(client, town):
    assert sign_in(client, town, next="/entries?verdict=deny").location == "/entries?verdict=deny"


def test_signing_out_ends_the_session_in_the_table(signed_in):
    token = signed_in.get_cookie(PLAIN_NAME).value
    assert signed_in.post("/sign-out").location == "/sign-in"
    signed_in.set_cookie(PLAIN_NAME, token)
    assert signed_in.get("/").location == "/sign-in"


def test_one_of_my_sessions_can_be_ended(signed_in, app, town):
    other = app.test_client()
    other.post("/sign-in", data={"login": "wang", "password": town.PASSWORD})
    assert other.get("/account").status_code == 200
    page = signed_in.get("/account").text
    (name,) = re.findall(r'name="name" value="([0-9a-f]{16})"', page)
    assert signed_in.post("/account/sessions/end", data={"name": name}).status_code == 303
    assert other.get("/account").status_code == 302
    assert signed_in.get("/account").status_code == 200


def test_all_my_other_sessions_can_be_ended(signed_in, app, town):
    others = [app.test_client() for _ in range(2)]
    for other in others:
        other.post("/sign-in", data={"login": "wang", "password": town.PASSWORD})
    signed_in.post("/account/sessions/end")
    assert [other.get("/").status_code for other in others] == [302, 302]
    assert signed_in.get("/").status_code == 200


def test_ending_an_unknown_session_is_not_found(signed_in):
    assert signed_in.post("/account/sessions/end", data={"name": "0" * 16}).status_code == 404


def test_a_session_dies_when_it_is_idle(signed_in, clock):
    clock.now += sessions.IDLE_S + 1
    assert signed_in.get("/").location == "/sign-in"


def test_pages_that_ask_by_themselves_do_not_keep_a_session_alive(signed_in, clock):
    for _ in range(3):
        clock.now += sessions.IDLE_S // 3 + 1
        signed_in.get("/overview/live")
    assert signed_in.get("/").location == "/sign-in"


def test_a_click_keeps_a_session_alive(signed_in, clock):
    for _ in range(3):
        clock.now += sessions.IDLE_S // 3 + 1
        assert signed_in.get("/").status_code == 200


def test_the_password_can_be_changed(signed_in, app, town):
    new = "another long sentence"
    form = {"current": town.PASSWORD, "password": new, "again": new}
    assert signed_in.post("/account/password", data=form).status_code == 303
    fresh = app.test_client()
    assert fresh.post("/sign-in", data={"login": "wang", "password": town.PASSWORD}).status_code == 401
    assert fresh.post("/sign-in", data={"login": "wang", "password": new}).status_code == 303


@pytest.mark.parametrize(
    ("change", "status"),
    [({"current": "wrong"}, 401), ({"again": "something else entirely"}, 422), ({"password": "short"}, 422)],
)
def test_a_password_is_not_changed_by_a_wrong_form(signed_in, town, change, status):
    form = {"current": town.PASSWORD, "password": "another long sentence", "again": "another long sentence"}
    assert signed_in.post("/account/password", data=form | change).status_code == status


@pytest.mark.parametrize(
    ("asked", "got"), [("en-GB,en;q=0.9", "en"), ("zh-TW,zh;q=0.9", "zh-CN"), ("fr", "zh-CN")]
)
def test_before_somebody_has_chosen_the_browser_says_which_language(signed_in, asked, got):
    assert f'<html lang="{got}"' in signed_in.get("/account", headers={"Accept-Language": asked}).text


def test_what_somebody_chose_wins_over_the_browser(signed_in):
    signed_in.post("/language", data={"language": "zh-CN"})
    signed_in.delete_cookie(COOKIE)
    assert 'lang="zh-CN"' in signed_in.get("/account", headers={"Accept-Language": "en"}).text


def test_a_language_is_kept_with_the_account(signed_in, console_database):
    assert 'lang="zh-CN"' in signed_in.get("/account").text
    answer = signed_in.post("/language", data={"language": "en", "next": "/account"})
    assert answer.location == "/account"
    assert '<html lang="en"' in signed_in.get("/account").text
    with console_database.reading() as session:
        assert session.query(User).one().language == "en"


def test_a_stranger_chooses_a_language_for_the_browser(client):
    assert client.post("/language", data={"language": "en", "next": "/sign-in"}).location == "/sign-in"
    assert client.get_cookie(COOKIE).value == "en"
    assert "Sign in" in client.get("/sign-in").text


def test_a_browser_that_asks_for_english_gets_it(client):
    assert "Sign in" in client.get("/sign-in", headers={"Accept-Language": "en-GB,en;q=0.9"}).text


@pytest.mark.parametrize("language", ["", "xx", "../zh"])
def test_a_language_we_do_not_speak_is_refused(client, language):
    assert client.post("/language", data={"language": language}).status_code == 400


@pytest.mark.usefixtures("person")
def test_signing_in_and_out_is_in_the_audit_log_without_a_name(client, town, console_database):
    sign_in(client, town)
    client.post("/sign-out")
    with console_database.reading() as session:
        rows = [(row.actor, row.action, row.detail) for row in session.query(audit.Audit)]
    assert [action for _, action, _ in rows] == ["person.add", "person.sign_in", "person.sign_out"]
    assert "wang" not in str(rows)
