"""Promise: one lane passes 40 people a minute with a thermometer that needs 0.9 s to settle.

Virtual time: the firmware's own step before a model of the chip's lag and of people who walk with stated
times, so the figure is the design's and not this machine's. One line of JSON for each way to walk; who walks
slower than the goal leaves room for is shown beside it.
"""

import json
import tempfile
from pathlib import Path

from sandbox.lone import Lone
from sandbox.turnstile import STYLES, Queue

GOAL = 40.0
PEOPLE = 60
NOW_S = 1_795_000_000


def main() -> None:
    """Let each queue through and print what it came to."""
    lone = Lone(now_s=NOW_S)
    for style in STYLES:
        with tempfile.TemporaryDirectory() as directory:
            told = lone.time(bytes(16), NOW_S * 1000)
            queue = Queue(lone.beliefs(), told, style, Path(directory) / "gate.db")
            report = queue.run(lambda number, at_ms: lone.text(number, NOW_S + at_ms // 1000), PEOPLE)
            queue.close()
        line = {
            "name": f"people through one lane, {style.name}",
            "value": round(report.a_minute, 1),
            "unit": "people a minute",
            "floor": GOAL,
            "ratio": round(report.a_minute / GOAL, 3),
            "goal": GOAL,
            "holds": report.a_minute >= GOAL,
            "seconds": report.parts,
            "bottleneck": report.bottleneck,
        }
        print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
