"""A real console for a real browser: gunicorn in a process of its own on a free port, and Chromium."""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from fleet.db import open_database

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
SWITCHES = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]
EVENTS = 3000


@pytest.fixture(scope="session")
def town():
    spec = importlib.util.spec_from_file_location("town", Path(__file__).parents[1] / "fleet" / "town.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen, seconds: float = 30) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        assert process.poll() is None, "the console ended before it answered"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.05)
    raise AssertionError("the console did not answer in time")


class Console:
    """One running console: `url`, the open `database`, its `process`."""

    def __init__(self, directory: Path, port: int):
        self.directory = directory
        self.url = f"http://127.0.0.1:{port}"
        (directory / "fleet.toml").write_text(f"[web]\nport = {port}\nthreads = 16\n")
        self.database = open_database(directory / "fleet.db")
        self.process = None

    def start(self) -> None:
        code = "import sys; from pathlib import Path; from fleet.web import run; run(Path(sys.argv[1]))"
        self.process = subprocess.Popen([sys.executable, "-c", code, str(self.directory)])
        wait_for(self.url + "/sign-in", self.process)

    def stop(self) -> float:
        """Ask it to end; return the seconds that took."""
        began = time.monotonic()
        self.process.terminate()
        assert self.process.wait(20) == 0
        return time.monotonic() - began


def begin(directory: Path, town, count: int) -> Console:
    console = Console(directory, free_port())
    console.database.upgrade()
    now = int(time.time())
    if count:
        town.populate(console.database, now, count)
    town.add_person(console.database, "wang", now=now)
    console.start()
    return console


def end(console: Console) -> None:
    if console.process.poll() is None:
        console.stop()
    console.database.close()


@pytest.fixture(scope="module")
def console(tmp_path_factory, town):
    made = begin(tmp_path_factory.mktemp("console"), town, EVENTS)
    yield made
    end(made)


@pytest.fixture
def empty_console(tmp_path, town):
    made = begin(tmp_path, town, 0)
    yield made
    end(made)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()
