"""Passwords: argon2id digests, and checking one at a cost that does not tell whether the person exists."""

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fleet.errors import FleetError

LEAST_LENGTH: Final = 12  # NIST SP 800-63B-4 asks for 15 without and 8 with a second factor
MOST_LENGTH: Final = 256  # a limit on work, far above any sentence people remember

_hasher: Final = PasswordHasher()  # RFC 9106, second recommended option: 64 MiB, 3 passes, 4 lanes
# Each check takes 64 MiB: two at a time keep a flood of attempts from taking the machine's memory.
_turnstile: Final = threading.BoundedSemaphore(2)
# A digest of nothing anybody knows; checking against it costs what checking a real one costs.
_NOBODY: Final = _hasher.hash("nobody's password: this digest belongs to no account")


def digest(password: str) -> str:
    """Argon2id digest of `password`; FleetError when it is too short or too long."""
    if not LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        raise FleetError(
            f"a password has {LEAST_LENGTH} to {MOST_LENGTH} characters; nothing was changed, choose another"
        )
    with _turnstile:
        return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` belongs to the stored digest; without a digest the same work is done for nothing."""
    with _turnstile:
        try:
            _hasher.verify(stored or _NOBODY, password[: MOST_LENGTH + 1])
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None
