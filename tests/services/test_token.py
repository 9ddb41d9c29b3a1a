"""Root and trust keys in a PKCS#11 token: SoftHSM, by the desk's own commands."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleet.ceremony import office, token
from fleet.ceremony.command import app
from wire import envelope
from wire.documents import Role, Root

pytestmark = pytest.mark.services

PIN = "482613"
FINGERPRINT = re.compile(r"(?:[A-Z2-7]{5}-){4}[A-Z2-7]{5}")
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm.so")


class Desk:
    """An office whose keys are in a token of its own, and its commands."""

    def __init__(self, place: Path, label: str):
        self.place, self.label, self.run = place, label, CliRunner()
        module = next((found for found in MODULES if Path(found).is_file()), None)
        assert module, "run sh tests/services/install.sh"
        init = ["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "87654321"]
        subprocess.run([shutil.which("softhsm2-util"), *init], check=True, capture_output=True)
        (place / "pin").write_text(PIN)
        (place / "pin").chmod(0o600)
        self.front = ["--module", module, "--pin-file", str(place / "pin")]

    def give(self, *argv: str, fails: bool = False) -> str:
        where = ["--office", str(self.place / "office")]
        result = self.run.invoke(app, [*self.front, *argv, *where], input="y\ny\n", env={"COLUMNS": "200"})
        if fails:
            assert result.exit_code
            return str(result.exception)
        if result.exit_code:
            raise AssertionError(result.output) from result.exception
        return result.output


@pytest.fixture
def desk(tmp_path, monkeypatch):
    (tmp_path / "tokens").mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    pkcs11 = pytest.importorskip("pkcs11")
    for name in MODULES:  # a library that was loaded before looks into the tokens of the test before
        pkcs11.unload(str(Path(name).resolve()))
    yield Desk(tmp_path, "north")
    for name in MODULES:
        pkcs11.unload(str(Path(name).resolve()))


def test_an_office_whose_keys_are_all_in_a_token_founds_changes_and_rehearses(desk):
    stick = desk.place / "stick"
    for role in ("root", "root", "trust"):
        label = f"{role} {len(list(stick.glob('*.json')))}"
        desk.give("key", "--token", "north", "--role", role, "--label", label, "--out", str(stick))
    held = office.load(desk.place / "office")
    assert [key.in_token for key in held.own_keys()] == [True] * 3
    assert not list((desk.place / "office").glob("*.key"))

    keys = str(desk.place / "carried")
    assert "Enough" in desk.give("found", str(stick), "--fleet-keys", keys, "--out", str(stick))
    data = (stick / "root-1.cbor").read_bytes()
    root = envelope.read_body(Root, envelope.parse(Root, data).payload)
    assert envelope.verify(Root, data, root.keys_of(Role.ROOT), 2) == root

    leaving = FINGERPRINT.findall(desk.give("paper"))
    desk.give("key", "--token", "north", "--label", "third", "--out", str(stick / "new"))
    first = next(
        said for said in leaving[1:] if "root 0" in desk.give("paper").split(said)[0].splitlines()[-2]
    )
    desk.give("change", "--add", str(stick / "new"), "--remove", first[:11], "--out", str(stick))
    assert office.load(desk.place / "office").root.version == 2
    shown = desk.give("check")
    assert shown.count("opens and signs (token)") == 3
    assert "has left and is to be destroyed" in shown


def test_an_interrupted_key_in_a_token_is_taken_up(desk, monkeypatch):
    stick = str(desk.place / "stick")

    def gone(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as power:
        power.setattr(office.Office, "add_token", gone)
        desk.give("key", "--token", "north", "--label", "safe", "--out", stick, fails=True)
    assert not office.load(desk.place / "office").own_keys()
    desk.give("key", "--token", "north", "--label", "safe", "--out", stick)
    objects = subprocess.run(
        ["grep", "-rl", "jx-root", str(desk.place / "tokens")], check=True, capture_output=True, text=True
    )
    assert len(objects.stdout.splitlines()) == 1  # the public half; the other is sealed


def test_a_wrong_pin_is_offered_once_and_an_absent_token_is_named(desk):
    stick = str(desk.place / "stick")
    for role in ("root", "trust"):
        desk.give("key", "--token", "north", "--role", role, "--label", role, "--out", stick)
    (desk.place / "pin").write_text("999999")
    assert "PIN is wrong" in desk.give("key", "--token", "north", "--label", "b", "--out", stick, fails=True)
    (desk.place / "pin").write_text(PIN)
    shown = desk.give("key", "--token", "elsewhere", "--label", "b", "--out", stick, fails=True)
    assert "no such token" in shown
    desk.give("check")  # two wrong ones of a few: it still opens


def test_a_token_never_gives_its_key_away(desk):
    import pkcs11

    desk.give("key", "--token", "north", "--label", "safe", "--out", str(desk.place / "stick"))
    with token.session(Path(desk.front[1]), "north", PIN) as session:
        (key,) = list(session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}))
        assert key[pkcs11.Attribute.SENSITIVE]
        assert not key[pkcs11.Attribute.EXTRACTABLE]
        with pytest.raises(pkcs11.PKCS11Error):
            _ = key[pkcs11.Attribute.VALUE]
