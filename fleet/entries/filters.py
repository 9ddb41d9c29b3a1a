"""Filters of the entries page: between the address bar and values, in the fleet's time zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from fleet.entries.words import REASON_BY_CODE, VERDICTS, stored
from wire.reason_words import REASONS

MAX_RANGE_DAYS: Final = 31  # more than the retention of 14 days; it bounds what one look can cost
LATEST_S: Final = 253_370_764_800  # the year 9999 in UTC: beyond its end no calendar here goes
_LOCAL: Final = "%Y-%m-%dT%H:%M"  # how browsers write <input type="datetime-local">
_ID_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in the order (at, id)."""

    at: int
    id: int

    def __str__(self) -> str:
        return f"{self.at}.{self.id}"


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for. `since` and `until` are unix seconds, until exclusive; None: open to the future."""

    since: int
    until: int | None
    venue: str | None = None
    verdict: str | None = None
    reason: str | None = None
    """A reason's code as people quote it, e.g. A-212."""

    @property
    def reason_name(self) -> str | None:
        """The reason as the event table spells it."""
        return stored(REASON_BY_CODE[self.reason]) if self.reason else None

    def narrowed(self) -> bool:
        """Whether more than the time is filtered."""
        return any((self.venue, self.verdict, self.reason))

    def query(self, zone: ZoneInfo) -> dict[str, str]:
        """The arguments of a URL that shows the same."""
        return {
            name: value
            for name, value in (
                ("since", _text(self.since, zone)),
                ("until", _text(self.until, zone) if self.until is not None else None),
                ("venue", self.venue),
                ("verdict", self.verdict),
                ("reason", self.reason),
            )
            if value
        }


def start_of_day(now: int, zone: ZoneInfo) -> int:
    """Unix seconds at which the local day of `now` began."""
    local = datetime.fromtimestamp(now, zone)
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp())


def day_after(start: int, zone: ZoneInfo) -> int:
    """Unix seconds at which the local day after the one that begins at `start` begins (23 to 25 hours)."""
    return start_of_day(start + int(timedelta(hours=36).total_seconds()), zone)


def read(arguments: Mapping[str, str], now: int, zone: ZoneInfo) -> Filters:
    """Filters of a URL; what is missing or makes no sense falls back to today and to everything."""
    since = _moment(arguments.get("since"), zone)
    until = _moment(arguments.get("until"), zone)
    if since is None:
        since = start_of_day(now if until is None else until - 1, zone)
    if until is not None and until <= since:
        until = None
    since = max(since, (until or now) - MAX_RANGE_DAYS * 86_400)
    verdict: str | None = arguments.get("verdict", "")
    if verdict not in VERDICTS:
        verdict = None
    reason = REASON_BY_CODE.get(arguments.get("reason", ""))
    if reason is not None and verdict not in {None, stored(REASONS[reason].verdict)}:
        reason = None  # another verdict was chosen after the reason: nothing could match both
    return Filters(
        since=since,
        until=until,
        venue=arguments.get("venue") or None,
        verdict=verdict,
        reason=None if reason is None else REASONS[reason].code,
    )


def place(text: str | None) -> Place | None:
    """A place of a URL, or None when there is none or it is not one."""
    at, _, number = (text or "").partition(".")
    if not (at.isascii() and at.isdigit() and number.isascii() and number.isdigit()):
        return None
    if len(at) > _ID_DIGITS or len(number) > _ID_DIGITS:
        return None
    return Place(int(at), int(number))


def local_text(at: int | None, zone: ZoneInfo) -> str:
    """A moment as a date-and-time field of a form wants it; None: empty."""
    return "" if at is None else _text(at, zone)


def _text(at: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at, zone).strftime(_LOCAL)


def _moment(text: str | None, zone: ZoneInfo) -> int | None:
    try:
        moment = int(datetime.strptime(text or "", _LOCAL).replace(tzinfo=zone).timestamp())
    except (ValueError, OverflowError):
        return None
    return max(0, min(moment, LATEST_S))
