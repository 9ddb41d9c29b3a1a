"""Our driver on a bus whose packets the kernel makes and checks, and which spoils some: tells it as JSON.

`packets.py checked` for the simulated thermometer, `packets.py plain BUS` for a bus that checks none.
"""

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

from device.drivers import SensorFault
from device.drivers.mlx90614 import Mlx90614, Mlx90614Config

BUS = 2
PARAMETERS = Path("/sys/module/mlx90614_sim/parameters")
REST_S = 2.5
"""Longer than the driver lets a bus rest."""


def put(**values: object) -> None:
    """Say what the bus does from now on."""
    for name, value in values.items():
        (PARAMETERS / name).write_text(str(value))


def number(name: str) -> int:
    """What the bus has counted."""
    return int((PARAMETERS / name).read_text())


def cell(at: int) -> int:
    """A word of the chip's EEPROM."""
    return int((PARAMETERS / "eeprom").read_text().split(",")[at])


def tried(work: Any) -> Any:
    """What it gives, or the words of its fault."""
    try:
        return work()
    except SensorFault as fault:
        return str(fault)


def checked() -> dict[str, Any]:
    """Reading and writing through good and bad packets."""
    driver = Mlx90614(Mlx90614Config(bus=BUS))
    told: dict[str, Any] = {"identity": dataclasses.asdict(driver.identity())}
    sample = driver.read()
    told["sample"] = [sample.object_c, sample.ambient_c]
    put(corrupt=1)
    spoilt = driver.read()
    told["after one"] = [
        spoilt.object_c,
        spoilt.ambient_c,
        driver.counters.pec_errors,
        driver.counters.retries,
    ]
    put(corrupt=1000)
    told["after many"] = tried(driver.read)
    told["spoilt"] = 1000 - number("corrupt")
    told["counted"] = driver.counters.pec_errors
    put(corrupt=0)
    told["healed"] = isinstance(tried(driver.read), str)
    put(writes=0, refused=0)
    told["wrote"] = [tried(lambda: driver.set_emissivity(0.95)), cell(4), number("writes")]
    told["same again"] = [tried(lambda: driver.set_emissivity(0.95)), number("writes")]
    put(garble=1, writes=0, refused=0)
    told["one lost bit"] = [tried(lambda: driver.set_emissivity(0.98)), cell(4), number("refused")]
    time.sleep(REST_S)
    put(garble=1000, refused=0)
    told["always lost"] = [tried(lambda: driver.set_emissivity(0.95)), cell(4), number("refused")]
    put(garble=0)
    time.sleep(REST_S)
    told["in the end"] = [tried(lambda: driver.set_emissivity(0.98)), cell(4)]
    told["counters"] = dataclasses.asdict(driver.counters)
    return told


def plain(bus: int) -> dict[str, Any]:
    """What the driver says on a bus that cannot check packets."""
    return {"identity": tried(Mlx90614(Mlx90614Config(bus=bus)).identity)}


json.dump(checked() if sys.argv[1] == "checked" else plain(int(sys.argv[2])), sys.stdout)
