"""Whatever is published, lost, delayed, replayed, withheld, forged, and whenever the power is cut."""

import pytest

from tests.device.firmware.beliefs.drive import Drive
from tests.device.firmware.beliefs.subject import Subject

SEEDS = 240
STEPS = 24


@pytest.fixture
def subject(tmp_path):
    made = Subject(tmp_path / "gate.db")
    yield made
    made.close()


@pytest.mark.parametrize("first", range(0, SEEDS, 60))
def test_a_gate_never_goes_back_never_believes_too_few_and_ends_at_the_newest(subject, first):
    for seed in range(first, first + 60):
        Drive(seed, subject).run(STEPS)
