"""A status list moves to another address: both are bound for a while, and every code goes on so long."""

import json

import pytest

from device.firmware import lists
from device.firmware.errors import Unrecognised
from device.firmware.recognise import recognise
from fleet.db import open_database
from fleet.errors import ConflictError
from fleet.issuers import colours
from wire import cbor, code, status
from wire.keys import PrivateKey
from wire.reasons import Colour, Reason
from wire.status import StatusList, Token

NOW = 1_795_300_000
DAY = 86_400
OLD, NEW = "https://old.example/0", "https://new.example/0"
GATE = "0123456789ab"


class Authority:
    """An issuer that pushes lists and issues codes."""

    def __init__(self, fleet, place):
        self.fleet, self.codes, self.lists = fleet, PrivateKey.generate(), PrivateKey.generate()
        described = {
            "id": "jl",
            "name_zh": "吉林",
            "name_en": "Jilin",
            "keys": [
                {
                    "key": cbor.encode(key.public.cose()).hex(),
                    "use": use,
                    "not_before": 0,
                    "not_after": NOW + 99 * DAY,
                }
                for key, use in ((self.codes, "codes"), (self.lists, "lists"))
            ],
            "lists": [{"uri": OLD, "shard": 0}],
        }
        (place / "jl.json").write_text(json.dumps(described))
        fleet.trust("add-issuer", str(place / "jl.json"))
        fleet.sign()

    def push(self, uri: str, colour: Colour = Colour.GREEN, seq: int = 1) -> bytes:
        """Take a list over as the push endpoint does; its bytes, as gates get them."""
        statuses = StatusList(bytes(8)).changed({0: int(colour)})
        token = Token(uri=uri, issued=NOW, expires=NOW + DAY, seq=seq, statuses=statuses)
        data = status.issue_token(token, self.lists)
        with open_database(self.fleet.place / "fleet.db") as database, database.session() as session:
            colours.take_list(session, data, NOW)
        return data

    def code(self, uri: str) -> code.Unverified:
        holder = PrivateKey.generate()
        claims = code.Claims(
            issuer="jl",
            issued=NOW,
            expires=NOW + DAY,
            list_uri=uri,
            index=0,
            subject=bytes(16),
            holder=holder.public,
        )
        return code.parse(code.to_text(code.prove(code.issue(claims, self.codes), NOW, holder)))


@pytest.fixture
def jl(fleet, tmp_path):
    return Authority(fleet, tmp_path)


def believed(fleet, *tokens: bytes) -> dict[str, Token]:
    """The lists that a gate holds after these came, each on the topic of its own shard."""
    trust, held = fleet.believed(), {}
    for data in tokens:
        uri = status.read_claims(status.peek(data).payload).uri
        issuer, ref = lists.carried(trust, GATE)[uri]
        bound = lists.bind(trust, GATE, issuer.id, ref.shard)
        held[uri] = lists.read_list(bound, data, NOW)[0]
    return held


def test_codes_with_either_address_go_on_until_the_old_one_leaves(fleet, jl):
    first = jl.push(OLD)
    said = fleet.trust("move-list", "jl", OLD, NEW)
    assert "Rotation 1" in said
    assert "A-207" in said
    assert f"jl 加入状态列表 {NEW}（分片 1，闸机 *）" in fleet.waiting()[0]
    fleet.sign()
    second = jl.push(NEW, Colour.RED)
    held = believed(fleet, first, second)
    assert recognise(fleet.believed(), held, jl.code(OLD), NOW).colour is Colour.GREEN
    assert recognise(fleet.believed(), held, jl.code(NEW), NOW).colour is Colour.RED

    with pytest.raises(ConflictError, match="1 gates do not hold"):
        fleet.rotate("advance", "1")
    fleet.gate_holds(trust=2)
    assert "Old and new are believed" in fleet.rotate("advance", "1")
    fleet.rotate("advance", "1")
    assert "jl LOSES this status list, for gates *: codes that name it are refused" in fleet.waiting()[0]
    fleet.sign()
    assert fleet.rotation().state == "removed"
    with pytest.raises(Unrecognised) as caught:
        recognise(fleet.believed(), held, jl.code(OLD), NOW)
    assert caught.value.reason is Reason.INDEX_OUTSIDE
    assert recognise(fleet.believed(), held, jl.code(NEW), NOW).colour is Colour.RED
    with pytest.raises(colours.PushError, match="knows no list"):
        jl.push(OLD, seq=2)


def test_before_the_first_push_to_the_new_address_a_new_code_has_no_colour(fleet, jl):
    first = jl.push(OLD)
    fleet.trust("move-list", "jl", OLD, NEW)
    fleet.sign()
    held = believed(fleet, first)
    assert set(lists.carried(fleet.believed(), GATE)) == {OLD, NEW}
    assert recognise(fleet.believed(), held, jl.code(NEW), NOW).colour is None
    assert recognise(fleet.believed(), held, jl.code(OLD), NOW).colour is Colour.GREEN


def test_a_gate_that_slept_through_the_move_goes_on_with_the_new_address_alone(fleet, jl):
    first, before = jl.push(OLD), fleet.believed()
    fleet.trust("move-list", "jl", OLD, NEW)
    fleet.sign()
    second = jl.push(NEW)
    fleet.rotate("advance", "1", "--anyway")
    fleet.rotate("advance", "1")
    fleet.sign()
    assert set(lists.carried(before, GATE)) == {OLD}
    assert set(lists.carried(fleet.believed(), GATE)) == {NEW}
    with pytest.raises(KeyError):
        believed(fleet, first)
    assert recognise(fleet.believed(), believed(fleet, second), jl.code(NEW), NOW).colour is Colour.GREEN


@pytest.mark.parametrize("published", [True, False])
def test_a_move_is_undone_before_and_after_it_was_published(fleet, jl, published):
    first = jl.push(OLD)
    fleet.trust("move-list", "jl", OLD, NEW)
    if published:
        fleet.sign()
        jl.push(NEW)
    fleet.rotate("undo", "1")
    if published:
        assert f"撤去状态列表 {NEW}" in fleet.waiting()[0]
        fleet.sign()
    assert fleet.rotation().state == "removed"
    assert set(lists.carried(fleet.believed(), GATE)) == {OLD}
    assert recognise(fleet.believed(), believed(fleet, first), jl.code(OLD), NOW).colour is Colour.GREEN


@pytest.mark.usefixtures("jl")
def test_one_move_of_an_issuer_at_a_time(fleet):
    fleet.trust("move-list", "jl", OLD, NEW)
    with pytest.raises(ConflictError, match="finish or undo it first"):
        fleet.trust("move-list", "jl", OLD, "https://third.example/0")


@pytest.mark.usefixtures("jl")
def test_every_list_of_a_host_moves_in_one_rotation(fleet):
    fleet.trust("move-list", "jl", "https://old.example/", "https://new.example/", "--prefix")
    fleet.sign()
    assert set(lists.carried(fleet.believed(), GATE)) == {OLD, NEW}
    fleet.rotate("advance", "1", "--anyway")
    fleet.rotate("advance", "1")
    fleet.sign()
    assert set(lists.carried(fleet.believed(), GATE)) == {NEW}


@pytest.mark.usefixtures("jl")
def test_a_removed_issuer_ends_its_move(fleet):
    fleet.trust("move-list", "jl", OLD, NEW)
    fleet.trust("remove-issuer", "jl", "--reason", "gone")
    fleet.sign()
    assert fleet.rotation().state == "removed"
    assert fleet.believed().issuers == ()
