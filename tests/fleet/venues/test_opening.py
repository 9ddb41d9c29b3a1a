"""Hours and days as people write them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import FleetError
from fleet.venues import opening
from wire.documents import Hours

MINUTES = st.integers(0, 1440)


def period(weekday, opens_min, closes_min):
    return Hours(weekday=weekday, opens_min=opens_min, closes_min=closes_min)


PERIODS = st.builds(period, st.integers(0, 6), st.integers(0, 1439), MINUTES).filter(
    lambda hours: hours.opens_min != hours.closes_min
)


@given(st.lists(PERIODS, min_size=1, max_size=32, unique=True))
def test_what_is_written_is_read_again(hours):
    assert set(opening.read_hours(opening.write_hours(hours))) == set(hours)


def test_a_range_of_days_is_a_period_for_each():
    read = opening.read_hours(["Mon-Wed 09:00-18:00"])
    assert read == tuple(period(day, 540, 1080) for day in range(3))


def test_a_range_may_run_over_the_end_of_the_week():
    assert [hours.weekday for hours in opening.read_hours(["sat-mon 09:00-18:00"])] == [0, 5, 6]


def test_a_period_may_end_on_the_next_day():
    assert opening.read_hours(["fri 20:00-02:00"]) == (period(4, 1200, 120),)


def test_daily_is_every_day_and_always_is_no_hours():
    assert len(opening.read_hours(["daily 00:00-24:00"])) == 7
    assert opening.read_hours(["always"]) == ()
    assert opening.write_hours(()) == ("always",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "written like"),
        ("monday 09:00-18:00", "written like"),
        ("xxx 09:00-18:00", "a day is one of"),
        ("mon-xxx 09:00-18:00", "a day is one of"),
        ("daily-fri 09:00-18:00", "a day is one of"),
        ("mon 9:00-18:00", "written like"),
        ("mon 09:60-18:00", "no time of day"),
        ("mon 09:00-24:01", "no time of day"),
        ("mon 09:00-09:00", "does not last"),
        ("mon 24:00-09:00", "does not last"),
    ],
)
def test_what_is_no_period_is_refused_in_words(text, why):
    with pytest.raises(FleetError, match=why):
        opening.read_hours([text])


def test_more_periods_than_an_assignment_carries_are_refused():
    with pytest.raises(FleetError, match="1 to 32"):
        opening.read_hours([f"daily 0{hour}:00-0{hour}:30" for hour in range(5)])


def test_dates_are_counted_in_days_and_written_back():
    assert opening.read_days(["1970-01-02", "2026-12-25"]) == (1, 20_812)
    assert opening.write_days((1, 20_812)) == ("1970-01-02", "2026-12-25")
    assert opening.read_days(["none"]) == ()


@pytest.mark.parametrize("text", ["", "25.12.2026", "2026-02-30", "1969-12-31", "2300-01-01"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(FleetError, match="nothing was changed"):
        opening.read_days([text])


def test_a_year_and_a_month_of_closed_days_is_the_most():
    days = opening.write_days(range(20_000, 20_401))
    with pytest.raises(FleetError, match="1 to 400"):
        opening.read_days(days)
    assert len(opening.read_days(days[:400])) == 400


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    for read in (opening.read_hours, opening.read_days):
        with contextlib.suppress(FleetError):
            assert read([text]) is not None
