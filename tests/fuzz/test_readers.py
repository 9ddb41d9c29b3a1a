"""Every reader on what fuzzing kept, and on mutations of good input: an answer, or a refusal of its own."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.readers import READERS

CORPUS = Path(__file__).parent / "corpus"
SLOW = {"journal-file"}


def tried(reader, data):
    with suppress(reader.refusals):
        reader.read(data)


@pytest.mark.parametrize("name", READERS)
def test_what_was_kept_is_answered_or_refused(name):
    reader = READERS[name]
    for path in sorted((CORPUS / name).glob("*")):
        tried(reader, path.read_bytes())


@pytest.mark.parametrize("name", READERS)
def test_good_input_is_read(name):
    seeds = list(READERS[name].seeds())
    assert seeds
    for seed in seeds:
        READERS[name].read(seed)


@st.composite
def mutations(draw, seeds):
    """A good input with a few bytes changed, cut out, put in or doubled."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        size = draw(st.integers(0, 8))
        match draw(st.sampled_from(("change", "cut", "put", "end"))):
            case "change":
                data[at : at + size] = draw(st.binary(min_size=size, max_size=size))
            case "cut":
                del data[at : at + size]
            case "put":
                data[at:at] = draw(st.binary(max_size=size))
            case "end":
                del data[at:]
    return bytes(data)


@pytest.mark.parametrize("name", sorted(READERS.keys() - SLOW))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_mutations_are_answered_or_refused(name, data):
    reader = READERS[name]
    seeds = [*reader.seeds(), *(path.read_bytes() for path in sorted((CORPUS / name).glob("*")))]
    tried(reader, data.draw(mutations(seeds)))


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_a_gate_starts_from_any_file(data):
    reader = READERS["journal-file"]
    tried(reader, data.draw(mutations(list(reader.seeds()))))
