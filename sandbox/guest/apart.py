"""Work on a Debian tree where nobody else sees it: in a mount namespace that goes when the work does."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError

LAST_LINES: Final = 15


def told(command: Sequence[str | Path], what: str, log: Path, *, limit_s: float = 1200) -> None:
    """Run a program, its words into `log`; SandboxError with the last of them when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    argv = [str(word) for word in command]
    with log.open("ab") as out:
        out.write(f"$ {' '.join(argv)}\n".encode())
        out.flush()
        try:
            done = subprocess.run(  # noqa: S603 -- our own words, through no shell
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SandboxError(f"{what} took longer than {limit_s:.0f} s; its words are in {log}") from error
    if done.returncode != 0:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-LAST_LINES:])
        raise SandboxError(
            f"{what} failed ({done.returncode}); all its words are in {log}, the last:\n{last}"
        )


def apart(script: str, arguments: Sequence[str | Path], what: str, log: Path) -> None:
    """Run a shell script in a mount namespace of its own: what it mounts is nowhere else."""
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", script, what, *arguments]
    told(command, what, log)


def debian(
    suite: str, mirror: str, packages: Sequence[str], tree: Path, log: Path, *, sources: Sequence[str] = ()
) -> None:
    """Unpack a small Debian with these packages into an empty directory; signatures are checked.

    `sources` are lines of sources.list beside the release itself.
    """
    quiet = [
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=Acquire::Retries "3"',
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude=/usr/share/{place}/*" for place in ("man", "doc", "locale", "info")),
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    ]
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", *quiet]
    command += [f"--include={','.join(packages)}", suite, str(tree), mirror, *sources]
    told(["unshare", "--mount", "--propagation", "private", *command], f"unpacking Debian {suite}", log)
