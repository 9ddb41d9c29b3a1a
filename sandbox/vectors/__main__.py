"""`python -m sandbox.vectors`: every case anew, with new keys. What was made before stays good."""

import json
import shutil
from itertools import chain
from pathlib import Path
from typing import Final

from sandbox.layout import REPOSITORY
from sandbox.vectors import european, others, own
from sandbox.vectors.case import many

PLACE: Final = REPOSITORY / "docs" / "vectors"


def main(place: Path = PLACE) -> None:
    """Write a file for each case."""
    every = many([*own.cases(), *european.cases(), *others.cards(), *others.new_zealand()])
    for directory in {case.format.lower() for case in every}:
        shutil.rmtree(place / directory, ignore_errors=True)
        (place / directory).mkdir(parents=True)
    for case in chain(every):
        path = place / case.format.lower() / f"{case.name}.json"
        path.write_text(json.dumps(case.document(), indent=1, ensure_ascii=False) + "\n")
    print(f"{len(every)} cases in {place}")


if __name__ == "__main__":
    main()
