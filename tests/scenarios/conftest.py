"""The firmware's whole gate and small authority, for scenarios; they are told by the firmware's own tests."""

import importlib.util
import sys
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).parents[1] / "device" / "firmware"


def _told_by(name):
    """One file of the firmware's tests as a module."""
    spec = importlib.util.spec_from_file_location(f"firmware_{name}", FIRMWARE / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_GATE, _PROCESS = _told_by("conftest"), _told_by("test_main")
shared_authority, authority = _GATE.shared_authority, _GATE.authority
beliefs, world, served = _GATE.beliefs, _GATE.world, _GATE.served
running = _PROCESS.running


@pytest.fixture
def world_at(authority, beliefs):
    """A gate with its file wherever a test wants it."""
    worlds = []

    def make(path):
        worlds.append(_GATE.World(authority, beliefs, path))
        return worlds[-1]

    yield make
    for world in worlds:
        world.store.close()
