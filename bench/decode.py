"""Promise: codes are read where zxing-cpp alone fails, for less than half of its price; nobody costs little.

The peer is zxing-cpp in the same run on the same pictures: QR codes only, `try_downscale`. A scene is WINDOW
frames of one code held up, each with its own noise, as a camera gives them within half a second; either side
has read a scene when it has read any of its frames: the rungs take turns over frames, and the peer has the
same frames. `--samples DIR` measures zxing-cpp's own pictures (test/samples of its repository)
against zxing-cpp with everything tried; each picture is one still scene of WINDOW frames.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import zxingcpp
from PIL import Image

from device.drivers import Luma
from device.firmware import scan
from device.firmware.scan import History
from sandbox.optics import Optics, empty_scene, grained, photograph
from sandbox.wallet import pictures

SIZES = ((640, 480), (1280, 720), (1920, 1080))
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
SCENES, WINDOW, EMPTY_FRAMES = 120, 8, 240
RATE_GOAL, SAMPLES_GOAL, EMPTY_GOAL = 1.08, 1.02, 0.10
CPU_GOALS = {720: 0.40, 1080: 0.33}
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is held up, without the sensor's noise, and how strong that is."""

    text: str
    still: Luma
    noise: float


def scenes(count: int, seed: int) -> Iterator[Scene]:
    """Codes of 300 to 600 characters in every size, and everything that makes them hard."""
    grain, chance = np.random.default_rng(seed), random.Random(seed)
    for number in range(count):
        width, height = SIZES[number % len(SIZES)]
        text = "JX1:" + "".join(chance.choices(ALPHABET, k=chance.randint(296, 596)))
        scene = Optics(
            width=width,
            height=height,
            distance_cm=chance.uniform(10, 22),
            tilt_deg=chance.uniform(0, 16),
            turn_deg=chance.uniform(0, 60),
            blur_px=chance.uniform(0.5, 1.8) * height / 720,
            noise=0,
            screen_level=chance.uniform(150, 235),
            black_level=chance.uniform(20, 60),
            unevenness=chance.uniform(0, 0.5),
            glare=chance.uniform(0, 0.6),
            moire=chance.uniform(0, 14),
        )
        yield Scene(text, photograph(pictures.luma(text), scene, grain), chance.uniform(2, 14))


def peer(luma: Luma, *, everything: bool = False) -> set[str]:
    """zxing-cpp alone."""
    found = zxingcpp.read_barcodes(luma, formats=_QR, try_rotate=everything, try_invert=everything)
    return {code.text for code in found}


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def ours(frames: list[Luma]) -> Iterator[set[str]]:
    """What each frame gave, from the moment something moved."""
    history = History()
    for frame in frames:
        seen, history = scan.look(frame, history)
        yield set(seen.texts) if seen else set()


def told(name: str, unit: str, floor: float, value: float, goal: float, *, more: bool) -> None:
    """Print one line of JSON: `value` against `floor`, to be above or below `goal` times it."""
    ratio = value / floor if floor else 0.0
    line = {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "floor": round(floor, 3),
        "ratio": round(ratio, 3),
        "goal": goal,
        "holds": ratio >= goal if more else ratio <= goal,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)


def synthetic() -> None:
    """The rate over hard scenes, and the price where both succeed at once."""
    read = {"ours": 0, "peer": 0, "first": 0, "first peer": 0}
    paid: dict[int, list[tuple[float, float]]] = {height: [] for height in CPU_GOALS}
    grain = np.random.default_rng(11)
    for scene in scenes(SCENES, seed=7):
        frames = [grained(scene.still, scene.noise, grain) for _ in range(WINDOW)]
        found = [scene.text in texts for texts in ours(frames)]
        alone = [scene.text in peer(frame) for frame in frames]
        read["ours"] += any(found)
        read["peer"] += any(alone)
        read["first"] += found[0]
        read["first peer"] += alone[0]
        height = scene.still.shape[0]
        if height in paid and found[0] and alone[0]:
            frame = frames[0]
            paid[height].append((cpu_s(partial(peer, frame)), cpu_s(partial(scan.look, frame, History()))))
    told(
        f"decode rate, synthetic, {WINDOW} frames a scene",
        "share",
        read["peer"] / SCENES,
        read["ours"] / SCENES,
        RATE_GOAL,
        more=True,
    )
    told(
        "decode rate, synthetic, the first frame alone",
        "share",
        read["first peer"] / SCENES,
        read["first"] / SCENES,
        1.0,
        more=True,
    )
    for height, pairs in paid.items():
        price(height, pairs)


def price(height: int, pairs: list[tuple[float, float]]) -> None:
    """What a decode costs where both succeed at the first frame: the ordinary scene, and all together."""
    goal = CPU_GOALS[height]
    floor, own = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
    told(f"a successful {height}p decode, median of {len(pairs)}", "ms CPU", floor, own, goal, more=False)
    floor, own = (statistics.fmean(side) * 1e3 for side in zip(*pairs, strict=True))
    told(f"a successful {height}p decode, mean of the same", "ms CPU", floor, own, goal, more=False)


def nobody(width: int, height: int) -> None:
    """A still doorway with noise: the mean of many frames, the looks that are due in spite of it included."""
    grain = np.random.default_rng(3)
    still = empty_scene(grain, Optics(width=width, height=height, noise=0))
    frames = [grained(still, 5.0, grain) for _ in range(12)]
    history = History()
    for number in range(scan.AWAKE_FRAMES + 1):
        _, history = scan.look(frames[number % 12], history)

    def watch() -> None:
        nonlocal history
        for number in range(EMPTY_FRAMES):
            _, history = scan.look(frames[number % 12], history)

    own = cpu_s(watch) / EMPTY_FRAMES * 1e3
    floor = statistics.median(cpu_s(partial(peer, frame)) for frame in frames) * 1e3
    told(f"a frame while nobody is there, {height}p", "ms CPU", floor, own, EMPTY_GOAL, more=False)


def samples(directory: Path) -> None:
    """zxing-cpp's own pictures of QR codes, as files beside their expected texts."""
    files = sorted(path for path in directory.glob("qrcode-*/*") if path.suffix in {".png", ".jpg", ".webp"})
    read = {"ours": 0, "peer": 0}
    for file in files:
        luma = np.asarray(Image.open(file).convert("L"))
        read["peer"] += bool(peer(luma, everything=True))
        read["ours"] += any(ours([luma] * WINDOW))
    count = max(1, len(files))
    told(
        f"decode rate, {len(files)} real pictures",
        "share",
        read["peer"] / count,
        read["ours"] / count,
        SAMPLES_GOAL,
        more=True,
    )


def main() -> None:
    """Measure and print a line of JSON for each promise."""
    parser = argparse.ArgumentParser(description="How well and how cheaply codes are read.")
    parser.add_argument("--samples", type=Path, help="test/samples of zxing-cpp's repository")
    options = parser.parse_args()
    synthetic()
    for width, height in SIZES[1:]:
        nobody(width, height)
    if options.samples is not None:
        samples(options.samples)


if __name__ == "__main__":
    main()
