"""Promise: a gate holds the colours of a province, 24 million people, and finds one at once.

The floor of loading is zlib inflating the same bytes in the same run, rounds interleaved.
"""

import json
import random
import resource
import statistics
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from wire import cbor, keys, status

SHARDS = 24
ROUNDS = 9
LOADING_GOAL, MEMORY_GOAL_MB, LOOKUP_GOAL_US = 2.0, 16.0, 0.5
COLOURS = (0xC, 0xD, 0xE, 0xF)


def tokens(share: float, key: keys.PrivateKey) -> list[bytes]:
    """Signed tokens of SHARDS lists in which `share` of the people are not green."""
    rng = random.Random(24)
    made = []
    for shard in range(SHARDS):
        count = int(status.MAX_PEOPLE * share)
        picked = rng.sample(range(status.MAX_PEOPLE), count)
        green = status.StatusList(bytes(status.MAX_LIST_BYTES))
        statuses = green.changed({index: rng.choice(COLOURS) for index in picked})
        token = status.Token(uri=f"https://l.example/{shard}", issued=1, expires=2, seq=1, statuses=statuses)
        made.append(status.issue_token(token, key))
    return made


def rss_mb() -> float:
    """Resident memory now; the highest so far where /proc is not to be had."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 1e6


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def say(name: str, value: float, unit: str, floor: float, ratio: float, goal: float) -> None:
    """Print one line of JSON; these promises are upper limits."""
    row = {"name": name, "value": round(value, 3), "unit": unit, "floor": round(floor, 3)}
    row |= {"ratio": round(ratio, 3), "goal": goal, "holds": ratio <= goal}
    print(json.dumps(row, ensure_ascii=False))


def measure(share: float) -> None:
    """One province in which `share` of the people are not green."""
    key = keys.PrivateKey.generate()
    signed = tokens(share, key)
    wire_kb = sum(map(len, signed)) / 1000
    compressed = [cbor.decode(status.peek(t).payload, max_bytes=len(t))[65533]["lst"] for t in signed]
    what = f"{share:.1%} not green, {wire_kb:,.0f} kB on the wire"

    def load() -> list[status.Token]:
        return [status.verify_token(token, key.public) for token in signed]

    def inflate() -> list[bytes]:
        return [zlib.decompress(data) for data in compressed]

    before = rss_mb()
    held = load()
    grown = rss_mb() - before
    pairs = [(cpu_s(inflate), cpu_s(load)) for _ in range(ROUNDS)]
    bare, own = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
    ratio = statistics.median(loaded / floor for floor, loaded in pairs)
    say(f"load 24 shards, signatures verified ({what})", own, "ms CPU", bare, ratio, LOADING_GOAL)
    packed_mb = sum(len(token.statuses.packed) for token in held) / 1e6
    say(f"memory of 24 shards ({what})", grown, "MB RSS", packed_mb, grown, MEMORY_GOAL_MB)
    rng = random.Random(7)
    places = [(held[rng.randrange(SHARDS)].statuses, rng.randrange(status.MAX_PEOPLE)) for _ in range(50_000)]
    took_us = (
        statistics.median(cpu_s(lambda: [s[n] for s, n in places]) for _ in range(ROUNDS)) / len(places) * 1e6
    )
    bare_us = statistics.median(cpu_s(lambda: [s.packed[n >> 1] for s, n in places]) for _ in range(ROUNDS))
    say(f"look a colour up ({what})", took_us, "µs CPU", bare_us / len(places) * 1e6, took_us, LOOKUP_GOAL_US)


def main() -> None:
    """Measure both provinces, or the one whose share is given."""
    for share in [float(word) for word in sys.argv[1:]] or [0.001, 0.05]:
        measure(share)


if __name__ == "__main__":
    main()
