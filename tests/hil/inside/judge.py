"""Every word from 30 to 42 °C in the chip, read by our driver, then by the kernel's own: tells both as JSON.

Run in a guest while the gate is stopped; the kernel's driver is bound to the same chip for the second half.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import smbus2

from device.drivers import SensorFault
from device.drivers.mlx90614 import RAM_AMBIENT, RAM_OBJECT, Mlx90614, Mlx90614Config

BUS, CHIP = 1, 0x5A
ADAPTER = Path(f"/sys/bus/i2c/devices/i2c-{BUS}")


@contextmanager
def kernels() -> Iterator[Path]:
    """The kernel's driver, bound; where it tells."""
    (ADAPTER / "new_device").write_text(f"mlx90614 {CHIP:#04x}")
    try:
        deadline_s = time.monotonic() + 20
        while not (found := list(ADAPTER.glob(f"{BUS}-00{CHIP:02x}/iio:device*"))):
            if time.monotonic() > deadline_s:
                raise TimeoutError("the kernel's driver is not bound")
            time.sleep(0.05)
        yield found[0]
    finally:
        (ADAPTER / "delete_device").write_text(f"{CHIP:#04x}")


def told(place: Path, channel: str) -> dict[str, float]:
    """One channel in raw, offset and scale, as the kernel's documentation of IIO has them."""
    names = {"raw": f"in_temp_{channel}_raw", "offset": "in_temp_offset", "scale": "in_temp_scale"}
    return {name: float((place / file).read_text()) for name, file in names.items()}


def celsius(channel: dict[str, float]) -> float:
    """(raw + offset) x scale, in thousandths of a degree."""
    return (channel["raw"] + channel["offset"]) * channel["scale"] / 1000


def main(first: int, last: int) -> dict[str, Any]:
    """The same words by both; the ambient's word runs the other way, so that nobody can mix them up."""
    words = [(word, first + last - word) for word in range(first, last + 1)]
    ours, theirs = [], []
    driver = Mlx90614(Mlx90614Config(bus=BUS, address=CHIP))
    identity = driver.identity()
    with smbus2.SMBus(BUS, force=True) as bus:
        for seen, own in words:
            bus.write_word_data(CHIP, RAM_OBJECT, seen)
            bus.write_word_data(CHIP, RAM_AMBIENT, own)
            sample = driver.read()
            ours.append((sample.object_c, sample.ambient_c))
        driver.close()
        with kernels() as place:
            refusal = ""
            try:
                driver.read()
            except SensorFault as fault:
                refusal = str(fault)
            emissivity = float((place / "in_temp_object_calibemissivity").read_text())
            for seen, own in words:
                bus.write_word_data(CHIP, RAM_OBJECT, seen, force=True)
                bus.write_word_data(CHIP, RAM_AMBIENT, own, force=True)
                theirs.append((celsius(told(place, "object")), celsius(told(place, "ambient"))))
    time.sleep(3)  # a driver that was refused rests
    driver.read()
    driver.close()
    return {
        "ours": ours,
        "theirs": theirs,
        "refusal": refusal,
        "emissivity": [identity.emissivity, emissivity],
        "id": identity.id,
    }


json.dump(main(int(sys.argv[1]), int(sys.argv[2])), sys.stdout)
