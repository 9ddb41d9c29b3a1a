"""What the screen says to an attendant: a title, a few lines, a choice; data that `picture` draws."""

from dataclasses import dataclass, field, replace
from typing import Final

HIDDEN: Final = "已隐藏 Hidden"
"""Stands where a secret stood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One screen of attendant mode, in both languages."""

    zh: str
    en: str
    items: tuple[tuple[str, str], ...] = ()
    """Chinese and English of what can be chosen, in order; empty: nothing is to be chosen."""
    chosen: int = 0
    """Index into `items` that a long press of the button takes."""
    plain: tuple[str, ...] = field(default=(), repr=False)
    """Lines that are shown as they are: a registration number, a masked name."""
    secret: bool = False
    """`plain` holds somebody's masked name: it is drawn without any cache and never kept."""
    seconds_left: int | None = None
    """Shown as a shrinking bar; None: no end is near."""


def covered(panel: Panel) -> Panel:
    """The same panel once its secret has been seen for long enough."""
    return replace(panel, plain=(HIDDEN,), secret=False)
