"""What every page of one console shares: the database, the settings, the time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from flask import current_app

from fleet.config import Settings
from fleet.db import Database
from fleet.entries.filters import LATEST_S
from fleet.web.pulse import Pulse

EXTENSION: Final = "jx-console"


@dataclass(frozen=True, slots=True)
class Console:
    """Made once by `fleet.web.wiring`; `now` gives unix seconds UTC."""

    database: Database
    settings: Settings
    zone: ZoneInfo
    pulse: Pulse
    now: Callable[[], int]

    def local(self, at: int) -> datetime:
        """The moment `at` in the fleet's time zone; what a broken clock said is put at the calendar's end."""
        return datetime.fromtimestamp(max(0, min(at, LATEST_S)), self.zone)

    def time_of_day(self) -> str:
        """Hours, minutes, seconds now, as people at the gates read them."""
        return self.local(self.now()).strftime("%H:%M:%S")


def console() -> Console:
    """The console of the running request."""
    found: Console = current_app.extensions[EXTENSION]
    return found
