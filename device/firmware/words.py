"""A sentence as people here read it: in Chinese and in English."""

from typing import Final, NamedTuple


class Both(NamedTuple):
    """One statement in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        """Both, or the one when they are the same: numbers and names need no translation."""
        return self.zh if self.zh == self.en else f"{self.zh} · {self.en}"


def plain(value: object) -> Both:
    """What reads the same in both languages."""
    return Both(str(value), str(value))


NOTHING: Final = Both("", "")
