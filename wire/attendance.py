"""What attendants do at a gate, as it stands in events: why they open by hand, whom they register."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST_NUMBER: Final = 99_999


class HandReason(StrEnum):
    """Why an attendant opened by hand: the `word` of OPENED_BY_HAND; never used for another meaning."""

    CHILD = "child"
    HELP = "help"
    EMERGENCY = "emergency"
    DELIVERY = "delivery"
    GATE_FAULT = "gate-fault"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class HandWords:
    """One row: what attendants choose from."""

    zh: str
    en: str


HAND_REASONS: Final = {
    HandReason.CHILD: HandWords("儿童随行", "Child with an adult"),
    HandReason.HELP: HandWords("行动不便", "Needs help"),
    HandReason.EMERGENCY: HandWords("紧急情况", "Emergency"),
    HandReason.DELIVERY: HandWords("送货", "Delivery"),
    HandReason.GATE_FAULT: HandWords("设备误判", "Gate at fault"),
    HandReason.OTHER: HandWords("其他", "Other"),
}

UNATTENDED: Final = {
    "button": HandWords("按钮直接放行", "By the button, which opens at once"),
    "command": HandWords("远程指令", "By command"),
}
"""Words of OPENED_BY_HAND where nobody at the gate said who they are."""


def registration_number(gate: str, count: int) -> str:
    """The number a gate gives to the `count`th person without a code: its last four digits and the count."""
    return f"{gate[-4:].upper()}-{count % (MOST_NUMBER + 1):05d}"
