"""Which system a text is a pass of, and its reader."""

from collections.abc import Callable, Mapping
from typing import Final

from wire.errors import Flaw, WireError
from wire.foreign import hc1, nzcp, shc
from wire.foreign.passes import Unverified

# An NZCP of another version is a pass too, one that its reader refuses.
_READERS: Final[Mapping[str, Callable[[str], Unverified]]] = {
    hc1.PREFIX: hc1.parse,
    nzcp.SCHEME: nzcp.parse,
    shc.PREFIX: shc.parse,
}


def _reader(content: str) -> Callable[[str], Unverified] | None:
    for prefix, read in _READERS.items():
        # Capitals, where a standard has them; the scheme of a card's URI is the same in both (RFC 3986, 3.1).
        if content.startswith(prefix) or content[: len(prefix)].lower() == prefix:
            return read
    return None


def is_pass(content: str) -> bool:
    """Whether a text says that it is a pass of some system read here."""
    return _reader(content) is not None


def parse(content: str) -> Unverified:
    """What a pass says, its signature not verified; WireError with the layer that is wrong.

    A card in several codes is put together by `wire.foreign.shc`, not here.
    """
    read = _reader(content)
    if read is None:
        raise WireError(Flaw.PREFIX, "the text begins like no pass that is read here")
    return read(content)
