"""What tests of keys share: cheap seals, a fleet with its officer, and the files that others publish."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import settings

from fleet.ceremony import seal

settings.register_profile("shared", deadline=None)  # shared machines pause
settings.load_profile("shared")

NOW = 1_795_300_000  # 2026-11-21


@pytest.fixture(autouse=True)
def cheap_seals(monkeypatch):
    """Sealing costs a third of a second on purpose; here the keys are nobody's."""
    monkeypatch.setattr(seal, "LOG_N", 4)
    monkeypatch.setattr(seal, "P", 1)


def _beside(name: str):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def press():
    """Makes the files in which keys of other systems are published."""
    return _beside("press")


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch, empty_database):
    """A fleet at a fixed time, with a root and nothing else."""
    for module in ("trust_commands", "import_commands", "rotate_commands", "commands"):
        monkeypatch.setattr(f"fleet.keys.{module}.now", lambda: NOW)
    return _beside("officer").Fleet(tmp_path / "fleet", NOW, empty_database)
