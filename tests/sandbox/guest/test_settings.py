"""What is changed in a fleet's and a gate's files for a guest, and that nothing else is."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware import config
from sandbox.errors import SandboxError
from sandbox.guest.settings import Fitting, Reach, put
from sandbox.ports import Ports

FLEET = """\
# The settings.
names = []
[web]
host = "127.0.0.1"
port = 8080
[est]
host = "0.0.0.0"
port = 8443
url = ""
[broker]
host = "0.0.0.0"
port = 8883
name = ""
"""


def test_a_fleet_is_reached_by_the_guests_name_for_it_and_listens_on_loopback_alone():
    text = Reach("10.0.2.2", Ports.beginning(9000)).servers(FLEET)
    read = tomllib.loads(text)
    assert text.startswith("# The settings.\n")
    assert read["names"] == ["10.0.2.2"]
    assert read["est"] == {"host": "127.0.0.1", "port": 9002, "url": "https://10.0.2.2:9002"}
    assert read["broker"] == {"host": "127.0.0.1", "port": 9003, "name": "10.0.2.2"}
    assert Reach("localhost", Ports.beginning(9000), "0.0.0.0").servers(text) != text


def test_a_name_that_the_fleet_would_read_as_another_is_found_out():
    with pytest.raises(SandboxError, match="cannot be made to say"):
        Reach("", Ports.beginning(9000)).servers(FLEET)


def test_a_gates_file_differs_in_what_was_fitted_and_in_nothing_else():
    fitted = config.read(Fitting(width=800, answer_s=0.25).gate(config.example(), "x").encode(), "x")
    plain = config.read(config.example().encode(), "x")
    assert (fitted.camera.width, fitted.lane.denied_s, fitted.lane.measure_s) == (800, 0.25, 8.0)
    assert fitted.pins == plain.pins
    assert fitted.thermometer == plain.thermometer
    assert isinstance(fitted.display, config.NoScreen)


def test_a_file_without_the_section_is_left_alone():
    with pytest.raises(SandboxError, match="no section"):
        put("a = 1\n", "camera", width=1)


WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)
VALUES = st.one_of(st.integers(0, 9999), WORDS, st.booleans(), st.lists(WORDS, max_size=3))
TABLE = st.dictionaries(WORDS, VALUES, max_size=4)


def lines(table):
    return "".join(put("", "", **{key: value}) for key, value in table.items())


@given(TABLE, TABLE, TABLE)
def test_whatever_is_put_into_a_section_stands_there_and_the_others_stay(first, second, wanted):
    text = f"{lines(first)}[one]\n{lines(second)}[two]\n{lines(first)}"
    read = tomllib.loads(put(text, "one", **wanted))
    assert read["one"] == second | wanted
    assert read["two"] == first
    assert tomllib.loads(put(lines(first) + "[one]\n", "", **wanted)) == first | wanted | {"one": {}}
