"""People at the shipped unit: what they do to its relay, lamp and sounder, seen in the kernel's own trace."""

import time
from collections.abc import Callable
from functools import partial
from typing import Final

from sandbox.guest.citizens import Shown
from sandbox.guest.witness import Kept
from tests.hil.served import BLUE, DOOR, GREEN, PASSAGE, RED, RELAY, SOUNDER, Served
from tests.hil.traced import changes, lit, now_s, rises, slots, traced
from wire.reasons import Colour

Report = Callable[[str], None]
LAMP: Final = (RED, GREEN, BLUE)
ANSWER_S: Final = 60.0
"""From a picture to what follows, on emulated cores; how fast a Pi is, is not told here."""
FEWEST_PULSES: Final = 20
LONG_TONES: Final = 60
"""More pulses than the blip while somebody is measured (44) and fewer than any denial (235 and more)."""
SLACK_S: Final = 1.0
"""What an emulated processor may take longer than it should to let a relay go."""
FOREHEAD_C100: Final = 3420
BITS_C100: Final = 4


def about(shown: Shown, one: Kept) -> bool:
    """Whether an event is about this person."""
    return one.subject == shown.subject


def is_kind(kind: str, one: Kept) -> bool:
    """Whether an event is of this kind."""
    return one.kind == kind


def stays_out(scene: Served, report: Report) -> None:
    """A green phone and a warm forehead, who then does not go: the relay's whole pulse, green lamp, tone."""
    admitted(scene, report, goes=False)


def goes_through(scene: Served, report: Report) -> None:
    """The same, who goes: leaf and beam tell, and the opening is counted as a passage."""
    admitted(scene, report, goes=True)


def admitted(scene: Served, report: Report, *, goes: bool) -> None:
    """Let somebody in, and look at everything that moves."""
    guest, office = scene.guest, scene.office
    pulse_s = office.witness.assignment(office.gate).policy.pulse_ms / 1000
    shown, mark = office.citizens.phone(), scene.newest()
    with traced(guest, RELAY, *LAMP, SOUNDER) as trace:
        begun_s = now_s(guest)
        scene.show(shown)
        scene.until(lambda: trace.rose(RELAY) > 0, "the relay pulls in", ANSWER_S)
        scene.leave()
        if goes:
            walk_through(scene)
        scene.heard(mark, "who went", partial(is_kind, "passed" if goes else "not_passed"))
        found = trace.so_far()
    up_s, down_s = (one.at_s for one in changes([*found], RELAY)[-2:])
    event = scene.heard(mark, "the verdict", partial(about, shown))
    assert (event.kind, event.verdict) == ("passage", "admit"), event
    measured = event.entry.temperature
    assert measured is not None
    assert abs(measured.object_c100 - FOREHEAD_C100) <= BITS_C100, measured
    held_s = down_s - up_s
    assert held_s <= pulse_s + SLACK_S, f"the relay was on for {held_s:.2f} s"
    assert goes or held_s >= pulse_s - 0.01, f"the relay was on for {held_s:.2f} s"
    seen = slots(found, LAMP, up_s, max(down_s, up_s + pulse_s))
    greens = lit(seen, (0, 1, 0))
    assert greens >= len(seen) / 2, f"the lamp was green in {greens} of {len(seen)}: {seen}"
    tones = rises(found, SOUNDER, up_s - SLACK_S, down_s + SLACK_S)
    assert tones > FEWEST_PULSES, f"the sounder rose {tones} times"
    assert not guest.level(RELAY)
    report(
        f"relay up {up_s - begun_s:.1f} s after the picture, for {held_s:.2f} s (pulse {pulse_s:.2f} s);"
        f" lamp green, sounder {tones} pulses, measured {measured.object_c100 / 100:.2f} °C"
    )
    scene.until(scene.idle, "the lane is idle again")


def walk_through(scene: Served) -> None:
    """Somebody goes through the beam and pushes the leaf as they do."""
    scene.guest.contact(DOOR, False)
    scene.guest.contact(PASSAGE, False)
    time.sleep(0.5)
    scene.guest.contact(PASSAGE, True)
    scene.guest.contact(DOOR, True)


def red(scene: Served, report: Report) -> None:
    """A red phone: the relay never moves, the lamp is amber as for everybody who is to see the attendant."""
    shown, mark = scene.office.citizens.phone(Colour.RED), scene.newest()
    refused(scene, report, shown, (1, None, 0))
    event = scene.heard(mark, "the verdict", partial(about, shown))
    assert (event.kind, event.verdict, event.reason) == ("passage", "deny", "red"), event


def stranger(scene: Served, report: Report) -> None:
    """A code of an issuer that nobody here knows: the relay never moves, the lamp is red."""
    refused(scene, report, scene.office.citizens.stranger(), (1, 0, 0))


def refused(scene: Served, report: Report, shown: Shown, colour: tuple[int | None, ...]) -> None:
    """Show a code that opens nothing, until the lamp has said so."""
    guest = scene.guest
    with traced(guest, RELAY, *LAMP, SOUNDER) as trace:
        begun_s = now_s(guest)
        scene.show(shown)
        scene.until(lambda: trace.rose(SOUNDER) > LONG_TONES, "the sounder answers", ANSWER_S)
        scene.leave()
        time.sleep(2 * SLACK_S)
        found = trace.so_far()
    seen = slots(found, LAMP, begun_s, found[-1].at_s)
    assert lit(seen, colour), seen
    assert not any(level.high for level in changes(found, RELAY)), "the relay moved"
    tones = rises(found, SOUNDER, begun_s, found[-1].at_s)
    name = "red" if colour == (1, 0, 0) else "amber"
    report(f"relay untouched, lamp {name}, sounder {tones} pulses")
    scene.until(scene.idle, "the lane is idle again")
