"""`make fuzz`: every reader under a coverage-guided fuzzer; what it finds worth keeping joins the corpus.

Each reader runs in a process of its own, because libFuzzer ends the process. A crash leaves its input in
`corpus/<reader>/crash-…`, where `make test` will try it again for ever.
"""

import argparse
import os
import subprocess
import sys
from multiprocessing.pool import ThreadPool
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
LARGEST_KEPT = 4_096


def one(name: str, seconds: int) -> None:
    """Fuzz one reader; never returns."""
    import atheris

    with atheris.instrument_imports(include=["wire", "device.firmware", "tests.fuzz"]):
        from tests.fuzz.readers import READERS

    reader = READERS[name]

    def test(data: bytes) -> None:
        try:
            reader.read(data)
        except reader.refusals:
            return

    found, kept = CORPUS.parent / ".found" / name, CORPUS / name
    for place in (found, kept):
        place.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(reader.seeds()):
        (found / f"seed-{number}").write_bytes(seed)
    flags = [f"-max_total_time={seconds}", f"-max_len={reader.largest}", "-rss_limit_mb=1024", "-timeout=10"]
    quiet = ["-verbosity=0", "-print_final_stats=0", f"-artifact_prefix={kept}/"]
    atheris.Setup([sys.argv[0], *flags, *quiet, str(found), str(kept)], test)
    atheris.Fuzz()


def keep(name: str, most: int = 12) -> int:
    """Keep some of what was found, of every size, while there is room: the corpus is to be committed."""
    kept, found = CORPUS / name, CORPUS.parent / ".found" / name
    merged = sorted(
        (path for path in found.iterdir() if not path.name.startswith("seed-")),
        key=lambda path: path.stat().st_size,
    )
    room = most - len(list(kept.iterdir()))
    if room > 0:
        for path in merged[:: -(-len(merged) // room)] if merged else ():
            if path.stat().st_size <= LARGEST_KEPT:
                (kept / path.name).write_bytes(path.read_bytes())
    return len(list(kept.iterdir()))


def fuzzed(name: str, seconds: int) -> str:
    """Run one reader's process; a sentence about it."""
    command = [sys.executable, "-m", "tests.fuzz.run", "--one", name, "--seconds", str(seconds)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    number = keep(name)
    if ended.returncode == 0:
        return f"ok    {name:24} {number} kept"
    return f"CRASH {name:24} exit {ended.returncode}\n" + "\n".join(ended.stderr.splitlines()[-25:])


def main() -> int:
    """0 when every reader held."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--one", metavar="READER", help="this reader alone, in this process")
    parser.add_argument("--seconds", type=int, default=600, help="for all of them (for the one with --one)")
    parser.add_argument("--only", metavar="READER", action="append", help="these readers, each in a process")
    told = parser.parse_args()
    if told.one:
        one(told.one, told.seconds)  # before anything of ours is imported: only then it can be watched
        return 0
    from tests.fuzz.readers import READERS

    names = told.only or list(READERS)
    if unknown := set(names) - READERS.keys():
        parser.error(f"there is no reader {sorted(unknown)}; there is {sorted(READERS)}")
    cores = os.cpu_count() or 1
    each = max(1, told.seconds * cores // len(names))
    sys.stdout.write(f"{len(names)} readers, {each} s each, {cores} at once\n")
    failed = False
    with ThreadPool(cores) as pool:
        for line in pool.imap_unordered(lambda name: fuzzed(name, each), names):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
            failed |= line.startswith("CRASH")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
