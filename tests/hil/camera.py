"""The shipped driver on the real picamera2 and libcamera, whose virtual camera plays pictures of codes.

Steps for a guest of trixie that `sandbox.guest.camera` was installed in. They stop the gate and leave it so.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import segno
from numpy.typing import NDArray

from sandbox.board import surface as surface_of_picamera2
from sandbox.guest.camera import film, probe
from sandbox.guest.guest import Guest
from sandbox.layout import REPOSITORY
from sandbox.optics import EASY, empty_scene, photograph

Report = Callable[[str], None]
UNIT: Final = "jixiang-gate.service"
PYTHON: Final = "/opt/jixiang-gate/bin/python"
THERE: Final = "/run/jx-camera"
RECORDED: Final = REPOSITORY / "tests/sandbox/picamera2-surface.json"
TEXTS: Final = ("JX1:THE-FIRST-OF-TWO-PHONES", "JX1:THE-SECOND-OF-TWO-PHONES")
RESTARTS: Final = 4
LIMIT_S: Final = 400.0
FEWEST_PER_S: Final = 1.0
"""An emulated processor's; how fast a Pi is, is not told here."""
DROP_IN: Final = f"""\
[Unit]
OnFailure=
[Service]
Type=oneshot
Restart=no
WatchdogSec=0
TimeoutStartSec={LIMIT_S:.0f}
StandardOutput=truncate:{THERE}/told
StandardError=journal
ExecStart=
ExecStart={PYTHON} -I {THERE}/probe.py {RESTARTS} {" ".join(TEXTS)}
"""
"""All that the shipped unit allows and forbids stays; what runs in it is the probe."""


def code(text: str) -> NDArray[np.uint8]:
    """A QR code as a phone draws it, four pixels a module."""
    drawn = segno.make(text, error="m", micro=False)
    modules = np.array([list(row) for row in drawn.matrix_iter(border=4)], np.uint8)
    return np.kron(1 - modules, np.full((4, 4), 255, np.uint8))


def pictures(texts: Sequence[str], seed: int = 1) -> list[NDArray[np.uint8]]:
    """An empty entrance, then a phone for each text."""
    rng = np.random.default_rng(seed)
    return [empty_scene(rng, EASY), *(photograph(code(text), EASY, rng) for text in texts)]


def prepare(guest: Guest, *programs: str) -> None:
    """Stop the gate, and bring what is run in its place."""
    guest.run("systemctl", "stop", UNIT, timeout_s=60)
    guest.run("mkdir", "-p", "-m", "755", THERE)
    for program in programs:
        guest.put(f"{THERE}/{program.rsplit('/', 1)[1]}", (REPOSITORY / program).read_bytes())


def as_gate(guest: Guest, *arguments: str) -> Any:
    """What a program prints, run by the gate's Python as the gate's user."""
    ran = guest.run(
        "runuser", "-u", "jixiang-gate", "--", PYTHON, "-I", *arguments, timeout_s=LIMIT_S, check=False
    )
    assert ran.code == 0, f"{arguments[0]} ended with {ran.code}: {ran.err[-3000:]}"
    return json.loads(ran.out)


def check_probe(told: dict[str, Any], report: Report) -> None:
    """What the probe must have found, wherever it ran."""
    assert told["texts"] == sorted(TEXTS), f"of {TEXTS} the reader found {told['texts']}"
    assert (told["shape"], told["strides"]) == ([film.HEIGHT, film.WIDTH], [film.WIDTH, 1]), told
    assert told["writeable"] is False, "a frame could be written to"
    assert told["frames_per_s"] >= FEWEST_PER_S, f"only {told['frames_per_s']:.2f} frames a second"
    assert "stopped" in told["stopped"], f"a waiting reader heard {told['stopped']!r} when the camera stopped"
    assert "Camera __init__" in told["busy"], f"a busy camera said {told['busy']!r}"
    assert "No camera number 7" in told["absent"], f"a camera that is not there said {told['absent']!r}"
    for name in ("files", "files_after_failures"):
        # One more once is a library's own; with each try it would be the end of the gate some hours later.
        assert max(told[name][1:]) <= told[name][1], f"open files grow with each try, {name}: {told[name]}"
    report(
        f"opened in {told['opened_s']:.1f} s, both codes read in {told['read_s']:.1f} s, "
        f"{told['frames_per_s']:.1f} frames a second, {told['reading_per_s']:.1f} while reading; "
        f"open files after each restart {told['files']}, after each failure {told['files_after_failures']}"
    )


def frames_are_read_and_the_camera_comes_again(guest: Guest, report: Report) -> None:
    """Pictures become frames, frames texts; stopped, restarted, absent, busy; nothing leaks."""
    prepare(guest, "sandbox/guest/camera/probe.py")
    film.lay_in(guest, pictures(TEXTS))
    check_probe(
        as_gate(guest, f"{THERE}/{probe.__name__.rsplit('.', 1)[1]}.py", str(RESTARTS), *TEXTS), report
    )


def a_new_picture_is_seen_when_the_camera_starts_anew(guest: Guest, report: Report) -> None:
    """What a scene does next: another film, and the same program sees it; the old one is gone."""
    text = "JX1:A-PHONE-THAT-CAME-LATER"
    prepare(guest, "sandbox/guest/camera/probe.py")
    film.lay_in(guest, pictures([text], seed=2))
    told = as_gate(guest, f"{THERE}/probe.py", "1", text)
    assert told["texts"] == [text], told["texts"]
    report(f"read {told['read_s']:.1f} s after the camera opened")


def picamera2_is_as_it_was_recorded(guest: Guest, report: Report) -> None:
    """Names, parameters, shapes, strides, exceptions: the tests hold the stand-in to the same record."""
    prepare(guest, "sandbox/board/surface.py")
    film.lay_in(guest, pictures([]))
    told = as_gate(guest, f"{THERE}/{surface_of_picamera2.__name__.rsplit('.', 1)[1]}.py")
    recorded = json.loads(RECORDED.read_text())
    for part in ("attributes", "behaviour"):
        wrong = {
            key: (recorded[part].get(key), told[part].get(key))
            for key in sorted({*recorded[part], *told[part]})
            if recorded[part].get(key) != told[part].get(key)
        }
        assert not wrong, (
            f"picamera2 {told['taken_from']} is not as recorded of {recorded['taken_from']}; recorded and "
            f"found: {wrong}. Bring driver and stand-in in line with it, then record it anew in "
            f"{RECORDED.name}:\n"
            f"{json.dumps(told, indent=2)}"
        )
    report(", ".join(f"{name} {version}" for name, version in told["taken_from"].items()))


def the_shipped_unit_lets_the_camera_work(guest: Guest, report: Report) -> None:
    """The same probe within the unit's filters: system calls, devices, no memory that is written and run."""
    prepare(guest, "sandbox/guest/camera/probe.py")
    film.lay_in(guest, pictures(TEXTS))
    place = f"/run/systemd/system/{UNIT}.d"
    guest.run("mkdir", "-p", place)
    guest.put(f"{place}/probe.conf", DROP_IN.encode())
    try:
        guest.run("systemctl", "daemon-reload", timeout_s=60)
        ran = guest.run("systemctl", "start", UNIT, timeout_s=LIMIT_S, check=False)
        words = guest.run("journalctl", "-b", "-u", UNIT, "-o", "cat", "-n", "40", "--no-pager").out
        assert ran.code == 0, f"the probe failed in the unit: {ran.err}\n{words}"
        check_probe(json.loads(guest.get(f"{THERE}/told")), report)
    finally:
        guest.run("rm", "-r", place)
        guest.run("systemctl", "daemon-reload", timeout_s=60)


STEPS: Final = (
    frames_are_read_and_the_camera_comes_again,
    a_new_picture_is_seen_when_the_camera_starts_anew,
    picamera2_is_as_it_was_recorded,
    the_shipped_unit_lets_the_camera_work,
)
