"""The shipped unit's contacts on real pins, driven from outside: what each does, what a restart leaves.

What follows is seen at the relay's pin, in the kernel's trace, and at the fleet.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.hil.served import BUTTON, DOOR, FIRE, GREEN, PASSAGE, RELAY, TAMPER, UNIT, Served, active
from tests.hil.traced import changes, now_s, traced
from wire.health import Trouble

Report = Callable[[str], None]
INSIDE: Final = Path(__file__).with_name("inside")
THERE: Final = "/run/jx-devices"
PYTHON: Final = "/opt/jixiang-gate/bin/python"
ANSWER_S: Final = 60.0
LONGER_S: Final = 9.0
"""Than any opening of the policy (8 s)."""


def program(scene: Served, name: str, *arguments: str, timeout_s: float = 60.0) -> str:
    """Run one of the programs in `inside/` with the gate's own Python, as root; what it printed."""
    path = f"{THERE}/{name}"
    scene.guest.put(path, (INSIDE / name).read_bytes())
    return scene.guest.run(PYTHON, "-I", path, *arguments, timeout_s=timeout_s).out


def fire(scene: Served, report: Report) -> None:
    """The loop opens: the relay pulls in at once and stays; it closes: the relay falls."""
    guest, mark = scene.guest, scene.newest()
    with traced(guest, RELAY, GREEN) as trace:
        begun_s = now_s(guest)
        guest.contact(FIRE, True)
        scene.until(lambda: guest.level(RELAY), "the relay pulls in", ANSWER_S)
        up_s = changes(trace.so_far(), RELAY)[0].at_s
        scene.heard(mark, "the fire", lambda one: one.kind == "fire")
        scene.until(lambda: scene.lane() == "evacuating", "the fleet knows", ANSWER_S)
        time.sleep(LONGER_S)
        assert guest.level(RELAY), "the relay fell while there was a fire"
        guest.contact(FIRE, False)
        scene.until(lambda: not guest.level(RELAY), "the relay falls when the fire is over", ANSWER_S)
        assert len(changes(trace.so_far(), RELAY)) == 2, "the relay moved in between"
    scene.until(scene.idle, "the lane is idle again")
    report(
        f"relay up {up_s - begun_s:.2f} s after the loop opened, on for over {LONGER_S:.0f} s until it closed"
    )


def contacts(scene: Served, report: Report) -> None:
    """Tamper, a forced and a held leaf, the button: each becomes what docs/lane.md and docs/wiring.md say."""
    guest, mark = scene.guest, scene.newest()
    guest.contact(TAMPER, True)
    scene.heard(mark, "the open case", lambda one: one.kind == "tamper")
    scene.until(lambda: scene.troubled(Trouble.TAMPER), "the trouble at the fleet")
    guest.contact(TAMPER, False)
    scene.until(lambda: not scene.troubled(Trouble.TAMPER), "the case is closed again")
    mark = scene.newest()
    guest.contact(DOOR, False)
    scene.heard(mark, "the forced leaf", lambda one: one.kind == "forced_open")
    scene.until(lambda: scene.troubled(Trouble.STANDS_OPEN), "the trouble at the fleet")
    scene.heard(mark, "the held leaf", lambda one: one.kind == "held_open")
    guest.contact(DOOR, True)
    scene.until(lambda: not scene.troubled(Trouble.STANDS_OPEN), "the leaf is shut again")
    mark = scene.newest()
    with traced(guest, RELAY) as trace:
        press(scene)
        scene.heard(mark, "the button", lambda one: one.kind == "opened_by_hand")
        scene.heard(mark, "nobody who goes", lambda one: one.kind == "not_passed")
        assert [one.high for one in changes(trace.so_far(), RELAY)][-2:] == [True, False]
    scene.until(scene.idle, "the lane is idle again")
    report("tamper and its end; forced, then held leaf; the button opens, as it does without a display")


def press(scene: Served, for_ms: int = 250) -> None:
    """Push the button and let it go."""
    program(scene, "wires.py", str(BUTTON), "down", str(for_ms))


def bounces(scene: Served, report: Report) -> None:
    """Six bounces and a hold are one press; a chattering beam is told and heals."""
    bouncing, mark = ["3"] * 12, scene.newest()
    with traced(scene.guest, RELAY) as trace:
        program(scene, "wires.py", str(BUTTON), "down", *bouncing, "250", *bouncing)
        scene.heard(mark, "the button", lambda one: one.kind == "opened_by_hand")
        scene.heard(mark, "nobody who goes", lambda one: one.kind == "not_passed")
        pulls = sum(one.high for one in changes(trace.so_far(), RELAY))
    presses = sum(one.kind == "opened_by_hand" for one in scene.events()[mark:])
    assert (presses, pulls) == (1, 1), (presses, pulls)
    scene.until(scene.idle, "the lane is idle again")
    program(scene, "wires.py", str(PASSAGE), "down", *["100"] * 41)
    scene.until(lambda: scene.troubled(Trouble.CONTACT_CHATTERS), "the fleet knows that a contact chatters")
    scene.until(lambda: not scene.troubled(Trouble.CONTACT_CHATTERS), "it is believed again", 120)
    report("6 bounces, a hold, 6 bounces: one press; 40 changes at the beam: told, healed")


def restarts(scene: Served, report: Report) -> None:
    """Stopped, killed, started: no current at the relay but for a fire, which a new start follows too."""
    guest = scene.guest
    guest.contact(FIRE, True)
    scene.until(lambda: guest.level(RELAY), "a fire lets the relay on", ANSWER_S)
    guest.run("systemctl", "stop", UNIT, timeout_s=60)
    assert not guest.level(RELAY), "the relay kept its current after a stop"
    guest.contact(FIRE, False)
    scene.anew()
    with traced(guest, RELAY) as trace:
        guest.run("systemctl", "start", UNIT, timeout_s=240)
        scene.until(scene.idle, "the lane is idle again", 240)
        first = trace.so_far()
        assert [one.high for one in first] == [False] * len(first) != [], first
    guest.contact(FIRE, True)
    scene.until(lambda: guest.level(RELAY), "a fire lets the relay on", ANSWER_S)
    scene.anew()
    killed_at_s = now_s(guest)
    guest.run("systemctl", "kill", "-s", "KILL", UNIT)
    guest.until(lambda: not guest.level(RELAY), "a killed gate lets the relay go", 10)
    gone_s = now_s(guest) - killed_at_s
    guest.until(lambda: active(guest), "it is started again", 240)
    scene.until(lambda: guest.level(RELAY), "the fire is followed again", ANSWER_S)
    guest.contact(FIRE, False)
    scene.until(scene.idle, "the lane is idle again", 240)
    assert not guest.level(RELAY)
    report(f"low after a stop, through a start, and {gone_s:.1f} s after kill -9; a lasting fire is followed")


ACTIVE_LOW: Final = """
import sys, time
from gpiozero import Device, OutputDevice
from gpiozero.pins.lgpio import LGPIOFactory
Device.pin_factory = LGPIOFactory()
relay = OutputDevice(22, active_high=False, initial_value=False)
print(relay.pin.state, end=' ')
relay.on(); print(relay.pin.state, end=' ')
relay.off(); print(relay.pin.state, flush=True)
relay.close()
Device.pin_factory.close()
"""


def let_go(scene: Served, report: Report) -> None:
    """What an active-low relay would see of a pin that is let go, without and with a resistor to 3.3 V."""
    guest, left = scene.guest, []
    for pulled_up in (False, True):
        guest.contact(22, pulled_up)
        told = guest.run("env", "LG_WD=/run", PYTHON, "-I", "-c", ACTIVE_LOW, timeout_s=60).out.split()
        assert told == ["True", "False", "True"], told
        left.append(guest.level(22))
    guest.contact(22, False)
    assert left == [False, True], left
    report(
        "an active-low pin that is let go reads 0, which pulls such a relay in; 1 with a resistor to 3.3 V"
    )
