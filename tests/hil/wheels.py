"""A gate's dependencies on its own processor: every one a wheel for it, or a package of its system."""

import re
import struct
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from provisioning import image
from sandbox.guest import wheels
from sandbox.guest.kept import Kept
from sandbox.guest.suites import Suite
from sandbox.layout import REPOSITORY
from tests import test_rooms
from tests.hil import archive

MACHINE = "aarch64"
ELF_AARCH64 = 183  # e_machine, elf.h
SYSTEM = tomllib.loads((REPOSITORY / "device/system-packages.toml").read_text())
ON_A_GATE = ("wire", "device", "provisioning")
"""The rooms that run there; a fleet's lock is another one."""


def modules(wheel: Path) -> set[str]:
    """What can be imported once the wheel is installed, by the first word of its name."""
    with zipfile.ZipFile(wheel) as opened:
        tops = {name.split("/")[0] for name in opened.namelist()}
    return {top.split(".")[0] for top in tops if not top.endswith((".dist-info", ".data", ".libs"))}


def libraries(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """The shared libraries in a wheel, by name."""
    with zipfile.ZipFile(wheel) as opened:
        for name in opened.namelist():
            if re.search(r"\.so(\.[\d.]+)?$", name):
                yield name, opened.read(name)


def glibc_of(wheel: Path) -> tuple[int, int]:
    """The newest glibc that the wheel's libraries ask for, all of them for the right processor."""
    newest = (0, 0)
    for name, data in libraries(wheel):
        (machine,) = struct.unpack_from("<H", data, 18)
        assert data[:4] == b"\x7fELF", f"{wheel.name}: {name} is no shared library"
        assert machine == ELF_AARCH64, f"{wheel.name}: {name} is not for {MACHINE}"
        versions = re.findall(rb"\0GLIBC_(\d+)\.(\d+)", data)
        newest = max([newest, *((int(major), int(minor)) for major, minor in versions)])
    return newest


def metadata(wheel: Path) -> Metadata:
    """What a wheel says about itself."""
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (name for name in opened.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        return Metadata.from_email(opened.read(name), validate=False)


def unmet(found: Mapping[str, Path], target: wheels.Target) -> Iterator[str]:
    """What the wheels or the project require on the target that none of them is."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    ours = [*project["dependencies"], *project["optional-dependencies"]["gate"]]
    required = [("jixiang-gate", Requirement(line)) for line in ours]
    for name, wheel in found.items():
        required += [(name, requirement) for requirement in metadata(wheel).requires_dist or ()]
    for who, wanted in required:
        if wanted.marker is not None and not wanted.marker.evaluate(target.environment):
            continue
        wheel = found.get(canonicalize_name(wanted.name))
        if wheel is None or parse_wheel_filename(wheel.name)[1] not in wanted.specifier:
            yield f"{who} needs {wanted}; the lock has {wheel.name if wheel else 'none'}"


def imported() -> set[str]:
    """Every module from outside that what runs on a gate imports."""
    return {
        name.split(".")[0]
        for source in test_rooms.sources()
        if source.room in ON_A_GATE
        for name in test_rooms.imports(source)
    } - {*sys.stdlib_module_names, *test_rooms.ROOMS}


def of_system(suite: Suite) -> list[dict[str, str]]:
    """The system packages of a release."""
    return [package for package in SYSTEM["package"] if suite.name in package["suites"]]


def locked(suite: Suite, report: Callable[[str], None]) -> None:
    """The lock's wheels for one release: there, right, complete, and all that a gate imports."""
    target = wheels.target(suite, MACHINE)
    assert SYSTEM["suite"][suite.name]["python"] == suite.python, (
        f"system-packages.toml: {suite.name}'s Python"
    )
    pins = wheels.pins([wheels.GATE], target)

    def make(place: Path) -> None:
        wheels.download(pins, target, place)

    into = Kept().get(f"wheels-{MACHINE}-{suite.name}", [wheels.GATE, wheels.GUEST, str(target)], make)
    files = wheels.download(pins, target, into)  # what was kept is checked again
    found = dict(zip((pin.name for pin in pins), files, strict=True))
    native = {name: glibc_of(wheel) for name, wheel in found.items() if any(libraries(wheel))}
    newest = max(native.values())
    assert newest <= suite.glibc, f"{max(native, key=native.__getitem__)} asks for glibc {newest}"
    assert not [*unmet(found, target)], "\n".join(unmet(found, target))
    size = sum(wheel.stat().st_size for wheel in files) / 1e6
    report(
        f"{target}: {len(files)} wheels ({len(native)} native), {size:.0f} MB, hashes right,"
        f" requirements met; glibc {newest[0]}.{newest[1]} is enough"
    )
    from_system = {package.get("module") for package in of_system(suite)} - {None}
    lacking = (imported() | test_rooms.HARDWARE) - set().union(*map(modules, files)) - from_system
    assert not lacking, f"{suite.name}: nothing provides {', '.join(sorted(lacking))}"
    report(f"from the system {', '.join(sorted(from_system))}; every other import from a wheel")
    beside(suite, found, into, report)


def beside(suite: Suite, found: Mapping[str, Path], into: Path, report: Callable[[str], None]) -> None:
    """The wheels that a release's system packages need beside them; `found` are the lock's, by name."""
    target = wheels.target(suite, MACHINE)
    for line in SYSTEM["suite"][suite.name]["wheels"]:
        wanted = Requirement(line)
        chosen = [pin for pin in wheels.pins([wheels.GUEST], target) if pin.name == wanted.name]
        assert len(chosen) == 1, f"hil.lock has no {line} for {target}"
        assert chosen[0].version in wanted.specifier, f"hil.lock has {wanted.name} {chosen[0].version}"
        (wheel,) = wheels.download(chosen, target, into)
        assert glibc_of(wheel) <= suite.glibc, f"{wheel.name} asks for glibc {glibc_of(wheel)}"
        together = {**found, wanted.name: wheel}
        assert not [*unmet(together, target)], "\n".join(unmet(together, target))
        report(f"{line}, for the system's picamera2, is there too")


def packaged(suite: Suite, mirror: str, report: Callable[[str], None]) -> None:
    """The release's own packages, in Debian's index for the Pi's processor."""
    packages = of_system(suite)
    debian = [*image.PACKAGES, *(p["name"] for p in packages if p["archive"] == "debian")]
    elsewhere = [p["name"] for p in packages if p["archive"] != "debian"]
    with archive.opened(suite.name, mirror) as opened:
        has = opened.versions(["python3", "libc6", *debian, *elsewhere])
        missing = sorted({"python3", "libc6", *debian} - has.keys())
        assert not missing, f"Debian {suite.name} has no {', '.join(missing)} for {archive.ARCHITECTURE}"
        glibc = f"{suite.glibc[0]}.{suite.glibc[1]}"
        for name, version in (("python3", suite.python), ("libc6", glibc)):
            assert re.match(rf"{re.escape(version)}\b", has[name]), f"{suite.name}: {name} is {has[name]}"
        count = opened.installed(debian)
    report(
        f"{archive.ARCHITECTURE}: Python {suite.python}, glibc {glibc};"
        f" {', '.join(sorted(debian))} can be installed ({count} packages)"
    )
    report(_elsewhere(elsewhere, has))


def _elsewhere(names: Iterable[str], has: Mapping[str, str]) -> str:
    """What can be said of packages that come from Raspberry Pi's archive, which is not asked."""
    seen = [name for name in names if name in has]
    unseen = [name for name in names if name not in has]
    return (
        f"of Raspberry Pi's archive Debian too has {', '.join(seen) or 'none'};"
        f" not checked: {', '.join(unseen) or 'none'}"
    )
