"""Promise: whoever fills the camera's view with codes holds the next honest person up for a second at most.

No frame is like the one before, and as fast as they can be painted come walls of as many codes as fit into a
picture, none of them seen before, in three manners: small texts that claim to be codes, forgeries as long as
real ones, and one forgery at a time held up like a phone.
After each few seconds of that somebody honest is alone in view. Memory may not grow, and the journal gets
counts. The floor is the goal: one second from the first frame with the honest person alone to the relay.
"""

import argparse
import itertools
import json
import multiprocessing as mp
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import segno
from numpy.typing import NDArray

from sandbox.lone import Lone
from sandbox.optics import EASY, crowd, photograph
from sandbox.rig import Rig, mock_pins
from wire.keys import PrivateKey
from wire.messages import Entry, Event

Luma = NDArray[np.uint8]

MOST_MS, MOST_GROWTH_MB = 1000.0, 4.0
SECONDS, BETWEEN_S = 20.0, 3.0
SCENE = replace(EASY, width=1280, height=720)
SMALL_PX, LONG_PX = 72, 240  # sides of the smallest codes that are still read in this picture


def qr(text: str) -> Luma:
    """One code with its quiet zone, two pixels a module."""
    return np.kron(
        np.array(
            [
                [0 if dark else 255 for dark in row]
                for row in segno.make(text, error="l").matrix_iter(border=4)
            ],
            np.uint8,
        ),
        np.ones((2, 2), np.uint8),
    )


def texts(lone: Lone) -> Iterator[tuple[int, list[str]]]:
    """For each picture how large its codes are, and their texts: no text ever comes again."""
    numbers = itertools.count(1_000_000)
    forger = replace(lone, issuer=PrivateKey.generate())
    walls = {side: (SCENE.width // side) * (SCENE.height // side) for side in (SMALL_PX, LONG_PX)}
    while True:
        yield SMALL_PX, [f"JX1:{next(numbers):012d}" for _ in range(walls[SMALL_PX])]
        yield LONG_PX, [forger.text(next(numbers)) for _ in range(walls[LONG_PX])]
        yield 0, [forger.text(next(numbers))]


def paint(out: Connection, lone: Lone) -> None:
    """Draw one picture after the other until nobody takes them."""
    os.nice(5)
    rng = np.random.default_rng(2)
    try:
        for side, shown in texts(lone):
            codes = [qr(text) for text in shown]
            out.send(crowd(codes, SCENE, rng) if side else photograph(codes[0], SCENE, rng))
    except (BrokenPipeError, KeyboardInterrupt):
        return


def rss_mb() -> float:
    """Resident memory of this process in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Attack:
    """Whoever holds the walls of codes up."""

    def __init__(self, rig: Rig, pictures: Connection) -> None:
        self.rig, self.pictures = rig, pictures
        self.shown, self.walls = 0, 0
        self.wall = pictures.recv()

    def step(self) -> bool:
        """Another frame: a new wall when one is painted, else the last one moved; never the end."""
        if self.pictures.poll():
            self.wall = self.pictures.recv()
            self.walls += 1
        self.shown += 1
        self.rig.sight.show(np.roll(self.wall, (self.shown % 16, self.shown % 24), (0, 1)))
        return False

    def hold(self, seconds: float) -> None:
        """Fill the view for so long."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            self.step()
            self.rig.run(lambda: False, 1 / 30)


def attacked(rig: Rig, attack: Attack, seconds: float) -> tuple[list[float | None], list[tuple[float, int]]]:
    """Milliseconds of each honest person, and memory (megabytes, Python's blocks) after each of them."""
    told: list[float | None] = []
    memory: list[tuple[float, int]] = []
    end_s = time.monotonic() + seconds
    for number in itertools.count(1):
        picture = rig.phone(number)
        attack.hold(BETWEEN_S)
        told.append(rig.admit(picture))
        memory.append((rss_mb(), sys.getallocatedblocks()))
        if time.monotonic() > end_s:
            return told, memory
    raise AssertionError


def line(
    told: list[float | None], memory: list[tuple[float, int]], attack: Attack, kinds: Counter[str]
) -> str:
    """What was measured, as JSON."""
    took = [ms for ms in told if ms is not None]
    settled = memory[len(memory) // 2 :]  # caches fill at first
    growth_mb, blocks = (settled[-1][part] - settled[0][part] for part in (0, 1))
    worst = max(took, default=float("inf"))
    holds = len(took) == len(told) and worst < MOST_MS and growth_mb < MOST_GROWTH_MB
    return json.dumps(
        {
            "name": f"hostile codes in every frame, then one honest person of {len(told)}, the slowest",
            "value": round(worst, 1),
            "unit": "ms",
            "floor": MOST_MS,
            "ratio": round(worst / MOST_MS, 3),
            "goal": MOST_MS,
            "holds": holds,
            "median": round(statistics.median(took), 1) if took else None,
            "not let in": len(told) - len(took),
            "hostile frames": attack.shown,
            "walls": attack.walls,
            "growth_mb": round(growth_mb, 1),
            "growth_blocks": blocks,
            "events": dict(kinds),
        },
        ensure_ascii=False,
    )


def told_as(entry: Entry) -> tuple[str, ...]:
    """What kind of event it is, and about what."""
    reason = entry.reason.name.lower() if entry.reason else ""
    return (entry.kind.name.lower(), reason, entry.word if entry.kind is Event.FAULT else "")


def main() -> None:
    """Attack a gate and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=SECONDS / 60)
    minutes = parser.parse_args().minutes
    mock_pins()
    lone = Lone()
    receive, send = mp.Pipe(duplex=False)
    # Forked before any thread runs: keys are never pickled. The gate's process has no part in painting.
    painter = mp.get_context("fork").Process(target=paint, args=(send, lone), daemon=True)
    painter.start()
    send.close()
    with tempfile.TemporaryDirectory(prefix="jx-bench") as name, closing(receive):
        rig = Rig(Path(name), lone, SCENE)
        try:
            attack = Attack(rig, receive)
            rig.serve()
            begun = rig.built.store.head
            told, memory = attacked(rig, attack, minutes * 60)
            entries = [one for one in rig.built.store.newest(100_000) if one.sequence > begun]
        finally:
            rig.built.close()
    painter.terminate()
    painter.join()
    kinds = Counter(" ".join(filter(None, told_as(one))) for one in entries)
    print(line(told, memory, attack, kinds))


if __name__ == "__main__":
    main()
