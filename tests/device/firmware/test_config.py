from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware.config import Lcd, NoScreen, Oled, example, load, read
from device.firmware.errors import GateError

LEAST = 'gate = "a1b2c3d4e5f6"\n[broker]\nhost = "fleet.example"\n[pins]\nrelay = 17\n'


def test_the_example_is_a_whole_gate():
    config = read(example(gate="0123456789ab", host="broker.example").encode(), "gate.toml")
    assert config.gate == "0123456789ab"
    assert config.broker.host == "broker.example"
    assert config.pins.contacts.fire.active == "high"
    assert isinstance(config.display, Oled)
    assert str(config.path("gate.pem")) == "/var/lib/jixiang-gate/gate.pem"
    assert str(config.path("/etc/gate.pem")) == "/etc/gate.pem"


def test_what_is_left_out_has_a_value_or_is_not_there():
    config = read(LEAST.encode(), "gate.toml")
    assert config.thermometer is None
    assert config.pins.lamp is None
    assert isinstance(config.display, NoScreen)
    assert isinstance(read((LEAST + '[display]\nkind = "lcd"').encode(), "x").display, Lcd)


WRONG = {
    "an unknown key": ("colour = 1\n" + LEAST, "colour"),
    "an unknown key in a table": (LEAST + "[camera]\nheigth = 720", "heigth"),
    "a gate id that is none": (LEAST.replace("a1b2c3d4e5f6", "gate-1"), "gate"),
    "a pin that does not exist": (LEAST.replace("17", "28"), "pins.relay"),
    "a gate id with a line's end": (LEAST.replace("a1b2c3d4e5f6", r"a1b2c3d4e5f6\n"), "gate"),
    "no number for a tolerance": (LEAST + "[thermometer]\ntolerance_c = nan", "thermometer.tolerance_c"),
    "no number for an emissivity": (LEAST + "[thermometer]\nemissivity = nan", "thermometer.emissivity"),
    "no number for a time": (LEAST + "[lane]\nmeasure_s = nan", "lane.measure_s"),
    "a calibration where it used to stand": (LEAST + "[thermometer]\noffset_c = 0.1", "offset_c"),
    "an exposure without end": (LEAST + "[camera]\nexposure_value = inf", "camera.exposure_value"),
    "a word for a number": (LEAST + '[lane]\nmeasure_s = "long"', "lane.measure_s"),
    "a display of no kind": (LEAST + '[display]\nkind = "crt"', "display"),
    "no pins": (LEAST.split("[pins]", maxsplit=1)[0], "pins"),
    "no TOML": ("gate: x", "TOML"),
    "no text": (b"\xff\xfe", "TOML"),
}


@pytest.mark.parametrize(("text", "named"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_and_the_key_is_named(text, named):
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(GateError, match=named) as caught:
        read(data, "gate.toml")
    assert str(caught.value).startswith("gate.toml")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with pytest.raises(GateError):
        read(text.encode(), "gate.toml")


def test_a_file_is_loaded_or_its_absence_named(tmp_path):
    path = tmp_path / "gate.toml"
    with pytest.raises(GateError, match="cannot be read"):
        load(path)
    path.write_text(LEAST)
    assert load(path).gate == "a1b2c3d4e5f6"


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.text(st.characters(codec="utf-8"), max_size=40))
def test_the_example_takes_any_words(data, host):
    config = read(example(data=data, host=host, fleet=host).encode(), "gate.toml")
    assert (config.data, config.broker.host, config.fleet) == (data, host, host)


def test_a_gate_with_files_of_its_own_tells_its_state_beside_them():
    assert read(example().encode(), "gate.toml").run == "/run/jixiang-gate"
    assert read(example(data="/srv/gate").encode(), "gate.toml").run == "/srv/gate/run"


def test_a_file_that_is_not_for_this_account_is_not_said_to_be_missing(tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(GateError, match="run it with sudo"):
        load(tmp_path / "gate.toml")
