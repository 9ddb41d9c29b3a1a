"""The door of `jx-fleet`: offline signing goes to its own room, which the server never enters."""

import importlib
import sys


def main() -> None:
    """`jx-fleet ceremony …` is the signing desk of another machine; everything else is the server."""
    if sys.argv[1:2] == ["ceremony"]:
        del sys.argv[1]
        importlib.import_module("fleet.ceremony.command").main()
    else:
        importlib.import_module("fleet.server").main()


if __name__ == "__main__":
    main()
