"""How far the clock can be trusted: a floor that only rises, and signed time carried on by a counter."""

import math
from dataclasses import dataclass
from typing import Final

from wire.documents import Time
from wire.messages import ClockTrust

# A Raspberry Pi's crystal is good for a few tens of ppm over its temperature range; this is a wide bound.
DRIFT_PPM: Final = 100
UNBOUNDED_MS: Final = 2**53 - 1  # how far off a clock may be that nobody has vouched for
STEP_MS: Final = 2_000
STEPS_EVERY_S: Final = 60.0
"""One jump is told in this time, and what came of the others with the next: a system's clock that is set
every second would fill a journal."""
LATEST_MS: Final = 253_402_300_799_999  # the end of the year 9999: who signs a later date mistook its unit


@dataclass(frozen=True, slots=True)
class Reading:
    """What time it is: unix milliseconds, who vouches for it, and how far off it may be."""

    now_ms: int
    trust: ClockTrust
    doubt_ms: int

    @property
    def now_s(self) -> int:
        """Unix seconds."""
        return self.now_ms // 1000


@dataclass(frozen=True, slots=True)
class _Span:
    """True time lay between `low_ms` and `high_ms` when the counter stood at `mono`."""

    low_ms: int
    high_ms: int
    mono: float

    def at(self, mono: float) -> "_Span":
        """The same knowledge later: both ends move on, and apart by what a crystal may be wrong."""
        gone_ms = max(0.0, mono - self.mono) * 1000
        slack_ms = gone_ms * DRIFT_PPM / 1_000_000
        low_ms, high_ms = int(self.low_ms + gone_ms - slack_ms), math.ceil(self.high_ms + gone_ms + slack_ms)
        return _Span(low_ms, high_ms, max(mono, self.mono))


class Clock:
    """An interval of possible times. `mono` is always `time.monotonic()` seconds of this process."""

    def __init__(self, floor_ms: int) -> None:
        self._floor_ms = floor_ms
        self._carried: _Span | None = None
        self._span: _Span | None = None
        self._last: tuple[float, int] | None = None
        self._quiet_until = float("-inf")

    @property
    def floor_ms(self) -> int:
        """The newest signed date ever believed, unix milliseconds: keep it over restarts."""
        return self._floor_ms

    def believe(self, date_ms: int) -> None:
        """A believed document is of this date: it is not earlier than that, if any calendar has it."""
        if date_ms <= LATEST_MS:
            self._floor_ms = max(self._floor_ms, date_ms)

    def begin_again(self, date_ms: int, *, signed_time: bool) -> None:
        """Whoever signed the dates until now is not believed any more; this one alone still stands.

        `signed_time`: beside what the timekeeper has told since this process began.
        """
        self._floor_ms = date_ms
        self._carried = None
        self._span = self._span if signed_time else None

    def heard(self, doc: Time, received_mono: float) -> None:
        """A broadcast: it may have been held up on its way, so it only ever moves time forward."""
        if doc.now_ms > LATEST_MS:
            return
        self.believe(doc.now_ms)
        self._floor_at(received_mono)
        if self._span is not None:
            span = self._span.at(received_mono)
            low_ms = max(span.low_ms, doc.now_ms)
            self._span = _Span(low_ms, max(span.high_ms, low_ms), span.mono)

    def answered(self, doc: Time, sent_mono: float, received_mono: float) -> None:
        """The answer to this process's own nonce: it was made between sending and receiving.

        An answer from before what is already known is a replay and changes nothing.
        """
        if doc.now_ms > LATEST_MS:
            return
        trip_ms = int(max(0.0, received_mono - sent_mono) * 1000) + 1
        low_ms, high_ms = doc.now_ms, doc.now_ms + trip_ms
        if self._span is not None:
            span = self._span.at(received_mono)
            if high_ms < span.low_ms:
                return
            if low_ms <= span.high_ms:
                low_ms, high_ms = max(low_ms, span.low_ms), min(high_ms, span.high_ms)
        self.believe(doc.now_ms)
        self._floor_at(received_mono)
        self._span = _Span(low_ms, high_ms, received_mono)

    def read(self, mono: float, system_ms: int) -> Reading:
        """What time it is. The system's clock counts only where it contradicts nothing that was signed."""
        floor_ms = self._floor_at(mono)
        if self._span is None:
            trust = ClockTrust.FLOOR if self._floor_ms else ClockTrust.NONE
            return Reading(max(system_ms, floor_ms), trust, UNBOUNDED_MS)
        span = self._span.at(mono)
        inside = span.low_ms <= system_ms <= span.high_ms
        now_ms = max(system_ms if inside else (span.low_ms + span.high_ms) // 2, floor_ms)
        return Reading(now_ms, ClockTrust.SIGNED, max(now_ms - span.low_ms, span.high_ms - now_ms))

    def step_ms(self, mono: float, now_ms: int) -> int:
        """How far believed time has jumped since the last call, beyond what the counter says; 0 at first."""
        if self._last is None:
            self._last = (mono, now_ms)
        jump_ms = now_ms - self._last[1] - int((mono - self._last[0]) * 1000)
        if abs(jump_ms) >= STEP_MS:
            if mono < self._quiet_until:
                return 0
            self._quiet_until = mono + STEPS_EVERY_S
        self._last = (mono, now_ms)
        return jump_ms

    def _floor_at(self, mono: float) -> int:
        """The floor, carried on by the counter from the first moment of this process that it was known."""
        carried = self._carried.at(mono) if self._carried else _Span(0, 0, mono)
        if self._carried is None or carried.low_ms < self._floor_ms:
            carried = _Span(self._floor_ms, self._floor_ms, carried.mono)
            self._carried = carried
        return carried.low_ms
