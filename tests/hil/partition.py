"""What becomes of a gate whose data partition is damaged, somebody else's, or missing; and maintenance."""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from provisioning.command import CARD_DATA
from provisioning.image import DATA_PARTITION
from sandbox.guest.guest import Guest
from tests.hil.boot import CARD, STARTS_S, UNIT, Report, identity, logged, partitions, ready, shown

BLOCK: Final = 4096
AGAIN_S: Final = 120.0
"""How long the trouble is shown before the gate is tried again (`jixiang-trouble.service`)."""
DEVICE: Final = f"{CARD}{DATA_PARTITION}"
TROUBLE: Final = "jixiang-trouble.service"


def somebodys(card: Path) -> None:
    """Write the beginning of a swap area over the data partition's first block, as another computer might."""
    offset, _ = list(partitions(card))[DATA_PARTITION - 1]
    with tempfile.NamedTemporaryFile() as area:
        area.truncate(1 << 20)
        subprocess.run(["mkswap", "-q", area.name], check=True, stderr=subprocess.DEVNULL)
        first = Path(area.name).read_bytes()[:BLOCK]
    with card.open("r+b") as file:
        file.seek(offset)
        file.write(first)


def without_partition(card: Path) -> None:
    """Take the third partition out of the card's table."""
    subprocess.run(["sfdisk", "-q", "--delete", card, str(DATA_PARTITION)], check=True)


def out_of_service(guest: Guest, why: str) -> str:
    """Wait for the unit that shows the trouble; the gate itself is off, and the reason is in the log."""
    guest.until(lambda: shown(guest, "ActiveState", TROUBLE) == "active", "the trouble is shown", STARTS_S)
    told = logged(guest, "jixiang-data")
    assert why in told, told
    assert shown(guest, "ActiveState") == "inactive", shown(guest, "ActiveState")
    mounted = guest.run("mountpoint", "-q", str(CARD_DATA), check=False)
    assert mounted.code != 0, "something is mounted where the data partition belongs"
    guest.until(lambda: "out of service" in logged(guest, TROUBLE), "it says so", STARTS_S)
    return next(line for line in told.splitlines() if why in line)


def somebody_else_then_torn(guest: Guest, report: Report, uuid: str) -> None:
    """What is not ours is left alone; a first block that is gone is restored when the gate is tried again."""
    report(out_of_service(guest, "was left as it is"))
    assert guest.sh(f"blkid -p -s TYPE -o value {DEVICE}") == "swap", "it was written to"
    assert "out of service" in logged(guest, TROUBLE)
    guest.run("dd", "if=/dev/zero", f"of={DEVICE}", f"bs={BLOCK}", "count=1", "conv=fsync")
    guest.until(
        lambda: shown(guest, "ActiveState") != "inactive", "the gate is tried again", AGAIN_S + STARTS_S
    )
    ready(guest, report)
    told = logged(guest, "jixiang-data")
    assert "was damaged and is restored" in told, told
    assert identity(guest) == uuid, "it was made anew"
    assert shown(guest, "ActiveState", TROUBLE) == "inactive"
    boot = re.findall(r"boot sequence=(\d+)", logged(guest, UNIT))
    assert int(boot[0]) > 1, "its journal began anew"
    report(f"tried again by itself: {told.splitlines()[-1]}; the journal goes on with {boot[0]}")


def no_partition_and_maintenance(guest: Guest, report: Report) -> None:
    """Started with `overlayroot=disabled`, without a third partition: a writable root and a clear message."""
    report(out_of_service(guest, "the card has no third partition"))
    assert guest.sh("findmnt -n -o FSTYPE,OPTIONS /").split()[0] == "ext4"
    assert "rw" in guest.sh("findmnt -n -o OPTIONS /").split(",")
    guest.run("mount", "-o", "remount,rw", "/boot/firmware")
    guest.sh("echo kept > /etc/kept && sync")
    report("overlayroot=disabled: the root is ext4, rw; the boot partition can be made writable")


def maintained(card: Path, report: Report) -> None:
    """What maintenance wrote stands on the card itself."""
    offset, _ = list(partitions(card))[1]
    words = ["debugfs", "-R", "cat /etc/kept", f"{card}?offset={offset}"]
    told = subprocess.run(words, capture_output=True, check=False)
    assert told.stdout == b"kept\n", told
    report("what was written in maintenance stands on the card")
