"""Writes a whole card: partition table, boot partition with its files, root file system, data partition."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.guest.apart import told
from sandbox.guest.emulator import Emulator
from sandbox.guest.suites import Suite

MIB: Final = 1 << 20
DISK: Final = "4a584741"
"""The card's number in its partition table: the root is PARTUUID=…-02, as on Raspberry Pi OS."""
BOOT_MIB, ROOT_MIB, CARD_MIB = 64, 3500, 4096
"""An SD card has a power of two; what is left is the data partition."""


@dataclass(frozen=True, slots=True)
class Made:
    """A root file system with its kernel and the emulator, kept; never written to."""

    suite: Suite
    place: Path
    emulator: Emulator
    """What runs it."""

    @property
    def kernel(self) -> Path:
        """What QEMU starts."""
        return self.place / "kernel"

    @property
    def initrd(self) -> Path:
        """What mounts the root."""
        return self.place / "initrd"

    def card(self, path: Path, boot: Mapping[str, bytes], data: Path | None = None) -> Path:
        """Write a whole card; `boot`: files of the boot partition, `data`: image of a data partition."""
        log = path.with_suffix(".log")
        path.unlink(missing_ok=True)
        with path.open("wb") as file:
            file.truncate(CARD_MIB * MIB)
        sectors = MIB // 512
        table = path.with_suffix(".table")
        table.write_text(
            f"label: dos\nlabel-id: 0x{DISK}\n"
            f"start={sectors}, size={BOOT_MIB * sectors}, type=c\n"
            f"start={(1 + BOOT_MIB) * sectors}, size={ROOT_MIB * sectors}, type=83\n"
            f"start={(1 + BOOT_MIB + ROOT_MIB) * sectors}, type=83\n"
        )
        told(["sh", "-c", 'sfdisk -q "$1" < "$2"', "sfdisk", path, table], "partitioning the card", log)
        fat = _fat(path, boot, log)
        for source, at in (
            (fat, 1),
            (self.place / "root.ext4", 1 + BOOT_MIB),
            (data, 1 + BOOT_MIB + ROOT_MIB),
        ):
            if source is not None:
                lay(source, path, at * MIB)
        for leftover in (fat, table, log):
            leftover.unlink()
        return path


def lay(source: Path, onto: Path, offset: int) -> None:
    """Copy a file into another at `offset`; where it has holes, nothing is written."""
    with source.open("rb") as reader, onto.open("r+b") as writer:
        at, end = 0, os.fstat(reader.fileno()).st_size
        while at < end:
            try:
                begin = os.lseek(reader.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                return
            at = os.lseek(reader.fileno(), begin, os.SEEK_HOLE)
            while begin < at:
                to = offset + begin
                begin += os.copy_file_range(reader.fileno(), writer.fileno(), at - begin, begin, to)


def _fat(path: Path, files: Mapping[str, bytes], log: Path) -> Path:
    """The boot partition, as a file of its own."""
    fat, tree = path.with_suffix(".fat"), path.with_suffix(".boot")
    shutil.rmtree(tree, ignore_errors=True)
    for name, content in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    fat.unlink(missing_ok=True)
    with fat.open("wb") as file:
        file.truncate(BOOT_MIB * MIB)
    told(["mkfs.vfat", "-n", "bootfs", fat], "making the boot partition", log)
    if tree.exists():
        told(["mcopy", "-s", "-i", fat, *sorted(tree.iterdir()), "::/"], "filling the boot partition", log)
        shutil.rmtree(tree)
    return fat


def data_offset() -> int:
    """Where the data partition begins, in bytes."""
    return (1 + BOOT_MIB + ROOT_MIB) * MIB
