"""The first step on a bare machine: an environment made from a lock with hashes, then the demo in it.

Standard library only, and readable by Python 3.8, so that an old one can say what is missing.
"""

from __future__ import annotations

# ruff: noqa: S603, S606 -- it starts this Python and pip with arguments of its own, through no shell
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEEDED = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
LOCKS = {"demo": "run", "dev": "dev"}
COMMANDS = {
    "jx-gate": "device.firmware.command",
    "jx-field": "provisioning.command",
    "jx-fleet": "fleet.command",
}
LAST_LINES = 15
REPLACE = "JX_BOOTSTRAP_REPLACED"  # set once a newer Python took over, so that two never chase each other

INSTALL_PYTHON = """Jixiang Gate needs Python 3.11 or newer; this is {found}.
  Debian 12, Ubuntu 24.04, Raspberry Pi OS:  sudo apt install python3 python3-venv
  older Ubuntu:   sudo add-apt-repository ppa:deadsnakes/ppa && sudo apt install python3.12-venv
  Fedora:         sudo dnf install python3.12
  macOS:          brew install python@3.12
Then:  make demo PYTHON=python3.12"""
INSTALL_VENV = """This Python cannot make environments: its {module} module is missing.
  Debian, Ubuntu, Raspberry Pi OS:  sudo apt install python3-venv
Nothing was changed. Then try again."""
NOT_WINDOWS = """The demo needs Linux (or macOS): its virtual boards speak over unix sockets.
On Windows, run it inside WSL."""


def problem(version: tuple[int, int], platform: str, missing: str | None) -> str | None:
    """What keeps this Python from making the environment, in words; None if nothing does."""
    if platform == "win32":
        return NOT_WINDOWS
    if version < NEEDED:
        return INSTALL_PYTHON.format(found="Python {}.{}".format(*version))
    if missing:
        return INSTALL_VENV.format(module=missing)
    return None


def missing_module() -> str | None:
    """The module for environments that this Python lacks: Debian packs both on their own."""
    for name in ("venv", "ensurepip"):
        try:
            __import__(name)
        except ImportError:
            return name
    return None


def hand_over(arguments: list[str]) -> None:
    """Go on in a newer Python, if this one is too old and there is one."""
    if sys.version_info[:2] >= NEEDED or os.environ.get(REPLACE):
        return
    for name in NEWER:
        found = shutil.which(name)
        if found and subprocess.call([found, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL) == 0:
            print(f"using {found}", flush=True)
            os.environ[REPLACE] = "1"
            os.execv(found, [found, os.path.abspath(__file__), *arguments])  # noqa: PTH100 -- Python 3.8 too


def digest(lock: Path) -> str:
    """What the marker of a finished environment holds."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def lock_of(root: Path, name: str) -> Path:
    """Where a lock lies."""
    return root / "locks" / f"{name}.lock"


def is_ready(root: Path, venv: Path, purpose: str) -> bool:
    """Whether the environment was finished from the present lock; the development one serves the demo too."""
    names = ("run", "dev") if purpose == "demo" else ("dev",)
    for name in names:
        marker = venv / f".jx-{name}"
        if marker.exists() and marker.read_text() == digest(lock_of(root, name)):
            return True
    return False


def packages(lock_text: str) -> dict[int, str]:
    """Names of the packages in a lock by the number of their line, which is how pip refers to them."""
    lines = enumerate(lock_text.splitlines(), start=1)
    found = ((number, re.match(r"([A-Za-z0-9._-]+)==", line)) for number, line in lines)
    return {number: name.group(1) for number, name in found if name}


def install(python: str, lock: Path) -> None:
    """Let pip install a lock with hashes, a line per package; on failure, end with pip's own words."""
    names = packages(lock.read_text())
    total = len(names)
    command = [python, "-m", "pip", "install", "--require-hashes", "--prefer-binary", "-r", str(lock)]
    command += [
        "--no-input",
        "--disable-pip-version-check",
        "--no-warn-script-location",
        "--progress-bar=off",
    ]
    last: list[str] = []
    count = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            last = [*last[-LAST_LINES:], line.rstrip()]
            found = re.match(r"(?:Collecting|Processing|Requirement already).*\(line (\d+)\)", line)
            if line.startswith("Ignoring"):
                total -= 1  # for another system or Python
            elif found:
                count += 1
                show(f"  {count}/{total} {names.get(int(found.group(1)), '')}")
            elif line.startswith("Installing collected"):
                show(f"  unpacking {count} packages")
    finish()
    if pip.returncode != 0:
        print("\n".join(last))
        print("\nThe packages could not be installed. Is there a way to the package index (or a mirror in")
        print("pip.conf)? What was downloaded is kept; try again with the same command.")
        sys.exit(1)


def show(text: str) -> None:
    """On a terminal the lines take one place; in a log each has its own."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)
    else:
        print(text, flush=True)


def finish() -> None:
    """Leave the place that `show` writes to."""
    if sys.stdout.isatty():
        print("\r\x1b[K", end="", flush=True)


def put_project(root: Path, venv: Path) -> None:
    """Make the checkout importable in the environment, and its commands callable: no build step needed."""
    (site,) = venv.glob("lib/python3*/site-packages")
    (site / "jixiang-gate.pth").write_text(f"{root}\n")
    for name, module in COMMANDS.items():
        launcher = venv / "bin" / name
        text = f"#!{venv}/bin/python\nimport sys\n\nfrom {module} import main\n\nsys.exit(main())\n"
        launcher.write_text(text)
        launcher.chmod(0o755)


def is_new_enough(python: str) -> bool:
    """Whether an environment's Python is there, runs, and is not from before an upgrade of the system."""
    if not os.path.exists(python):  # noqa: PTH110 -- a dangling link must count as missing
        return False
    test = f"import sys; sys.exit(sys.version_info < {NEEDED!r})"
    return subprocess.call([python, "-c", test], stderr=subprocess.DEVNULL) == 0


def prepare(root: Path, purpose: str) -> str:
    """Make or refresh the environment when needed; returns its Python."""
    venv = root / ".venv"
    python = str(venv / "bin" / "python")
    if is_ready(root, venv, purpose):
        return python
    lock = lock_of(root, LOCKS[purpose])
    if not is_new_enough(python):
        print(f"making an environment in {venv} (once; about 150 MB)", flush=True)
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", str(venv)])
    if subprocess.call([python, "-m", "pip", "--version"], stdout=subprocess.DEVNULL) != 0:
        subprocess.check_call([python, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
    print(f"installing {lock.name}, every file checked against its hash", flush=True)
    install(python, lock)
    put_project(root, venv)
    (venv / f".jx-{LOCKS[purpose]}").write_text(digest(lock))
    return python


def main(arguments: list[str]) -> int:
    """`demo [options]` or `dev`."""
    if not arguments or arguments[0] not in LOCKS:
        print("usage: bootstrap.py demo [options] | bootstrap.py dev")
        return 2
    hand_over(arguments)
    trouble = problem(sys.version_info[:2], sys.platform, missing_module())
    if trouble:
        print(trouble)
        return 1
    python = prepare(ROOT, arguments[0])
    if arguments[0] == "dev":
        return 0
    os.chdir(ROOT)
    return os.execv(python, [python, "-m", "sandbox.demo", *arguments[1:]])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
