"""Status lists that move to another address, and what becomes of the codes that name the old one."""

from dataclasses import replace

import pytest

from fleet.errors import FleetError, NotFoundError
from fleet.keys import addresses, issuers
from fleet.keys.addresses import Move
from wire.documents import Issuer, ListRef, Trust
from wire.policy import LOOSEST

OLD, NEW = "https://old.example/", "https://new.example/lists/"


def trust(*uris: str, **more) -> Trust:
    lists = tuple(ListRef(uri=uri, shard=n, carried_by=("", "0")) for n, uri in enumerate(uris))
    jl = Issuer(id="jl", name_zh="吉林", name_en="Jilin", keys=(), lists=lists)
    other = replace(jl, id="hlj", lists=(ListRef(uri=f"{OLD}hlj", shard=0, carried_by=("",)),))
    made = Trust(version=1, issued=0, expires=9, audience="*", issuers=(jl, other), bounds=LOOSEST)
    return replace(made, **more)


def lists(made: Trust) -> dict[str, int]:
    return {ref.uri: ref.shard for ref in issuers.find(made, "jl").lists}


def test_one_list_is_bound_under_both_addresses_in_shards_of_their_own():
    made, (pair,) = addresses.both(trust(f"{OLD}0", f"{OLD}1"), "jl", Move(f"{OLD}0", f"{NEW}0"))
    assert lists(made) == {f"{OLD}0": 0, f"{OLD}1": 1, f"{NEW}0": 2}
    assert pair.old.carried_by == pair.new.carried_by
    assert lists(addresses.without(made, "jl", [f"{OLD}0"])) == {f"{OLD}1": 1, f"{NEW}0": 2}


def test_all_lists_of_a_host_move_together_and_those_of_others_stay():
    before = trust(*(f"{OLD}{n}" for n in range(24)), "https://elsewhere.example/0")
    made, pairs = addresses.both(before, "jl", Move(OLD, NEW, prefix=True))
    assert len(pairs) == 24
    assert lists(made)[f"{NEW}7"] == 32
    assert len(set(lists(made).values())) == 49
    assert issuers.find(made, "hlj") == issuers.find(before, "hlj")


def test_the_number_of_a_shard_that_left_is_used_again():
    made, _ = addresses.both(trust(f"{OLD}0"), "jl", Move(f"{OLD}0", f"{NEW}0"))
    made = addresses.without(made, "jl", [f"{OLD}0"])
    again, _ = addresses.both(made, "jl", Move(f"{NEW}0", f"{OLD}0"))
    assert lists(again) == {f"{NEW}0": 1, f"{OLD}0": 0}


@pytest.mark.parametrize(
    ("move", "error", "words"),
    [
        (Move("https://none.example", NEW), NotFoundError, "has no list there"),
        (Move(OLD, NEW), NotFoundError, "has no list there"),
        (Move(f"{OLD}0", f"{OLD}1"), FleetError, "twice"),
        (Move(f"{OLD}0", f"{OLD}0"), FleetError, "twice"),
        (Move(f"{OLD}0", f"{OLD}hlj"), FleetError, "twice"),
        (Move(f"{OLD}0", "x" * 129), FleetError, "at most 128 characters"),
        (Move(f"{OLD}0", "\x1b"), FleetError, "printable"),
    ],
)
def test_a_move_that_cannot_be_changes_nothing(move, error, words):
    with pytest.raises(error, match=words):
        addresses.both(trust(f"{OLD}0", f"{OLD}1"), "jl", move)


def test_an_issuer_has_no_more_lists_than_gates_take():
    with pytest.raises(FleetError, match="more than 256 lists"):
        addresses.both(trust(*(f"{OLD}{n}" for n in range(129))), "jl", Move(OLD, NEW, prefix=True))
