"""Founding a fleet: everything made once, everything kept, nothing readable by others."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from fleet import founding, processes
from fleet.config import Paths, load_settings
from fleet.db import open_database
from fleet.enrol.authority import DAY_S
from fleet.errors import FleetError
from fleet.models import Meta, User
from fleet.people import passwords
from fleet.server import create_app

NOW = 1_795_000_000
WISHES = founding.Wishes(password="correct horse battery")


def contents(root: Path) -> dict:
    return {
        path: path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "fleet.db" not in path.name
    }


def test_a_fleet_is_made_with_everything_in_it(tmp_path):
    root = tmp_path / "fleet"
    steps = founding.found(root, WISHES, NOW)
    assert all(step.made for step in steps)
    with open_database(root / "fleet.db") as database, database.reading() as session:
        user = session.scalars(select(User)).one()
        assert (user.login, user.role) == ("admin", "owner")
        assert passwords.matches(user.password_hash, WISHES.password)
        assert len(bytes.fromhex(session.get_one(Meta, "epoch").value)) == 16
    assert load_settings(root).web.port == 8080


def test_a_second_time_keeps_everything(tmp_path):
    founding.found(tmp_path, WISHES, NOW)
    before = contents(tmp_path)
    again = founding.found(tmp_path, founding.Wishes(web_port=1, admin="other"), NOW + DAY_S)
    assert not any(step.made for step in again)
    assert contents(tmp_path) == before


def test_nobody_else_can_read_any_of_it(tmp_path):
    root = tmp_path / "fleet"
    founding.found(root, WISHES, NOW)
    for path in [root, *root.rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_without_a_password_one_is_made_and_told_once(tmp_path):
    secrets = [step.secret for step in founding.found(tmp_path, founding.Wishes(), NOW) if step.secret]
    assert len(secrets) == 1
    with open_database(tmp_path / "fleet.db") as database, database.reading() as session:
        assert passwords.matches(session.scalars(select(User.password_hash)).one(), secrets[0])


def test_a_half_lost_authority_is_an_error_and_never_replaced(tmp_path):
    founding.found(tmp_path, WISHES, NOW)
    (tmp_path / "ca" / "ca.key").unlink()
    with pytest.raises(FleetError, match="restore"):
        founding.found(tmp_path, WISHES, NOW)
    assert not (tmp_path / "ca" / "ca.key").exists()


def test_certificates_are_renewed_when_a_third_of_their_life_is_left(tmp_path):
    founding.found(tmp_path, WISHES, NOW)
    kept = founding.found(tmp_path, WISHES, NOW + 240 * DAY_S)
    renewed = founding.found(tmp_path, WISHES, NOW + 250 * DAY_S)
    assert [step.made for step in kept if step.what.startswith("certificates")] == [False]
    assert [step.made for step in renewed if step.what.startswith("certificates")] == [True]


def test_a_renewed_certificate_starts_its_holders_anew(tmp_path):
    founding.found(tmp_path, WISHES, NOW)
    paths, settings = Paths(tmp_path), load_settings(tmp_path)
    assert processes.renew(paths, settings, NOW) == set()
    paths.certificate("broker").unlink()
    paths.key("web").write_bytes(paths.key("ingest").read_bytes())
    assert processes.renew(paths, settings, NOW) == {"broker", "web", "est"}
    assert set(processes.PROCESSES) == {name for names in processes.HOLDERS.values() for name in names}


def test_a_new_name_in_the_settings_goes_into_the_servers_certificates_only(tmp_path):
    founding.found(tmp_path, WISHES, NOW)
    settings = Paths(tmp_path).settings
    settings.write_text(settings.read_text().replace("names = []", 'names = ["gate.example", "192.0.2.7"]'))
    (step,) = [step for step in founding.found(tmp_path, WISHES, NOW) if step.what.startswith("certificates")]
    assert step.what == "certificates web, broker"


def test_a_reachable_fleet_tells_its_name_to_gates(tmp_path):
    founding.found(tmp_path, founding.Wishes(name="gate.example", password=WISHES.password), NOW)
    settings = load_settings(tmp_path)
    assert settings.est_url == "https://gate.example:8443"
    assert settings.broker_name == "gate.example"
    assert (settings.web.host, settings.est.host, settings.broker.host) == ("127.0.0.1", "0.0.0.0", "0.0.0.0")


@pytest.mark.parametrize("name", ['a"b', "a\nb", "门"])
def test_a_name_that_is_none_is_refused_before_anything_is_written(tmp_path, name):
    with pytest.raises(FleetError, match="host name"):
        founding.found(tmp_path, founding.Wishes(name=name), NOW)
    assert not (tmp_path / "fleet.toml").exists()


def test_a_password_comes_from_the_first_line_of_a_file(tmp_path):
    path = tmp_path / "password"
    path.write_text("correct horse battery\nmore\n")
    assert founding.password_from(path) == "correct horse battery"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe\x00"])
def test_a_file_without_a_password_is_refused(tmp_path, content):
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FleetError, match="nothing was made"):
        founding.password_from(path)


def test_the_factory_makes_the_console_of_a_founded_fleet(tmp_path):
    founding.found(tmp_path / "fleet", WISHES, NOW)
    application = create_app(tmp_path / "fleet")
    assert application.test_client().get("/sign-in").status_code == 200
