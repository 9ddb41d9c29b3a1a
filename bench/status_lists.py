"""Promise: a gate holds the colours of a province, 24 million people, and finds one at once.

The floor of loading is zlib inflating the same bytes in the same run, rounds interleaved. A list that
arrives is taken in by the loop that also lets people through, one in a step: what it costs is held against
the time between two frames of the camera, as its own work (the worst list) and with the card's write (the
median: the disk of a shared machine waits for others too).
"""

import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from device.firmware.clock import Clock
from device.firmware.greeting import Greeting
from device.firmware.inbox import Incoming
from device.firmware.intake import Intake
from device.firmware.restore import restore
from device.firmware.store import Store
from wire import cbor, documents, envelope, keys, policy, status, topics
from wire.documents import KeyUse, Role
from wire.topics import All

SHARDS = 24
ROUNDS = 9
LOADING_GOAL, MEMORY_GOAL_MB, LOOKUP_GOAL_US = 2.0, 16.0, 0.5
COLOURS = (0xC, 0xD, 0xE, 0xF)
GATE, NOW_S = "0123456789ab", 1_795_000_000
FRAME_MS = 1000 / 30
START_GOAL, STALL_GOAL, DELTA_GOAL = 4.0, 1.0, 2.0
CHANGES, CHANGE_BYTES = 100, 3  # twenty bits of an index and four of a colour


def tokens(share: float, key: keys.PrivateKey) -> list[bytes]:
    """Signed tokens of SHARDS lists in which `share` of the people are not green."""
    rng = random.Random(24)
    made = []
    for shard in range(SHARDS):
        count = int(status.MAX_PEOPLE * share)
        picked = rng.sample(range(status.MAX_PEOPLE), count)
        green = status.StatusList(bytes(status.MAX_LIST_BYTES))
        statuses = green.changed({index: rng.choice(COLOURS) for index in picked})
        made.append(status.issue_token(claims(shard, statuses), key))
    return made


def claims(shard: int, statuses: status.StatusList, seq: int = 1) -> status.Token:
    """The claims of one list."""
    uri = f"https://l.example/{shard}"
    return status.Token(uri=uri, issued=NOW_S - 60, expires=NOW_S + 9**6, seq=seq, statuses=statuses)


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


class Gate:
    """The way in of one gate with a real disk, as its loop uses it."""

    def __init__(self, path: Path, key: keys.PrivateKey) -> None:
        self.roles = {role: keys.PrivateKey.generate() for role in Role}
        self.path, self.root = path, envelope.sign(self._root(), [self.roles[Role.ROOT]])
        self.open()
        trust = envelope.sign(self._trust(key.public), [self.roles[Role.TRUST]])
        self.hear(topics.to_all(All.TRUST), trust)

    def open(self) -> None:
        """A start: everything that was kept is believed again."""
        self.store = Store.open(self.path, GATE, journal_limit_bytes=1 << 20)
        self.beliefs = restore(self.store, self.root).beliefs
        self.clock = Clock(NOW_S * 1000)
        self.intake = Intake(self.beliefs, self.store, self.clock, Greeting(bytes(16)))

    def hear(self, topic: str, payload: bytes) -> tuple[float, float]:
        """Milliseconds of work, and on the clock, for which one message keeps the loop."""
        incoming = Incoming(topics.parse(topic), payload, 0.0)  # type: ignore[arg-type]  # a topic for gates
        began, worked = time.perf_counter(), time.process_time()
        self.intake.handle(incoming, 0.0, self.clock.read(0.0, NOW_S * 1000))
        return (time.process_time() - worked) * 1000, (time.perf_counter() - began) * 1000

    def _root(self) -> documents.Root:
        rows = {role: documents.RoleKeys(threshold=1, kids=(k.public.kid,)) for role, k in self.roles.items()}
        return documents.Root(
            version=1,
            issued=NOW_S - 60,
            expires=NOW_S + 9**9,
            audience="*",
            keys=tuple(key.public for key in self.roles.values()),
            roles=rows,
        )

    def _trust(self, key: keys.PublicKey) -> documents.Trust:
        lists = tuple(
            documents.ListRef(uri=f"https://l.example/{shard}", shard=shard, carried_by=("",))
            for shard in range(SHARDS)
        )
        row = documents.IssuerKey(key=key, use=KeyUse.LISTS, not_before=0, not_after=2**40)
        jl = documents.Issuer(id="jl", name_zh="吉林", name_en="Jilin", keys=(row,), lists=lists)
        return documents.Trust(
            version=1,
            issued=NOW_S - 60,
            expires=NOW_S + 9**9,
            audience="*",
            issuers=(jl,),
            bounds=policy.LOOSEST,
        )


def stalls(took: list[tuple[float, float]], what: str) -> None:
    """What messages cost the loop: the worst of their work, the median on the clock."""
    work, clock = max(one for one, _ in took), statistics.median(one for _, one in took)
    say(f"the loop's work on {what}, the worst", work, "ms CPU", FRAME_MS, work / FRAME_MS, STALL_GOAL)
    say(f"and with the card's write, median of {what}", clock, "ms", FRAME_MS, clock / FRAME_MS, STALL_GOAL)


def at_a_gate(signed: list[bytes], bare_ms: float, key: keys.PrivateKey, what: str) -> None:
    """What lists and changes cost the loop of a gate, and its start."""
    with tempfile.TemporaryDirectory() as directory:
        gate = Gate(Path(directory) / "gate.db", key)
        status_of = [topics.to_all_list(All.STATUS, "jl", shard) for shard in range(SHARDS)]
        took = [gate.hear(topic, data) for topic, data in zip(status_of, signed, strict=True)]
        stalls(took, f"one of 24 lists ({what})")
        gate.store.close()
        starts = []
        for _ in range(ROUNDS):
            starts.append(cpu_s(gate.open) * 1000)
            gate.store.close()
        start = statistics.median(starts)
        say(
            f"start from the disk with 24 lists ({what})",
            start,
            "ms CPU",
            bare_ms,
            start / bare_ms,
            START_GOAL,
        )
        gate.open()
        changes_of(gate, key, what)
        gate.store.close()


def changes_of(gate: Gate, key: keys.PrivateKey, what: str) -> None:
    """What colours that change cost on the wire and in the loop, ROUNDS times."""
    rng, took, sizes = random.Random(1), [], []
    for seq in range(2, ROUNDS + 2):
        base = gate.beliefs.lists["https://l.example/0"]
        picked = {n: rng.choice(COLOURS) for n in rng.sample(range(status.MAX_PEOPLE), CHANGES)}
        changes = {n: value for n, value in picked.items() if base.statuses[n] != value}
        delta = status.issue_delta(base, claims(0, base.statuses.changed(changes), seq), changes, key)
        took.append(gate.hear(topics.to_all_list(All.DELTA, "jl", 0), delta))
        sizes.append(len(delta))
    size, least = statistics.median(sizes), CHANGES * CHANGE_BYTES
    say(f"{CHANGES} changes, signed ({what})", size, "bytes", least, size / least, DELTA_GOAL)
    stalls(took, f"{CHANGES} changes ({what})")


def measure_worst() -> None:
    """The largest list that a gate takes: colours that no compression makes smaller."""
    key, rng, took, size = keys.PrivateKey.generate(), random.Random(3), [], 0
    with tempfile.TemporaryDirectory() as directory:
        gate = Gate(Path(directory) / "gate.db", key)
        for seq in range(1, ROUNDS + 1):
            noise = status.StatusList(rng.randbytes(status.MAX_LIST_BYTES))
            data = status.issue_token(claims(0, noise, seq), key)
            took.append(gate.hear(topics.to_all_list(All.STATUS, "jl", 0), data))
            size = len(data)
        gate.store.close()
    stalls(took, f"one list of {size / 1000:,.0f} kB, the largest there is")


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
    at_a_gate(signed, bare, key, what)


def main() -> None:
    """Measure both provinces and the worst list, each in a process of its own, or the share that is given."""
    for share in [float(word) for word in sys.argv[1:]]:
        measure(share)
    if not sys.argv[1:]:
        for share in ("0.001", "0.05"):
            subprocess.run([sys.executable, __file__, share], check=True)  # noqa: S603 - this very file
        measure_worst()


if __name__ == "__main__":
    main()
