"""Who comes when: the town's day as a list, the same for the same seed, or read from a script."""

import itertools
import random
import tomllib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sandbox.errors import SandboxError
from sandbox.issuer.residents import DEMO_PEOPLE, Resident
from sandbox.town.cases import CASES, Case
from wire.reasons import Colour

NORMAL_C: Final = (36.45, 0.2)
"""Mean and spread of healthy body temperatures here."""
FEVER_C: Final = (38.6, 0.4)
GAP_S: Final = (1.5, 5.0)
"""Between two people at one gate."""
OPENING: Final = (
    *(Case.GREEN, Case.GREEN, Case.GREEN),
    *(Case.RED, Case.SCREENSHOT, Case.FEVER),
    *(Case.TRAVELLER, Case.OLD_TEST, Case.GREEN),
)
"""The first people show the most telling cases; after them chance decides."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One person at one gate: `gap_s` after the gate is free, with this case and true body temperature."""

    order: int
    gate: int
    number: int
    case: Case
    body_c: float
    gap_s: float
    grain: int
    """Seeds the photograph of this visit."""


def by_chance(seed: int, residents: Sequence[Resident], gates: int) -> Iterator[Visit]:
    """An endless day. Nobody comes again before everybody else of their colour has been."""
    dice = random.Random(f"town {seed}")
    queues = _queues(dice, residents)
    names = list(CASES)
    shares = [CASES[name].share for name in names]
    order = list(range(gates))
    for count in itertools.count():
        if count % gates == 0:
            dice.shuffle(order)
        opening = count < len(OPENING)
        case = OPENING[count] if opening else dice.choices(names, shares)[0]
        queue = queues[CASES[case].colour]
        number = queue[0]
        queue.rotate(-1)
        mean, spread = FEVER_C if case is Case.FEVER else NORMAL_C
        body_c = round(min(max(dice.gauss(mean, spread), mean - 2 * spread), mean + 2 * spread), 2)
        gap_s = 0.2 if count < gates else round(dice.uniform(*GAP_S), 2)
        gate = count % gates if opening else order[count % gates]
        yield Visit(count, gate, number, case, body_c, gap_s, dice.getrandbits(32))


def _queues(dice: random.Random, residents: Sequence[Resident]) -> Mapping[Colour, deque[int]]:
    queues: dict[Colour, deque[int]] = {}
    for colour in Colour:
        numbers = [r.number for r in residents if r.number > DEMO_PEOPLE and r.colour is colour]
        queues[colour] = deque(dice.sample(numbers, len(numbers)))
    return queues


def from_script(
    text: str, residents: Sequence[Resident], gates: Sequence[str], seed: int
) -> tuple[Visit, ...]:
    """Read a script (TOML): `[[visit]]` tables with case, and optionally gate, resident, body_c, gap_s.

    SandboxError names the visit that is wrong.
    """
    try:
        tables = tomllib.loads(text).get("visit", [])
    except tomllib.TOMLDecodeError as error:
        raise SandboxError(f"the script is not TOML: {error}") from error
    chance = by_chance(seed, residents, len(gates))
    return tuple(
        _scripted(order, table, next(chance), gates, residents) for order, table in enumerate(tables)
    )


_KEYS: Final = frozenset({"case", "gate", "resident", "body_c", "gap_s"})


def _scripted(
    order: int, table: Mapping[str, Any], filler: Visit, gates: Sequence[str], residents: Sequence[Resident]
) -> Visit:
    unknown = table.keys() - _KEYS
    if unknown:
        raise SandboxError(f"visit {order + 1}: {sorted(unknown)} means nothing; there is {sorted(_KEYS)}")
    try:
        case = Case(table.get("case", Case.GREEN))
    except ValueError as error:
        raise SandboxError(f"visit {order + 1}: case is one of {', '.join(Case)}") from error
    gate = table.get("gate", gates[order % len(gates)])
    if gate not in gates:
        raise SandboxError(f"visit {order + 1}: gate is one of {', '.join(gates)}")
    fitting = [r.number for r in residents if r.number > DEMO_PEOPLE and r.colour is CASES[case].colour]
    number = table.get("resident", fitting[order % len(fitting)] if fitting else 1)
    if not any(r.number == number for r in residents):
        raise SandboxError(f"visit {order + 1}: nobody here has the number {number}")
    usual_c = FEVER_C[0] if case is Case.FEVER else NORMAL_C[0]
    body_c, gap_s = float(table.get("body_c", usual_c)), float(table.get("gap_s", 1.0))
    return Visit(order, list(gates).index(gate), number, case, body_c, gap_s, filler.grain)
