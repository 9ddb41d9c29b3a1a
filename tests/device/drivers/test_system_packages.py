import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
LISTED = tomllib.loads((REPOSITORY / "device" / "system-packages.toml").read_text())
LOCK = (REPOSITORY / "locks" / "gate.lock").read_text()
LOCKED = {name.lower().replace("_", "-") for name in re.findall(r"^([A-Za-z0-9._-]+)==", LOCK, re.MULTILINE)}


@pytest.mark.parametrize("package", LISTED["package"], ids=lambda package: package["name"])
def test_each_package_says_what_it_is_for_and_where_it_is(package):
    assert package.keys() <= {"name", "module", "archive", "suites", "why", "minimum"}
    assert re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", package["name"])
    assert package["archive"] in {"debian", "raspberrypi"}
    assert set(package["suites"]) <= set(LISTED["suite"])
    assert package["suites"]
    assert package["why"]


def test_names_are_unique_and_each_suite_has_what_the_drivers_import():
    names = [package["name"] for package in LISTED["package"]]
    assert len(names) == len(set(names))
    for suite in LISTED["suite"]:
        modules = {package.get("module") for package in LISTED["package"] if suite in package["suites"]}
        assert {"picamera2", "libcamera", "lgpio", "spidev"} <= modules


def test_nothing_comes_from_both_the_system_and_the_lock():
    assert {"gpiozero", "smbus2", "luma-oled"} <= {name.replace(".", "-") for name in LOCKED}
    for package in LISTED["package"]:
        assert package["name"].removeprefix("python3-") not in LOCKED
        assert package.get("module") not in LOCKED
