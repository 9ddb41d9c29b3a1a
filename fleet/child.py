"""What the supervisor starts: one process of a fleet, without the command line around it."""

import sys
from pathlib import Path

from fleet import processes
from fleet.errors import FleetError


def main() -> None:
    """`python -m fleet.child NAME DIRECTORY`: exit code 1 with a sentence when it cannot go on."""
    name, directory = sys.argv[1:3]
    try:
        processes.run(name, Path(directory))
    except FleetError as error:
        sys.stderr.write(f"{name}: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
