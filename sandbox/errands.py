"""Commands that the demo gives to a clerk, and what came of them."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sandbox.children import LEASH
from sandbox.errors import SandboxError

LAST_WORDS: Final = 2000
FINE: Final = {"jx-field": {0, 3}}
"""Exit codes besides 0 that are no failure: jx-field's 3 says that something deserves a look."""


class Clerk:
    """A clerk process with a log of every command; one command at a time, any thread.

    `module` is what its commands need, imported while there is nothing else to do.
    """

    def __init__(self, name: str, log: Path, module: str) -> None:
        self._name = name
        self._log = log
        self._lock = threading.Lock()
        argv = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), "SIGTERM"]
        argv += [sys.executable, "-m", "sandbox.clerk", module]
        self._process = subprocess.Popen(  # noqa: S603 -- this Python with arguments of its own, through no shell
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        )

    def run(self, *argv: str | Path) -> str:
        """Run one command line; returns what it printed. SandboxError when it fails."""
        words = [str(word) for word in argv]
        begun_s = time.monotonic()
        with self._lock:
            answer = self._ask(words)
            self._note(words, answer, time.monotonic() - begun_s)
        if answer["code"] not in FINE.get(words[0], {0}):
            said = (answer["err"] or answer["out"])[-LAST_WORDS:].strip()
            raise SandboxError(
                f"`{' '.join(words)}` failed:\n{said}\nThe log is {self._log}; try: make demo-clean"
            )
        printed: str = answer["out"]
        return printed

    def read(self, *argv: str | Path) -> Any:  # noqa: ANN401 -- JSON
        """Run a command that prints JSON; returns the value."""
        return json.loads(self.run(*argv))

    def close(self) -> None:
        """Send the clerk home."""
        if self._process.stdin is not None and self._process.poll() is None:
            self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, words: list[str]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        try:
            if stdin is None or stdout is None:
                raise BrokenPipeError
            stdin.write(json.dumps(words) + "\n")
            stdin.flush()
            line = stdout.readline()
        except (OSError, ValueError):
            line = ""
        if not line:
            raise SandboxError(f"the {self._name} died during `{' '.join(words)}`; the log is {self._log}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _note(self, words: list[str], answer: dict[str, Any], took_s: float) -> None:
        """Log the command without its output: a token must not lie about."""
        shown = " ".join(words if words[1:2] != ["enrol"] else [*words[:2], "…"])
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{took_s:6.2f} s  exit {answer['code']}  {shown}\n{answer['err']}")
