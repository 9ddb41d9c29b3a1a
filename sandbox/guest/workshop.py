"""Makes what guests start from, each part kept until something that it was made from changes."""

import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sandbox.guest import camera as virtual
from sandbox.guest import emulator, kernel, lgpio, wheels
from sandbox.guest.apart import APART, debian, told
from sandbox.guest.card import Made
from sandbox.guest.dress import Order
from sandbox.guest.emulator import Emulator
from sandbox.guest.kept import Kept
from sandbox.guest.suites import MACHINE, ON_EVERY_CARD, Suite
from sandbox.layout import REPOSITORY

SHIPPED: Final = ("device", "wire", "provisioning", "fleet", "pyproject.toml")
"""What the project's own wheel is made from."""
DRESSED: Final = (
    "sandbox/__init__.py",
    "sandbox/board",
    *(f"sandbox/guest/{name}" for name in ("__init__.py", "camera", "dress.py", "inside")),
)
"""What else is on a card, or says how it gets there."""
FLEET: Final = REPOSITORY / "locks" / "run.lock"


def files_of(names: tuple[str, ...]) -> tuple[Path, ...]:
    """Every file of these places, in order."""
    found: list[Path] = []
    for name in names:
        place = REPOSITORY / name
        found += [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    return tuple(path for path in found if "__pycache__" not in path.parts)


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where guests are made; `say` hears of whatever takes long."""

    mirror: str
    say: Callable[[str], None]
    kept: Kept = field(default_factory=Kept)

    @property
    def logs(self) -> Path:
        """What the programs said that made things."""
        return self.kept.root / "logs"

    def tree(self, suite: Suite, *, camera: bool) -> Path:
        """An unpacked Debian with all packages of a card, and of a real picamera2 if `camera`."""

        def make(place: Path) -> None:
            self.say(f"unpacking Debian {suite.name}: a minute or two")
            log = self.logs / f"tree-{suite.name}.log"
            debian(suite.name, self.mirror, packages, place, log, sources=sources)

        packages = (*ON_EVERY_CARD, *(virtual.packages() if camera else ()))
        sources = virtual.sources(self.mirror) if camera else ()
        return self.kept.get(f"tree-{suite.name}", [*packages, *sources], make)

    def qemu(self) -> Emulator:
        """What runs guests."""

        def make(place: Path) -> None:
            self.say("unpacking QEMU: a moment")
            emulator.unpack(self.mirror, place, self.logs / "qemu.log")

        return Emulator(self.kept.get("qemu", emulator.PACKAGES, make))

    def modules(self, suite: Suite) -> Path:
        """The board's kernel modules."""

        def make(place: Path) -> None:
            self.say(f"building kernel modules for {suite.name}: a minute or two")
            kernel.build(suite, self.mirror, place, self.logs / f"modules-{suite.name}.log")

        parts: list[str | Path] = [*kernel.SOURCES, *map(str, kernel.CHANGES), *kernel.OWN]
        return self.kept.get(f"modules-{suite.name}", parts, make)

    def picamera2(self) -> list[Path]:
        """What of the real picamera2 Debian has not."""
        return virtual.fetch(self.kept.root / "wheels" / "picamera2")

    def own_wheel(self) -> Path:
        """The project itself, as it would be installed."""

        def make(place: Path) -> None:
            build = [sys.executable, "-m", "uv", "build", "--wheel", "--quiet"]
            told(
                [*build, f"--out-dir={place}", str(REPOSITORY)],
                "building the project's wheel",
                self.logs / "wheel.log",
            )

        place = self.kept.get("wheel", files_of(SHIPPED), make)
        return next(place.glob("*.whl"))

    def wheels(self, suite: Suite, lock: Path, *more: Path) -> tuple[str, ...]:
        """The wheels of a lock for this suite, and the project's own."""
        into = self.kept.root / "wheels" / suite.python
        fetched = wheels.fetch(lock, wheels.target(suite, MACHINE), into, extra=more)
        return (*map(str, fetched), str(self.own_wheel()))

    def lgpio(self, suite: Suite) -> tuple[str, ...]:
        """lgpio, where the index has no wheel for this suite's Python."""
        if not lgpio.needed(suite):
            return ()

        def make(place: Path) -> None:
            self.say(f"building lgpio for {suite.name}: a minute or two")
            lgpio.build(suite, self.mirror, place, self.logs / f"lgpio-{suite.name}.log")

        place = self.kept.get(f"lgpio-{suite.name}", lgpio.MADE_FROM, make)
        return tuple(map(str, place.glob("*.whl")))

    def made(self, suite: Suite, *, fleet: bool = False, camera: bool = False) -> Made:
        """A root file system with its kernel; minutes at first, a moment while nothing changes.

        With `fleet` it has an environment for a fleet server too; with `camera` libcamera's virtual one under
        the real picamera2, without it the stand-in.
        """
        with ThreadPoolExecutor(2) as both:
            tree, modules = both.submit(self.tree, suite, camera=camera), both.submit(self.modules, suite)
            order = Order(
                tree=str(tree.result()),
                modules=str(modules.result()),
                wheels=(*self.wheels(suite, wheels.GATE, wheels.GUEST), *self.lgpio(suite)),
                fleet_wheels=self.wheels(suite, FLEET) if fleet else (),
                picamera2=tuple(map(str, self.picamera2())) if camera else (),
            )

        def make(place: Path) -> None:
            self.say(f"dressing {suite.name} as a gate: half a minute")
            self.dress(replace(order, into=str(place)), self.logs / f"root-{suite.name}.log")

        parts: list[str | Path] = [str(order), *files_of(DRESSED)]
        return Made(suite, self.kept.get(f"root-{suite.name}", parts, make), self.qemu())

    def dress(self, order: Order, log: Path) -> None:
        """Put a root file system together in a mount namespace of its own."""
        with tempfile.NamedTemporaryFile(suffix=".json") as written:
            order.write(Path(written.name))
            program = [sys.executable, "-m", "sandbox.guest.dress", written.name]
            told([*APART, *program], "dressing the guest", log)
