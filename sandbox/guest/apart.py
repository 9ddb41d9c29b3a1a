"""Work on a Debian tree where nobody else sees it: in namespaces that go, with all in them, when it ends."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sandbox.children import LEASH
from sandbox.errors import SandboxError

LAST_LINES: Final = 15
APART: Final = ("unshare", "--mount", "--propagation", "private", "--pid", "--kill-child", "--mount-proc")
"""What is mounted in there is nowhere else; when this ends, however it does, all processes in there do."""


class Works:
    """The programs that run at this moment, in whichever thread."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, argv: Sequence[str], log: Path, limit_s: float) -> int:
        """Run a program on a leash, its words into `log`; its exit code. TimeoutExpired: it was ended."""
        leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), "SIGKILL"]
        with log.open("ab") as out:
            process = subprocess.Popen(  # noqa: S603 -- our own words, through no shell
                [*leash, *argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
            )
        self._running.add(process)
        try:
            if self._stopped:
                process.kill()
            return process.wait(limit_s)
        finally:
            self._running.discard(process)
            process.kill()
            process.wait()

    def stop(self) -> None:
        """End them all, and what is begun from now on. It takes no lock: a signal's handler may say it."""
        self._stopped = True
        for process in tuple(self._running):
            process.kill()


WORKS: Final = Works()


def told(command: Sequence[str | Path], what: str, log: Path, *, limit_s: float = 1200) -> None:
    """Run a program, its words into `log`; SandboxError with the last of them when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    argv = [str(word) for word in command]
    with log.open("a") as out:
        out.write(f"$ {' '.join(argv)}\n")
    try:
        code = WORKS.run(argv, log, limit_s)
    except subprocess.TimeoutExpired as error:
        raise SandboxError(f"{what} took longer than {limit_s:.0f} s; its words are in {log}") from error
    if code != 0:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-LAST_LINES:])
        raise SandboxError(f"{what} failed ({code}); all its words are in {log}, the last:\n{last}")


def apart(script: str, arguments: Sequence[str | Path], what: str, log: Path) -> None:
    """Run a shell script in namespaces of its own."""
    told([*APART, "sh", "-euc", script, what, *arguments], what, log)


def debian(
    suite: str,
    mirror: str,
    packages: Sequence[str],
    tree: Path,
    log: Path,
    *,
    sources: Sequence[str] = (),
    variant: str = "minbase",
) -> None:
    """Unpack a small Debian with these packages into an empty directory; signatures are checked.

    `sources` are lines of sources.list beside the release itself, `variant` is mmdebstrap's.
    """
    quiet = [
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=Acquire::Retries "3"',
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude=/usr/share/{place}/*" for place in ("man", "doc", "locale", "info")),
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    ]
    command = ["mmdebstrap", "--mode=root", f"--variant={variant}", *quiet]
    command += [f"--include={','.join(packages)}", suite, str(tree), mirror, *sources]
    told([*APART, *command], f"unpacking Debian {suite}", log)
