"""The lane: one table says for each state and event what comes next, and what is to be done about it.

`step` is the only way from one state to the next. It changes nothing outside: it returns effects in the order
to perform them. Where a row journals and opens, the journal stands first; fire alone opens
before anything is written. An event that a state does not expect changes nothing and is counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from device.firmware.lane_table import DISCREET, TABLE, Do, On, State
from device.firmware.thermometry import Hint
from wire.messages import Event as Kind
from wire.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. `again`: a result that is shown once more and journalled already."""

    on: On
    reason: Reason | None = None
    hint: Hint | None = None
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long things last, in seconds."""

    pulse_s: float
    longest_open_s: float
    measure_s: float = 8.0
    reading_s: float = 0.4
    denied_s: float = 3.0
    referred_s: float = 5.0
    waiting_s: float = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The state, why it is so, and when it ends by itself (monotonic seconds; None: never)."""

    state: State = State.STARTING
    reason: Reason | None = None
    hint: Hint | None = None
    since_s: float = 0.0
    until_s: float | None = None
    unexpected: int = 0


@dataclass(frozen=True, slots=True)
class Journal:
    """Write this kind of event, durably, before the next effect; when it fails the rest is dropped."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class OpenBarrier:
    """Energise the relay for `hold_s`; None: until it is told otherwise."""

    hold_s: float | None


@dataclass(frozen=True, slots=True)
class CloseBarrier:
    """De-energise the relay."""


@dataclass(frozen=True, slots=True)
class Show:
    """Show on the screen, by lamp and by sound."""

    state: State
    reason: Reason | None
    hint: Hint | None


@dataclass(frozen=True, slots=True)
class StartMeasuring:
    """From now on samples count for the person in front."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No temperature came in time: decide without one."""


@dataclass(frozen=True, slots=True)
class CountRefusal:
    """One more refusal of an unverified code for this reason; nothing is journalled one by one."""

    reason: Reason


Effect: TypeAlias = Journal | OpenBarrier | CloseBarrier | Show | StartMeasuring | GiveUp | CountRefusal


_REASONS: Final = {
    On.JOURNAL_FAILED: Reason.JOURNAL_FAILED,
    On.BARRIER_FAILED: Reason.FAULT,
    On.FIRE: Reason.FIRE,
}


def expects(lane: Lane, on: On) -> bool:
    """Whether the lane's state has a row for this event."""
    return (lane.state, on) in TABLE


def due(lane: Lane, now_s: float) -> bool:
    """Whether the state's time is over, in monotonic seconds."""
    return lane.until_s is not None and now_s >= lane.until_s


def step(lane: Lane, event: Event, times: Times, now_s: float) -> tuple[Lane, tuple[Effect, ...]]:
    """The lane after `event` at `now_s` (monotonic), and what is to be done, in this order."""
    row = TABLE.get((lane.state, event.on))
    if row is None:
        return replace(lane, unexpected=lane.unexpected + 1), ()
    state, todo = row
    reason = event.reason or _REASONS.get(event.on)
    stays = state is lane.state and event.on in {On.HINTED, On.TIMER}
    after = Lane(
        state=state,
        reason=reason,
        hint=event.hint,
        since_s=lane.since_s if stays else now_s,
        until_s=lane.until_s if event.on is On.HINTED else _until(state, reason, times, now_s),
        unexpected=lane.unexpected,
    )
    opens = Do.OPEN in todo  # nothing opens on account of what was written for an earlier look
    effects = (_bound(do, after, times) for do in todo if opens or not (event.again and do is Do.JOURNAL))
    return after, tuple(effects)


def _until(state: State, reason: Reason | None, times: Times, now_s: float) -> float | None:
    lasts = {
        State.READING: times.reading_s,
        State.MEASURING: times.measure_s,
        State.ADMITTING: times.longest_open_s,
        State.DENIED: times.referred_s if reason in DISCREET else times.denied_s,
        State.REFERRED: times.referred_s,
        State.WAITING: times.waiting_s,
    }.get(state)
    return None if lasts is None else now_s + lasts


_JOURNALS: Final = {
    Do.JOURNAL: Kind.PASSAGE,
    Do.JOURNAL_HAND: Kind.OPENED_BY_HAND,
    Do.JOURNAL_PASSED: Kind.PASSED,
    Do.JOURNAL_STAYED: Kind.NOT_PASSED,
    Do.JOURNAL_FIRE: Kind.FIRE,
}


def _bound(do: Do, lane: Lane, times: Times) -> Effect:
    """The effect for one cell of the table."""
    if do in _JOURNALS:
        return Journal(_JOURNALS[do])
    effects: Mapping[Do, Effect] = {
        Do.OPEN: OpenBarrier(min(times.pulse_s, times.longest_open_s)),
        Do.RELEASE: OpenBarrier(None),
        Do.CLOSE: CloseBarrier(),
        Do.MEASURE: StartMeasuring(),
        Do.GIVE_UP: GiveUp(),
        Do.COUNT: CountRefusal(lane.reason or Reason.MALFORMED),
        Do.SHOW: Show(lane.state, lane.reason, lane.hint),
    }
    return effects[do]
