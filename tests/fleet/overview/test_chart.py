"""The chart's arithmetic: whole ticks, bars that add up, nothing outside the frame."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fleet.overview.chart import HEIGHT, SLOT, WIDTH, ceiling, chart
from fleet.overview.tally import Hour

HOURS = st.lists(st.tuples(*[st.integers(0, 10**6)] * 3), min_size=24, max_size=24).map(
    lambda counts: [Hour(n, *count, n == 7) for n, count in enumerate(counts)]
)


@given(st.integers(0, 10**9))
def test_the_scale_holds_the_highest_bar_in_four_whole_steps(highest):
    top = ceiling(highest)
    assert top >= max(highest, 4)
    assert top % 4 == 0
    assert highest <= 4 or top <= highest * 2.5 + 4


@given(HOURS)
def test_bars_add_up_and_stay_inside(hours):
    drawn = chart(hours)
    for block in drawn.blocks:
        assert 0 <= block.x < WIDTH
        assert -0.1 <= block.y <= HEIGHT
        assert block.y + block.height <= HEIGHT + 0.1
    for index, hour in enumerate(hours):
        parts = [b for b in drawn.blocks if b.x // SLOT == index]
        assert abs(sum(b.height for b in parts) - hour.total * HEIGHT / drawn.ticks[0]) < 0.1


@given(HOURS)
def test_ticks_fall_to_zero_in_even_steps(hours):
    ticks = chart(hours).ticks
    assert ticks[-1] == 0
    assert len({high - low for high, low in pairwise(ticks)}) == 1
