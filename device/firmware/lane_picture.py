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

"Check document" shows what a paper code or a pass of another system says of its holder, signed by its issuer,
for at most five seconds, and nothing keeps it. Whoever it belongs to is then measured and let in, whatever
referred the pass; what denied it denies it still.

"""
PASSES: Final = """\
## Passes of other systems

EU certificates (`HC1:`), SMART Health Cards (`shc:/`) and NZ passes (`NZCP:/`) are read like codes when trust
names their issuers. A certificate's issuer is found by the name of its key, the others' by their own name and
that of the key; the key has to be in date, and there for what the pass states. A pass that is spread over
several codes is put together as they come into view, side by side or one after another within 15 s; the
screen asks for those that are missing.

Policy (`foreign`) refuses passes, refers them, or admits whose pass counts, with a normal temperature. It
counts when one thing that it states does (`device/firmware/counts.py`):

| it states | it counts | else |
|---|---|---|
| fewer doses than it says that it takes | never | R-315 |
| all doses | the newest is `foreign_doses_from_d` to `foreign_doses_until_d` days old | R-316 |
| a negative test | the sample is not older than `foreign_test_h` hours | R-317 |
| a recovery | it began `foreign_recovery_from_d` to `foreign_recovery_until_d` days ago ¹ | R-318 |
| that it is a pass | always | – |
| anything else, or nothing | never | R-319 |

¹ With the first positive test, and today is inside what its issuer states.

A positive test denies, whatever else the pass states, and looks like a referral to bystanders. Days are days
of UTC, and both ends of a window belong to it; hours and a pass's own dates are compared by the second.

A pass has no proof: like paper it opens for whoever holds a copy. Where policy admits passes, nobody compares
them with a document; to have that done, policy refers them. The subject of a pass is made under the
assignment's key from its issuer and the number that the issuer gave it, so that it is not let in twice within
`repeat_s` at any lane of the venue; without that key, or without a number, it is referred. Nobody is staff by
a pass, and nobody attends by one.

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
    return f"{HEAD}{diagram()}\n\n{table()}\n\n{PASSES}{ATTENDANT}{screens()}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
