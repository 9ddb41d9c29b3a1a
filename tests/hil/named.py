"""The power is cut at named points: the gate is held there, the plug pulled, and the card looked at."""

from collections.abc import Callable
from typing import Final

from device.firmware.gate import DATABASE
from sandbox.errors import SandboxError
from sandbox.guest import points
from sandbox.guest.autopsy import Remains
from sandbox.guest.office import Delivery
from sandbox.guest.points import DATA, HOLD, POINTS, UNIT, Point, Scene
from sandbox.guest.reckoning import admitted
from tests.hil import served
from tests.hil.lives import Card, Life
from wire import messages

SETTLED_S: Final = 180.0
TRIES: Final = 5
KEY: Final = "gate.key"


def at_points(card: Card, progress: Callable[[str], None]) -> int:
    """Every row of the table but the enrolment's, one life each, and a last start; how many were cut at."""
    done = 0
    for number, point in enumerate(POINTS, 1):
        if point.scene is Scene.ENROLMENT:
            continue  # it needs a card of its own
        try:
            said = _cut(card, point, number)
        except (AssertionError, SandboxError) as error:
            raise AssertionError(f"{point.name}: {error}") from error
        done += 1
        progress(f"point {number} of {len(POINTS)}, {point.name}: {said}")
    card.boot().guest.cut()
    return done


def _cut(card: Card, point: Point, number: int) -> str:
    """One life: serve, stand still, be held, lose power; what was found on the card."""
    life = card.boot()
    try:
        life.passage()
        _settle(life)
        subject, version = _SCENES[point.scene](card, life, point)
        life.guest.run("sleep", "0.5")
        moved = life.opened.is_set()
    finally:
        life.guest.cut()
    assert moved is point.moved, f"the barrier {'moved' if moved else 'did not move'}"
    life.guest.ended.wait(SETTLED_S)
    if point.scene is Scene.FIRST_START:
        card.begin_anew()
    remains = card.dissect(number)
    written = _written(remains, subject, version)
    assert point.written in {None, written}, f"{'it is' if written else 'it is not'} on the card"
    return f"{'moved' if moved else 'not moved'}, {'written' if written else 'not written'}"


def _written(remains: Remains, subject: bytes | None, version: int | None) -> bool:
    """Whether what was going on is on the card."""
    if version is not None:
        return version in {held for (kind, _), held in remains.documents.items() if kind == "assignment"}
    return subject in set(admitted([messages.read_entry(data) for data in remains.events.values()]))


def _settle(life: Life) -> None:
    """Until nothing is left to be written: all is told, receipted, and the lane is idle."""
    life.opened.clear()
    life.scene.until(lambda: life.scene.idle() and _no_backlog(life), "nothing is left to tell", SETTLED_S)


def _no_backlog(life: Life) -> bool:
    said = life.scene.standing().said
    return said is not None and said.backlog == 0


def _hold(life: Life, point: Point) -> int:
    pid = points.main_pid(life.guest)
    points.attach(life.guest, point, pid)
    return pid


def _passage(card: Card, life: Life, point: Point) -> tuple[bytes | None, int | None]:
    pid = _hold(life, point)
    person = card.office.citizens.phone()
    life.hold_up(person)
    for _ in range(TRIES):
        points.held(life.guest, point, pid)
        if person.subject in life.guest.get(points.LOG):
            return person.subject, None
        points.release(life.guest)  # what a gate writes once a minute came first
        pid = _hold(life, point)
    raise SandboxError(f"the gate never came to the point {point.name!r} for somebody who is let in")


def _document(card: Card, life: Life, point: Point) -> tuple[bytes | None, int | None]:
    pid = _hold(life, point)
    version = card.office.stir(Delivery.ASSIGNMENT)
    points.held(life.guest, point, pid)
    return None, version


def _checkpoint(_card: Card, life: Life, point: Point) -> tuple[bytes | None, int | None]:
    pid = _hold(life, point)
    life.guest.run("kill", "-TERM", str(pid))  # `systemctl stop` would end it by force after 10 s
    points.held(life.guest, point, pid)
    return None, None


def _first_start(_card: Card, life: Life, point: Point) -> tuple[bytes | None, int | None]:
    """As on a card that never held a journal."""
    life.guest.run("systemctl", "stop", UNIT)
    life.guest.sh(f"rm {DATA}/{DATABASE}*; sync; systemctl start --no-block {UNIT}")
    life.guest.until(lambda: points.main_pid(life.guest) > 0, "it is started", SETTLED_S)
    points.held(life.guest, point, _hold(life, point))
    return None, None


def enrolling(card: Card) -> str:
    """Held in the enrolment of a card that never was enrolled; what is found, and what another try does."""
    point = next(point for point in POINTS if point.scene is Scene.ENROLMENT)
    life = card.power()
    guest = life.guest
    try:
        guest.until(lambda: served.active(guest), "the gate runs", served.READY_S)
        user = ("setpriv", "--reuid=jixiang-gate", "--regid=jixiang-gate", "--clear-groups")
        field = (
            f"{served.JX}/jx-field",
            "enrol",
            card.office.token(),
            "--config",
            f"{DATA}/gate.toml",
            "--yes",
        )
        guest.run(
            "systemd-run", "--quiet", f"--unit={HOLD}", "--collect", *point.words(), "-f", *user, *field
        )
        tracer = points.main_pid(guest, f"{HOLD}.service")
        pid = int(guest.run("pgrep", "-P", str(tracer)).out.split()[0])
        points.held(guest, point, pid)
        key = guest.get(f"{DATA}/{KEY}")
    finally:
        guest.cut()
    remains = card.dissect(len(POINTS))
    assert KEY in remains.files
    assert "gate.pem" not in remains.files
    life = card.boot()
    try:
        assert life.guest.get(f"{DATA}/{KEY}") == key, "another key was made"
    finally:
        life.guest.cut()
    return "the key is there, no certificate; enrolled again with the same key"


_SCENES: Final = {
    Scene.PASSAGE: _passage,
    Scene.DOCUMENT: _document,
    Scene.CHECKPOINT: _checkpoint,
    Scene.FIRST_START: _first_start,
}
