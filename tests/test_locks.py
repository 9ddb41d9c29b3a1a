"""The locks are one resolution, pinned with hashes, and name no server to fetch from."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("dev", "run", "gate", "desk", "fuzz", "hil", "hil-camera")


def pins(name):
    """{package: (pin with marker, hashes)} of one lock."""
    text = (ROOT / "locks" / f"{name}.lock").read_text().replace("\\\n", " ")
    rows = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    found = {}
    for row in rows:
        pin = row.split("--hash", 1)[0].strip()
        found[re.split(r"[=;\[ ]", pin)[0]] = (pin, frozenset(re.findall(r"sha256:[0-9a-f]{64}", row)))
    return found


def declared(*extras):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(d for extra in extras for d in project["optional-dependencies"][extra]),
    ]
    return {re.sub(r"[._]", "-", re.split(r"[=<>~;\[ ]", name)[0]).lower() for name in wanted}


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_exact_and_has_hashes(name):
    for package, (pin, hashes) in pins(name).items():
        assert "==" in pin, package
        assert hashes, package


@pytest.mark.parametrize("name", ["run", "gate", "desk"])
def test_a_smaller_lock_never_disagrees_with_the_whole(name):
    whole = {package: (pin.split(";")[0].strip(), hashes) for package, (pin, hashes) in pins("dev").items()}
    part = {package: (pin.split(";")[0].strip(), hashes) for package, (pin, hashes) in pins(name).items()}
    assert part.items() <= whole.items()
    assert 0 < len(part) < len(whole)


def test_each_lock_holds_what_its_extras_declare():
    assert declared("gate", "fleet", "pkcs11", "dev") <= set(pins("dev"))
    assert declared("fleet", "pkcs11") <= set(pins("desk"))
    assert declared("gate", "fleet") <= set(pins("run"))
    assert declared("gate") <= set(pins("gate"))
    assert declared("fuzz") <= set(pins("fuzz"))
    for name in ("hil", "hil-camera"):  # without dependencies of their own
        assert declared(name) - declared() == set(pins(name))


@pytest.mark.parametrize("name", [*LOCKS, "peer"])
def test_no_lock_names_a_server(name):
    text = (ROOT / "locks" / f"{name}.lock").read_text()
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
