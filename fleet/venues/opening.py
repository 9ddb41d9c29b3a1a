"""Opening hours and closed days as people write them, and as an assignment carries them."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from fleet.errors import FleetError
from wire.documents import Hours

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS: Final = "always"
NONE: Final = "none"
MAX_PERIODS: Final = 32  # as an assignment carries them
MAX_CLOSED_DAYS: Final = 400  # the same
HOUR_MIN: Final = 60
DAY_MIN: Final = 1440
_EPOCH: Final = date(1970, 1, 1).toordinal()
_PERIOD: Final = re.compile(r"([a-z]{3,5})(?:-([a-z]{3}))? ([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")
_FORM: Final = 'hours are written like "mon-fri 09:00-18:00", "daily 00:00-24:00" or "always"'


def read_hours(texts: Sequence[str]) -> tuple[Hours, ...]:
    """Periods like "sat 18:00-02:00", which ends on the next day; "always" alone is no period at all."""
    if list(texts) == [ALWAYS]:
        return ()
    found = {hours for text in texts for hours in _period(text)}
    if not 0 < len(found) <= MAX_PERIODS:
        raise FleetError(f"{len(found)} opening periods: 1 to {MAX_PERIODS} may stand; nothing was changed")
    return tuple(sorted(found, key=lambda hours: (hours.weekday, hours.opens_min, hours.closes_min)))


def write_hours(hours: Iterable[Hours]) -> tuple[str, ...]:
    """The same in words, one a period; `read_hours` reads them again. None at all: "always"."""
    periods = tuple(
        f"{WEEKDAYS[one.weekday]} {_time(one.opens_min)}-{_time(one.closes_min)}" for one in hours
    )
    return periods or (ALWAYS,)


def read_days(texts: Sequence[str]) -> tuple[int, ...]:
    """Dates like 2026-12-25 as days after 1970-01-01; "none" alone is none."""
    if list(texts) == [NONE]:
        return ()
    days = {_day(text) for text in texts}
    if not 0 < len(days) <= MAX_CLOSED_DAYS:
        raise FleetError(f"{len(days)} closed days: 1 to {MAX_CLOSED_DAYS} may stand; nothing was changed")
    return tuple(sorted(days))


def write_days(days: Iterable[int]) -> tuple[str, ...]:
    """Days after 1970-01-01 as dates."""
    return tuple(date.fromordinal(_EPOCH + day).isoformat() for day in days)


def _day(text: str) -> int:
    try:
        day = date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError as error:
        raise FleetError(f"{text!r} is no date like 2026-12-25; nothing was changed") from error
    if not 0 <= day <= 100_000:  # noqa: PLR2004 - as far as an assignment counts, the year 2243
        raise FleetError(f"{text} is too far away; nothing was changed")
    return day


def _period(text: str) -> Iterable[Hours]:
    found = _PERIOD.fullmatch(text.strip().lower())
    if found is None:
        raise FleetError(f"{text!r}: {_FORM}; nothing was changed")
    first, last, opens, closes = found.groups()
    opens_min, closes_min = _minutes(opens, text), _minutes(closes, text)
    if opens_min in {closes_min, DAY_MIN}:
        raise FleetError(f"{text!r} does not last; for a whole day: 00:00-24:00; nothing was changed")
    for weekday in _weekdays(first, last, text):
        yield Hours(weekday=weekday, opens_min=opens_min, closes_min=closes_min)


def _weekdays(first: str, last: str | None, text: str) -> Iterable[int]:
    if (first, last) == ("daily", None):
        return range(len(WEEKDAYS))
    if first not in WEEKDAYS or (last is not None and last not in WEEKDAYS):
        raise FleetError(f"{text!r}: a day is one of {', '.join(WEEKDAYS)}, daily; nothing was changed")
    begin = WEEKDAYS.index(first)
    days = 0 if last is None else (WEEKDAYS.index(last) - begin) % len(WEEKDAYS)
    return ((begin + day) % len(WEEKDAYS) for day in range(days + 1))


def _minutes(text: str, period: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    if minute >= HOUR_MIN or hour * HOUR_MIN + minute > DAY_MIN:
        raise FleetError(f"{period!r}: {text} is no time of day; nothing was changed")
    return hour * HOUR_MIN + minute


def _time(minute: int) -> str:
    return f"{minute // HOUR_MIN:02}:{minute % HOUR_MIN:02}"
