"""What stands on a gate's card beside Raspberry Pi OS: each file of this directory, and where it goes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

HERE: Final = Path(__file__).parent
MOUNT: Final = r"var-lib-jixiang\x2dgate.mount"
"""systemd's name of a mount at /var/lib/jixiang-gate; kept here under one that every file system can hold."""
DEVICE: Final = r"dev-disk-by\x2dlabel-jixiang\x2ddata.device"
"""systemd's name of the data partition, which is found by its label."""
DATA_LABEL: Final = "jixiang-data"
DATA_PARTITION: Final = 3
"""After boot and root: the card step makes it before the first boot grows the root partition up to it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file of the image."""

    source: str
    """Relative to this directory."""
    destination: str
    """Absolute, as the running gate sees it."""
    mode: int = 0o644
    owner: str = "root:root"
    how: Literal["whole", "lines", "words"] = "whole"
    """What becomes of a destination that is there already: replaced, or "lines" added at its end, or "words"
    to its only line."""
    when: Literal["always", "voice"] = "always"
    """"voice": only for a gate whose gate.toml has that section."""

    @property
    def path(self) -> Path:
        """Where the file lies in this directory."""
        return HERE / self.source

    def placed(self, present: str) -> str:
        """What the destination is to hold when it holds `present`; doing it twice changes nothing."""
        ours = self.path.read_text(encoding="utf-8")
        if self.how == "lines":
            return present if ours in present else present.rstrip("\n") + "\n\n" + ours
        if self.how == "words":
            words = present.split()
            return " ".join([*words, *(word for word in ours.split() if word not in words)]) + "\n"
        return ours


_UNITS: Final = "/etc/systemd/system"

MANIFEST: Final = (
    Item("systemd/jixiang-gate.service", f"{_UNITS}/jixiang-gate.service"),
    Item("systemd/voice.conf", f"{_UNITS}/jixiang-gate.service.d/voice.conf", when="voice"),
    Item("systemd/jixiang-trouble.service", f"{_UNITS}/jixiang-trouble.service"),
    Item("systemd/jixiang-data.service", f"{_UNITS}/jixiang-data.service"),
    Item("systemd/jixiang-card.service", f"{_UNITS}/jixiang-card.service"),
    Item("systemd/data.mount", f"{_UNITS}/{MOUNT}"),
    Item("systemd/data-device.conf", f"{_UNITS}/{DEVICE}.d/50-jixiang-gate.conf"),
    Item("systemd/boot.conf", f"{_UNITS}/boot-firmware.mount.d/50-jixiang-gate.conf"),
    Item("libexec/jixiang-card", "/usr/local/libexec/jixiang-card", mode=0o755),
    Item("etc/watchdog.conf", "/etc/systemd/system.conf.d/50-jixiang-gate.conf"),
    Item("etc/journald.conf", "/etc/systemd/journald.conf.d/50-jixiang-gate.conf"),
    Item("etc/overlayroot.local.conf", "/etc/overlayroot.local.conf"),
    Item("etc/sysctl.conf", "/etc/sysctl.d/50-jixiang-gate.conf"),
    Item("etc/sysusers.conf", "/etc/sysusers.d/jixiang-gate.conf"),
    Item("etc/tmpfiles.conf", "/etc/tmpfiles.d/jixiang-gate.conf"),
    Item("etc/modules-load.conf", "/etc/modules-load.d/jixiang-gate.conf"),
    Item("etc/swap.conf", "/etc/rpi/swap.conf.d/50-jixiang-gate.conf"),
    Item("etc/udev.rules", "/etc/udev/rules.d/60-jixiang-gate.rules"),
    Item("boot/jixiang.txt", "/boot/firmware/jixiang.txt"),
    Item("boot/config.txt", "/boot/firmware/config.txt", how="lines"),
    Item("boot/cmdline.txt", "/boot/firmware/cmdline.txt", how="words"),
)

LINKS: Final = {f"/usr/local/bin/{name}": f"/opt/jixiang-gate/bin/{name}" for name in ("jx-gate", "jx-field")}
"""Symbolic links, name -> what it leads to: sudo looks for commands there and nowhere in /opt."""

ENABLED: Final = ("jixiang-card.service", "jixiang-gate.service")
"""`systemctl enable`; the mount and its file system are pulled in by them."""

MASKED: Final = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "man-db.timer",
    "dphys-swapfile.service",
)
"""What would write to a layer in memory or wear the card; one that a release does not have is left out."""

PACKAGES: Final = ("overlayroot", "busybox")
"""Debian packages that the image needs beside device/system-packages.toml; both releases have them.

Without busybox the initial file system has no grep: overlayroot then says so where nobody reads it, and
the root stays writable. What overlayroot depends on only recommends it.
"""
