"""`make demo`: a ceremony, a fleet, an issuer, three gates and a town of people on this computer."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sandbox import ports, records
from sandbox.errors import SandboxError
from sandbox.layout import DEFAULT, Layout

SEED: Final = 20200301
EPILOG: Final = "Ctrl-C stops everything. The data stays in .demo; --fresh or `make demo-clean` forgets it."


def options(argv: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__, epilog=EPILOG)
    base = os.environ.get(ports.VARIABLE)
    parser.add_argument(
        "--port",
        type=int,
        default=base,
        help=f"first of four ports (default {ports.FIRST}, or ${ports.VARIABLE})",
    )
    parser.add_argument("--seed", type=int, help=f"who lives here and who comes when (default {SEED})")
    parser.add_argument("--people", type=int, metavar="N", help="stop after so many people")
    parser.add_argument("--script", type=Path, metavar="FILE", help="who comes, as TOML; see docs/demo.md")
    parser.add_argument("--fresh", action="store_true", help="forget the last run first")
    parser.add_argument("--lang", choices=("zh", "en"), default=_language(), help="of these lines")
    parser.add_argument("--data", type=Path, default=DEFAULT, help="where everything lies (default .demo)")
    return parser.parse_args(argv)


def _language() -> str:
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if named.startswith("zh") else "en"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when it was stopped or everybody has been, 1 when it could not go on."""
    begun_s = time.monotonic()
    given = options(sys.argv[1:] if argv is None else argv)
    try:
        layout = Layout(given.data.absolute())
        if given.fresh:
            layout.clear()
        record = records.agree(layout.town, given.seed, given.port, records.Record(SEED, ports.FIRST))
        ports.check(record.ports)
        # Only now the heavy imports: a port in use is told at once.
        from sandbox.running import Run

        for number in (signal.SIGTERM, signal.SIGINT):  # a shell's "&" leaves the latter ignored
            signal.signal(number, signal.default_int_handler)
        Run(layout, record, given, begun_s).until_stopped()
    except SandboxError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
