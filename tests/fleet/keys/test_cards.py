"""Key cards, fingerprints that are read out, and the next root that they lead to."""

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import FleetError
from fleet.keys import cards, fingerprints, offline
from fleet.keys.cards import Card
from fleet.keys.offline import Change
from wire.documents import Role, RoleKeys, Root
from wire.keys import Alg, PrivateKey

NOW = 1_795_000_000


def card(role: Role = Role.ROOT, label: str = "north safe") -> Card:
    return Card(role, label, PrivateKey.generate().public)


def root(root_keys: int = 3, trust_keys: int = 2) -> Root:
    counts = {Role.ROOT: root_keys, Role.TRUST: trust_keys}
    keys = {role: [PrivateKey.generate().public for _ in range(counts.get(role, 1))] for role in Role}
    return Root(
        version=1,
        issued=NOW,
        expires=NOW + offline.ROOT_LIFE_S,
        audience="*",
        keys=tuple(key for role in Role for key in keys[role]),
        roles={
            role: RoleKeys(threshold=2 if role is Role.ROOT else 1, kids=tuple(k.kid for k in keys[role]))
            for role in Role
        },
    )


@pytest.mark.parametrize("alg", Alg)
def test_a_card_says_its_role_label_and_key(alg):
    key = PrivateKey.generate(alg)
    read = cards.decode(cards.write(Role.TRUST, "北港 safe", key))
    assert read == Card(Role.TRUST, "北港 safe", key.public)
    assert read.file_name == f"trust-{key.public.kid.hex()}.card.json"


@pytest.mark.parametrize("field", ["role", "label", "key", "proof"])
def test_a_card_that_was_changed_on_its_way_is_refused(field):
    other = json.loads(cards.write(Role.TRUST, "elsewhere", PrivateKey.generate()))
    said = json.loads(cards.write(Role.ROOT, "north safe", PrivateKey.generate()))
    said[field] = other[field]
    with pytest.raises(FleetError, match="not signed by its own key"):
        cards.decode(json.dumps(said).encode())


@pytest.mark.parametrize("label", ["", " x", "x" * 41, "a\nb", "\x1b[2J"])
def test_a_label_is_one_printable_line(label):
    with pytest.raises(FleetError, match="label"):
        cards.write(Role.ROOT, label, PrivateKey.generate())


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_the_reader_of_cards_fail_otherwise(data):
    with contextlib.suppress(FleetError):
        cards.decode(data)


def test_a_card_longer_than_any_is_not_read():
    with pytest.raises(FleetError, match="at most"):
        cards.decode(b" " * 5000)


def test_a_fingerprint_is_the_same_however_it_is_typed():
    key = PrivateKey.generate().public
    said = fingerprints.of_key(key)
    assert len(said) == 29
    assert said.startswith(key.fingerprint)
    assert fingerprints.same(said.lower().replace("-", " "), said)
    assert fingerprints.same(said.replace("O", "0").replace("I", "1").replace("B", "8"), said)
    assert not fingerprints.same(said[:-1], said)
    assert not fingerprints.same("", said)


def test_a_key_is_named_by_ten_letters_or_its_id_and_never_by_less():
    held = root()
    (first, *_) = held.keys_of(Role.ROOT).values()
    for name in (first.kid.hex(), first.fingerprint, fingerprints.of_key(first).lower()):
        assert offline.find(held, [name]) == (first,)
    director = next(iter(held.keys_of(Role.DIRECTOR).values()))
    for name in (first.fingerprint[:9], "", "AAAAA-AAAAA", director.fingerprint):
        with pytest.raises(FleetError, match="names no root or trust key"):
            offline.find(held, [name])


def test_keys_come_in_leave_and_are_replaced_in_one_step():
    held = root()
    old = tuple(held.keys_of(Role.ROOT).values())
    new = card()
    after = offline.next_root(held, Change(add=(new,), remove=old[:1], thresholds={Role.ROOT: 3}), NOW + 5)
    assert set(after.keys_of(Role.ROOT).values()) == {*old[1:], new.key}
    assert after.roles[Role.ROOT].threshold == 3
    assert old[0] not in after.keys
    assert (after.version, after.issued) == (2, NOW + 5)
    assert after.expires == NOW + 5 + offline.ROOT_LIFE_S
    for role in set(Role) - {Role.ROOT}:
        assert after.roles[role] == held.roles[role]


def test_all_keys_of_the_roles_that_get_new_ones_leave_together():
    held = root()
    new = (card(), card(), card(Role.TRUST))
    for coming, gone in ((new[:2], 3), (new[2:], 2), (new, 5), ((), 0)):
        leaving = offline.all_others(held, coming)
        assert len(leaving) == gone
        after = offline.next_root(held, Change(add=coming, remove=leaving), NOW)
        assert not set(leaving) & set(after.keys)


def test_nothing_but_dates_changes_when_nothing_is_said():
    held = root()
    after = offline.next_root(held, Change(), NOW + 5)
    assert replace(after, version=1, issued=held.issued, expires=held.expires) == held


def test_a_root_that_nobody_could_sign_or_follow_is_not_made():
    held = root()
    keys = tuple(held.keys_of(Role.ROOT).values())
    again = Card(Role.ROOT, "again", keys[0])
    twice = card()
    for change in (
        Change(remove=keys[:2]),
        Change(thresholds={Role.ROOT: 4}),
        Change(thresholds={Role.TRUST: 0}),
        Change(add=tuple(card() for _ in range(6))),
        Change(add=(again,)),
        Change(add=(twice, twice)),
        Change(remove=tuple(held.keys_of(Role.TRUST).values())),
    ):
        with pytest.raises(FleetError, match="nothing was"):
            offline.next_root(held, change, NOW)
