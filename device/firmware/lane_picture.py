"""The lane's table drawn for people: `python -m device.firmware.lane_picture > docs/lane.md`."""

import sys
from typing import Final

from device.firmware.lane_table import TABLE, On, State

HEAD: Final = """\
# The lane

Drawn from `device/firmware/lane_table.py` by `python -m device.firmware.lane_picture`; a test holds the two
together. What is not in the table changes nothing and is counted. A row's effects happen in their order: the
journal is written before the barrier opens, except in a fire.

"""


def diagram() -> str:
    """A Mermaid state diagram; fire and out of service, which nearly every state leads to, are left out."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for (state, on), (after, _) in TABLE.items():
        if on not in {On.FIRE, On.NOT_READY, On.JOURNAL_FAILED} and after is not state:
            arrows.setdefault((state, after), []).append(on.name.lower())
    lines = [
        f"    {state.name.lower()} --> {after.name.lower()}: {', '.join(names)}"
        for (state, after), names in arrows.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> starting", *lines, "```"])


def table() -> str:
    """Every row in words."""
    rows = [
        f"| {state.value} | {on.value} | {after.value} | {', '.join(do.value for do in todo) or '–'} |"
        for (state, on), (after, todo) in TABLE.items()
    ]
    return "\n".join(["| in | when | then | and do, in this order |", "|---|---|---|---|", *rows])


def page() -> str:
    """The whole page."""
    return f"{HEAD}{diagram()}\n\n{table()}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
