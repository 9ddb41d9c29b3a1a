import pytest

from sandbox.board.thermometer import ThermometerChip


class Clock:
    now_s = 50.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


def said_c(chip):
    return int.from_bytes(chip.exchange(b"\x07", 3)[:2], "little") * 0.02 - 273.15


def test_without_a_lag_it_says_at_once_what_it_faces(clock):
    chip = ThermometerChip(monotonic=clock)
    chip.object_c = 35.0
    assert said_c(chip) == pytest.approx(35.0, abs=0.011)


def test_with_a_lag_it_has_settled_when_it_was_told_to_and_not_before(clock):
    chip = ThermometerChip(monotonic=clock, settle_s=0.9)
    chip.object_c = 35.0
    said = []
    for _ in range(9):
        clock.now_s += 0.1
        said.append(said_c(chip))
    assert said == sorted(said)
    assert said[3] < 34.0
    assert said[-1] == pytest.approx(35.0, abs=0.12)


def test_a_change_begins_where_it_was_by_then_however_seldom_it_is_read(clock):
    chip = ThermometerChip(monotonic=clock, settle_s=0.9)
    clock.now_s += 100
    chip.object_c = 35.0
    assert said_c(chip) == pytest.approx(22.0, abs=0.011)
    clock.now_s += 100
    chip.settle_s = 0.0
    assert said_c(chip) == pytest.approx(35.0, abs=0.011)
