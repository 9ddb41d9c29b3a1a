"""The big run, `make beliefs`: a hundred thousand sequences, or those that ARGS names."""

import argparse
import multiprocessing
import os
import secrets
import sys
import time

from tests.device.firmware.beliefs.portion import portion

PORTION = 250
SAY_EVERY_S = 10.0


def say(words):
    print(words, flush=True)  # noqa: T201 - a command for people


def main():
    parser = argparse.ArgumentParser(prog="make beliefs", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="how many sequences")
    parser.add_argument("--seed", type=int, default=None, help="the first seed; otherwise it is drawn")
    parser.add_argument("--steps", type=int, default=24, help="moves in each, before delivery resumes")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    given = parser.parse_args()
    first = secrets.randbelow(2**32) if given.seed is None else given.seed
    say(f"{given.count:,} sequences of {given.steps} moves from seed {first}")
    sizes = [min(PORTION, given.count - at) for at in range(0, given.count, PORTION)]
    work = [(first + n * PORTION, size, given.steps) for n, size in enumerate(sizes)]
    began = said = time.monotonic()
    done, failed = 0, 0
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for count, wrong in pool.imap_unordered(portion, work):
            done, failed = done + count, failed + len(wrong)
            for words in wrong:
                seed = words.split(":", 1)[0].removeprefix("seed ")
                say(f"\n{words}\nagain: make beliefs ARGS='--count 1 --steps {given.steps} --seed {seed}'")
            if time.monotonic() - said >= SAY_EVERY_S or done == given.count:
                said = time.monotonic()
                say(f"{done:,} of {given.count:,}, {failed} wrong, {said - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
