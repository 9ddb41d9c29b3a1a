"""The kernel modules that stand for the board: from the archive's own source, each change in a table."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError
from sandbox.guest.apart import apart, debian, told
from sandbox.guest.suites import BUILDERS, Suite

INSIDE: Final = Path(__file__).with_name("inside")
OWN: Final = tuple(INSIDE / name for name in ("board-revision.c", "mlx90614-sim.c", "Makefile"))
SOURCES: Final = (
    "drivers/gpio/gpio-sim.c",
    "drivers/gpio/gpiolib.h",
    "drivers/i2c/i2c-stub.c",
    "kernel/irq/irq_sim.c",
)
"""What is taken out of the kernel's source, each to its own file name."""


@dataclass(frozen=True, slots=True)
class Change:
    """One place of a source file that becomes another; it must be there exactly once."""

    file: str
    old: str
    new: str


def _unless_held(pull: str) -> tuple[str, str]:
    """gpio-sim's answer to a request for a bias, and what it becomes."""
    asked = f"return gpio_sim_apply_pull(chip, offset, {pull});"
    return asked, asked.replace("return", "return test_bit(offset, held) ? 0 :")


CHANGES: Final = (
    # irq_sim is no module in Debian's kernels; inside gpio-sim it may use exported functions alone.
    Change("irq_sim.c", "handle_simple_irq(irq_to_desc(irqnum));", "generic_handle_irq_safe(irqnum);"),
    # smbus2 asks whether the bus can check packets before it turns that on. Nobody checks them here.
    Change(
        "i2c-stub.c",
        "(I2C_FUNC_SMBUS_QUICK | I2C_FUNC_SMBUS_BYTE | \\",
        "(I2C_FUNC_SMBUS_PEC | I2C_FUNC_SMBUS_QUICK | I2C_FUNC_SMBUS_BYTE | \\",
    ),
    # A wire that comes loose in use: every transfer ends with this errno until it is 0 again.
    Change(
        "i2c-stub.c",
        "static s32 stub_xfer(",
        "static int fault;\nmodule_param(fault, int, 0644);\n\nstatic s32 stub_xfer(",
    ),
    Change(
        "i2c-stub.c",
        "\t/* Search for the right chip */",
        "\tif (READ_ONCE(fault))\n\t\treturn -READ_ONCE(fault);\n\n\t/* Search for the right chip */",
    ),
    # A closed contact is stronger than a gate's pull-up: what sysfs was told once, no request takes back.
    Change(
        "gpio-sim.c",
        "static int gpio_sim_set_config(struct gpio_chip *gc,",
        "static DECLARE_BITMAP(held, 64);\n\nstatic int gpio_sim_set_config(struct gpio_chip *gc,",
    ),
    Change("gpio-sim.c", *_unless_held("1")),
    Change("gpio-sim.c", *_unless_held("0")),
    Change(
        "gpio-sim.c",
        "ret = gpio_sim_apply_pull(chip, line_attr->offset, pull);",
        "set_bit(line_attr->offset, held);\n\tret = gpio_sim_apply_pull(chip, line_attr->offset, pull);",
    ),
)

_BUILD: Final = """
mount -t proc proc "$1/proc"
version=$(basename "$1"/usr/src/linux-headers-*-amd64 | sed s/^linux-headers-//)
chroot "$1" make --silent --directory "/usr/src/linux-headers-$version" M=/usr/src/board modules
printf %s "$version" > "$2/version"
mv "$1"/usr/src/board/*.ko "$2"
"""


def changed(name: str, text: str) -> str:
    """A source file with its changes; SandboxError where the kernel's source is no longer what it was."""
    for change in CHANGES:
        if change.file != name:
            continue
        if text.count(change.old) != 1:
            raise SandboxError(
                f"the kernel's {name} is not as expected: {change.old!r} is there {text.count(change.old)} "
                "times instead of once. Read the new source and correct CHANGES in sandbox/guest/kernel.py"
            )
        text = text.replace(change.old, change.new)
    return text


def build(suite: Suite, mirror: str, into: Path, log: Path) -> None:
    """Make the modules and `version`, the kernel they are for, in `into`."""
    tree = into / "tree"
    tree.mkdir()
    debian(suite.name, mirror, BUILDERS, tree, log)
    place = tree / "usr/src/board"
    place.mkdir()
    (archive,) = (tree / "usr/src").glob("linux-source-*.tar.xz")
    top = archive.name.removesuffix(".tar.xz")
    unpack = ["tar", "--extract", "--xz", "--transform=s|.*/||", f"--directory={place}", f"--file={archive}"]
    told([*unpack, *(f"{top}/{source}" for source in SOURCES)], "unpacking the kernel's source", log)
    for source in SOURCES:
        file = place / Path(source).name
        file.write_text(changed(file.name, file.read_text()))
    (place / "gpio-sim.c").rename(place / "gpio-sim-core.c")
    (place / "i2c-stub.c").rename(place / "i2c-stub-pec.c")
    for own in OWN:
        (place / own.name).write_bytes(own.read_bytes())
    apart(_BUILD, [tree, into], "building the board's kernel modules", log)
    shutil.rmtree(tree)
