"""Sealing costs a third of a second on purpose; here the keys are nobody's."""

import pytest
from hypothesis import settings

from fleet.ceremony import seal

settings.register_profile("shared", deadline=None)  # shared machines pause
settings.load_profile("shared")


@pytest.fixture(autouse=True)
def cheap_seals(monkeypatch):
    monkeypatch.setattr(seal, "LOG_N", 4)
    monkeypatch.setattr(seal, "P", 1)
