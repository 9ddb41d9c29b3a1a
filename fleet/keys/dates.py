"""Dates of root and trust documents against a clock: a gate takes the newest signed date for the past."""

from typing import Final

from fleet.errors import FleetError
from fleet.keys.phrases import moment
from wire import envelope
from wire.documents import Root, Trust

DAY_S: Final = 86_400
AHEAD_S: Final = DAY_S
"""How far two clocks may differ that people set by hand."""
PUBLISHED_AHEAD_S: Final = 10
"""What a server publishes moves the clock of every gate that hears it; a phone's code is good for 30 s."""
EARLIEST_S: Final = 1_767_225_600
"""2026-01-01, before the first root of any fleet: a clock that says less has lost its battery."""
LONGEST_S: Final = {Root: (3 * 365 + 31) * DAY_S, Trust: (365 + 31) * DAY_S}
"""What nobody here asks for: a document that holds longer keeps a stolen key in force as long."""


def ahead(document: Root | Trust, now: int, most_s: int = AHEAD_S) -> str:
    """What is wrong with a document from the future; nothing where `now` may be right and it as well."""
    if document.issued <= now + most_s:
        return ""
    return (
        f"the {envelope.KINDS[type(document)].name} document is dated {moment(document.issued)}, and this "
        f"machine's clock says {moment(now)}. Every gate that believed it would take its date for the time, "
        "and call codes too old until then: find out which of the clocks is wrong (date --utc). If it is the "
        "other one, have the document made anew, or give it again when its date has come"
    )


def clock(now: int, known: Root | Trust | None, other: Root | Trust | None = None) -> int:
    """`now`, for what is made at a desk; FleetError when its clock is behind the documents it holds."""
    newest = max([EARLIEST_S, *(document.issued for document in (known, other) if document)])
    if now + AHEAD_S < newest:
        raise FleetError(
            f"this machine's clock says {moment(now)}, and it was {moment(newest)} already: nothing was "
            "made. Set the clock (date --utc --set …), then give the command again"
        )
    return now
