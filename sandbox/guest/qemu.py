"""One QEMU: which words start it, and its process; a kill is a power cut."""

import hashlib
import os
import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.children import Child, Order
from sandbox.guest.card import DISK, Made

SOCKET_LONGEST: Final = 107
"""Bytes of a unix socket's path (unix(7))."""
PORT: Final = "jx.bench"
"""The name of the virtio port that the bench in the guest answers on."""
CPU: Final = "Nehalem,+rdrand"
"""The oldest that today's wheels take (x86-64-v2); newer ones copy bytes one by one when emulated."""
ADVICE: Final = "The guest is off. Its console and journal are in the file above; the card is kept beside it."
KERNEL_WORDS: Final = (
    "console=ttyS0",
    f"root=PARTUUID={DISK}-02",
    "rootwait",
    "panic=10",
    "fsck.repair=yes",
    "systemd.show_status=0",
    "quiet",
    "mitigations=off",  # they cost time here, and the guest has no secrets
    "nokaslr",
    "init_on_alloc=0",  # the same
    "8250.nr_uarts=1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A board with a card in it, before power is given."""

    made: Made
    card: Path
    place: Path
    """A directory for the console's log and the bench's socket."""
    memory_mib: int = 1024
    cores: int = 2
    in_slot: bool = False
    """An SD card, /dev/mmcblk0; otherwise a disk, /dev/sda, as on USB, which has a queue and a cache."""
    network: bool = True
    watchdog: bool = False
    """A device that starts the board anew when nobody feeds it; without it a board that hangs, hangs."""
    words: tuple[str, ...] = ()
    """More words for the kernel."""

    @property
    def socket(self) -> Path:
        """Where the bench answers; elsewhere when that path would be too long."""
        near = self.place / "bench.sock"
        if len(os.fsencode(near)) <= SOCKET_LONGEST:
            return near
        return Path(tempfile.gettempdir(), f"jx-{hashlib.sha256(os.fsencode(near)).hexdigest()[:12]}.sock")

    @property
    def console(self) -> Path:
        """What the guest says on its serial line."""
        return self.place / "console.log"


def command(slot: Slot) -> list[str]:
    """The words that start it: an emulated PC with nothing in it that a gate's board does not stand for.

    A disk's writes go straight to the file (cache=none): a kill loses what the guest had not written.
    """
    words = [*slot.made.emulator.words, "-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512"]
    words += ["-cpu", CPU, "-smp", str(slot.cores), "-m", str(slot.memory_mib)]
    words += ["-nodefaults", "-display", "none", "-no-reboot", "-rtc", "base=utc"]
    words += ["-kernel", str(slot.made.kernel), "-initrd", str(slot.made.initrd)]
    words += ["-append", " ".join((*KERNEL_WORDS, *slot.words))]
    words += slot_words(slot)
    words += ["-serial", f"file:{slot.console}", "-device", "virtio-rng-pci"]
    words += ["-chardev", f"socket,id=bench,path={slot.socket},server=on,wait=off"]
    words += ["-device", "virtio-serial-pci", "-device", f"virtserialport,chardev=bench,name={PORT}"]
    if slot.network:
        words += ["-netdev", "user,id=wire", "-device", "virtio-net-pci,netdev=wire"]
    if slot.watchdog:
        words += ["-device", "i6300esb", "-action", "watchdog=reset"]
    return words


def slot_words(slot: Slot) -> list[str]:
    """Where the card is: behind a controller that queues and flushes, or in a real slot.

    QEMU's slot writes each sector before the guest goes on, so its cache is left on: bypassing it would stop
    the guest for minutes and prove nothing more.
    """
    drive = f"id=card,if=none,format=raw,file={slot.card}"
    if slot.in_slot:
        return ["-drive", drive, "-device", "sdhci-pci", "-device", "sd-card,drive=card"]
    return ["-drive", f"{drive},cache=none", "-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=card"]


def start(slot: Slot) -> Child:
    """Give it power; it ends when this process does, however that ends."""
    slot.place.mkdir(parents=True, exist_ok=True)
    slot.socket.unlink(missing_ok=True)
    argv = command(slot)
    (slot.place / "command").write_text(shlex.join(argv) + "\n")
    environment = slot.made.emulator.environment
    return Child(Order("QEMU", argv, slot.place / "qemu.log", ADVICE, environment))


def words_of(console: Path, last: int) -> Sequence[str]:
    """The last lines of a console, for a message."""
    return console.read_text(errors="replace").splitlines()[-last:] if console.exists() else ()
