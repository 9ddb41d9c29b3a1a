"""Which system a text is a pass of, and its reader."""

from collections.abc import Callable, Mapping
from typing import Final

from wire.errors import Flaw, WireError
from wire.foreign import hc1, nzcp
from wire.foreign.passes import Unverified

# Compared as the standards have them: in capitals where they stand in alphanumeric mode. An NZCP of another
# version is a pass too, one that its reader refuses.
_READERS: Final[Mapping[str, Callable[[str], Unverified]]] = {
    hc1.PREFIX: hc1.parse,
    nzcp.SCHEME: nzcp.parse,
}


def is_pass(content: str) -> bool:
    """Whether a text says that it is a pass of some system read here."""
    return content.startswith(tuple(_READERS))


def parse(content: str) -> Unverified:
    """What a pass says, its signature not verified; WireError with the layer that is wrong."""
    for prefix, read in _READERS.items():
        if content.startswith(prefix):
            return read(content)
    raise WireError(Flaw.PREFIX, "the text begins like no pass that is read here")
