"""The thermometer on real buses: against the kernel's driver, through bad packets, unplugged among people."""

import errno
import json
import os
import time
from collections.abc import Callable
from typing import Any, Final

from device.drivers.mlx90614 import KELVIN_PER_BIT, ZERO_CELSIUS_K
from sandbox.board.thermometer import SKIN_EMISSIVITY, ThermometerChip
from tests.hil.contacts import program
from tests.hil.served import RELAY, UNIT, Served, active, chip_words
from wire.health import Trouble

Report = Callable[[str], None]
LOW_C, HIGH_C = 30.0, 42.0
UNPLUGGED: Final = (errno.EREMOTEIO, errno.ENXIO, errno.ETIMEDOUT, errno.EAGAIN)
"""No acknowledge on a Pi, and on other buses; a clock line that is held low; arbitration lost for ever."""
NOTICED_S: Final = 60.0
SHOWN_S: Final = 60.0
ADAPTER: Final = "/sys/bus/i2c/devices/i2c-1"
PARAMETERS: Final = "/sys/module/mlx90614_sim/parameters"


def raw(celsius: float) -> int:
    """A temperature as the chip has it."""
    return round((celsius + ZERO_CELSIUS_K) / KELVIN_PER_BIT)


def agreement(told: dict[str, Any]) -> tuple[int, float]:
    """How many words were read by both, and how far apart they ever were, in bits."""
    apart = [
        abs(our - their) / KELVIN_PER_BIT
        for ours, theirs in zip(told["ours"], told["theirs"], strict=True)
        for our, their in zip(ours, theirs, strict=True)
    ]
    return len(told["ours"]), max(apart)


def judged(scene: Served, report: Report) -> None:
    """Every word from 30 to 42 °C: the kernel's own driver says what ours says."""
    guest = scene.guest
    guest.run("systemctl", "stop", UNIT, timeout_s=60)
    guest.still()
    try:
        told = json.loads(program(scene, "judge.py", str(raw(LOW_C)), str(raw(HIGH_C)), timeout_s=300))
    finally:
        started(scene)
    words, apart = agreement(told)
    assert words == raw(HIGH_C) - raw(LOW_C) + 1, words
    assert apart <= 1.0, f"{apart:.2f} bits apart"
    assert "resource busy" in told["refusal"], told["refusal"]
    ours, theirs = told["emissivity"]
    assert abs(ours - theirs) < 1e-3, told["emissivity"]  # the kernel tells three digits
    assert told["id"] == ThermometerChip().number
    report(
        f"{words} of {words} words agree within {apart:.2f} bit, object and ambient; emissivity {ours:.4f}"
        f" and {theirs:.3f}; bound to the kernel's driver it is refused: …{told['refusal'][-70:]}"
    )


def started(scene: Served) -> None:
    """Start the gate and wait until it serves."""
    scene.anew()
    scene.guest.run("systemctl", "start", UNIT, timeout_s=240)
    scene.until(scene.idle, "the lane is idle again", 240)


def packets(scene: Served, report: Report) -> None:
    """Packets that the kernel makes and checks: bad ones are counted, never used; bad writes not taken."""
    guest = scene.guest
    words = chip_words()
    eeprom = ",".join(str(words[0x20 | cell]) for cell in range(0x20))
    ram = ",".join({6: str(raw(23.0)), 7: str(raw(36.6))}.get(cell, "0") for cell in range(0x20))
    guest.sh(f"modprobe mlx90614-sim; echo {eeprom} > {PARAMETERS}/eeprom; echo {ram} > {PARAMETERS}/ram")
    try:
        told = json.loads(program(scene, "packets.py", "checked"))
    finally:
        guest.sh("rmmod mlx90614-sim")
    identity, good = told["identity"], told["sample"]
    assert identity["id"] == ThermometerChip().number
    assert round(identity["emissivity"] * 0xFFFF) == SKIN_EMISSIVITY
    assert [raw(value) for value in good] == [raw(36.6), raw(23.0)]
    assert told["after one"] == [*good, 1, 1], told
    assert "gave no value" in told["after many"], told
    assert told["spoilt"] == 4, told  # one transfer and its three retries
    assert told["counted"] == 5, told
    assert told["wrote"] == [True, round(0.95 * 0xFFFF), 2], told
    assert told["same again"] == [False, 2], told
    assert told["one lost bit"] == [True, round(0.98 * 0xFFFF), 1], told
    fault, cell, refused = told["always lost"]
    assert "nothing" in fault or "may be there still" in fault, told
    assert cell == round(0.98 * 0xFFFF), told
    assert told["in the end"] == [False, round(0.98 * 0xFFFF)], told
    report(
        f"1 bad packet: read again; only bad ones: no value, {told['counted']} counted; emissivity written"
        f" twice, a garbled write not taken ({refused} refused) and the cell as it was"
    )


def unchecked(scene: Served, report: Report) -> None:
    """A bus that cannot check packets, as Debian's own i2c-stub: the driver refuses it in words."""
    guest = scene.guest
    guest.sh("modprobe i2c-stub chip_addr=0x5a")
    try:
        buses = guest.sh("grep -l 'SMBus stub driver' /sys/bus/i2c/devices/i2c-*/name").splitlines()
        number = max(int(line.split("/i2c-")[-1].split("/")[0]) for line in buses)
        assert number != 1, buses
        told = json.loads(program(scene, "packets.py", "plain", str(number)))
    finally:
        guest.sh("rmmod i2c-stub")
    assert "gave no value" in told["identity"], told
    report(f"on Debian's own i2c-stub: {told['identity']}")


def referred(scene: Served, report: Report, why: str) -> None:
    """Somebody green comes while no temperature is to be had: the attendant is called, nobody measured."""
    shown, mark = scene.office.citizens.phone(), scene.newest()
    scene.show(shown)
    event = scene.heard(mark, "the referral", lambda one: one.subject == shown.subject, SHOWN_S)
    scene.leave()
    assert (event.kind, event.verdict) == ("passage", "refer"), event
    assert event.entry.temperature is None, "somebody was measured by a thermometer that does not answer"
    assert not scene.guest.level(RELAY)
    report(f"{why}: referred ({event.reason})")


def admitted(scene: Served) -> None:
    """Somebody green comes and is let in, by a temperature that was measured."""
    shown, mark = scene.office.citizens.phone(), scene.newest()
    scene.show(shown)
    event = scene.heard(mark, "the verdict", lambda one: one.subject == shown.subject, SHOWN_S)
    scene.leave()
    assert (event.kind, event.verdict) == ("passage", "admit"), event
    measured = event.entry.temperature
    assert measured is not None
    assert abs(measured.object_c100 - 3420) <= 4, measured
    scene.heard(mark, "who went", lambda one: one.kind == "not_passed")
    scene.until(scene.idle, "the lane is idle again")


def gauge(scene: Served, name: str) -> int:
    """A number of the gate's, as the fleet has it."""
    said = scene.standing().said
    assert said is not None
    return said.gauges[name]


def noticed(scene: Served, present: bool) -> float:
    """Wait until the fleet has heard that the thermometer failed, or answers again; seconds."""
    begun_s = time.monotonic()
    what = "the thermometer answers again" if present else "the thermometer's trouble"
    scene.until(lambda: scene.troubled(Trouble.THERMOMETER) is not present, what, NOTICED_S)
    return time.monotonic() - begun_s


def unplugged(scene: Served, report: Report) -> None:
    """Off and on with each errno while people come: told, referred, counted; healed without a restart."""
    guest = scene.guest
    pid = guest.run("systemctl", "show", "-P", "MainPID", UNIT).out
    before = gauge(scene, "thermometer.reopened")
    for number in UNPLUGGED:
        try:
            guest.fault(number)
            told_s = noticed(scene, present=False)
            referred(scene, lambda _: None, "")
        finally:
            guest.fault(0)
        healed_s = noticed(scene, present=True)
        report(
            f"{errno.errorcode[number]}: told after {told_s:.0f} s, referred, healed after {healed_s:.0f} s"
        )
    admitted(scene)
    assert guest.run("systemctl", "show", "-P", "MainPID", UNIT).out == pid, "the gate was started again"
    reopened = gauge(scene, "thermometer.reopened") - before
    report(f"bus opened anew {reopened} times; then somebody let in, same process")


def busy(scene: Served, report: Report) -> None:
    """The kernel's driver takes the chip: an open bus reads on; opened anew it is refused; it heals."""
    guest = scene.guest
    guest.sh(f"echo mlx90614 0x5a > {ADAPTER}/new_device")
    try:
        guest.until(lambda: "driver" in guest.sh(f"ls {ADAPTER}/1-005a/"), "the kernel's driver is bound")
        admitted(scene)
        guest.fault(errno.EREMOTEIO)
        noticed(scene, present=False)
        guest.fault(0)
        scene.until(lambda: os.strerror(errno.EBUSY) in failure(scene), "the gate says that it is busy")
        referred(scene, report, f"taken while it was off: {failure(scene)[:90]}…")
    finally:
        guest.fault(0)
        guest.sh(f"echo 0x5a > {ADAPTER}/delete_device")
    healed_s = noticed(scene, present=True)
    admitted(scene)
    report(f"healed {healed_s:.0f} s after it was given back, then somebody let in")


def failure(scene: Served) -> str:
    """Why the running gate has no temperature, in its own words, as `jx-gate status` tells them."""
    told = json.loads(scene.guest.get("/run/jixiang-gate/state.json"))
    return str(told["failures"].get("thermometer", ""))


def absent(scene: Served, report: Report) -> None:
    """Started without a chip, with another one at another address, without a bus: it runs, and says so."""
    guest = scene.guest
    for what, gone in (
        ("no chip answers", "echo 6 > /sys/module/i2c_stub_pec/parameters/fault"),
        ("a chip at another address", "rmmod i2c-stub-pec; modprobe i2c-stub-pec chip_addr=0x5b"),
        ("no bus", "rmmod i2c-stub-pec"),
    ):
        guest.run("systemctl", "stop", UNIT, timeout_s=60)
        guest.still()
        guest.sh(gone)
        scene.anew()
        guest.run("systemctl", "start", UNIT, timeout_s=240)
        assert active(guest)
        scene.until(scene.idle, "the lane is idle all the same", 240)
        noticed(scene, present=False)
        said = scene.words(40)
        referred(scene, report, what)
        assert "thermometer" in said, said
    guest.sh("modprobe i2c-stub-pec chip_addr=0x5a; udevadm settle")
    guest.words(chip_words())
    scene.rest()
    healed_s = noticed(scene, present=True)
    scene.until(lambda: not scene.troubled(Trouble.CALIBRATION), "the chip is known again")
    admitted(scene)
    report(f"bus and chip came {healed_s:.0f} s before it was told; then somebody let in, no restart")
