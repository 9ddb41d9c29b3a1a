"""Whether a passphrase withstands somebody who found the sealed files, and one that does."""

import secrets
from typing import Final

from fleet.errors import FleetError

LEAST: Final = 12  # characters that somebody has to guess; the files are copied to sticks and safes
LEAST_DIFFERENT: Final = 7
_RUN: Final = 3  # of "abcd", "4321", "aaaa" the guesser needs the beginning and the length
_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # none that looks like another: 5 bits each
_GROUPS, _GROUP = 5, 4  # 100 bits


def check(passphrase: str) -> str:
    """The passphrase, if it is good enough; FleetError says what is wrong with it, never what it is."""
    fault = _fault(passphrase)
    if fault:
        raise FleetError(
            f"the passphrase {fault}; nothing was made. Take several unusual words, at least {LEAST} "
            "characters, or one from: jx-fleet ceremony passphrase"
        )
    return passphrase


def suggest() -> str:
    """A passphrase of 100 random bits that can be read out and typed."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _fault(passphrase: str) -> str:
    if len(passphrase) < LEAST:
        return f"has {len(passphrase)} characters where at least {LEAST} characters are needed"
    if not passphrase.isprintable():
        return "has characters that cannot be typed on every keyboard"
    lower = passphrase.lower()
    if len(set(lower)) < LEAST_DIFFERENT:
        return f"has fewer than {LEAST_DIFFERENT} different characters"
    if _unguessed(_once(lower)) < LEAST:
        return "is a short text said again, or made of neighbours in the alphabet or on the keyboard"
    return ""


def _once(text: str) -> str:
    """The part that is repeated until it makes up the text; the text itself if there is none."""
    length = (text + text).find(text, 1)
    for size in range(1, len(text) // 2 + 1):  # also with a torn end: "monkey monkey mon"
        if (text[:size] * (len(text) // size + 1)).startswith(text):
            length = min(length, size)
    return text[:length]


def _unguessed(text: str) -> int:
    """How many characters are left when what follows from its neighbours counts once."""
    left = run = 1
    for at in range(1, len(text)):
        run = run + 1 if _follows(text[at - 1], text[at]) else 1
        left += run < _RUN
    return left


def _follows(one: str, other: str) -> bool:
    if abs(ord(one) - ord(other)) <= 1:
        return True
    return any(one in row and other in row and abs(row.index(one) - row.index(other)) == 1 for row in _ROWS)
