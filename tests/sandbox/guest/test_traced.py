"""What the kernel's trace of simulated pins is taken to mean."""

import math

from tests.hil.traced import Level, changes, levels, lit, rises, share, slots

TRACE = """\
# tracer: nop
           python-419     [001] d..1.    63.250000: gpio_value: 471 set 1
 irq/24-lg-tx-432         [000] d..1.    63.500000: gpio_value: 466 set 1
 irq/24-lg-tx-432         [000] d..1.    63.600000: gpio_value: 466 get 0
           python-419     [001] d..1.    64.050000: gpio_value: 471 set 0
"""


def test_levels_are_read_with_pin_and_time_and_looks_are_left_out() -> None:
    assert levels(TRACE, 454) == [Level(17, True, 63.25), Level(12, True, 63.5), Level(17, False, 64.05)]


def test_a_level_said_twice_is_no_change() -> None:
    found = [Level(17, False, 1.0), Level(17, False, 2.0), Level(12, True, 2.5), Level(17, True, 3.0)]
    assert changes(found, 17) == [Level(17, False, 1.0), Level(17, True, 3.0)]


def test_the_share_counts_only_what_lies_between_both_moments() -> None:
    found = [Level(12, True, 0.0), Level(12, False, 1.5), Level(13, True, 1.0), Level(12, True, 1.75)]
    assert math.isclose(share(found, 12, 1.0, 2.0), 0.75)
    assert math.isclose(share(found, 13, 0.0, 2.0), 0.5)
    assert share(found, 19, 0.0, 2.0) == 0


def test_pulses_are_counted_where_they_rise() -> None:
    found = [Level(18, number % 2 == 0, 1 + number / 100) for number in range(40)]
    assert rises(found, 18, 1.0, 2.0) == 20
    assert rises(found, 18, 1.1, 1.2) == 5


def test_a_colour_is_steady_dark_or_dimmed() -> None:
    dimmed = [Level(13, number % 5 < 2, number / 500) for number in range(500)]
    found = [Level(12, True, 0.0), *dimmed]
    seen = slots(found, (12, 13, 19), 0.0, 1.01)
    assert len(seen) == 5
    assert lit(seen, (1, None, 0)) == 5
    assert lit(seen, (1, 0, 0)) == 0
    assert lit(seen, (0, None, 0)) == 0
