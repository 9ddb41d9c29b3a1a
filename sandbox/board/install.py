"""How a process comes to stand on the virtual machine: smbus2 meets its I²C device, a server is started."""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from sandbox.board.machine import MACHINE
from sandbox.board.thermometer import EMISSIVITY, SKIN_EMISSIVITY

LIBRARY = "smbus2.smbus2"


class _Os:
    """What smbus2 sees as `os`: the machine's I²C device nodes, everything else as it is."""

    def __init__(self, devices: Any) -> None:  # noqa: ANN401 -- two functions are all that matters
        self.open = devices.open
        self.close = devices.close

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever os has
        return getattr(os, name)


def _solder(module: ModuleType) -> None:
    module.os = _Os(MACHINE.i2c)  # type: ignore[attr-defined]  # smbus2 looks these two names up on each call
    module.ioctl = MACHINE.i2c.ioctl  # type: ignore[attr-defined]  # the same


class _Solderer(importlib.abc.MetaPathFinder):
    """Finds smbus2 as always, but solders it to the machine once it is loaded."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != LIBRARY:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_solder(module: ModuleType) -> None:
                load(module)
                _solder(module)

            spec.loader.exec_module = load_and_solder  # type: ignore[method-assign]  # this one loader, this once
        return spec


def solder_i2c() -> None:
    """Put the machine's I²C under smbus2, whether it is imported already or will be."""
    if LIBRARY in sys.modules:
        _solder(sys.modules[LIBRARY])
    elif not any(isinstance(finder, _Solderer) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Solderer())


def install(socket_path: str) -> None:
    """Stand this process on the machine; listen on `socket_path` unless another process of it does."""
    from sandbox.board.control import serve

    # What a field engineer does to a chip before anybody stands before it: `jx-gate emissivity`.
    MACHINE.thermometer.eeprom[EMISSIVITY] = SKIN_EMISSIVITY
    solder_i2c()
    serve(socket_path)
