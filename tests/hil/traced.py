"""What simulated pins did, from the kernel's own trace: levels in time, how bright, how high a tone.

A ring of its own beside the bench's: edges stay in the guest until they are asked for, so hundreds a second
cost little. It is made once and switched on and off: each time a trace point is enabled the kernel rewrites
running code, and QEMU before 8.1 may let another processor run the old bytes for ever.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sandbox.guest.guest import Guest

INSTANCE: Final = "/sys/kernel/tracing/instances/jx-devices"
EDGE: Final = re.compile(r" (\d+\.\d+): gpio_value: (\d+) set (\d)")
HALF: Final = 0.5
SLOT_S: Final = 0.2
STEADY, DARK = 0.9, 0.1
"""Shares of a slot in which a pin is on all the time, or never; emulated time is not even."""

BEGIN: Final = """
base=$(cat /sys/devices/platform/gpio-sim.*/gpio/gpiochip*/base)
if [ ! -d {instance} ]; then
  echo 0 > /sys/kernel/tracing/options/record-cmd
  mkdir {instance}; cd {instance}
  echo 0 > tracing_on; echo mono > trace_clock; echo 4096 > buffer_size_kb
  echo 1 > events/gpio/gpio_value/enable
fi
cd {instance}
filter=''
for pin in {pins}; do filter="$filter${{filter:+ || }}(gpio == $((base + pin)) && get == 0)"; done
echo "$filter" > events/gpio/gpio_value/filter
echo > trace
echo 1 > tracing_on
echo "$base"
"""
END: Final = f"echo 0 > {INSTANCE}/tracing_on"


@dataclass(frozen=True, slots=True)
class Level:
    """A level that was given to a pin, at the guest's CLOCK_MONOTONIC in seconds."""

    pin: int
    high: bool
    at_s: float


def levels(text: str, base: int) -> list[Level]:
    """All of a trace; `base` is the kernel's number of pin 0."""
    return [Level(int(pin) - base, level == "1", float(at)) for at, pin, level in EDGE.findall(text)]


def changes(found: Iterable[Level], pin: int) -> list[Level]:
    """Where one pin's level became another; what was said twice is one."""
    kept: list[Level] = []
    for level in found:
        if level.pin == pin and (not kept or kept[-1].high is not level.high):
            kept.append(level)
    return kept


def share(found: Sequence[Level], pin: int, begin_s: float, end_s: float) -> float:
    """How much of the time between two moments a pin was high; low before it was first heard of."""
    high, since_s, total_s = False, begin_s, 0.0
    for level in (one for one in found if one.pin == pin):
        at_s = min(max(level.at_s, begin_s), end_s)
        total_s += at_s - since_s if high else 0.0
        high, since_s = level.high, at_s
    total_s += end_s - since_s if high else 0.0
    return total_s / (end_s - begin_s)


def rises(found: Iterable[Level], pin: int, begin_s: float, end_s: float) -> int:
    """How often a pin rose between two moments: a tone's or a dimmed lamp's pulses."""
    return sum(one.high and begin_s <= one.at_s < end_s for one in changes(found, pin))


def slots(
    found: Sequence[Level], pins: Sequence[int], begin_s: float, end_s: float
) -> list[tuple[float, ...]]:
    """How much of each fifth of a second each of these pins was high."""
    count = int((end_s - begin_s) / SLOT_S)
    times = [begin_s + number * SLOT_S for number in range(count)]
    return [tuple(share(found, pin, at_s, at_s + SLOT_S) for pin in pins) for at_s in times]


def lit(seen: Iterable[Sequence[float]], wanted: Sequence[int | None]) -> int:
    """In how many slots the pins were so: 1 all the time, 0 never, None dimmed, somewhere between."""

    def fits(level: float, wish: int | None) -> bool:
        if wish is None:
            return DARK < level < STEADY
        return level >= STEADY if wish else level <= DARK

    return sum(all(map(fits, slot, wanted)) for slot in seen)


class Trace:
    """Asked while it runs, or at its end."""

    def __init__(self, guest: Guest, base: int) -> None:
        self._guest, self._base = guest, base

    def so_far(self) -> list[Level]:
        """Everything until now, oldest first."""
        return levels(self._guest.sh(f"cat {INSTANCE}/trace"), self._base)

    def rose(self, pin: int) -> int:
        """How often a pin was made high until now, counted in the guest: good to ask again and again."""
        said = f"gpio_value: {self._base + pin} set 1"
        return int(self._guest.sh(f"grep -c '{said}' {INSTANCE}/trace || true"))


@contextmanager
def traced(guest: Guest, *pins: int) -> Iterator[Trace]:
    """Keep every level that is given to these pins while this lasts."""
    base = guest.sh(BEGIN.format(instance=INSTANCE, pins=" ".join(map(str, pins))))
    try:
        yield Trace(guest, int(base))
    finally:
        if guest.alive:
            guest.sh(END, check=False)


def now_s(guest: Guest) -> float:
    """The guest's CLOCK_MONOTONIC, a moment before this returns."""
    return float(guest.sh("cut -d' ' -f1 /proc/uptime"))
