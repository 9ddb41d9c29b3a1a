"""Power cuts: while people pass at any moment, and at named points; afterwards nothing is missing.

`python -m tests.hil.cuts --cuts 5 --seed 7` runs them alone. Many cuts are made in two lanes, each with an
office and a card of its own: an emulated start leaves a processor idle now and then.
"""

import argparse
import random
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from sandbox.children import Child, Order
from sandbox.errors import SandboxError
from sandbox.guest import host, kept
from sandbox.guest.card import Made
from sandbox.guest.emulator import Emulator
from sandbox.guest.settings import SLIRP_HOST, Reach
from sandbox.guest.suites import BOOKWORM
from sandbox.guest.workshop import Workshop
from sandbox.layout import REPOSITORY
from sandbox.ports import Ports
from tests.hil import named, served
from tests.hil.lives import Card

Say = Callable[[str], None]
PORTS: Final = 47300
TWO_LANES_FROM: Final = 10
"""Fewer cuts are sooner done by one."""
LONGEST_S: Final = 3 * 3600.0
ADVICE: Final = "Its cards are kept."


class Outcome(msgspec.Struct, frozen=True):
    """What one lane came to: passages in each life that was cut, seconds from power to service, points."""

    passages: tuple[int, ...]
    ready_s: tuple[float, ...]
    points: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One card that is cut again and again."""

    root: Path
    """Where its office is kept."""
    place: Path
    cuts: int
    seed: int
    points: bool = False
    number: int = 0
    cores: int = 2

    def run(self, made: Made, progress: Say) -> Outcome:
        """Every cut, and a last start to see that the gate serves."""
        reach = Reach(SLIRP_HOST, Ports.beginning(PORTS + 10 * self.number))
        with served.opened(self.root / f"office-cuts-{self.number}", progress, reach) as office:
            card = Card(made, office, self.place / str(self.number), progress, self.cores)
            card.fresh()
            self._random(card, progress)
            heard, ready_s, done = card.tally.lives[: self.cuts], tuple(card.ready_s), 0
            if self.points:
                done = _points(card, Card(made, office, self.place / "enrolment", progress), progress)
        return Outcome(tuple(heard), ready_s, done)

    def _random(self, card: Card, progress: Say) -> None:
        dice = random.Random(self.seed)
        for number in range(1, self.cuts + 1):
            moment = "before its moment was drawn"
            where = f"cut {number} of {self.cuts} in lane {self.number}"
            try:
                life = card.boot()
                moment_s = card.serve(life, dice)
                moment = f"{moment_s:.2f} s after the first passage"
                remains = card.dissect(number)
                assert remains.journal, "there is no journal on the card"
                passages = card.tally.lives[-1]
                assert passages > 0, "a life without a passage proves nothing"
            except (AssertionError, SandboxError) as error:
                raise failure(f"{where}, seed {self.seed}, {moment}", card, error) from error
            progress(
                f"{where}: ready after {life.ready_s:.0f} s, {passages} passages, cut {moment};"
                f" {len(remains.events)} events whole"
            )
        try:
            card.boot().guest.cut()
        except (AssertionError, SandboxError) as error:
            raise failure(f"the start after the last cut, seed {self.seed}", card, error) from error


def power_cuts(
    workshop: Workshop, place: Path, report: Say, *, cuts: int, points: bool, seed: int, progress: Say
) -> None:
    """Cut the power `cuts` times at random moments, and at every named point if `points`.

    AssertionError names the cut, the seed, the moment, and where the dead card is kept.
    """
    made, root = workshop.made(BOOKWORM), workshop.kept.root
    aside = cuts // 2 if cuts >= TWO_LANES_FROM else 0
    cores = 1 if aside else 2
    lane = Lane(root=root, place=place, cuts=cuts - aside, seed=seed, points=points, cores=cores)
    with ExitStack() as stack:
        if aside:
            other = _begin_other(made, root, place, aside, seed + 1, progress)
            stack.callback(other.end)
        outcomes = [lane.run(made, progress)]
        if aside:
            try:
                other.wait(LONGEST_S)
            except SandboxError as error:
                raise AssertionError(f"{error}") from error
            outcomes.append(msgspec.json.decode((place / "1.json").read_bytes(), type=Outcome))
    _tell(outcomes, cuts, seed, report)


def failure(where: str, card: Card, error: Exception) -> AssertionError:
    """What is raised when a card is not as it must be."""
    return AssertionError(f"{where}: {error}\nThe dead card and its autopsy are kept in {card.place}")


def _tell(outcomes: Sequence[Outcome], cuts: int, seed: int, report: Say) -> None:
    heard = [passages for outcome in outcomes for passages in outcome.passages]
    assert len(heard) == cuts
    if cuts:
        assert min(heard) > 0, f"a life without a passage proves nothing: {heard}"
        slowest_s = max(max(outcome.ready_s[1:]) for outcome in outcomes)
        report(
            f"{cuts} cuts at random moments (seed {seed}), {sum(heard)} passages, {min(heard)} to"
            f" {max(heard)} before each; ready again after {slowest_s:.0f} s at most"
        )
    if outcomes[0].points:
        report(f"cut at {outcomes[0].points} named points")


def _begin_other(made: Made, root: Path, place: Path, cuts: int, seed: int, progress: Say) -> Child:
    """The second lane, in a process of its own: an office belongs to one thread."""
    words = ["--cuts", str(cuts), "--seed", str(seed), "--kept", str(root)]
    argv = [sys.executable, "-m", "tests.hil.cuts", *words, "--lane", str(made.place), "--place", str(place)]
    argv += ["--emulator", str(made.emulator.tree)]
    path = {"PYTHONPATH": str(REPOSITORY)}
    return Child(Order("the second lane", argv, place / "1.log", ADVICE, environment=path, listener=progress))


def _points(card: Card, other: Card, progress: Say) -> int:
    """Every named point, on the card that the random cuts left, and the enrolment's on one of its own."""
    try:
        done = named.at_points(card, progress)
    except (AssertionError, SandboxError) as error:
        raise failure("a named point", card, error) from error
    other.fresh()
    try:
        progress(named.enrolling(other))
    except (AssertionError, SandboxError) as error:
        raise failure("in the enrolment", other, error) from error
    return done + 1


def main() -> int:
    """Run alone, or as another run's second lane."""
    parser = argparse.ArgumentParser(prog="python -m tests.hil.cuts", description="Power cuts.")
    parser.add_argument("--cuts", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--points", action="store_true", help="and every named point")
    parser.add_argument("--kept", type=Path, default=kept.ROOT)
    parser.add_argument("--place", type=Path)
    parser.add_argument("--lane", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--emulator", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    host.prepare(say)
    place = given.place or given.kept / "cuts"
    if given.lane:
        lane = Lane(root=given.kept, place=place, cuts=given.cuts, seed=given.seed, number=1, cores=1)
        outcome = lane.run(Made(BOOKWORM, given.lane, Emulator(given.emulator)), say)
        (place / "1.json").write_bytes(msgspec.json.encode(outcome))
        return 0
    workshop = Workshop(host.mirror(), say, kept.Kept(given.kept))
    say(f"seed {given.seed}")
    power_cuts(workshop, place, say, cuts=given.cuts, points=given.points, seed=given.seed, progress=say)
    shutil.rmtree(place)  # cards are large; what failed is kept
    return 0


if __name__ == "__main__":
    sys.exit(main())
