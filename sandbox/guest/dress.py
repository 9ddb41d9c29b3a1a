"""Makes a plain Debian tree a gate's card: the image's files, the gate's environment, the bench beside them.

Run apart, as root, by `card.py`: `python -m sandbox.guest.dress ORDER`; the tree itself stays as it was.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import msgspec

from provisioning import image
from sandbox.guest import camera
from sandbox.guest.card import DISK
from sandbox.layout import REPOSITORY

INSIDE: Final = Path(__file__).with_name("inside")
GATE: Final = "opt/jixiang-gate"
HOME: Final = "opt/bench"
"""Of what is not part of a gate: the bench's own programs, a fleet's environment."""
PACKAGES: Final = "usr/lib/python3/dist-packages"
"""Where Raspberry Pi OS has picamera2, which the gate's environment sees too."""
STAND_IN: Final = REPOSITORY / "sandbox/board/site/picamera2"
PASSES_BY: Final = ("var/cache", "var/lib/apt/lists", "usr/share/man", "usr/share/locale", "usr/share/doc")
SIZE: Final = "3500M"
UNSEEN: Final = (
    "dpkg-db-backup.timer",
    "fstrim.timer",
    "getty.target",
    "systemd-logind.service",
    "systemd-user-sessions.service",
    "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service",
    "e2scrub_reap.service",
    "e2scrub_all.timer",
    "systemd-binfmt.service",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "modprobe@fuse.service",
    "modprobe@drm.service",
    "modprobe@loop.service",
    "modprobe@dm_mod.service",
    "modprobe@efi_pstore.service",
)
"""Of Debian, not of a gate: no login and no helper of one, which every emulated start would wait for."""
FSTAB: Final = f"""\
PARTUUID={DISK}-01  /boot/firmware  vfat  defaults          0  2
PARTUUID={DISK}-02  /               ext4  defaults,noatime  0  1
"""
"""As on Raspberry Pi OS."""
BENCH_UNITS: Final = ("jx-board.service", "jx-bench.service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to put together; every path is this computer's."""

    tree: str
    modules: str
    wheels: tuple[str, ...]
    """Of the gate's environment, its own wheel included."""
    fleet_wheels: tuple[str, ...] = ()
    """Of an environment for a fleet server in the guest; none: no such environment."""
    picamera2: tuple[str, ...] = ()
    """The real one's wheels; none: the stand-in that plays a film."""
    into: str = ""

    def write(self, path: Path) -> None:
        """As a file, for `read`."""
        path.write_bytes(msgspec.json.encode(self))

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` wrote."""
        return msgspec.json.decode(path.read_bytes(), type=cls)


def run(*words: str | Path) -> None:
    """Run a program; an error ends all of this."""
    subprocess.run([str(word) for word in words], check=True)  # noqa: S603 -- our own words, through no shell


def mounted(order: Order, work: Path) -> Path:
    """The tree with a layer in memory on top, and what programs need in there."""
    run("mount", "-t", "tmpfs", "-o", "size=6G", "tmpfs", work)
    for name in ("upper", "work", "root"):
        (work / name).mkdir()
    layers = f"lowerdir={order.tree},upperdir={work / 'upper'},workdir={work / 'work'}"
    run("mount", "-t", "overlay", "-o", layers, "overlay", work / "root")
    run("mount", "-t", "proc", "proc", work / "root/proc")
    run("mount", "--rbind", "/dev", work / "root/dev")
    run("mount", "-t", "tmpfs", "tmpfs", work / "root/run")
    return work / "root"


def place_image(root: Path) -> None:
    """What provisioning/image says, done as its README says."""
    for item in image.MANIFEST:
        if item.when != "always":
            continue
        to = root / item.destination.lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(item.placed(to.read_text() if to.exists() else ""))
        to.chmod(item.mode)
    for name, target in image.LINKS.items():
        link = root / name.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    run("chroot", root, "systemd-sysusers")
    run("chroot", root, "systemctl", "-q", "enable", *image.ENABLED)
    run("chroot", root, "systemctl", "-q", "mask", *image.MASKED)


def environment(root: Path, place: str, wheels: tuple[str, ...]) -> None:
    """A Python environment that sees the system's packages, of these wheels and nothing from the network."""
    carried = root / "run" / "wheels"
    carried.mkdir(exist_ok=True)
    for wheel in wheels:
        shutil.copy(wheel, carried)
    names = [f"/run/wheels/{Path(wheel).name}" for wheel in wheels]
    run("chroot", root, "python3", "-m", "venv", "--system-site-packages", f"/{place}")
    run("chroot", root, f"/{place}/bin/pip", "-q", "install", "--no-index", "--no-deps", *names)
    shutil.rmtree(carried)


def place_board(root: Path, order: Order) -> None:
    """What stands for the board: kernel modules, the bench, the camera."""
    modules = Path(order.modules)
    version = (modules / "version").read_text()
    updates = root / "usr/lib/modules" / version / "updates"
    updates.mkdir()
    for module in modules.glob("*.ko"):
        shutil.copy(module, updates)
    keep_modules(root, version)
    (root / HOME).mkdir(parents=True, exist_ok=True)
    shutil.copy(INSIDE / "board", root / HOME)
    (root / HOME / "board").chmod(0o755)
    units = root / "etc/systemd/system"
    for file in INSIDE.glob("*.service"):
        shutil.copy(file, units)
    for file in INSIDE.glob("*.network"):
        shutil.copy(file, root / "etc/systemd/network")
    (root / "etc/fstab").write_text(FSTAB)
    shutil.copy(INSIDE / "camera.conf", root / "etc/systemd/system.conf.d")
    run("chroot", root, "systemctl", "-q", "enable", *BENCH_UNITS, "systemd-networkd")
    run("chroot", root, "systemctl", "-q", "mask", *UNSEEN)
    (root / "boot/firmware").mkdir(exist_ok=True)
    (root / "etc/hostname").write_text("gate\n")
    (root / "etc/machine-id").write_text("")
    if order.picamera2:
        camera.install(root, [Path(name) for name in order.picamera2])
    else:
        shutil.copytree(STAND_IN, root / PACKAGES / "picamera2", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__.py", "board", "guest/__init__.py", "guest/inside"):
        source, to = REPOSITORY / "sandbox" / name, root / PACKAGES / "sandbox" / name
        to.parent.mkdir(exist_ok=True)
        run("cp", "-r", source, to)


def keep_modules(root: Path, version: str) -> None:
    """Leave the modules that this board needs, so that a start does not try everything a PC may have."""
    wanted = (INSIDE / "modules.txt").read_text().split()
    run("chroot", root, "depmod", version)
    told = subprocess.run(  # noqa: S603 -- our own words, through no shell
        ["chroot", root, "modprobe", "--set-version", version, "--show-depends", "--all", *wanted],  # noqa: S607 -- the same
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    needed = {line.split()[1] for line in told.splitlines() if line.startswith("insmod")}
    for module in (root / "usr/lib/modules" / version / "kernel").rglob("*.ko*"):
        if f"/{module.relative_to(root).as_posix()}".replace("/usr/lib/", "/lib/") not in needed:
            module.unlink()
    run("chroot", root, "depmod", version)


def initial(root: Path, version: str, into: Path) -> None:
    """Kernel and initial file system, beside the card: QEMU takes the place of the Pi's boot loader."""
    configuration = root / "etc/initramfs-tools/initramfs.conf"
    text = configuration.read_text().replace("MODULES=most", "MODULES=list")
    configuration.write_text(text)
    wanted = (INSIDE / "modules-early.txt").read_text()
    (root / "etc/initramfs-tools/modules").write_text(wanted)
    run("chroot", root, "update-initramfs", "-c", "-k", version)
    shutil.copy(root / "boot" / f"vmlinuz-{version}", into / "kernel")
    shutil.move(root / "boot" / f"initrd.img-{version}", into / "initrd")


def main() -> int:
    """Put one card's root file system together."""
    order = Order.read(Path(sys.argv[1]))
    into = Path(order.into)
    work = into / "work"
    work.mkdir()
    root = mounted(order, work)
    environment(root, GATE, order.wheels)
    if order.fleet_wheels:
        environment(root, f"{HOME}/fleet", order.fleet_wheels)
    place_image(root)
    place_board(root, order)
    initial(root, (Path(order.modules) / "version").read_text(), into)
    for place in PASSES_BY:
        shutil.rmtree(root / place, ignore_errors=True)
        (root / place).mkdir(parents=True)
    for name in ("proc", "dev", "run"):
        run("umount", "--recursive", "--lazy", root / name)
    lazy = "lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0"
    run("mke2fs", "-q", "-t", "ext4", "-L", "rootfs", "-E", lazy, "-d", root, into / "root.ext4", SIZE)
    run("umount", "--lazy", work)
    work.rmdir()
    return 0


if __name__ == "__main__":
    sys.exit(main())
