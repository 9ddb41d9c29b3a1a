"""Passwords: argon2id, length limits, and the same work for somebody unknown."""

import pytest

from fleet.errors import FleetError
from fleet.people import passwords


def test_a_password_fits_its_own_digest_only():
    digest = passwords.digest("a sentence people keep in mind")
    assert digest.startswith("$argon2id$")
    assert passwords.matches(digest, "a sentence people keep in mind")
    assert not passwords.matches(digest, "a sentence people keep in mine")


@pytest.mark.parametrize("password", ["", "short", "x" * (passwords.MOST_LENGTH + 1)])
def test_too_short_and_too_long_are_refused(password):
    with pytest.raises(FleetError, match="characters"):
        passwords.digest(password)


def test_somebody_unknown_costs_a_real_check_and_never_fits(monkeypatch):
    checked = []

    class Counting:
        def verify(self, digest, password):
            checked.append(digest)
            return passwords.PasswordHasher().verify(digest, password)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    assert not passwords.matches(None, "anything at all")
    assert checked == [passwords._NOBODY]
    assert passwords.PasswordHasher().check_needs_rehash(passwords._NOBODY) is False


def test_a_damaged_digest_fits_nothing():
    assert not passwords.matches("not a digest", "anything at all")
