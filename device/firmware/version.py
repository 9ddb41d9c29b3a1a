"""Which firmware this is, as it stands in every `hello`."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

try:
    _number = version("jixiang-gate")
except PackageNotFoundError:  # run from a source tree that was never installed
    _number = "0+source"

FIRMWARE: Final = _number[:32]  # wire.messages.Hello: at most 32 characters
