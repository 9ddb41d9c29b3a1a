"""Preparing a card: what is written, and what is refused before anything is."""

import json

import pytest

from device.firmware import config
from provisioning import card, durable
from provisioning.errors import FieldError

GATE = "0123456789ab"
OPTIONS = {
    "--gate": GATE,
    "--fleet": "https://fleet.example:8443",
    "--broker-host": "fleet.example",
    "--broker-port": "8884",
}


@pytest.fixture
def prepare(field, tmp_path, root_file):
    def prepare(*more, **changes):
        options = (
            OPTIONS | {"--root": root_file} | {f"--{k.replace('_', '-')}": v for k, v in changes.items()}
        )
        words = [word for pair in options.items() for word in pair]
        return field("prepare", tmp_path / "card", *words, *more)

    return prepare


def test_a_card_holds_a_configuration_and_the_first_root(prepare, tmp_path, root_file):
    result = prepare()
    assert result.exit_code == 0, result.output
    read = config.load(tmp_path / "card" / "gate.toml")
    assert (read.gate, read.fleet, read.broker.host, read.broker.port) == (
        GATE,
        "https://fleet.example:8443",
        "fleet.example",
        8884,
    )
    assert read.path(read.root).read_bytes() == root_file.read_bytes()
    assert "下一步" in result.output


def test_the_data_may_lie_elsewhere_on_the_gate(prepare, tmp_path):
    prepare(data="/var/lib/jixiang-gate")
    assert config.load(tmp_path / "card" / "gate.toml").data == "/var/lib/jixiang-gate"


def test_preparing_again_changes_nothing_and_another_gate_needs_yes(prepare, tmp_path):
    prepare()
    assert prepare().exit_code == 0
    refused = prepare(gate="ba9876543210")
    assert (refused.exit_code, "--yes" in refused.output) == (1, True)
    assert config.load(tmp_path / "card" / "gate.toml").gate == GATE
    assert prepare("--yes", gate="ba9876543210").exit_code == 0
    assert config.load(tmp_path / "card" / "gate.toml").gate == "ba9876543210"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gate": "xyz"}, "--gate"),
        ({"fleet": "http://fleet.example"}, "--fleet"),
        ({"fleet": "https://"}, "--fleet"),
        ({"root": "/nowhere"}, "cannot be read"),
        ({"broker_host": 'x"\ny'}, "nothing was written"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_written(prepare, tmp_path, changes, words):
    result = prepare(**changes)
    assert (result.exit_code, words in result.output) == (2, True)
    assert not (tmp_path / "card").exists()


def test_a_root_that_is_none_is_refused(prepare, tmp_path):
    (tmp_path / "other").write_bytes(b"nothing")
    result = prepare(root=tmp_path / "other")
    assert (result.exit_code, "key officer" in result.output) == (1, True)


def test_a_later_root_is_refused(prepare, tmp_path, later_root):
    (tmp_path / "other").write_bytes(later_root)
    result = prepare(root=tmp_path / "other")
    assert (result.exit_code, "version 2" in result.output) == (1, True)


def test_programs_get_json(prepare):
    told = json.loads(prepare("--json").output)
    assert (told["ok"], told["gate"], told["root"]) == (True, GATE, 1)
    told = json.loads(prepare("--json", gate="nonsense").output)
    assert told["ok"] is False


def test_a_place_that_cannot_be_written_is_said(root_file, tmp_path):
    (tmp_path / "file").write_text("no directory")
    wanted = card.Card(
        gate=GATE,
        fleet="https://f.example",
        broker_host="f.example",
        broker_port=1,
        data=tmp_path,
        root=root_file.read_bytes(),
    )
    with pytest.raises(FieldError, match="cannot be written"):
        card.write(wanted, tmp_path / "file" / "card", replace=False)


def test_a_file_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    durable.write(tmp_path / "a", b"first", secret=True)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600

    def cut(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.os, "fsync", cut)
    with pytest.raises(OSError, match="No space"):
        durable.write(tmp_path / "a", b"second")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".a", "a"))] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"first"


@pytest.mark.parametrize("fleet", ["https://h:99999", "https://h:x", "https://[::1", "https://:8443"])
def test_an_address_that_is_none_is_refused_before_anything_is_written(prepare, tmp_path, fleet):
    result = prepare(fleet=fleet)
    assert (result.exit_code, "--fleet" in result.output) == (2, True)
    assert not (tmp_path / "card").exists()


def test_something_in_the_place_of_a_file_is_named(prepare, tmp_path):
    (tmp_path / "card" / "gate.toml").mkdir(parents=True)
    result = prepare("--yes")
    assert (result.exit_code, "gate.toml cannot be read" in result.output) == (1, True)


def test_what_comes_next_is_done_where_the_data_will_lie(prepare, tmp_path):
    assert f"jx-field enrol --config {tmp_path / 'card' / 'gate.toml'}" in prepare().output
    said = prepare("--data", "/var/lib/jixiang-gate", "--yes").output
    assert "sudo -u jixiang-gate jx-field enrol --config /var/lib/jixiang-gate/gate.toml" in said
