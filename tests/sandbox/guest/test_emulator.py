from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.guest import emulator
from sandbox.guest.emulator import Emulator


def test_nothing_of_this_computers_own_qemu_or_c_library_is_used():
    one = Emulator(Path("/kept/qemu"))
    loader, *rest = one.words
    assert loader.startswith("/kept/qemu/")
    assert all(place.startswith("/kept/qemu/") for place in rest[rest.index("--library-path") + 1].split(":"))
    program = rest.index(f"/kept/qemu/usr/bin/{emulator.PROGRAM}")
    data = rest[program + 1 :]
    assert data[::2] == ["-L"] * len(emulator.DATA)
    assert data[1::2] == [f"/kept/qemu/{place}" for place in emulator.DATA]
    assert one.environment["QEMU_MODULE_DIR"].startswith("/kept/qemu/")


def fake(tree, script):
    loader = tree / emulator.LOADER
    loader.parent.mkdir(parents=True)
    loader.write_text(f"#!/bin/sh\n{script}\n")
    loader.chmod(0o755)
    return Emulator(tree)


def test_its_version_is_as_it_says(tmp_path):
    assert fake(tmp_path, "echo 'QEMU emulator version 10.0.2 (Debian)'").version() == "10.0.2"


def test_one_that_does_not_start_here_says_so_and_what_to_do(tmp_path):
    with pytest.raises(SandboxError, match=r"does not start on this computer \(3\): no such page\. Remove "):
        fake(tmp_path, "echo no such page >&2; exit 3").version()
