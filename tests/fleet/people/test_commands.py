"""`jx-fleet people …` on a real directory."""

import json

import pytest
from typer.testing import CliRunner

from fleet.errors import ConflictError, FleetError, NotFoundError
from fleet.people.commands import app

PASSWORD = "a long sentence for tests"


@pytest.fixture
def run(tmp_path):
    (tmp_path / "fleet.toml").write_text("")

    def call(*arguments, password=None):
        given = ["--password-stdin"] if password is not None else []
        result = CliRunner().invoke(
            app, [*arguments, *given, "--dir", str(tmp_path)], input=f"{password}\n" if password else None
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output

    return call


def test_an_account_is_added_and_listed(run):
    run("add", "wang", "--role", "owner", password=PASSWORD)
    (row,) = json.loads(run("list", "--json"))
    assert (row["login"], row["role"], row["disabled_at"]) == ("wang", "owner", None)
    assert "password" not in row


def test_an_account_is_disabled_and_enabled(run):
    run("add", "wang", password=PASSWORD)
    run("disable", "wang")
    assert json.loads(run("list", "--json"))[0]["disabled_at"]
    run("enable", "wang")
    assert json.loads(run("list", "--json"))[0]["disabled_at"] is None


def test_a_password_is_replaced(run):
    run("add", "wang", password=PASSWORD)
    assert "sessions ended: 0" in run("passwd", "wang", password="another long sentence")


def test_a_name_is_taken_once(run):
    run("add", "wang", password=PASSWORD)
    with pytest.raises(ConflictError):
        run("add", "wang", password=PASSWORD)


@pytest.mark.parametrize("login", ["Wang", "w", "王", "a b", "-x"])
def test_an_unfit_name_is_refused(run, login):
    with pytest.raises((FleetError, AssertionError)):
        assert "No such option" not in run("add", login, password=PASSWORD)


def test_a_short_password_is_refused(run):
    with pytest.raises(FleetError):
        run("add", "wang", password="short")


def test_nobody_unknown_is_changed(run):
    with pytest.raises(NotFoundError):
        run("disable", "nobody")
