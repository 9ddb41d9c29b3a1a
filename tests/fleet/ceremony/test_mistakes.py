"""What happens to officers at their desks: full sticks, sticks without modes, other systems' editors."""

import errno
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleet.ceremony import act, backup, founding, office
from fleet.ceremony.command import app, main
from fleet.errors import FleetError
from fleet.keys import commands, offline, paper, sealed
from fleet.keys.words import root_words
from wire import envelope

NOW = 1_795_000_000
SECRET = "correct horse battery"


@pytest.fixture
def held(tmp_path: Path):
    return founding.create(tmp_path / "office", tmp_path / "carry", founding.Plan(), SECRET, NOW)


@pytest.fixture
def secret(tmp_path: Path):
    file = tmp_path / "secret"
    file.write_text(SECRET)
    file.chmod(0o600)
    return file


def test_a_full_stick_costs_no_signature_and_leaves_nothing_on_it(held, secret, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    stick = tmp_path / "stick"
    stick.mkdir()
    argv = ["change", "--renew", "--office", str(held.directory), "--out", str(stick), "--yes"]
    with monkeypatch.context() as mended:
        real = act.replace_private

        def replace(path, data):
            with monkeypatch.context() as patched:
                patched.setattr("fleet.keys.sealed.os.fsync", full)
                real(path, data)

        mended.setattr(act, "replace_private", replace)
        failed = CliRunner().invoke(app, [*argv, "--passphrase-file", str(secret)])
    assert isinstance(failed.exception, FleetError)
    assert "root-2.cbor is signed and kept in the office" in str(failed.exception)
    assert list(stick.iterdir()) == []
    assert office.load(held.directory).root.version == 2
    CliRunner().invoke(app, ["give", "--office", str(held.directory), "--out", str(stick)])
    assert (stick / "root-2.cbor").read_bytes() == held.directory.joinpath("root-2.cbor").read_bytes()


def test_a_place_that_cannot_be_written_is_said_in_a_line(held, capsys):
    with pytest.raises(SystemExit):
        main(["give", "--office", str(held.directory), "--out", "/proc/stick"])
    said = capsys.readouterr().err
    assert "cannot be used" in said
    assert "Traceback" not in said


def test_a_stick_without_owners_and_modes_carries_copies_and_the_servers_keys(held, tmp_path, monkeypatch):
    """FAT shows every file as readable by everybody, and no chmod changes that."""
    real = sealed._beside

    def beside(path, data):
        fresh = real(path, data)
        fresh.chmod(0o755)
        return fresh

    with monkeypatch.context() as stick:
        stick.setattr(sealed, "_beside", beside)
        assert backup.write(held, tmp_path / "stick" / "copy.json", NOW) == 11
    assert backup.restore(tmp_path / "stick" / "copy.json", tmp_path / "again").root == held.root
    for file in (tmp_path / "carry").iterdir():
        file.chmod(0o755)
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    (fleet / "fleet.toml").write_text("")
    done = CliRunner().invoke(
        commands.keys_app, ["install", str(tmp_path / "carry"), "--dir", str(fleet)], env={"COLUMNS": "200"}
    )
    assert done.exit_code == 0, done.exception
    assert "other accounts" in done.output
    assert {file.stat().st_mode & 0o777 for file in (fleet / "keys").iterdir()} == {0o600}


def test_a_copy_behind_a_link_or_of_any_length_is_not_restored(held, tmp_path, monkeypatch):
    backup.write(held, tmp_path / "copy.json", NOW)
    (tmp_path / "link.json").symlink_to(tmp_path / "copy.json")
    with pytest.raises(FleetError, match="is a link"):
        backup.restore(tmp_path / "link.json", tmp_path / "again")
    monkeypatch.setattr(backup, "MAX_BYTES", 100)
    with pytest.raises(FleetError, match="longer than 100 bytes"):
        backup.restore(tmp_path / "copy.json", tmp_path / "again")


def test_a_copy_is_not_restored_over_the_directory_one_stands_in(held, tmp_path, monkeypatch):
    backup.write(held, tmp_path / "copy.json", NOW)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(FleetError, match="choose a new one"):
        backup.restore(tmp_path / "copy.json", Path())


@pytest.mark.parametrize("written", [SECRET.encode() + b"\r\n", b"\xef\xbb\xbf" + SECRET.encode() + b"\r\n"])
def test_a_passphrase_from_another_systems_editor_opens(held, secret, written):
    secret.write_bytes(written)
    argv = ["check", "--office", str(held.directory), "--passphrase-file", str(secret)]
    assert CliRunner().invoke(app, argv).exit_code == 0


def test_a_passphrase_that_is_no_text_is_said(held, secret):
    secret.write_bytes(SECRET.encode("utf-16"))
    argv = ["check", "--office", str(held.directory), "--passphrase-file", str(secret)]
    assert "no text in UTF-8" in str(CliRunner().invoke(app, argv).exception)


def test_a_request_that_another_system_has_copied_is_the_same(held, tmp_path):
    root = offline.next_root(held.root, offline.Change(), NOW + 9)
    asked = paper.Request(
        number=1,
        act="sign-root",
        words=list(root_words(held.root, root)),
        root=1,
        root_digest=paper.digest(held.root),
        body=envelope.write_body(root).hex(),
    )
    file = tmp_path / "1.request.json"
    file.write_bytes(paper.encode(asked).replace(b"\n", b"\r\n"))
    assert paper.read(file) == asked
    assert json.loads(file.read_bytes())["format"] == 1
