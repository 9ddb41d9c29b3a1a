"""What the wallet's page may do at the gates: walk there, look at the screen, hear the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from PIL import Image

from wire.reasons import Reason


@dataclass(frozen=True, slots=True)
class GateName:
    """A gate as people know it."""

    id: str
    zh: str
    en: str


class Walk(StrEnum):
    """How far a person is."""

    QUEUED = "queued"
    SHOWING = "showing"
    DECIDED = "decided"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest walk to one gate that began on this page: `reason` and `took_s` once it is decided."""

    number: int
    walk: Walk
    reason: Reason | None = None
    took_s: float | None = None


class Doors(Protocol):
    """The gates of the town; called from the page's threads."""

    @property
    def gates(self) -> Sequence[GateName]:
        """All gates, in the order of the town."""

    def show(self, gate: str, number: int, body_c: float) -> None:
        """Send a person to a gate with a fresh code and this true body temperature."""

    def seen(self, gate: str) -> Seen | None:
        """The newest walk to this gate from this page."""

    def press(self, gate: str, *, long: bool) -> None:
        """Press the attendant's button at a gate, and let it go again."""

    def screen(self, gate: str) -> Image.Image | None:
        """What the gate's own display shows; None while the gate is not there."""
