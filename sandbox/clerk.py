"""Somebody at a keyboard: runs command lines of this project one after another in one process.

Each line of standard input is a JSON list, like `["jx-fleet", "gate", "list", "--json"]`; each answer is a
JSON object with the exit code and what was printed. The commands are those of the real command lines;
one process only saves importing them anew each time.
"""

import contextlib
import importlib
import io
import json
import sys
import traceback
from collections.abc import Sequence
from typing import Final

COMMANDS: Final = {
    "jx-fleet": "fleet.command",
    "jx-field": "provisioning.command",
    "jx-gate": "device.firmware.command",
}


def run(argv: Sequence[str]) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command line."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.argv
    sys.argv = list(argv)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _call(COMMANDS[argv[0]])
    finally:
        sys.argv = before
    return code, out.getvalue(), err.getvalue()


def _call(module: str) -> int:
    try:
        importlib.import_module(module).main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001 -- as the interpreter would: print it and exit 1
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    """Answer until standard input ends; what the arguments name is imported before anybody asks."""
    for module in sys.argv[1:]:
        importlib.import_module(module)
    for line in sys.stdin:
        code, out, err = run(json.loads(line))
        sys.stdout.write(json.dumps({"code": code, "out": out, "err": err}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
