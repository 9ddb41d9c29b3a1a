"""The sessions of a run: which guests are started, one after another, and which steps each is put through."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.guest.guest import Guest
from sandbox.guest.office import Office
from sandbox.guest.qemu import Slot
from sandbox.guest.suites import BOOKWORM, TRIXIE
from sandbox.guest.workshop import Workshop
from tests.hil import camera, cuts, devices, served, starts, wheels, whole
from tests.hil.ledger import Ledger

CUTS: Final = 50
SMOKE_CUTS: Final = 2
WITH_FLEET_AND_CAMERA: Final = {"fleet": True, "camera": True}
"""What guest B has beside a gate."""
SMOKE_CAMERA: Final = ("frames_are_read_and_the_camera_comes_again", "picamera2_is_as_it_was_recorded")


@dataclass(frozen=True, slots=True)
class Given:
    """What a run was asked for, and where it works."""

    workshop: Workshop
    place: Path
    smoke: bool
    seed: int
    cuts: int | None

    @property
    def random_cuts(self) -> int:
        """Power cuts at random moments."""
        return self.cuts if self.cuts is not None else SMOKE_CUTS if self.smoke else CUTS


Session = Callable[[Given, Path, Ledger], None]


def title(function: Callable[..., object]) -> str:
    """A step's name for people."""
    return function.__name__.replace("_", " ")


def dependencies(given: Given, _place: Path, ledger: Ledger) -> None:
    """What a gate is installed from, for its own processor; no guest."""
    for suite in (BOOKWORM, TRIXIE):
        with ledger.step(f"{suite.name}: aarch64 wheels") as report:
            wheels.locked(suite, report)
        with ledger.step(f"{suite.name}: system packages") as report:
            wheels.packaged(suite, given.workshop.mirror, report)


def guest_a(given: Given, place: Path, ledger: Ledger) -> None:
    """Bookworm: every device on its node, under the shipped unit, with the fleet on this computer."""
    with ledger.step("made: bookworm", fatal=True) as report:
        made = given.workshop.made(BOOKWORM)
        report(f"{made.place.name}, QEMU {made.emulator.version()}")
    with ExitStack() as stack:
        office = stack.enter_context(served.opened(given.workshop.kept.root / "office-a", ledger.say))
        with ledger.step("started and enrolled", fatal=True) as report:
            scene = stack.enter_context(served.served(made, office, place, ledger.say))
            report("from power to an idle lane at the fleet")
        for name, step in devices.STEPS:
            if not given.smoke or name in devices.SMOKE:
                with ledger.step(name) as report:
                    step(scene, report)


def starting(given: Given, place: Path, ledger: Ledger) -> None:
    """Bookworm without a network, its card in an SD slot: what systemd makes of it."""
    if given.smoke:
        return
    with ledger.step("made: bookworm", fatal=True) as report:
        made = given.workshop.made(BOOKWORM)
        report(f"{made.place.name}, QEMU {made.emulator.version()}")
    office = Office.found(given.workshop.kept.root / "office-a", served.REACH, served.GATE, ledger.say)
    try:
        card = made.card(place / "card.img", office.card(served.FITTING).boot)
    finally:
        office.close()
    numbers = iter(range(1, 100))

    def power(card: Path, *words: str, watchdog: bool = False) -> Guest:
        own = place / f"start-{next(numbers)}"
        own.mkdir()
        slot = Slot(
            made=made, card=card, place=own, in_slot=True, network=False, watchdog=watchdog, words=words
        )
        return Guest.start(slot)

    for begin in (starts.first, starts.later):
        for name, step in begin(power, card):
            with ledger.step(name) as report:
                step(report)


def guest_b(given: Given, place: Path, ledger: Ledger) -> None:
    """Trixie: the real picamera2 on libcamera's virtual camera, and the fleet in the guest too."""
    with ledger.step("made: trixie", fatal=True) as report:
        made = given.workshop.made(TRIXIE, **WITH_FLEET_AND_CAMERA)
        report(f"{made.place.name}, QEMU {made.emulator.version()}")
    with ExitStack() as stack:
        office = Office.found(given.workshop.kept.root / "office-b", whole.REACH, served.GATE, ledger.say)
        stack.callback(office.close)
        with ledger.step("started, its fleet too, and enrolled", fatal=True) as report:
            scene = stack.enter_context(whole.begun(made, office, place, ledger.say))
            report("from power to a gate that serves")
        for told in (whole.green_passes, whole.red_stays_out):
            with ledger.step(title(told)) as report:
                told(scene, report)
        for step in camera.STEPS:
            if not given.smoke or step.__name__ in SMOKE_CAMERA:
                with ledger.step(title(step)) as report:
                    step(scene.guest, report)


def power_cuts(given: Given, place: Path, ledger: Ledger) -> None:
    """Bookworm again and again: people pass, the plug is pulled, nothing is missing."""
    with ledger.step("power cuts") as report:
        cuts.power_cuts(
            given.workshop,
            place,
            report,
            cuts=given.random_cuts,
            points=not given.smoke,
            seed=given.seed,
            progress=ledger.say,
        )


SESSIONS: Final[Mapping[str, Session]] = {
    "wheels": dependencies,
    "guest A": guest_a,
    "boot": starting,
    "guest B": guest_b,
    "power cuts": power_cuts,
}
"""In this order."""
