"""The contacts: what each says now, and, when somebody moves them, that each one tells."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from device.drivers import DriverError, InputKind, Inputs
from device.firmware.checks.context import Check, Context
from device.firmware.checks.finding import NOT_FITTED, Finding, Grade
from device.firmware.words import NOTHING, Both
from wire.health import Trouble

STEP_S: Final = 0.05
ALARMS: Final = frozenset({InputKind.FIRE, InputKind.TAMPER})
NAMES: Final = {
    InputKind.DOOR: Both("门磁", "door"),
    InputKind.PASSAGE: Both("通过", "passage"),
    InputKind.FIRE: Both("消防", "fire"),
    InputKind.TAMPER: Both("防拆", "tamper"),
    InputKind.BUTTON: Both("按钮", "button"),
}
_WIRES: Final = Both("检查接线；重启本程序", "check its wires; start this again")
_FIX: Final = {
    InputKind.FIRE: Both(
        "确认没有火警；检查消防回路、pull 和 active",
        "make sure there is no fire; check the loop, pull and active",
    ),
    InputKind.TAMPER: Both("盖好外壳；检查 pull 和 active", "close the case; check pull and active"),
}


def run(context: Context) -> Iterator[Finding]:
    """Read every contact, and watch them for as long as was asked. Raises `DriverError`."""
    inputs = context.equipment.inputs()
    inputs.poll()
    edges = _watched(context, inputs)
    fitted = [kind for kind in InputKind if getattr(context.config.pins.contacts, kind.value) is not None]
    if not fitted:
        yield NOT_FITTED
    for kind in fitted:
        yield _told(kind, inputs, edges[kind] if context.watch_s else None)


def _watched(context: Context, inputs: Inputs) -> Counter[InputKind]:
    edges: Counter[InputKind] = Counter()
    until_s = context.monotonic() + context.watch_s
    while context.monotonic() < until_s:
        context.sleep(STEP_S)
        edges.update(change.kind for change in inputs.poll())
    return edges


def _told(kind: InputKind, inputs: Inputs, edges: int | None) -> Finding:
    about = NAMES.get(kind, Both(kind.value, kind.value))
    try:
        active = bool(inputs.level(kind))
    except DriverError as error:
        return Finding(Grade.FAIL, Both("读不到", str(error)), NOTHING, _WIRES, about)
    zh, en = ("动作", "active") if active else ("未动作", "not active")
    if edges is not None:
        zh, en = f"{zh}，变化 {edges} 次", f"{en}, changed {edges} times"
    value = Both(zh, en)
    if active and kind in ALARMS:
        return Finding(Grade.FAIL, value, Both("未动作", "not active"), _FIX[kind], about)
    if edges == 0:
        fix = Both("动作一次再试；检查接线和 pull", "move it while it is watched; check wires and pull")
        return Finding(Grade.WARN, value, Both("有变化", "changes"), fix, about)
    return Finding(Grade.PASS, value, about=about)


CHECK: Final = Check(
    name="inputs",
    title=Both("触点", "contacts"),
    proves=Both(
        "每个触点的现状；加 --watch 证明每个都能动作",
        "what each contact says; with --watch, that each one tells",
    ),
    run=run,
    hardware=True,
    troubles=(Trouble.FIRE, Trouble.TAMPER, Trouble.CONTACT_CHATTERS),
)
