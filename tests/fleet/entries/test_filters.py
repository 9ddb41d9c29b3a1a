"""Filters in the address bar: whatever stands there is understood or left out, and survives a round trip."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.entries import filters
from fleet.entries.filters import Filters, Place

NOW = 1_795_230_000  # 2026-11-21 11:00 in Shanghai
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = st.sampled_from([SHANGHAI, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC")])


def test_nothing_asked_is_today_and_everything():
    assert filters.read({}, NOW, SHANGHAI) == Filters(since=NOW - 11 * 3600, until=None)


def test_times_are_read_in_the_fleets_time_zone():
    chosen = filters.read({"since": "2026-11-21T08:00", "until": "2026-11-21T09:30"}, NOW, SHANGHAI)
    assert (chosen.since, chosen.until) == (NOW - 3 * 3600, NOW - 5400)


def test_a_range_is_never_longer_than_the_limit():
    chosen = filters.read({"since": "1999-01-01T00:00"}, NOW, SHANGHAI)
    assert chosen.since == NOW - filters.MAX_RANGE_DAYS * 86_400


def test_an_end_before_the_beginning_is_left_out():
    assert (
        filters.read({"since": "2026-11-21T08:00", "until": "2026-11-21T07:00"}, NOW, SHANGHAI).until is None
    )


def test_a_reason_of_another_verdict_is_left_out():
    assert filters.read({"verdict": "admit", "reason": "A-212"}, NOW, SHANGHAI).reason is None
    assert filters.read({"verdict": "deny", "reason": "A-212"}, NOW, SHANGHAI).reason_name == "fever"


@given(st.dictionaries(st.sampled_from(["since", "until", "venue", "verdict", "reason"]), st.text()), ZONES)
def test_any_arguments_give_filters(arguments, zone):
    chosen = filters.read(arguments, NOW, zone)
    assert chosen.since >= 0
    assert chosen.until is None or chosen.since < chosen.until
    assert chosen.verdict is None or chosen.verdict in filters.VERDICTS


@given(
    st.integers(0, 20_000),
    st.integers(1, 20_000),
    st.sampled_from([None, "museum", "城市 &=?#"]),
    st.sampled_from([SHANGHAI, ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC")]),  # no hour that is there twice
)
def test_a_url_shows_the_same_again(minutes, length, venue, zone):
    since = NOW // 60 * 60 - minutes * 60
    until = since + length * 60
    chosen = Filters(since, until, venue, "deny", "A-212")
    assert filters.read(chosen.query(zone), NOW, zone) == chosen


@given(st.integers(0, 10**17), st.integers(0, 10**17))
def test_a_place_survives_a_url(at, number):
    assert filters.place(str(Place(at, number))) == Place(at, number)


@given(st.text())
def test_any_text_is_a_place_or_none(text):
    found = filters.place(text)
    assert found is None or found.at >= 0


@pytest.mark.parametrize("text", [None, "", "1", "1.", ".1", "-1.2", "1.2.3", "１.２", "9" * 19 + ".1"])
def test_what_is_no_place_is_none(text):
    assert filters.place(text) is None


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-21", 24)])
def test_a_day_has_the_hours_its_clocks_say(day, hours):
    zone = ZoneInfo("Europe/Berlin")
    start = filters._moment(f"{day}T00:00", zone)
    assert filters.start_of_day(start + 3600 * 12, zone) == start
    assert filters.day_after(start, zone) - start == hours * 3600


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("text", ["9999-12-31T23:59", "0001-01-01T00:00", "1970-01-01T00:00"])
def test_the_ends_of_the_calendar_are_moments_like_any_other(zone, name, text):
    where = ZoneInfo(zone)
    found = filters.read({name: text}, NOW, where)
    assert filters.read(found.query(where), NOW, where).since >= 0
