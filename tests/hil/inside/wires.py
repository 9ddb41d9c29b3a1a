"""Moves a simulated pin as fast as a contact bounces: `wires.py PIN up|down MILLISECONDS …`, in turns."""

import sys
import time
from pathlib import Path


def main(pin: str, first: str, *waits_ms: str) -> None:
    """The first level, and after each wait the other one."""
    line = next(Path("/sys/devices/platform").glob("gpio-sim.*/gpiochip*")) / f"sim_gpio{pin}" / "pull"
    level = first
    for wait_ms in ("0", *waits_ms):
        time.sleep(float(wait_ms) / 1000)
        line.write_text(f"pull-{level}")
        level = {"up": "down", "down": "up"}[level]


main(*sys.argv[1:])
