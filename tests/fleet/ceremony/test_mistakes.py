"""What happens to officers at their desks: full sticks, sticks without modes, other systems' editors."""

import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleet.ceremony import act, backup, desk, founding, office
from fleet.ceremony.command import app, main
from fleet.ceremony.keyring import Voice, unseal
from fleet.errors import FleetError
from fleet.keys import commands, issuers, offline, paper, sealed
from fleet.keys.words import root_words
from wire import envelope
from wire.documents import Role, Root

NOW = 1_795_000_000
DAY = 86_400
SECRET = "correct horse battery"


@pytest.fixture
def held(tmp_path: Path):
    return founding.create(tmp_path / "office", tmp_path / "carry", founding.Plan(), SECRET, NOW)


def keys_of(held: office.Office) -> list:
    return [unseal(key, Voice.of(SECRET)) for key in held.own_keys() if key.role is Role.ROOT]


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
    asked = asked_for(held, root)
    file = tmp_path / "1.request.json"
    file.write_bytes(paper.encode(asked).replace(b"\n", b"\r\n"))
    assert paper.read(file) == asked
    assert json.loads(file.read_bytes())["format"] == 1


def asked_for(held: office.Office, root: Root) -> paper.Request:
    return paper.Request(
        number=1,
        act="sign-root",
        words=list(root_words(held.root, root)),
        root=1,
        root_digest=paper.digest(held.root),
        body=envelope.write_body(root).hex(),
    )


def test_a_request_from_the_future_is_refused_with_both_clocks(held):
    root = offline.next_root(held.root, offline.Change(), NOW + 400 * DAY)
    assert desk.review(held, asked_for(held, root), NOW + 400 * DAY)
    with pytest.raises(desk.RefusedRequestError, match="take its date for the time"):
        desk.review(held, asked_for(held, root), NOW)
    first = replace(held.root, issued=NOW + 400 * DAY, expires=NOW + 800 * DAY)
    (held.directory / "root-1.cbor").unlink()
    with pytest.raises(desk.RefusedRequestError, match="take its date for the time"):
        desk.review_document(office.load(held.directory), envelope.sign(first, keys_of(held)), NOW)


@pytest.mark.parametrize("act", [["change", "--renew"], ["rotate-trust"]])
def test_a_desk_whose_clock_stands_still_makes_no_document(held, secret, tmp_path, monkeypatch, act):
    argv = [*act, "--office", str(held.directory), "--out", str(tmp_path), "--yes"]
    monkeypatch.setattr("time.time", lambda: 946_684_800.0)  # 2000-01-01, as many boards begin
    refused = CliRunner().invoke(app, [*argv, "--passphrase-file", str(secret)])
    assert "Set the clock" in str(refused.exception)
    assert office.load(held.directory).pending is None
    assert len(office.load(held.directory).own_keys()) == 5
    with pytest.raises(FleetError, match="Set the clock"):
        desk.drop_trust_key(held, held.root.roles[Role.TRUST].kids[0], 0)


def test_the_first_keys_are_not_made_by_a_clock_that_stands_still(secret, tmp_path, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 946_684_800.0)
    argv = ["create", "--office", str(tmp_path / "o"), "--fleet-keys", str(tmp_path / "k")]
    refused = CliRunner().invoke(app, [*argv, "--passphrase-file", str(secret)])
    assert "Set the clock" in str(refused.exception)
    assert not (tmp_path / "o").exists()


def test_a_trust_document_under_an_expired_root_is_said_to_wait_for_the_next_root(held):
    trust = issuers.renewed(None, 1, held.root.expires + DAY)
    asked = paper.Request(
        number=1,
        act="sign-trust",
        words=paper.words_for("sign-trust", trust, held.root, None),
        root=1,
        root_digest=paper.digest(held.root),
        body=envelope.write_body(trust).hex(),
    )
    assert "ATTENTION: the root in force ended" in desk.review(held, asked, trust.issued).words[-1]
