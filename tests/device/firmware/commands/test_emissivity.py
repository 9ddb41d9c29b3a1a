"""The command `jx-gate emissivity` on the simulated chip."""

import json
import signal

import pytest
import smbus2.smbus2
from typer.testing import CliRunner

from device.drivers.mlx90614 import Mlx90614
from device.firmware.command import app
from sandbox.board import install
from sandbox.board.machine import MACHINE

SKIN = 0xFAE0
STOPS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP}


@pytest.fixture
def chip(monkeypatch):
    MACHINE.power_on()
    monkeypatch.setattr(MACHINE.i2c, "wait", lambda _seconds: None)
    monkeypatch.setattr(smbus2.smbus2, "os", smbus2.smbus2.os)  # restored afterwards
    monkeypatch.setattr(smbus2.smbus2, "ioctl", smbus2.smbus2.ioctl)
    install.solder_i2c()
    return MACHINE.thermometer


@pytest.fixture
def run(tmp_path, chip):  # noqa: ARG001 -- the command needs the machine
    path = tmp_path / "gate.toml"
    least = f'gate = "0123456789ab"\ndata = "{tmp_path}"\n[broker]\nhost = "h"\n[pins]\nrelay = 17\n'
    path.write_text(least + '[thermometer]\nvariant = "DCI"\n')

    def run(*arguments, **more):
        return CliRunner().invoke(app, ["emissivity", "--config", str(path), *arguments], **more)

    return run


def test_it_shows_the_chip_and_writes_nothing_unless_asked(run, chip):
    found = run()
    assert found.exit_code == 3
    for words in (
        "4a58100100000001",
        "DCI, 5°",
        "1.0000",
        "0.9800",
        "与闸机文件不符",
        "run it with --set 0.98",
    ):
        assert words in found.output
    assert chip.eeprom[0x04] == 0xFFFF


def test_it_asks_before_it_writes_and_no_is_no(run, chip):
    found = run("--set", "0.98", input="n\n")
    assert found.exit_code == 1
    assert "from 1.0000 to 0.9800?" in found.output
    assert chip.eeprom[0x04] == 0xFFFF


def test_it_writes_when_told_to_and_says_to_switch_the_power_off_and_on(run, chip):
    found = run("--set", "0.98", input="y\n")
    assert found.exit_code == 3
    assert "Switch its power off and on" in found.output
    assert "请断电再上电" in found.output
    assert chip.eeprom[0x04] == SKIN


def test_what_is_there_already_is_neither_asked_about_nor_written(run, chip, monkeypatch):
    chip.eeprom[0x04] = SKIN
    monkeypatch.setattr(chip, "write", pytest.fail)
    found = run("--set", "0.98")
    assert found.exit_code == 0
    assert "nothing to write" in found.output


def test_another_value_than_the_file_wants_is_written_and_said(run, chip):
    found = run("--set", "0.95", "--yes")
    assert found.exit_code == 3
    assert "correct the file" in found.output
    assert chip.eeprom[0x04] == round(0.95 * 0xFFFF)


def test_a_program_reads_fields(run):
    found = run("--set", "0.98", "--yes", "--json")
    assert json.loads(found.stdout) == {
        "sensor": "4a58100100000001",
        "variant": "DCI",
        "emissivity": pytest.approx(0.98, abs=1e-5),
        "wanted": 0.98,
        "file": 0.98,
        "written": True,
    }


def test_a_cut_between_erase_and_write_is_said_and_healed_by_the_next_run(run, chip):
    chip.torn = 1
    found = run("--set", "0.98", "--yes")
    assert found.exit_code == 1
    assert "it now holds 0" in found.output
    assert "gave no value" in json.loads(run("--json").stdout)["error"]
    chip.torn, chip.unplugged = None, False
    assert "0.0000" in run().output
    assert run("--set", "0.98", "--yes").exit_code == 3
    assert chip.eeprom[0x04] == SKIN


@pytest.mark.parametrize("wanted", ["0.05", "1.2", "nan", "skin"])
def test_what_cannot_be_is_refused_before_the_chip_is_touched(run, wanted):
    found = run("--set", wanted, "--yes")
    assert found.exit_code in {1, 2}
    assert MACHINE.thermometer.eeprom[0x04] == 0xFFFF


def test_a_gate_without_a_thermometer_says_so(run, tmp_path):
    path = tmp_path / "gate.toml"
    path.write_text(path.read_text().split("[thermometer]")[0])
    found = run()
    assert found.exit_code == 2
    assert "has no [thermometer]" in found.output


def test_nothing_ends_it_between_erasing_and_writing(run, chip, monkeypatch):
    deaf, write = [], Mlx90614.set_emissivity

    def watched(*arguments):
        deaf.append({number for number in STOPS if signal.getsignal(number) is signal.SIG_IGN})
        return write(*arguments)

    monkeypatch.setattr(Mlx90614, "set_emissivity", watched)
    assert run("--set", "0.98", "--yes").exit_code == 3
    assert chip.eeprom[0x04] == SKIN
    assert deaf == [STOPS]
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN
