"""`make hil`: the drivers on real device nodes, in machines that anybody has. docs/hardware-in-the-loop.md.

`SMOKE=1` or `--smoke`: the short run. `--only NAME`: one session. `--seed N`: the same power cuts again.
"""

import argparse
import contextlib
import fcntl
import os
import random
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

from sandbox.errors import SandboxError
from sandbox.guest import host, kept
from sandbox.guest.apart import WORKS
from sandbox.guest.suites import TRIXIE
from sandbox.guest.workshop import Workshop
from tests.hil.ledger import Ledger, StepFailedError
from tests.hil.sessions import SESSIONS, WITH_FLEET_AND_CAMERA, Given

SEEDS = 2**32


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(prog="python -m tests.hil", description="Hardware in the loop.")
    smoke = os.environ.get("SMOKE", "") not in {"", "0"}
    parser.add_argument("--smoke", action="store_true", default=smoke, help="the short run, as in .ci/run")
    parser.add_argument("--only", choices=tuple(SESSIONS), action="append", help="this session, no other")
    parser.add_argument("--cuts", type=int, help="how many power cuts at random moments")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(SEEDS), help="what chooses those moments"
    )
    return parser.parse_args(arguments)


def interrupted(number: int, _frame: FrameType | None) -> None:
    """End what is being made, in whichever thread, and let every `with` put things in order."""
    WORKS.stop()
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def ahead(workshop: Workshop) -> None:
    """Make what guest B starts from while other guests run; its own session tells what goes wrong."""
    with contextlib.suppress(SandboxError):
        workshop.made(TRIXIE, **WITH_FLEET_AND_CAMERA)


def run(given: Given, names: Sequence[str], ledger: Ledger) -> None:
    """Every session; one that fails does not keep the next from being tried."""
    for name in names:
        ledger.where = name
        place = given.place / name.replace(" ", "-")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        before = len(ledger.rows)
        try:
            SESSIONS[name](given, place, ledger)
        except StepFailedError:
            continue
        except Exception:
            with ledger.step("what it stands on"):
                raise
        if all(row.wrong is None for row in ledger.rows[before:]):
            shutil.rmtree(place)  # cards are large; what failed is kept


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when everything was proved, 1 when something was not, 2 when nothing could be tried."""
    given = options(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    ledger = Ledger()
    try:
        host.prepare(ledger.say)
        kept.ROOT.mkdir(exist_ok=True)
        with (kept.ROOT / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise SandboxError(f"another run has {kept.ROOT}; wait for it to end") from error
            ledger.say(
                f"the {'short' if given.smoke else 'whole'} run; seed {given.seed}; kept in {kept.ROOT}"
            )
            workshop = Workshop(host.mirror(), ledger.say)
            told = Given(workshop, kept.ROOT / "run", smoke=given.smoke, seed=given.seed, cuts=given.cuts)
            names = given.only or tuple(SESSIONS)
            if len(names) > 1 and "guest B" in names:
                threading.Thread(target=ahead, args=(workshop,), daemon=True).start()
            run(told, names, ledger)
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("stopped; what was made is kept\n")
        return 130
    ledger.table()
    ledger.write(kept.ROOT / "last.md")
    ledger.say(
        "everything was proved"
        if ledger.good
        else f"NOT everything was proved; see above and {kept.ROOT}/run"
    )
    return 0 if ledger.good else 1


if __name__ == "__main__":
    sys.exit(main())
