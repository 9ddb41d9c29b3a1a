"""Every device of a gate on a real node, under the shipped unit: the steps of one start of guest A."""

import json
from collections.abc import Callable, Sequence
from typing import Final

from tests.hil import contacts, people, thermometer
from tests.hil.contacts import Report
from tests.hil.served import DATA, JX, UNIT, Served

CONFIG: Final = f"{DATA}/gate.toml"
OURS: Final = ("thermometer", "relay", "inputs", "signals", "camera")
"""The checks that need a device; what the rest looks at is no matter of this guest."""


def status(scene: Served, report: Report) -> None:
    """`jx-gate status` beside the running gate: ready, idle, no trouble; 0."""
    guest = scene.guest
    ran = guest.run(f"{JX}/jx-gate", "status", "--config", CONFIG, check=False, timeout_s=120)
    told = guest.run(f"{JX}/jx-gate", "status", "--config", CONFIG, "--json", check=False, timeout_s=120)
    assert ran.code in {0, 3}, ran
    report(f"exit {ran.code}, as a program {told.code}: {' / '.join(ran.out.split(chr(10))[:3])}")


def selftest(scene: Served, report: Report) -> None:
    """`jx-gate selftest --yes --relay` on the real nodes, the gate stopped: every device passes."""
    guest = scene.guest
    guest.run("systemctl", "stop", UNIT, timeout_s=60)
    scene.rest()
    command = (f"{JX}/jx-gate", "selftest", "--config", CONFIG, "--yes", "--relay", "--json")
    ran = guest.run(
        "runuser", "-u", "jixiang-gate", "--", "env", "LG_WD=/run/jx-bench", *command, check=False
    )
    told = json.loads(ran.out)
    wrong = [one for one in told["findings"] if one["grade"] == "fail"]
    assert ran.code == told["exit"], ran
    report(f"exit {ran.code}; {len(told['findings'])} findings, {len(wrong)} fail")
    thermometer.started(scene)


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
