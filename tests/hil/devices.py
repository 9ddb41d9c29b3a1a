"""Every device of a gate on a real node, under the shipped unit: the steps of one start of guest A."""

import json
from collections.abc import Callable, Sequence
from typing import Final

from tests.hil import contacts, people, thermometer
from tests.hil.contacts import Report
from tests.hil.served import DATA, JX, RELAY, UNIT, Served
from tests.hil.traced import changes, traced

CONFIG: Final = f"{DATA}/gate.toml"
PASSES: Final = frozenset(
    {
        *(("inputs", name) for name in ("fire", "tamper", "door")),
        ("camera", "rate"),
        *(("thermometer", name) for name in ("bus errors", "emissivity")),
    }
)
PLAYED: Final = frozenset({("signals", "lamp"), ("signals", "buzzer"), ("relay", "pulse")})


def status(scene: Served, report: Report) -> None:
    """`jx-gate status` beside the running gate: ready, idle, no trouble; 0."""
    command = (f"{JX}/jx-gate", "status", "--config", CONFIG)
    ran = scene.guest.run(*command, timeout_s=200)
    report(f"exit 0: {' / '.join(line.strip() for line in ran.out.splitlines()[:2])}")


def selftest(scene: Served, report: Report) -> None:
    """`jx-gate selftest --relay` on the real nodes, the gate stopped: everything passes or is a note."""
    guest = scene.guest
    guest.run("systemctl", "stop", UNIT, timeout_s=60)
    command = (f"{JX}/jx-gate", "selftest", "--config", CONFIG, "--yes", "--relay", "--json")
    as_gate = ("runuser", "-u", "jixiang-gate", "--", "env", "LG_WD=/tmp")  # lgpio's pipes
    try:
        with traced(guest, RELAY) as trace:
            ran = guest.run(*as_gate, *command, check=False, timeout_s=200)
            up_s, down_s = (one.at_s for one in changes(trace.so_far(), RELAY)[-2:])
    finally:
        thermometer.started(scene)
    told = json.loads(ran.out)
    grades = {(one["check"], one["part"]): one["grade"] for one in told["findings"]}
    assert "fail" not in grades.values(), told
    assert (ran.code, told["exit"]) == (0, 0), ran
    assert {grades[part] for part in PASSES} == {"pass"}, grades
    assert {grades[part] for part in PLAYED} == {"note"}, grades
    assert 0.7 < down_s - up_s < 2.0, f"the relay was on for {down_s - up_s:.2f} s"
    passed = sum(grade == "pass" for grade in grades.values())
    report(f"{passed} of {len(grades)} pass, the relay was on for {down_s - up_s:.2f} s; exit 0")


Step = Callable[[Served, Report], None]
STEPS: Final[Sequence[tuple[str, Step]]] = (
    ("status beside the running gate", status),
    ("somebody green stays out", people.stays_out),
    ("somebody green goes through", people.goes_through),
    ("somebody red", people.red),
    ("a stranger's code", people.stranger),
    ("fire", contacts.fire),
    ("tamper, leaf, button", contacts.contacts),
    ("bounces", contacts.bounces),
    ("pins that are let go", contacts.let_go),
    ("stopped, killed, started", contacts.restarts),
    ("thermometer unplugged", thermometer.unplugged),
    ("thermometer busy", thermometer.busy),
    ("the kernel's own driver as judge", thermometer.judged),
    ("packets that are checked", thermometer.packets),
    ("a bus without packet checks", thermometer.unchecked),
    ("thermometer absent at start", thermometer.absent),
    ("self-test", selftest),
)
"""In this order, in one start; the first steps find the gate idle, and every step leaves it so."""
SMOKE: Final = ("somebody green goes through", "fire", "the kernel's own driver as judge")
"""What the short run takes of them."""
