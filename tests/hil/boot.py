"""How a gate's card starts, what its watchdogs bite, and what becomes of what is written to it.

Each step is given a guest that is on; `tests/hil/starts.py` says in which order they run, and gives it power.
"""

import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from provisioning.command import CARD_DATA
from provisioning.image import DATA_LABEL, DATA_PARTITION
from sandbox.guest.card import DISK
from sandbox.guest.guest import Guest

Report = Callable[[str], None]
UNIT: Final = "jixiang-gate.service"
RELAY, FIRE = 17, 16
"""Pins of the example configuration; a fire is an open loop, high by its pull-up, and lets the relay on."""
STARTS_S: Final = 600.0
"""What an emulated processor may take from power to a gate that says it is ready."""
WATCHDOG_S: Final = 20.0
BOARD_S: Final = 15.0
POWERS_OFF_S: Final = 180.0
SLOW_S: Final = 180.0
"""What the slowest commands may take on a computer that does much else."""
LATE: Final = ("network-online.target", "network.target", "time-sync.target", "time-set.target")
"""What a gate must not wait for, beside every unit whose name says that it waits."""
OPENED: Final = ("/dev/gpiochip0", "/dev/i2c-1", "/dev/null", "/dev/urandom")
CARD: Final = f"/dev/disk/by-partuuid/{DISK}-0"
"""A partition of the card, without its number."""
REFUSED: Final = (f"{CARD}2", f"{CARD}{DATA_PARTITION}", "/dev/i2c-0", "/dev/kmsg", "/dev/ttyS0", "/dev/mem")
TRY: Final = """
import os, sys
group, user, *paths = sys.argv[1:]
open(f"/sys/fs/cgroup{group}/cgroup.procs", "w").write(str(os.getpid()))
if user:
    import pwd
    own = pwd.getpwnam(user)
    os.initgroups(user, own.pw_gid); os.setgid(own.pw_gid); os.setuid(own.pw_uid)
for path in paths:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NOCTTY)); print(path, "opened")
    except OSError as error:
        print(path, error.strerror)
"""
"""Opens devices as a process of the unit; without a user as root, so that the unit alone refuses."""


class Power(Protocol):
    """Gives a board with this card in it power, without a network."""

    def __call__(self, card: Path, *words: str, watchdog: bool = False) -> Guest:
        """Words are added to the kernel's line.

        The watchdog bites for 15 s of silence, which an emulated systemd may need for a daemon-reload alone.
        """


def shown(guest: Guest, name: str, unit: str = UNIT) -> str:
    """One property of a unit."""
    return guest.run("systemctl", "show", "-P", name, *([unit] if unit else [])).out.strip()


def logged(guest: Guest, *units: str) -> str:
    """What units said since power was given."""
    words = [word for unit in units for word in ("-u", unit)]
    return guest.run("journalctl", "-b", "-o", "cat", "--no-pager", *words).out


def ready(guest: Guest, report: Report) -> None:
    """Wait until the gate says it runs."""
    begun_s = time.monotonic()
    try:
        guest.until(lambda: shown(guest, "ActiveState") == "active", "the gate runs", STARTS_S)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{logged(guest, 'jixiang-*', 'var-lib*')}") from error
    report(f"the gate runs {time.monotonic() - begun_s:.0f} s after the bench")


def restarted(guest: Guest, before: int, limit_s: float) -> None:
    """Wait until systemd has started it again; the relay is without current until the firmware holds it."""
    guest.until(lambda: int(shown(guest, "NRestarts")) > before, "it is started again", limit_s)
    assert not guest.level(RELAY), "the relay kept its current although the firmware is gone"


def identity(guest: Guest) -> str:
    """The number of the data partition's file system."""
    return guest.sh(f"blkid -s UUID -o value /dev/disk/by-label/{DATA_LABEL}")


def partitions(card: Path) -> Iterator[tuple[int, int]]:
    """Offset and size in bytes of each."""
    table = subprocess.run(["sfdisk", "-J", card], capture_output=True, check=True).stdout
    for entry in json.loads(table)["partitiontable"]["partitions"]:
        yield entry["start"] * 512, entry["size"] * 512


def number_of(card: Path) -> str:
    """The same, seen from outside."""
    offset, _ = list(partitions(card))[DATA_PARTITION - 1]
    words = ["blkid", "-p", "-O", str(offset), "-s", "UUID", "-o", "value", str(card)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def digest(card: Path, number: int) -> str:
    """What stands on a partition."""
    offset, size = list(partitions(card))[number - 1]
    seen = hashlib.sha256()
    with card.open("rb") as file:
        file.seek(offset)
        while size > 0 and (part := file.read(min(size, 1 << 20))):
            seen.update(part)
            size -= len(part)
    return seen.hexdigest()


def first_start(guest: Guest, report: Report) -> None:
    """The data partition is made, and what the card brings is taken."""
    ready(guest, report)
    made, took = logged(guest, "jixiang-data"), logged(guest, "jixiang-card")
    assert "made the file system of the data partition" in made, made
    for name in ("gate.toml", "root.1.jx"):
        assert f"took {name} from the card" in took, took
        assert guest.sh(f"stat -c '%U %a' {CARD_DATA}/{name}") == "jixiang-gate 600", name
    failed = guest.sh(
        "systemctl list-units --failed --plain --no-legend 'jixiang-*' 'var-lib-*' 'boot-*' 'systemd-fsck*'"
    )
    assert not failed, failed
    report(f"file system {identity(guest)}; status: {shown(guest, 'StatusText')[:60]}…")


def order(guest: Guest, report: Report) -> None:
    """Nothing that comes before the gate waits for a network or for the time of day."""
    assert guest.sh("ls /sys/class/net") == "lo"
    after: dict[str, list[str]] = {}
    for block in guest.run("systemctl", "show", "*", "-p", "Id", "-p", "After", timeout_s=SLOW_S).out.split(
        "\n\n"
    ):
        fields = dict(line.split("=", 1) for line in block.splitlines())
        if "Id" in fields:
            after[fields["Id"]] = fields.get("After", "").split()
    before, left = set[str](), [UNIT]
    while left:
        for name in after.get(left.pop(), ()):
            if name not in before:
                before.add(name)
                left.append(name)
    waits = sorted(name for name in before if name in LATE or "-wait-" in name)
    assert not waits, f"the gate starts after {waits}"
    system_us = int(shown(guest, "ActiveEnterTimestampMonotonic", "sysinit.target"))
    begun_us = int(shown(guest, "InactiveExitTimestampMonotonic"))
    ready_us = int(shown(guest, "ActiveEnterTimestampMonotonic"))
    assert 0 < system_us < begun_us < ready_us
    report(
        f"no network at all: started {(begun_us - system_us) / 1e6:.1f} s after the system's own beginning,"
        f" ready {ready_us / 1e6:.1f} s after the kernel's; {len(before)} units before it"
    )


def locked(guest: Guest, report: Report) -> None:
    """The unit opens its own devices and no others, as an account that may do nothing else."""
    pid, group = shown(guest, "MainPID"), shown(guest, "ControlGroup")
    for user, paths, wanted in (("jixiang-gate", OPENED, "opened"), ("", REFUSED, "not permitted")):
        told = guest.run("python3", "-I", "-c", TRY, group, user, *paths).out.splitlines()
        wrong = [line for line in told if wanted not in line]
        assert not wrong, wrong
    held = guest.sh(f"readlink /proc/{pid}/fd/* || true").splitlines()
    assert set(OPENED[:2]) <= set(held), held
    status = dict(line.split(":\t", 1) for line in guest.sh(f"cat /proc/{pid}/status").splitlines())
    said = [status[key].split()[0] for key in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")]
    assert said == ["0" * 16, "0" * 16, "1", "2"], said
    assert status["Uid"].split()[0] == guest.sh("id -u jixiang-gate")
    assert "hidepid=invisible" in guest.sh(f"grep ' /proc proc ' /proc/{pid}/mounts")
    refused = guest.run("nsenter", "-t", pid, "-m", "touch", "/opt/x", check=False)
    assert "Read-only file system" in refused.err, refused
    report(f"opened {', '.join(OPENED[:2])}; refused {', '.join(REFUSED)}")


def read_only(guest: Guest, report: Report) -> None:
    """Root below a layer in memory, boot partition read-only, data partition not; a mark on the root."""
    mounts = {line.split()[1]: line.split() for line in guest.sh("cat /proc/mounts").splitlines()}
    root, lower = mounts["/"], mounts["/media/root-ro"]
    assert root[2] == "overlay", root
    assert "lowerdir=/media/root-ro" in root[3], root
    assert lower[2] == "ext4", lower
    assert mounts["/media/root-rw"][2] == "tmpfs", mounts
    for place, words in (
        ("/media/root-ro", {"ro"}),
        ("/boot/firmware", {"ro", "nodev", "nosuid", "noexec"}),
        (str(CARD_DATA), {"rw", "nodev", "nosuid", "noexec", "noatime", "errors=remount-ro"}),
    ):
        assert words <= set(mounts[place][3].split(",")), mounts[place]
    refused = guest.run("touch", "/boot/firmware/x", check=False)
    assert "Read-only file system" in refused.err, refused
    guest.sh("date > /etc/written-here; date > /opt/jixiang-gate/written-here; sync")
    report("root: overlay over ext4 ro; boot: ro; data: rw")


def frozen(guest: Guest, report: Report) -> None:
    """A firmware that stands still is ended and started again; its relay loses its current."""
    guest.contact(FIRE, True)
    guest.until(lambda: guest.level(RELAY), "a fire lets the relay on", SLOW_S)
    before = int(shown(guest, "NRestarts"))
    begun_s = time.monotonic()
    guest.run("kill", "-STOP", shown(guest, "MainPID"))
    restarted(guest, before, WATCHDOG_S + SLOW_S)
    bitten_s = time.monotonic() - begun_s
    told = logged(guest, UNIT)
    assert "Watchdog timeout" in told, told
    assert "Failed with result 'watchdog'" in told, told
    cores = guest.sh(f"find /run/jixiang-gate {CARD_DATA} / -xdev -name 'core*' -size +1000k")
    assert not cores, cores
    ready(guest, report)
    guest.until(lambda: guest.level(RELAY), "the fire is followed again", SLOW_S)
    report(f"bitten after {bitten_s:.0f} s; the relay was without current in between; no core")


def killed(guest: Guest, report: Report) -> None:
    """Killed, it is started again; and asks for one call only that its filter refuses."""
    drop_in = "/run/systemd/system/jixiang-gate.service.d/strict.conf"
    guest.sh(f"mkdir -p {Path(drop_in).parent}")
    # OpenBLAS wishes its memory near a processor with mbind, and does without where that is refused.
    guest.put(drop_in, b"[Service]\nSystemCallErrorNumber=kill\nSystemCallFilter=mbind\n")
    guest.run("systemctl", "daemon-reload", timeout_s=SLOW_S)
    before = int(shown(guest, "NRestarts"))
    guest.run("kill", "-KILL", shown(guest, "MainPID"))
    restarted(guest, before, SLOW_S)
    ready(guest, report)
    guest.until(lambda: guest.level(RELAY), "the fire is followed again", SLOW_S)
    assert "status=31/SYS" not in logged(guest, UNIT), "the filter refuses more than that"
    guest.sh(f"rm {drop_in} && systemctl daemon-reload", timeout_s=SLOW_S)
    report("started again by systemd, with a filter that kills instead of refusing")


def wrong_configuration(guest: Guest, report: Report) -> None:
    """A gate.toml that is no good: tried again for ever, the reason in the log, served once it is mended."""
    name = f"{CARD_DATA}/gate.toml"
    good = guest.get(name)
    guest.sh(f"echo 'nonsense = 1' > {name}; systemctl restart --no-block {UNIT}")
    try:
        guest.until(lambda: int(shown(guest, "NRestarts")) >= 2, "it is tried again", STARTS_S)
        assert not guest.level(RELAY), "a gate that cannot start holds its relay"
        told = logged(guest, UNIT)
    finally:  # the steps that follow need a gate
        guest.run("sh", "-c", f"cat > {name}", given=good)
    for word in ("cannot start", "nonsense", "status=2"):
        assert word in told, told
    ready(guest, report)
    report("the reason is in the log: " + next(line for line in told.splitlines() if "cannot start" in line))


def stopped(guest: Guest, report: Report) -> None:
    """`systemctl stop` takes the relay's current and ends in order; so does the whole system."""
    guest.until(lambda: guest.level(RELAY), "the fire is followed again", SLOW_S)
    begun_s = time.monotonic()
    guest.run("systemctl", "stop", UNIT)
    took_s = time.monotonic() - begun_s
    assert not guest.level(RELAY), "the relay kept its current"
    assert (shown(guest, "Result"), shown(guest, "ExecMainStatus")) == ("success", "0")
    begun_s = time.monotonic()
    guest.off(POWERS_OFF_S)
    report(f"stopped in {took_s:.1f} s, off {time.monotonic() - begun_s:.1f} s later")


def second_start(guest: Guest, report: Report, uuid: str) -> None:
    """Nothing is made anew, the journal goes on, what was written to the root is gone."""
    ready(guest, report)
    assert identity(guest) == uuid
    told = logged(guest, "jixiang-data", "jixiang-card")
    assert "jixiang-card:" not in told, told
    assert guest.sh("ls /etc/written-here /opt/jixiang-gate/written-here 2>/dev/null || true") == ""
    checked = logged(guest, r"systemd-fsck@dev-disk-by\x2dlabel-jixiang\x2ddata")
    assert DATA_LABEL in checked, checked
    boot = next(line for line in logged(guest, UNIT).splitlines() if "boot sequence=" in line)
    assert int(boot.split("boot sequence=")[1].split()[0]) > 1, boot
    report(f"same file system, {boot.strip()}, root as it was; fsck: {checked.splitlines()[1][:60]}")


def board_watchdog(guest: Guest, report: Report) -> None:
    """systemd feeds the board's watchdog; a kernel that hangs for good is ended by it."""
    device = shown(guest, "WatchdogDevice", "")
    assert device.startswith("/dev/watchdog"), f"systemd feeds no watchdog: {device!r}"
    assert shown(guest, "RuntimeWatchdogUSec", "") == "15s"
    said = guest.sh("sysctl -n kernel.panic kernel.panic_on_oops").split()
    assert said == ["10", "1"], said
    guest.sh(
        "sysctl -q kernel.panic=0 kernel.sysrq=1; (sleep 1; echo c > /proc/sysrq-trigger) > /dev/null 2>&1 &"
    )
    begun_s = time.monotonic()
    while guest.alive and time.monotonic() - begun_s < 6 * BOARD_S:
        time.sleep(0.2)
    assert not guest.alive, "the board hangs, and nobody ends it"
    report(f"a kernel that has failed and stays: ended by {device} after {time.monotonic() - begun_s:.0f} s")
