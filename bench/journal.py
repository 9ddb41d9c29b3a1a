"""Promise: keeping an event durably, as a gate does before it opens, costs little more than the commit.

The floor is one SQLite commit (WAL, synchronous=FULL) of a row with as many bytes, on the same disk in the
same run, rounds interleaved. Mostly this is waiting for the disk, so it is the time on the clock that counts.
"""

import itertools
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from device.firmware.store import Store
from wire import messages, schema
from wire.documents import Direction
from wire.messages import ClockTrust, Entry, Event, Temperature, Versions
from wire.reasons import Colour, Reason, Verdict

GOAL = 0.9
ROUNDS, CALLS = 61, 20
GATE = "0123456789ab"


def passage(number: int) -> Entry:
    """What an admitted person leaves behind, all fields filled."""
    return Entry(
        sequence=0,
        previous=bytes(messages.HASH_BYTES),
        at_ms=1_795_000_000_000 + number * 1_500,
        clock=ClockTrust.SIGNED,
        kind=Event.PASSAGE,
        verdict=Verdict.ADMIT,
        reason=Reason.GREEN,
        colour=Colour.GREEN,
        issuer="jl",
        subject=number.to_bytes(16),
        lane="A",
        direction=Direction.ENTRY,
        temperature=Temperature(
            object_c100=3_412,
            ambient_c100=2_310,
            surface_c100=3_440,
            body_c100=3_655,
            uncertainty_c100=40,
            samples=6,
        ),
        took_ms=900,
        versions=Versions(root=1, trust=7, assignment=3, list_seq=1_234),
    )


def seconds(work: Callable[[], object]) -> float:
    """Seconds of one call, averaged over CALLS."""
    began = time.perf_counter()
    for _ in range(CALLS):
        work()
    return (time.perf_counter() - began) / CALLS


def measured(directory: Path) -> list[tuple[float, float]]:
    """Seconds of the floor and of ours, by round."""
    numbers = itertools.count(1)
    store = Store.open(directory / "gate.db", GATE, journal_limit_bytes=512_000_000)
    bare = sqlite3.connect(directory / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("CREATE TABLE event (sequence INTEGER PRIMARY KEY, data BLOB NOT NULL)")
    data = schema.write(messages.ENTRY, store.append(passage(0)))

    def floor() -> None:
        bare.execute("INSERT INTO event (data) VALUES (?)", (data,))

    def ours() -> None:
        store.append(passage(next(numbers)))

    try:
        _ = seconds(floor), seconds(ours)  # a first round for the files to grow
        pairs = [(seconds(floor), seconds(ours)) for _ in range(ROUNDS)]
    finally:
        store.close()
        bare.close()
    return pairs


def main() -> None:
    """Measure and print one line of JSON."""
    with tempfile.TemporaryDirectory(prefix="jx-bench") as name:
        pairs = measured(Path(name))
    ratio = statistics.median(bare / own for bare, own in pairs)
    line = {
        "name": "journal an event durably",
        "value": round(statistics.median(own for _, own in pairs) * 1e6, 1),
        "unit": "µs",
        "floor": round(statistics.median(bare for bare, _ in pairs) * 1e6, 1),
        "ratio": round(ratio, 3),
        "goal": GOAL,
        "holds": ratio >= GOAL,
    }
    print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
