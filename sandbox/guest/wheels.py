"""The wheels of a lock for a computer that is not this one: another Python, processor or C library."""

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from sandbox.errors import SandboxError
from sandbox.guest.suites import Suite
from sandbox.layout import REPOSITORY

GATE: Final = REPOSITORY / "locks" / "gate.lock"
GUEST: Final = REPOSITORY / "locks" / "hil.lock"
"""What a gate's environment gets in a guest because Debian lacks a package that Raspberry Pi OS has."""
CAMERA: Final = REPOSITORY / "locks" / "hil-camera.lock"
"""What the guest with a camera gets where Raspberry Pi OS has python3-picamera2, outside that environment."""
OLDEST_GLIBC: Final = {"x86_64": 5, "aarch64": 17}
"""The minor version of the first glibc 2 that wheels were ever built against: PEP 513, PEP 599."""
OLD_NAMES: Final = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
"""Names from before PEP 600, by the minor version of glibc that they stand for."""
LAST_LINES: Final = 8


@dataclass(frozen=True, slots=True)
class Target:
    """A CPython on Linux that wheels are meant for."""

    python: str
    """As "3.13"."""
    machine: str
    """As `uname -m` has it: "aarch64", "x86_64"."""
    glibc: tuple[int, int]

    def __str__(self) -> str:
        """For people."""
        return f"Python {self.python} on {self.machine} with glibc {self.glibc[0]}.{self.glibc[1]}"

    @property
    def abi(self) -> str:
        """The name of its binary interface, as "cp313"."""
        return "cp" + self.python.replace(".", "")

    @property
    def platforms(self) -> tuple[str, ...]:
        """What a wheel may say that it was built for, the newest C library first."""
        found: list[str] = []
        for minor in range(self.glibc[1], OLDEST_GLIBC[self.machine] - 1, -1):
            found.append(f"manylinux_{self.glibc[0]}_{minor}_{self.machine}")
            if minor in OLD_NAMES:
                found.append(f"{OLD_NAMES[minor]}_{self.machine}")
        return tuple(found)

    @property
    def tags(self) -> frozenset[Tag]:
        """Every tag of a wheel that it can load, pure ones too."""
        version = tuple(int(part) for part in self.python.split("."))
        return frozenset(
            (
                *cpython_tags(version, [self.abi], self.platforms),
                *compatible_tags(version, self.abi, self.platforms),
            )
        )

    @property
    def environment(self) -> dict[str, str]:
        """What the markers of a requirement mean there (PEP 508); the Python that runs this has no say."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",  # the patch release is the archive's choice
            "python_version": self.python,
            "sys_platform": "linux",
            "extra": "",
        }


@dataclass(frozen=True, slots=True)
class Pin:
    """One distribution of a lock: exactly this version, as one of these files."""

    name: str
    """In the canonical form: lower case, hyphens."""
    version: Version
    hashes: frozenset[str]
    """SHA-256, hexadecimal."""


def target(suite: Suite, machine: str) -> Target:
    """A release of Raspberry Pi OS, which has Debian's Python and C library, on a processor."""
    return Target(suite.python, machine, suite.glibc)


def pins(locks: Iterable[Path], wanted: Target) -> list[Pin]:
    """What the locks pin for this target, by name; SandboxError where a line is no pin or two disagree."""
    chosen: dict[str, Pin] = {}
    for lock in locks:
        for pin in read(lock.read_text(), lock.name, wanted):
            first = chosen.setdefault(pin.name, pin)
            if first.version != pin.version:
                raise SandboxError(
                    f"{pin.name} is pinned to {first.version} and to {pin.version} ({lock.name}) for {wanted}"
                    ". Nothing was downloaded. Lock again: make lock"
                )
    return sorted(chosen.values(), key=lambda pin: pin.name)


def read(text: str, name: str, wanted: Target | None) -> list[Pin]:
    """The pins of a lock's text whose markers hold for the target; None: all. `name` is for messages."""
    found: list[Pin] = []
    for row in text.replace("\\\n", " ").splitlines():
        said = row.partition(" #")[0].strip()
        if not said or said.startswith("#"):
            continue
        before, *hashes = re.split(r"\s+--hash=sha256:", said)
        try:
            requirement = Requirement(before)
        except InvalidRequirement as error:
            raise SandboxError(f"{name} has a line that is no requirement: {before}") from error
        exact = re.fullmatch(r"==([^*,]+)", str(requirement.specifier))
        if exact is None or not hashes:
            raise SandboxError(
                f"{name} does not pin {requirement.name} exactly and by hashes. Lock again: make lock"
            )
        marker = requirement.marker
        if wanted is None or marker is None or marker.evaluate(wanted.environment):
            found.append(Pin(canonicalize_name(requirement.name), Version(exact[1]), frozenset(hashes)))
    return found


def requirements(chosen: Iterable[Pin]) -> str:
    """The pins as pip reads them, without markers: pip would ask the Python that it runs in."""
    return "".join(
        f"{pin.name}=={pin.version}{''.join(f' --hash=sha256:{one}' for one in sorted(pin.hashes))}\n"
        for pin in chosen
    )


def kept(chosen: Iterable[Pin], wanted: Target, place: Path) -> dict[str, Path]:
    """The wheels in a directory that are these pins, load on the target and have the right hash; by name."""
    tags = wanted.tags
    candidates: dict[tuple[str, Version], list[Path]] = {}
    for path in sorted(place.glob("*.whl")):
        try:
            name, version, _build, said = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        if said & tags:
            candidates.setdefault((name, version), []).append(path)
    return {
        pin.name: path
        for pin in chosen
        for path in candidates.get((pin.name, pin.version), ())
        if hashlib.sha256(path.read_bytes()).hexdigest() in pin.hashes
    }


def fetch(lock: Path, wanted: Target, into: Path, *, extra: Sequence[Path] = ()) -> list[Path]:
    """Download every wheel of a lock, and of `extra` locks, that the target needs; what is there stays.

    SandboxError names the package that has no wheel for the target, or a wheel that the lock does not know.
    """
    return download(pins([lock, *extra], wanted), wanted, into)


def download(chosen: Sequence[Pin], wanted: Target, into: Path) -> list[Path]:
    """As `fetch`, for pins that were chosen already; in their order."""
    into.mkdir(parents=True, exist_ok=True)
    there = kept(chosen, wanted, into)
    missing = [pin for pin in chosen if pin.name not in there]
    if missing:
        choice = ["--only-binary=:all:", "--python-version", wanted.python]
        choice += ["--implementation", "cp", "--abi", wanted.abi]
        choice += [word for platform in wanted.platforms for word in ("--platform", platform)]
        _pip(missing, choice, into, str(wanted))
        there |= kept(missing, wanted, into)
    lost = [pin.name for pin in chosen if pin.name not in there]
    if lost:
        raise SandboxError(f"pip was content, but {into} has no wheel of {', '.join(lost)} for {wanted}")
    return [there[pin.name] for pin in chosen]


def source(lock: Path, name: str, into: Path) -> Path:
    """Download the source of a distribution that a lock pins once, whatever its markers say.

    To read its version pip runs the setup.py in it, hence after its hash was checked.
    """
    chosen = [pin for pin in read(lock.read_text(), lock.name, None) if pin.name == name]
    if len(chosen) != 1:
        raise SandboxError(f"{lock.name} pins {name} {len(chosen)} times, not once. Nothing was downloaded")
    into.mkdir(parents=True, exist_ok=True)
    _pip(chosen, ["--no-binary=:all:", "--no-build-isolation"], into, "any system, as source")
    (found,) = (
        path
        for path in sorted(into.glob("*.tar.gz"))
        if hashlib.sha256(path.read_bytes()).hexdigest() in chosen[0].hashes
    )
    return found


def _pip(chosen: Iterable[Pin], choice: Sequence[str], into: Path, wanted: str) -> None:
    """Let pip find and check the files; it resolves nothing, for a lock is resolved."""
    with tempfile.TemporaryDirectory() as place:
        listed = Path(place, "requirements.txt")
        listed.write_text(requirements(chosen))
        argv = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", *choice]
        argv += ["--dest", str(into), "--requirement", str(listed)]
        argv += ["--no-input", "--progress-bar=off", "--disable-pip-version-check"]
        done = subprocess.run(  # noqa: S603 -- this Python's own pip, through no shell
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise SandboxError(refusal(done.stderr, wanted))


def refusal(words: str, wanted: str) -> str:
    """What pip's complaint means for whoever reads it; `wanted` is the target in words."""
    lacking = re.search(r"No matching distribution found for (\S+?)==(\S+)", words)
    if lacking:
        what = f"{lacking[1]} {lacking[2]}"
        others = re.search(r"\(from versions: (.+?)\)", words)
        has = others[1] if others else "none"
        if has == "none" and "Retrying" in words:
            return f"the package index does not answer: {what} could not be downloaded. Try again later"
        return (
            f"there is no file of {what} for {wanted} (versions that have one: {has}). "
            "Take another version and make lock, or let the system provide it: device/system-packages.toml"
        )
    if "DO NOT MATCH THE HASHES" in words:
        names = ", ".join(sorted(set(re.findall(r"^\s+([\w.-]+)(?:==\S+)? from ", words, re.MULTILINE))))
        return (
            f"the lock does not know the hash of the file of {names} for {wanted}; it was not kept. "
            "If its maker added files after the lock was made: make lock"
        )
    last = [line for line in words.splitlines() if line.strip() and " is ignored: " not in line][-LAST_LINES:]
    return f"pip could not download what {wanted} needs:\n" + "\n".join(last)
