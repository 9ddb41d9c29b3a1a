"""A gate whole, in one guest: libcamera's virtual camera, pins, thermometer, and its fleet."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar

from sandbox.guest import camera as virtual
from sandbox.guest import shipping
from sandbox.guest.camera import film
from sandbox.guest.card import Made
from sandbox.guest.guest import Guest
from sandbox.guest.office import SERVING, Office
from sandbox.guest.qemu import Slot
from sandbox.guest.settings import Fitting, Reach
from sandbox.guest.witness import Kept, Witness
from sandbox.ports import Ports
from tests.hil import camera, served
from tests.hil.ledger import Report
from tests.hil.traced import now_s
from wire.reasons import Colour

Seen = TypeVar("Seen")
HOST: Final = "localhost"
REACH: Final = Reach(HOST, Ports.beginning(47200))
FITTING: Final = Fitting(**virtual.GATE_TOML)
PROGRAM: Final = "/opt/bench/fleet/bin/jx-fleet"
FLEET: Final = "jx-fleet"
PATIENT: Final = ("proof_past_s=60", "proof_future_s=30")
"""The loosest that trust allows: a picture comes before the camera when it starts, which takes a while."""
AHEAD_S: Final = 25
"""So far in the future a proof is signed, for the moment at which it is read."""
LATE: Final = {"proof_old", "proof_future"}
"""The computer was busy: that person comes too late for their proof, and another one comes."""
ANSWERS: Final = (
    "python3",
    "-c",
    "import socket, sys; [socket.create_connection((sys.argv[1], int(port))) for port in sys.argv[2:]]",
    HOST,
    str(REACH.ports.est),
    str(REACH.ports.broker),
)
TRIES: Final = 3
VERDICT_S: Final = 120.0
LOOK_S: Final = 2.0
STARTS_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Whole:
    """The guest, and the office that founded what runs in it."""

    guest: Guest
    office: Office
    place: Path

    def begin(self) -> float:
        """Start the gate; when that was, by the guest's clock."""
        begun_s = now_s(self.guest)
        self.guest.run("systemctl", "start", served.UNIT, timeout_s=STARTS_S)
        return begun_s

    def serving(self) -> bool:
        """Whether the fleet has heard that the gate serves people."""
        return self._seen(lambda witness: witness.state(self.office.gate).ready)

    def events(self) -> list[Kept]:
        """What the fleet in the guest has of its gate."""
        return self._seen(lambda witness: witness.events(self.office.gate))

    def _seen(self, look: Callable[[Witness], Seen]) -> Seen:
        """From a copy of its database, not too often: looking takes the processor from who is seen."""
        time.sleep(LOOK_S)
        copy = "import sqlite3,sys; sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))"
        self.guest.run("python3", "-c", copy, f"{shipping.THERE}/fleet.db", "/run/fleet-copy.db")
        path = self.place / "fleet-copy.db"
        path.write_bytes(self.guest.get("/run/fleet-copy.db"))
        with Witness(path) as witness:
            return look(witness)

    def passage(self, subject: bytes) -> Kept | None:
        """The verdict on this person that has arrived at the fleet."""
        fits = (one for one in self.events() if one.kind == "passage" and one.subject == subject)
        return next(fits, None)


@contextmanager
def begun(made: Made, office: Office, place: Path, say: Callable[[str], None]) -> Iterator[Whole]:
    """Boot, start the shipped fleet, enrol the gate at it; its film is an empty entrance."""
    place.mkdir(parents=True, exist_ok=True)
    begun_s = time.monotonic()
    office.start()
    try:
        office.allow(*PATIENT)
        ticket = office.token(REACH)
        office.ship(place / "fleet", REACH)
        card = office.card(FITTING, REACH)
    finally:
        office.stop()  # of two copies only one may serve the gate
    archive = place / "fleet.tar"
    subprocess.run(["tar", "-C", str(place / "fleet"), "-cf", str(archive), "."], check=True)
    slot = Slot(made=made, card=made.card(place / "card.img", card.boot), place=place, memory_mib=2048)
    with Guest.start(slot) as guest:
        say(f"the bench answers after {time.monotonic() - begun_s:.0f} s")
        guest.run("systemctl", "stop", served.UNIT, timeout_s=STARTS_S)  # the fleet needs the processor first
        guest.until(lambda: there(guest, f"{served.DATA}/gate.toml"), "the card was taken", STARTS_S)
        guest.words(served.chip_words())
        guest.temperature(served.WARM_C, served.ROOM_C)
        guest.put("/run/fleet.tar", archive.read_bytes(), 0o600)
        guest.sh(f"mkdir -p {shipping.THERE} && tar -C {shipping.THERE} -xf /run/fleet.tar")
        serve = shipping.command(PROGRAM, PurePosixPath(shipping.THERE), SERVING)
        guest.run("systemd-run", "--quiet", f"--unit={FLEET}", *serve, timeout_s=STARTS_S)
        answers(guest)
        say(f"the fleet in the guest answers after {time.monotonic() - begun_s:.0f} s")
        served.bring(guest, "calibration.toml", card.data["calibration.toml"])
        served.enrol(guest, ticket)
        say(f"the gate is enrolled after {time.monotonic() - begun_s:.0f} s")
        scene = Whole(guest, office, place)
        scene.begin()
        guest.until(scene.serving, "the gate serves", STARTS_S)
        say(f"the gate serves after {time.monotonic() - begun_s:.0f} s")
        yield scene


def there(guest: Guest, path: str) -> bool:
    """Whether there is such a file."""
    return guest.run("test", "-e", path, check=False).code == 0


def answers(guest: Guest) -> None:
    """Wait until enrolment and broker answer; AssertionError with the fleet's words when they do not."""
    try:
        guest.until(lambda: guest.run(*ANSWERS, check=False).code == 0, "the fleet answers", STARTS_S)
    except AssertionError as error:
        words = guest.run("journalctl", "-b", "-u", FLEET, "-n", "60", "-o", "cat", "--no-pager").out
        raise AssertionError(f"{error}\n{words}") from error


def comes(whole: Whole, colour: Colour) -> tuple[Kept, int]:
    """Somebody holds a phone before the camera, which starts anew to see it.

    What the fleet hears of them, and how often the relay was switched on for them.
    """
    guest = whole.guest
    for _ in range(TRIES):
        guest.run("systemctl", "stop", served.UNIT)
        person = whole.office.citizens.phone(colour, int(time.time()) + AHEAD_S)
        film.lay_in(guest, camera.pictures([person.text]))
        begun_s = whole.begin()
        deadline_s = time.monotonic() + VERDICT_S
        while time.monotonic() < deadline_s:
            told = whole.passage(person.subject)
            if told is not None and told.reason not in LATE:
                edges = guest.edges()
                moved = [at_s for pin, high, at_s in edges if high and pin == served.RELAY]
                return told, sum(at_s > begun_s for at_s in moved)
            time.sleep(1)
    log = ("journalctl", "-b", "-u", served.UNIT, "-n", "30", "-o", "short-monotonic", "--no-pager")
    words = guest.run(*log).out
    raise AssertionError(f"no verdict arrived at the fleet in {TRIES} tries\n{words}")


def green_passes(whole: Whole, report: Report) -> None:
    """Picture, frame, code, verdict, journal, relay, event: all of it, and the relay's own trace."""
    whole.guest.watch(served.RELAY)
    told, moved = comes(whole, Colour.GREEN)
    assert (told.verdict, told.reason) == ("admit", "green"), told
    assert moved == 1, f"the fleet has heard of an admission; the relay moved {moved} times"
    report(f"admitted, the relay moved once, event {told.sequence} is at the fleet in the guest")


def red_stays_out(whole: Whole, report: Report) -> None:
    """Another film, the camera started again; the relay stays as it is."""
    told, moved = comes(whole, Colour.RED)
    assert told.verdict == "deny", told
    assert not moved, f"somebody was denied; the relay moved {moved} times"
    report(f"denied ({told.reason}), the relay did not move")
