"""Passphrases: weak ones are refused for a reason that never repeats them."""

import pytest

from fleet.ceremony import passphrase
from fleet.errors import FleetError


@pytest.mark.parametrize(
    ("weak", "why"),
    [
        ("short", "12 characters"),
        ("", "12 characters"),
        ("aaaaaaaaaaaaaaaaaaaa", "different"),
        ("abababababababababab", "different"),
        ("password password password", "said again"),
        ("monkey7monkey7monkey7mon", "said again"),
        ("abcdefghijklmnopqrstuvwxyz", "neighbours"),
        ("qwertyuiopasdfghjklzxcvbnm", "neighbours"),
        ("9876543210zyxwvutsrq", "neighbours"),
        ("correct horse\nbattery", "typed"),
    ],
)
def test_a_weak_passphrase_is_refused_and_not_repeated(weak, why):
    with pytest.raises(FleetError, match=why) as told:
        passphrase.check(weak)
    assert "ceremony passphrase" in str(told.value)
    assert len(weak) < 6 or weak not in str(told.value)


@pytest.mark.parametrize(
    "good", ["correct horse battery", "北港 灯塔 七只灯笼 挂在 老桥边", "u7kq-9fzm-2bxc"]
)
def test_several_words_or_random_letters_will_do(good):
    assert passphrase.check(good) == good


def test_a_suggestion_is_good_enough_and_never_the_same():
    made = {passphrase.suggest() for _ in range(50)}
    assert len(made) == 50
    assert all(passphrase.check(one) == one for one in made)
