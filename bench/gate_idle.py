"""Promise: a gate that waits for people takes little memory and little of one core.

The real process on the virtual board, enrolled, with a camera of 1280×720 that sees nobody, a thermometer and
a display: resident memory and CPU time as Linux counts them, Python and every library included.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from sandbox.board.client import Board
from sandbox.board.environment import environment
from sandbox.board.film import Film
from sandbox.lone import Lone

MOST_MB, MOST_SHARE = 120.0, 0.15
SETTLE_S, MEASURE_S, STARTS_S = 5.0, 15.0, 60.0
FIRE, TAMPER = 16, 20
UTIME, STIME = 13, 14  # fields of /proc/PID/stat: proc(5)


def cpu_s(pid: int) -> float:
    """CPU seconds of all threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[UTIME - 2]) + int(fields[STIME - 2])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Resident memory in megabytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def until_ready(log: Path) -> None:
    """Wait until the gate serves."""
    deadline_s = time.monotonic() + STARTS_S
    while '"ready": true' not in log.read_text():
        if time.monotonic() > deadline_s:
            raise SystemExit(f"the gate did not become ready: {log.read_text()}")
        time.sleep(0.1)


def nobody(film: Film, over: threading.Event) -> None:
    """An empty entrance, as a sensor sees it: another noise in each picture."""
    noise = np.random.default_rng(1)
    wall = np.linspace(70, 150, 1280)[None, :] + np.linspace(-20, 20, 720)[:, None]
    pictures = [np.clip(wall + noise.normal(0, 5, wall.shape), 0, 255).astype(np.uint8) for _ in range(8)]
    for picture in itertools.cycle(pictures):
        film.show(picture)
        if over.wait(1 / 15):
            return


def measured(directory: Path) -> tuple[float, float]:
    """Megabytes, and the share of one core."""
    config = Lone().furnish(directory)
    film = Film.create(directory / "film", 1280, 720)
    over = threading.Event()
    sight = threading.Thread(target=nobody, args=(film, over))
    with (directory / "log").open("w") as log:
        gate = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "device.firmware", "--config", config, "--log", "json"],
            env=os.environ | environment(directory / "s", directory / "film"),
            stderr=log,
        )
        try:
            board = Board.connect(directory / "s", wait_s=STARTS_S)
            board.set(pin={str(FIRE): False, str(TAMPER): False}, object_c=23.0, ambient_c=23.0)
            sight.start()
            until_ready(directory / "log")
            time.sleep(SETTLE_S)
            began_s, before_s = time.monotonic(), cpu_s(gate.pid)
            time.sleep(MEASURE_S)
            share = (cpu_s(gate.pid) - before_s) / (time.monotonic() - began_s)
            memory_mb = rss_mb(gate.pid)
            board.close()
        finally:
            over.set()
            gate.terminate()
            gate.wait(15)
    return memory_mb, share


def main() -> None:
    """Measure and print two lines of JSON."""
    # A unix socket's path may have 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="jx") as name:
        memory_mb, share = measured(Path(name))
    for what, value, unit, most in (
        ("gate process, idle: memory", memory_mb, "MB RSS", MOST_MB),
        ("gate process, idle: CPU", share, "of one core", MOST_SHARE),
    ):
        line = {
            "name": what,
            "value": round(value, 3),
            "unit": unit,
            "floor": most,
            "ratio": round(value / most, 3),
            "goal": most,
            "holds": value <= most,
        }
        print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
