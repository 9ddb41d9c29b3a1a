"""The two releases that a gate runs on, and what a guest of each is made of."""

from dataclasses import dataclass
from typing import Final

from provisioning import image

ARCHITECTURE: Final = "amd64"
MACHINE: Final = "x86_64"
"""The same, as the kernel, the linker and wheels say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A Debian release; versions of kernel and packages are whatever its archive has today."""

    name: str
    """Debian's codename, which Raspberry Pi OS shares."""
    python: str
    glibc: tuple[int, int]


ON_EVERY_CARD: Final = (
    f"linux-image-{ARCHITECTURE}",
    "systemd",
    "systemd-sysv",
    "udev",
    "dbus",
    "initramfs-tools",
    "kmod",
    "busybox",  # the initial file system's shell and grep, as on Raspberry Pi OS
    "e2fsprogs",
    "fdisk",
    "python3",
    "python3-venv",
    "i2c-tools",
    "procps",
    "strace",
    *image.PACKAGES,
)
"""A Raspberry Pi OS Lite has these too, but for strace, which stops the firmware at a named point."""

BUILDERS: Final = (f"linux-headers-{ARCHITECTURE}", "linux-source", "gcc", "make", "xz-utils")
"""What kernel modules are made with; a tree that has them is thrown away afterwards."""

BOOKWORM: Final = Suite(name="bookworm", python="3.11", glibc=(2, 36))
TRIXIE: Final = Suite(name="trixie", python="3.13", glibc=(2, 41))
