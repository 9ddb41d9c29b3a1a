"""The QEMU that runs guests: the newer release's own, unpacked beside the guests' trees and not installed.

A computer's own may be of any age; one before 8.1 hangs a guest now and then: docs/hardware-in-the-loop.md.
"""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError
from sandbox.guest.apart import debian
from sandbox.guest.suites import MACHINE, TRIXIE

PROGRAM: Final = f"qemu-system-{MACHINE}"
PACKAGES: Final = ("qemu-system-x86",)
UNPACKED: Final = "extract"
"""mmdebstrap's variant that runs nothing of what it unpacks."""
LIBRARIES: Final = f"usr/lib/{MACHINE}-linux-gnu"
LOADER: Final = f"{LIBRARIES}/ld-linux-x86-64.so.2"
DATA: Final = ("usr/share/qemu", "usr/share/seabios")


@dataclass(frozen=True, slots=True)
class Emulator:
    """An unpacked QEMU; it brings its own C library, so that of this computer does not matter."""

    tree: Path

    @property
    def words(self) -> Sequence[str]:
        """What starts it, before its own arguments."""
        libraries = f"{self.tree / LIBRARIES}:{self.tree / 'usr/lib'}"
        own = [str(self.tree / LOADER), "--argv0", PROGRAM, "--library-path", libraries]
        own.append(str(self.tree / "usr/bin" / PROGRAM))
        for place in DATA:
            own += ["-L", str(self.tree / place)]
        return own

    @property
    def environment(self) -> Mapping[str, str]:
        """What it is to have in its environment: modules of its own age, never this computer's."""
        return {"QEMU_MODULE_DIR": str(self.tree / LIBRARIES / "qemu")}

    def version(self) -> str:
        """As it says it; SandboxError when it does not start here."""
        done = subprocess.run([*self.words, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 -- our own words, through no shell
        found = re.match(r"QEMU emulator version (\S+)", done.stdout)
        if found is None:
            raise SandboxError(
                f"the unpacked {PROGRAM} does not start on this computer ({done.returncode}): "
                f"{done.stderr.strip()}. Remove {self.tree} and run it again; it needs an {MACHINE} Linux"
            )
        return found[1]


def unpack(mirror: str, into: Path, log: Path) -> None:
    """Fetch it into an empty directory; signatures are checked."""
    debian(TRIXIE.name, mirror, PACKAGES, into, log, variant=UNPACKED)
    Emulator(into).version()
