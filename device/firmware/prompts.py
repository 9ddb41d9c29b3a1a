"""What is said aloud, and when: the words of every prompt, and the one that goes with a moment of the lane.

Never a diagnosis, a name or a number: who is denied for a colour or a fever hears what everybody hears who
is asked to go to the attendant. An idle gate is quiet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from device.drivers import Prompt
from device.firmware.lane_table import State
from device.firmware.thermometry import Hint
from wire.reasons import Reason


@dataclass(frozen=True, slots=True)
class Spoken:
    """One row: the words in both languages, as they are spoken."""

    zh: str
    en: str


SPOKEN: Final[Mapping[Prompt, Spoken]] = {
    Prompt.SHOW_CODE: Spoken("请出示健康码。", "Please show your health code."),
    Prompt.STEP_CLOSER: Spoken("请靠近测温。", "Please step closer."),
    Prompt.STEP_BACK: Spoken("请退后一点。", "Please step back a little."),
    Prompt.HOLD_STILL: Spoken("请站稳。", "Please hold still."),
    Prompt.ENTER: Spoken("请通行。", "Please enter."),
    Prompt.REFRESH: Spoken("请刷新后重新出示。", "Please refresh the code and show it again."),
    Prompt.ONE_AT_A_TIME: Spoken("请一个一个来。", "One at a time, please."),
    Prompt.ATTENDANT: Spoken("请找工作人员。", "Please ask the attendant."),
    Prompt.WAIT: Spoken("人数已满，请稍候。", "Full at the moment, please wait."),
    Prompt.CLOSED: Spoken("现在未开放。", "Closed now."),
    Prompt.OUT_OF_SERVICE: Spoken("本通道暂停使用。", "This gate is out of service."),
    Prompt.EVACUATE: Spoken("请立即撤离。", "Please leave the building now."),
}

OF_STATE: Final[Mapping[State, Prompt]] = {
    State.MEASURING: Prompt.STEP_CLOSER,
    State.ADMITTING: Prompt.ENTER,
    State.DENIED: Prompt.ATTENDANT,
    State.REFERRED: Prompt.ATTENDANT,
    State.OUT_OF_SERVICE: Prompt.OUT_OF_SERVICE,
    State.EVACUATING: Prompt.EVACUATE,
}
"""What is said in a state unless its reason or hint has a prompt of its own; others are silent."""

OF_HINT: Final[Mapping[Hint, Prompt]] = {
    Hint.STEP_CLOSER: Prompt.STEP_CLOSER,
    Hint.STEP_BACK: Prompt.STEP_BACK,
    Hint.AGAIN: Prompt.HOLD_STILL,
}

OF_REASON: Final[Mapping[Reason, Prompt]] = {
    Reason.PROOF_OLD: Prompt.REFRESH,
    Reason.PROOF_REPLAYED: Prompt.REFRESH,
    Reason.PROOF_MISSING: Prompt.REFRESH,
    Reason.PAPER_DENIED: Prompt.SHOW_CODE,
    Reason.FOREIGN_DENIED: Prompt.SHOW_CODE,
    Reason.FULL: Prompt.WAIT,
    Reason.VISITORS_LATER: Prompt.CLOSED,
    Reason.NOT_A_CODE: Prompt.SHOW_CODE,
    Reason.SEVERAL_CODES: Prompt.ONE_AT_A_TIME,
    Reason.OUTSIDE_HOURS: Prompt.CLOSED,
    Reason.CLOSED_BY_AUTHORITY: Prompt.CLOSED,
}

_SPEAKING: Final = frozenset({*OF_STATE, State.WAITING})


def prompt_of(state: State, reason: Reason | None, hint: Hint | None) -> Prompt | None:
    """What is said aloud in this state, for this reason; None: nothing."""
    if state not in _SPEAKING:
        return None
    if state is State.MEASURING and hint is not None:
        return OF_HINT[hint]
    usual = OF_STATE.get(state)
    return usual if reason is None else OF_REASON.get(reason, usual)
