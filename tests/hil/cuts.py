"""Power cuts: while people pass at any moment, and at named points; afterwards nothing is missing.

`python -m tests.hil.cuts --cuts 5 --seed 7` runs them alone.
"""

import argparse
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError
from sandbox.guest import host, kept
from sandbox.guest.settings import SLIRP_HOST, Reach
from sandbox.guest.suites import BOOKWORM
from sandbox.guest.workshop import Workshop
from sandbox.ports import Ports
from tests.hil import named, served
from tests.hil.lives import Card

Report = Callable[[str], None]
REACH: Final = Reach(SLIRP_HOST, Ports.beginning(47300))
OFFICE: Final = "office-cuts"


def power_cuts(
    workshop: Workshop,
    place: Path,
    report: Report,
    *,
    cuts: int,
    points: bool,
    seed: int,
    progress: Callable[[str], None],
) -> None:
    """Cut the power `cuts` times at random moments, and at every named point if `points`.

    AssertionError names the cut, the seed, the moment, and where the dead card is kept.
    """
    made = workshop.made(BOOKWORM)
    with served.opened(workshop.kept.root / OFFICE, progress, REACH) as office:
        card = Card(made, office, place, progress)
        card.fresh()
        _random(card, cuts, seed, progress)
        heard = card.tally.lives[:cuts]
        assert len(heard) == cuts
        assert min(heard) > 0, f"a life without a passage proves nothing: {heard}"
        report(
            f"{cuts} cuts at random moments (seed {seed}), {sum(heard)} passages, {min(heard)} to"
            f" {max(heard)} before each; ready again after {max(card.ready_s[1:]):.0f} s at most"
        )
        if points:
            _points(card, Card(made, office, place / "enrolment", progress), report, progress)
    shutil.rmtree(place)


def _random(card: Card, cuts: int, seed: int, progress: Callable[[str], None]) -> None:
    """The lives of one card, and a last one to see that it serves."""
    dice = random.Random(seed)
    for number in range(1, cuts + 1):
        moment = "before its moment was drawn"
        try:
            life = card.boot()
            moment_s = card.serve(life, dice)
            moment = f"{moment_s:.2f} s after the first passage"
            remains = card.dissect(number)
            assert remains.journal, "there is no journal on the card"
        except (AssertionError, SandboxError) as error:
            raise _failure(f"cut {number} of {cuts}, seed {seed}, {moment}", card, error) from error
        progress(
            f"cut {number} of {cuts}: ready after {life.ready_s:.0f} s, {card.tally.lives[-1]} passages, cut "
            f"{moment}; {len(remains.events)} events whole"
        )
    try:
        card.boot().guest.cut()
    except (AssertionError, SandboxError) as error:
        raise _failure(f"the start after cut {cuts}, seed {seed}", card, error) from error


def _points(card: Card, other: Card, report: Report, progress: Callable[[str], None]) -> None:
    """Every named point, on the card that the random cuts left, and the enrolment's on one of its own."""
    try:
        done = named.at_points(card, progress)
    except (AssertionError, SandboxError) as error:
        raise _failure("a named point", card, error) from error
    other.fresh()
    try:
        progress(named.enrolling(other))
    except (AssertionError, SandboxError) as error:
        raise _failure("in the enrolment", other, error) from error
    report(f"{done} named points")


def _failure(where: str, card: Card, error: Exception) -> AssertionError:
    return AssertionError(f"{where}: {error}\nThe dead card and its autopsy are kept in {card.place}")


def main() -> int:
    """Run alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.hil.cuts", description="Power cuts.")
    parser.add_argument("--cuts", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--points", action="store_true", help="and every named point")
    parser.add_argument("--kept", type=Path, default=kept.ROOT)
    given = parser.parse_args()

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    host.prepare(say)
    workshop = Workshop(host.mirror(), say, kept.Kept(given.kept))
    place = given.kept / "cuts"
    say(f"seed {given.seed}")
    power_cuts(workshop, place, say, cuts=given.cuts, points=given.points, seed=given.seed, progress=say)
    return 0


if __name__ == "__main__":
    sys.exit(main())
