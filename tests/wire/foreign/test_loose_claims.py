"""Times, dates and texts of passes: many spellings, one meaning each."""

import contextlib
import json
import math
from datetime import UTC, datetime

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import Flaw, WireError
from wire.foreign import loose_claims as claims

YEAR_9999 = 253_402_300_799


def flaw(read, *args):
    with pytest.raises(WireError) as caught:
        read(*args)
    return caught.value.flaw


@pytest.mark.parametrize(
    ("written", "read"),
    [(1, 1), (1_795_000_000, 1_795_000_000), (1_795_000_000.9, 1_795_000_000), (YEAR_9999, YEAR_9999)],
)
def test_times_are_numbers_of_either_kind(written, read):
    assert claims.seconds(written, "exp") == claims.maybe_seconds(written, "exp") == read
    assert type(claims.seconds(written, "exp")) is int


@pytest.mark.parametrize(
    "written",
    [
        *(0, -1, 2**64 - 1, YEAR_9999 + 1, 0.0, -1.0, 1e300, math.nan, math.inf, -math.inf),
        *(True, False, "1795000000", b"1", [1], {}, cbor2.undefined),
    ],
    ids=repr,
)
def test_what_is_no_time_is_refused(written):
    assert flaw(claims.seconds, written, "exp") is Flaw.SCHEMA
    assert flaw(claims.maybe_seconds, written, "exp") is Flaw.SCHEMA


def test_a_time_may_be_missing_only_where_that_is_said():
    assert claims.maybe_seconds(None, "nbf") is None
    assert flaw(claims.seconds, None, "exp") is Flaw.SCHEMA


MIDNIGHT = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp())
MORNING = MIDNIGHT + 8 * 3_600 + 5 * 60


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-11-21T08:05:00Z", MORNING),
        ("2026-11-21T08:05:00z", MORNING),
        ("2026-11-21t08:05:00Z", MORNING),
        ("2026-11-21 08:05:00Z", MORNING),
        ("2026-11-21T08:05:00", MORNING),
        ("2026-11-21T08:05", MORNING),
        ("2026-11-21T08:05Z", MORNING),
        ("2026-11-21T08:05:00.5Z", MORNING),
        ("2026-11-21T08:05:00.123456789Z", MORNING),
        ("2026-11-21T08:05:00,25+00:00", MORNING),
        ("2026-11-21T08:05:00+02:00", MORNING - 7_200),
        ("2026-11-21T08:05:00+0200", MORNING - 7_200),
        ("2026-11-21T08:05:00+02", MORNING - 7_200),
        ("2026-11-21T08:05:00-03:30", MORNING + 12_600),
        ("2026-11-21T08:05:00+14:00", MORNING - 50_400),
        ("2026-11-21", MIDNIGHT),
    ],
)
def test_moments_have_every_zone_that_real_issuers_write(written, at):
    assert claims.moment(written, "sc") == at
    assert claims.day(written, "dt") == MIDNIGHT  # the day as it stands there


@pytest.mark.parametrize(
    "written",
    [
        *("", "2026", "2026-11", "21.11.2026", "2026-1-1", "1826-11-21", "2126-11-21", "2026-11-21T"),
        *("2026-11-21T08", "2026-W47-6", "20261121", "2026-11-21T08:05:00.Z", "2026-11-21T08:05:00+2"),
        *("2026-11-21T08:05:00 CET", " 2026-11-21", "2026-11-21\n", "２026-11-21", "2026-11-21T0８:05"),
        *("2026-11-21T08:05:00+99", "2026-13-01", "2026-02-30", "2026-00-00"),
        *(None, 1_795_000_000, b"2026-11-21", ["2026-11-21"], "2026-11-21T08:05:00." + "1" * 5_000),
    ],
)
def test_what_is_no_date_is_refused(written):
    assert flaw(claims.moment, written, "sc") is Flaw.SCHEMA


@pytest.mark.parametrize("time", ["24:00", "08:60", "08:05:60", "99:99"])
def test_what_no_clock_shows_is_no_moment(time):
    assert flaw(claims.moment, f"2026-11-21T{time}Z", "sc") is Flaw.SCHEMA


@pytest.mark.parametrize("written", [None, 9, "2026-11", "2026-02-30", "2027-02-29T00:00:00Z"])
def test_a_day_stands_in_the_calendar(written):
    assert flaw(claims.day, written, "dt") is Flaw.SCHEMA


def test_texts_have_a_length():
    assert claims.text("吉祥", "is", 2) == "吉祥"
    for wrong in ("abc", None, 7, b"ab"):
        assert flaw(claims.text, wrong, "is", 2) is Flaw.SCHEMA


def test_claims_are_a_map_with_or_without_tags():
    for tag in ("", "d83d", "d9d9f7d83d"):
        assert claims.claims_of(bytes.fromhex(tag + "a10401"), max_bytes=99) == {4: 1}
    assert flaw(lambda: claims.claims_of(b"\x80", max_bytes=99)) is Flaw.SCHEMA
    assert flaw(lambda: claims.claims_of(b"\xd2\xa0", max_bytes=99)) is Flaw.CBOR
    assert flaw(lambda: claims.claims_of(bytes(100), max_bytes=99)) is Flaw.SIZE


def test_everything_can_be_said_in_json():
    odd = {1: [b"\1\2", 1.5, None, True], "n": math.nan, "u": cbor2.undefined, "s": cbor2.CBORSimpleValue(3)}
    plain = {"1": ["0102", 1.5, None, True], "n": None, "u": None, "s": None}
    assert claims.as_json(odd) == plain
    assert json.loads(json.dumps(claims.as_json(odd), allow_nan=False)) == plain


@given(st.binary(max_size=100))
def test_any_claims_can_be_said_in_json(data):
    with contextlib.suppress(WireError):
        json.dumps(claims.as_json(claims.claims_of(data, max_bytes=99)), allow_nan=False)


@given(st.text(max_size=40) | st.from_regex(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9:.+Z-]{0,20})?"))
def test_any_text_is_a_time_or_refused(written):
    for read in (claims.day, claims.moment):
        with contextlib.suppress(WireError):
            assert -(2**33) < read(written, "x") < 2**33


@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_a_written_moment_comes_back(moment):
    assert claims.moment(moment.isoformat(), "sc") == math.floor(moment.timestamp())
