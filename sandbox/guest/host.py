"""What this computer must have to run guests, and where it gets Debian's packages."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from typing import Final

from sandbox.errors import SandboxError

PROGRAMS: Final = {
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "mcopy": "mtools",
    "mkfs.vfat": "dosfstools",
    "sfdisk": "fdisk",
    "unshare": "util-linux",
    "xz": "xz-utils",
}
"""Program to the Debian package that has it."""
SYSTEM_PATHS: Final = "/usr/local/sbin:/usr/sbin:/sbin"
MIRROR_VARIABLE: Final = "JX_DEBIAN_MIRROR"


def missing(which: Callable[[str], str | None]) -> list[str]:
    """The packages that have to be installed, in alphabetical order."""
    return sorted({package for program, package in PROGRAMS.items() if which(program) is None})


def prepare(say: Callable[[str], None]) -> None:
    """Find or install what guests need; SandboxError says what this computer lacks and what to do."""
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_PATHS}"
    packages = missing(shutil.which)
    if os.geteuid() != 0:
        first = f"sudo apt-get install {' '.join(packages)}; then " if packages else ""
        raise SandboxError(
            "hardware in the loop needs root: it unpacks Debian systems, which belong to root, and mounts "
            f"them where nobody else sees it. Nothing was started. {first}sudo make hil"
        )
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise SandboxError(
            f"hardware in the loop needs programs that are missing here. Debian has them in: "
            f"{' '.join(packages)}. Nothing was started. Install them, then make hil"
        )
    say(f"installing {' '.join(packages)}")
    apt(["update", "-qq"])
    apt(["install", "-y", "-qq", "--no-install-recommends", *packages])


def apt(arguments: Sequence[str]) -> None:
    """Run apt-get; SandboxError with its own words when it fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(  # noqa: S603 -- our own words, through no shell
        ["apt-get", *arguments],  # noqa: S607 -- wherever the system has it
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()[-5:]
        raise SandboxError(f"apt-get {arguments[0]} failed: {' / '.join(words)}")


def mirror() -> str:
    """Where this computer's own Debian packages come from; guests' come from the same place."""
    told = os.environ.get(MIRROR_VARIABLE)
    if told:
        return told
    found = _sites()
    if not found:
        apt(["update", "-qq"])
        found = _sites()
    if not found:
        raise SandboxError(
            "no Debian archive is configured here (apt-get indextargets names none with the label Debian); "
            f"say where one is: {MIRROR_VARIABLE}=http://… make hil"
        )
    return found[0]


def _sites() -> list[str]:
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(SITE)", "Created-By: Packages"],  # noqa: S607 -- wherever the system has it
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return sites(told)


def sites(told: str) -> list[str]:
    """The addresses of Debian's own archive in what apt tells of its sources, each once."""
    found = [line.split("|", 2)[2] for line in told.splitlines() if line.startswith("Debian|Debian|")]
    return list(dict.fromkeys(found))
