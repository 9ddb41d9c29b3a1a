"""A gate that serves people, in a guest: its office here, enrolled there, its chip warm, its lane idle."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sandbox.board.thermometer import EEPROM, SKIN_EMISSIVITY, ThermometerChip
from sandbox.guest.card import Made
from sandbox.guest.citizens import Shown
from sandbox.guest.guest import Guest
from sandbox.guest.office import Office
from sandbox.guest.qemu import Slot
from sandbox.guest.settings import SLIRP_HOST, Fitting, Reach
from sandbox.guest.witness import Kept, Standing
from sandbox.optics import EASY, empty_scene, photograph
from sandbox.ports import Ports
from sandbox.wallet import pictures
from wire.health import Trouble

Say = Callable[[str], None]
UNIT: Final = "jixiang-gate.service"
DATA: Final = "/var/lib/jixiang-gate"
JX: Final = "/opt/jixiang-gate/bin"
GATE: Final = "0123456789ab"
REACH: Final = Reach(SLIRP_HOST, Ports.beginning(47100))

DOOR, PASSAGE, FIRE, RELAY, TAMPER, BUTTON = 5, 6, 16, 17, 20, 21
RED, GREEN, BLUE, SOUNDER = 12, 13, 19, 18
"""Pins of the example configuration (docs/tables/pins.md)."""
AT_REST: Final = {FIRE: False, TAMPER: False, DOOR: True, PASSAGE: True, BUTTON: True}
"""Both loops closed; leaf shut, nobody in the beam or at the button, whose contacts close to ground."""

WIDTH, HEIGHT = 640, 480
FITTING: Final = Fitting(width=WIDTH, height=HEIGHT, frames_per_s=5.0)
SCENE: Final = replace(EASY, width=WIDTH, height=HEIGHT, distance_cm=11.0)
"""A phone held close: an emulated processor has no time for small codes, and how small is told elsewhere."""
WARM_C, ROOM_C = 34.2, 23.0
"""A forehead whose body has 35.7 °C."""
READY_S: Final = 300.0
HEARD_S: Final = 60.0


def picture(text: str, seed: int = 1) -> NDArray[np.uint8]:
    """A phone with this code before the gate's camera."""
    code = np.kron(pictures.luma(text), np.ones((4, 4), np.uint8))
    return photograph(code, SCENE, np.random.default_rng(seed))


def nobody(seed: int = 1) -> NDArray[np.uint8]:
    """The empty entrance before the gate's camera."""
    return empty_scene(np.random.default_rng(seed), SCENE)


def chip_words() -> dict[int, int]:
    """The EEPROM of the chip that the office's calibration record is for, its emissivity set for skin."""
    cells = ThermometerChip().eeprom | {0x04: SKIN_EMISSIVITY}
    return {EEPROM | cell: word for cell, word in cells.items()}


@dataclass(slots=True)
class Served:
    """A board that runs, and the office that its gate reports to."""

    guest: Guest
    office: Office
    since: int = field(default_factory=lambda: int(time.time()))
    """Unix seconds: of what the gate told before, nothing counts; a kept office remembers earlier ones."""

    def anew(self) -> None:
        """The gate is started again: only what it tells from now on counts."""
        self.since = int(time.time()) + 1

    def standing(self) -> Standing:
        """What the fleet knows of the gate's state."""
        return self.office.witness.state(self.office.gate)

    def events(self) -> Sequence[Kept]:
        """What the fleet has of the gate's journal."""
        return self.office.witness.events(self.office.gate)

    def newest(self) -> int:
        """How many events the fleet has: where `heard` begins to look."""
        return len(self.events())

    def heard(self, since: int, what: str, fits: Callable[[Kept], bool], limit_s: float = HEARD_S) -> Kept:
        """The first fitting event after `since`; waits for it, AssertionError when it does not come."""
        found: list[Kept] = []

        def look() -> bool:
            found[:] = [one for one in self.events()[since:] if fits(one)]
            return bool(found)

        self.until(look, f"the fleet hears of {what}", limit_s)
        return found[0]

    def troubled(self, trouble: Trouble) -> bool:
        """Whether the fleet knows of this trouble."""
        said = self.standing().said
        return said is not None and trouble in said.troubles

    def lane(self) -> str | None:
        """Where the lane was when the gate last told."""
        said = self.standing().said
        return None if said is None else said.lane

    def idle(self) -> bool:
        """Whether the gate is connected, ready and waits for somebody."""
        standing = self.standing()
        fresh = (standing.received_at or 0) >= self.since
        return fresh and standing.online and standing.ready and self.lane() == "idle"

    def until(self, condition: Callable[[], bool], what: str, limit_s: float = HEARD_S) -> None:
        """Wait for something; AssertionError with the gate's last words and state when it does not come."""
        try:
            self.guest.until(condition, what, limit_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\nlast told: {self.standing().said}\n{self.words()}") from error

    def words(self, lines: int = 25) -> str:
        """What the gate said last, in its log and in what `jx-gate status` reads."""
        log = f"journalctl -b -u {UNIT} -o short-monotonic --no-pager -n {lines}"
        return self.guest.sh(f"{log}; cat /run/jixiang-gate/*.json || true")

    def show(self, shown: Shown) -> None:
        """Hold up somebody's code."""
        self.guest.show(picture(shown.text))

    def leave(self) -> None:
        """Nobody is there any more: an empty view."""
        self.guest.show(nobody())

    def rest(self) -> None:
        """Everything as it is when nobody is there and all is well."""
        for pin, level in AT_REST.items():
            self.guest.contact(pin, level)
        self.guest.temperature(WARM_C, ROOM_C)
        self.leave()


@contextmanager
def opened(root: Path, say: Say, reach: Reach = REACH) -> Iterator[Office]:
    """The office in `root`, founded unless it is kept, started."""
    office = Office.found(root, reach, GATE, say)
    with office:
        yield office


def board(made: Made, office: Office, place: Path, *, in_slot: bool = False) -> Slot:
    """A board with a fresh card of this office's gate, before power is given; not enrolled yet."""
    place.mkdir(parents=True, exist_ok=True)
    card = made.card(place / "card.img", office.card(FITTING).boot)
    return Slot(made=made, card=card, place=place, in_slot=in_slot)


@contextmanager
def served(made: Made, office: Office, place: Path, say: Say, *, in_slot: bool = False) -> Iterator[Served]:
    """Boot a fresh card, enrol the gate in the guest, and wait until its lane is idle at the office."""
    begun_s = time.monotonic()
    token, record = office.token(), office.card(FITTING).data["calibration.toml"]
    with Guest.start(board(made, office, place, in_slot=in_slot)) as guest:
        scene = Served(guest, office)
        say(f"the bench answers after {time.monotonic() - begun_s:.0f} s")
        scene.rest()
        guest.words(chip_words())
        guest.until(lambda: active(guest), "the gate runs", READY_S)
        say(f"the gate runs after {time.monotonic() - begun_s:.0f} s")
        bring(guest, "calibration.toml", record)
        enrol(guest, token)
        say(f"enrolled after {time.monotonic() - begun_s:.0f} s")
        scene.until(scene.idle, "the lane is idle", READY_S)
        say(f"the lane is idle after {time.monotonic() - begun_s:.0f} s")
        yield scene


def active(guest: Guest) -> bool:
    """Whether systemd has heard that the gate is ready."""
    return guest.run("systemctl", "is-active", UNIT, check=False).out.strip() == "active"


def bring(guest: Guest, name: str, data: bytes) -> None:
    """Put a file into the gate's data directory, as its user has it."""
    path = f"{DATA}/{name}"
    guest.put(path, data, 0o600)
    guest.run("chown", f"--reference={DATA}", path)


def enrol(guest: Guest, token: str) -> None:
    """What the field engineer types at the gate, with the office's ticket; it connects by itself."""
    config = f"{DATA}/gate.toml"
    command = ("runuser", "-u", "jixiang-gate", "--", f"{JX}/jx-field", "enrol", "--config", config, "--yes")
    guest.run(*command, given=token.encode(), timeout_s=240)
