import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.board.control import GETTERS, REFUSALS, SETTERS, ControlError, answer
from sandbox.board.machine import Machine

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(name=st.sampled_from(sorted(SETTERS)), value=JSON)
def test_no_setting_can_break_the_machine(name, value):
    machine = Machine()
    with contextlib.suppress(*REFUSALS):
        answer({"set": {name: value}}, machine)
    for command in (0x06, 0x07, 0x24):
        with contextlib.suppress(OSError):
            assert len(machine.thermometer.exchange(bytes([command]), 3)) == 3


@given(JSON)
def test_a_request_is_answered_or_refused(request_):
    with contextlib.suppress(*REFUSALS):
        assert answer(request_, Machine())


@pytest.mark.parametrize("name", sorted(GETTERS))
def test_everything_that_can_be_asked_has_an_answer(name):
    assert name in answer({"get": name}, Machine())


@pytest.mark.parametrize(
    "setting", [{"corrupt": float("inf")}, {"pin": {"x": True}}, {"pin": 3}, {"object_c": "hot"}]
)
def test_nonsense_is_refused_in_one_of_the_ways_that_are_answered(setting):
    with pytest.raises(REFUSALS):
        answer({"set": setting}, Machine())


def test_an_infinite_temperature_is_refused():
    with pytest.raises(ControlError, match="no temperature"):
        answer({"set": {"object_c": float("inf")}}, Machine())
