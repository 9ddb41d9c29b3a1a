"""Looking after an office: sealed keys, rehearsal, copies, and what the commands print."""

import json
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from fleet.ceremony import backup, care, founding, keyring, office, rehearsal, seal, terminal
from fleet.ceremony.alone import alone
from fleet.ceremony.command import app, main
from fleet.ceremony.keyring import Voice
from fleet.ceremony.rehearsal import Level
from fleet.errors import FleetError
from fleet.keys import fingerprints
from fleet.keys.offline import ROOT_LIFE_S
from wire.documents import Role
from wire.errors import WireError
from wire.keys import Alg, PrivateKey

NOW = 1_795_000_000
DAY = 86_400
SECRET = "correct horse battery"


@pytest.fixture
def held(tmp_path: Path):
    return founding.create(tmp_path / "office", tmp_path / "carry", founding.Plan(), SECRET, NOW)


def levels(held: office.Office, said: str = SECRET, now: int = NOW) -> dict[Level, list[str]]:
    found = rehearsal.rehearse(held, Voice.of(said), now)
    return {level: [f"{one.zh} {one.en}" for one in found if one.level is level] for level in Level}


@pytest.mark.parametrize("alg", Alg)
def test_a_sealed_key_opens_with_its_passphrase_and_no_other(alg):
    key = PrivateKey.generate(alg)
    pem = seal.sealed(key, "密码 horse battery")
    assert PrivateKey.from_pem(pem, "密码 horse battery".encode()).public == key.public
    for other in (b"", b"horse battery", None):
        with pytest.raises(WireError):
            PrivateKey.from_pem(pem, other)
    assert seal.sealed(key, SECRET) != seal.sealed(key, SECRET)


def test_the_seal_that_is_shipped_is_expensive_and_opens():
    # the fixture makes seals cheap here, so the shipped numbers are read from the source
    source = Path(seal.__file__).read_text()
    assert "LOG_N: Final = 14" in source
    assert "P: Final = 5" in source


def test_keys_with_other_passphrases_are_left_out_and_named(held):
    other = founding.make_sealed(held, Role.ROOT, "another safe", Voice.of("another horse battery"))
    wanted = {key.kid for key in held.own_keys()}
    with keyring.opened(held, wanted, Voice.of(SECRET)) as ring:
        assert set(ring.left_out) == {other.key.kid}
        assert set(ring.signers) == wanted - {other.key.kid}
    with keyring.opened(held, wanted, Voice([SECRET, "another horse battery"])) as ring:
        assert not ring.left_out
    with pytest.raises(FleetError, match="wrong passphrase"), keyring.opened(held, wanted, Voice.of("no")):
        pass


def test_an_officer_is_asked_once_for_each_passphrase_and_may_leave_keys_out(held):
    founding.make_sealed(held, Role.ROOT, "another safe", Voice.of("another horse battery"))
    asked: list[str] = []

    def ask(what: str) -> str:
        asked.append(what)
        return "typo" if len(asked) == 1 else SECRET if len(asked) < 4 else ""

    with keyring.opened(held, {key.kid for key in held.own_keys()}, Voice(ask=ask)) as ring:
        assert len(ring.signers) == 5
        assert len(ring.left_out) == 1
    assert len(asked) <= 6


def test_a_file_that_holds_another_key_than_it_says_is_refused(held):
    one, two, *_ = (key.path for key in held.own_keys())
    shutil.copy(one, two)
    said = levels(office.load(held.directory))
    assert any("another key than its name says" in line for line in said[Level.BAD])


def test_a_healthy_office_passes_the_rehearsal_and_nothing_is_signed(held):
    before = sorted((path.name, path.read_bytes()) for path in held.directory.iterdir())
    said = levels(held)
    assert not said[Level.BAD]
    assert sum("opens and signs" in line for line in said[Level.GOOD]) == 5
    assert any("roots 1 to 1 verify" in line for line in said[Level.GOOD])
    assert sorted((path.name, path.read_bytes()) for path in held.directory.iterdir()) == before


@pytest.mark.parametrize(
    ("after_s", "level", "words"),
    [
        (0, Level.GOOD, "renew it by"),
        (ROOT_LIFE_S - 180 * DAY, Level.CARE, "renew it by"),
        (ROOT_LIFE_S, Level.BAD, "renew it now"),
    ],
)
def test_the_rehearsal_says_by_when_the_next_root_is_due(held, after_s, level, words):
    assert any("root 1" in line and words in line for line in levels(held, now=NOW + after_s)[level])


def test_the_rehearsal_finds_what_is_wrong(held, tmp_path):
    (first, *_) = held.own_keys()
    first.path.chmod(0o644)
    held.directory.chmod(0o755)
    stranger = founding.make_sealed(held, Role.ROOT, "too many", Voice.of(SECRET))
    said = levels(office.load(held.directory))
    assert any("does not open" in line for line in said[Level.BAD])
    assert sum("他人可读" in line for line in said[Level.BAD]) == 2
    assert any(stranger.key.fingerprint in line for line in said[Level.CARE])
    assert len(levels(office.load(held.directory), "something else")[Level.BAD]) >= 6
    lean = founding.create(
        tmp_path / "lean", tmp_path / "lean-carry", founding.Plan(root_keys=2, trust_keys=1), SECRET, NOW
    )
    assert sum("all" in line and "are needed" in line for line in levels(lean)[Level.CARE]) == 2


def test_a_copy_of_an_office_is_an_office_and_keeps_its_seals(held, tmp_path):
    copy = tmp_path / "stick" / "copy.json"
    assert backup.write(held, copy, NOW) == 11
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with pytest.raises(FleetError, match="exists"):
        backup.write(held, copy, NOW)
    again = backup.restore(copy, tmp_path / "again")
    assert again.root == held.root
    assert not levels(again)[Level.BAD]
    for path in held.directory.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
    with pytest.raises(FleetError, match="not an empty directory"):
        backup.restore(copy, tmp_path / "again")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: said["files"].update({"../evil": ""}),
        lambda said: said["files"].update({"root-1.key": ""}),
        lambda said: said["files"].update({"root-1.cbor": "AAAA"}),
        lambda said: said.update(format=2),
        lambda said: said.update(more=1),
        lambda said: said.pop("files"),
    ],
)
def test_a_spoilt_copy_restores_nothing(held, tmp_path, spoil):
    copy = tmp_path / "copy.json"
    backup.write(held, copy, NOW)
    said = json.loads(copy.read_bytes())
    spoil(said)
    copy.write_text(json.dumps(said))
    with pytest.raises(FleetError):
        backup.restore(copy, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    backup_again = tmp_path / "whole.json"
    backup.write(held, backup_again, NOW)
    backup.restore(backup_again, tmp_path / "again")  # what the failure left is no obstacle


def test_an_interrupted_key_is_taken_up_and_a_label_names_one_key(held, monkeypatch):
    def gone(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as power:
        power.setattr(office.Office, "add_card", gone)
        with pytest.raises(KeyboardInterrupt):
            founding.make_sealed(held, Role.ROOT, "late safe", Voice.of(SECRET))
    (lonely,) = [key for key in held.own_keys() if key.kid not in held.cards]
    card = founding.make_sealed(held, Role.ROOT, "late safe", Voice.of(SECRET))
    assert card.key.kid == lonely.kid
    assert founding.made_before(office.load(held.directory), Role.ROOT, "late safe") == card


@pytest.mark.parametrize("columns", [60, 80])
def test_nothing_that_is_printed_is_wider_than_the_terminal_but_commands(held, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(terminal.console, "_width", columns)
    run = CliRunner()
    for name in ("status", "paper"):
        shown = run.invoke(app, [name, "--office", str(held.directory)])
        assert shown.exit_code == 0
        assert fingerprints.of_root(held.root) in shown.output
        for line in shown.output.splitlines():
            assert terminal.console.render_str(line).cell_len <= columns or "jx-fleet" in line


def test_a_failed_rehearsal_ends_with_an_error(held, tmp_path, capsys):
    secret = tmp_path / "secret"
    secret.write_text("another horse battery")
    secret.chmod(0o600)
    with pytest.raises(SystemExit):
        main(["check", "--office", str(held.directory), "--passphrase-file", str(secret)])
    assert "things are wrong" in capsys.readouterr().err


def test_a_suggested_passphrase_is_printed_and_a_key_in_no_role_is_refused(tmp_path, capsys):
    care.passphrase()
    assert len(capsys.readouterr().out.strip()) == 24
    argv = [
        "key",
        "--office",
        str(tmp_path / "o"),
        "--out",
        str(tmp_path / "s"),
        "--label",
        "a",
        "--role",
        "x",
    ]
    assert "no role" in str(CliRunner().invoke(app, argv).exception)
    assert not (tmp_path / "o").exists()


def test_a_passphrase_is_changed_also_after_an_interruption(held, tmp_path, monkeypatch):
    files = {}
    for name, said in (("old", SECRET), ("new", "another horse battery")):
        files[name] = tmp_path / name
        files[name].write_text(said)
        files[name].chmod(0o600)
    argv = ["reseal", "--office", str(held.directory)]
    argv += ["--passphrase-file", str(files["old"]), "--new-passphrase-file", str(files["new"])]
    left = [3]

    def replace_private(path, data, real=care.replace_private):
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        real(path, data)

    with monkeypatch.context() as power:
        power.setattr(care, "replace_private", replace_private)
        assert CliRunner().invoke(app, argv).exit_code
    assert "5 keys are sealed anew" in CliRunner().invoke(app, argv, env={"COLUMNS": "200"}).output
    assert not levels(held, "another horse battery")[Level.BAD]
    assert len(levels(held, SECRET)[Level.BAD]) == 5


def test_keys_of_an_office_without_cards_are_never_taken_for_new_ones(held):
    for path in held.directory.glob("*.card.json"):
        path.unlink()
    known = {key.kid for key in held.own_keys()}
    bare = office.load(held.directory)
    assert founding.made_before(bare, Role.ROOT, "root key 1") is None
    assert founding.make_sealed(bare, Role.ROOT, "root key 1", Voice.of(SECRET)).key.kid not in known
    assert not levels(bare)[Level.BAD]


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_make_the_readers_of_copies_and_tokens_fail_otherwise(tmp_path, data):
    for name, read in (("copy.json", backup._read), ("root-0011223344556677.token", office.read_token)):
        path = tmp_path / name
        path.write_bytes(data)
        path.chmod(0o600)
        with pytest.raises(FleetError):
            read(path)


def test_two_commands_at_once_on_one_office_are_told_apart(held, tmp_path):
    argv = ["change", "--renew", "--office", str(held.directory), "--out", str(tmp_path / "stick")]
    with alone(held.directory):
        refused = CliRunner().invoke(app, argv)
        assert "another command works on" in str(refused.exception)
        assert CliRunner().invoke(app, ["status", "--office", str(held.directory)]).exit_code == 0
    refused = CliRunner().invoke(app, [*argv[:1], "--rotate-all", *argv[2:]])
    assert "by those of --add" in str(refused.exception)
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    argv += ["--passphrase-file", str(tmp_path / "secret")]
    assert CliRunner().invoke(app, argv, input="y\n").exit_code == 0
