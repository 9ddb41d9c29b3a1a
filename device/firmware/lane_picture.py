"""The lane's table drawn for people: `python -m device.firmware.lane_picture > docs/lane.md`."""

import sys
from typing import Final

from device.firmware import attend_table
from device.firmware.attend_table import CHOICES, TITLES
from device.firmware.lane_table import TABLE, On, State

HEAD: Final = """\
# The lane

Drawn from `device/firmware/lane_table.py` by `python -m device.firmware.lane_picture`; a test holds the two
together. What is not in the table changes nothing and is counted. A row's effects happen in their order: the
journal is written before the barrier opens, except in a fire.

"""
ATTENDANT: Final = """\
## Attendant mode

Drawn from `device/firmware/attend_table.py`. One button leads through it: a short press goes to the
next item, a long one (0.8 s) takes it; codes are looked at only on screens that ask for one. It begins
with the button, and in the name of whoever then shows a staff code of the roster (of its attendants,
where some are named): green, with a proof that is fresh and has opened nothing. Where the list of their
issuer is not held, nobody knows whether they are green: they begin it only where policy lets such people in
(`list_not_held`), and never at a lane or an hour for staff alone. However old the list is, it will do.

Shown to a lane that says that somebody is to see the attendant, the staff code alone begins it. So does, for
30 s after that and while nobody else came, the code of somebody whom the assignment names as an attendant;
others on the roster are let in as ever. An attendant who only wanted in chooses "done" and shows the code
again: a call is answered once.

Without a roster the button alone suffices, and events name nobody; so it does where no code could be verified
(a lens that sees only black is no such case: anybody's hand does that), and then the items marked * are
missing, as they are while the gate is out of service. An attendant's turn is over after `attendant_s` without
a press or a code, with "done", in a fire, and at once when they are taken off the roster, turn from green,
their hours end, or codes can be verified again where nobody had signed in; until then the button leads
back to the menu. A gate that goes out of service meanwhile decides about nobody more.
`button = "opens"` in the gate's file makes it open at once instead, which is all that a gate without a
display can offer. Whoever is red or orange is let in by hand or not at all.

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


def screens() -> str:
    """Every screen of attendant mode and what can be chosen there, in words."""
    rows = []
    for screen, choices in CHOICES.items():
        zh, en = TITLES[screen]
        items = "<br>".join(
            f"{choice.zh} {choice.en}{'' if choice.always else ' *'} → {choice.to.value}"
            + "".join(f"; {act.value}" for act in choice.acts)
            for choice in choices
        )
        led = "<br>".join(
            f"{on.value} → {after.value}" + "".join(f"; {act.value}" for act in acts)
            for (before, on), (after, acts) in attend_table.TABLE.items()
            if before is screen
        )
        rows.append(f"| {screen.value} | {zh} · {en} | {items} | {led or '–'} |")
    return "\n".join(["| screen | says | items | without the button |", "|---|---|---|---|", *rows])


def page() -> str:
    """The whole page."""
    return f"{HEAD}{diagram()}\n\n{table()}\n\n{ATTENDANT}{screens()}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
