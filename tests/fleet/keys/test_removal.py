"""Compromised keys and issuers: one request takes them out, and what they signed is refused from then on."""

import json

import pytest

from device.firmware.errors import Unrecognised
from device.firmware.recognise import recognise, recognise_pass, signers
from fleet.db import open_database
from fleet.errors import ConflictError, FleetError, NotFoundError
from fleet.keys import foreign_words
from fleet.models import Audit, SigningRequest
from sandbox import foreign, health_cards
from wire import cbor, code
from wire.foreign import reader
from wire.foreign.passes import Kind
from wire.keys import PrivateKey
from wire.reasons import Reason

NOW = 1_795_300_000
DAY = 86_400
LIST = "https://jl.example/0"


def hexed(key: PrivateKey) -> str:
    return cbor.encode(key.public.cose()).hex()


@pytest.fixture
def codes():
    return PrivateKey.generate()


@pytest.fixture
def put(tmp_path):
    def write(data: bytes, name: str = "file") -> str:
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return write


def add_issuer(fleet, put, *keys: PrivateKey, name: str = "jl", uses=("codes",)) -> None:
    rows = [
        {"key": hexed(key), "use": use, "not_before": 0, "not_after": NOW + 9 * DAY}
        for key, use in zip(keys, uses * len(keys), strict=False)
    ]
    described = {
        "id": name,
        "name_zh": name,
        "name_en": name,
        "keys": rows,
        "lists": [{"uri": f"https://{name}.example/0", "shard": 0}],
    }
    fleet.trust("add-issuer", put(json.dumps(described).encode(), f"{name}.json"))


def shown(key: PrivateKey) -> code.Unverified:
    """A phone's code that the issuer's key signed."""
    holder = PrivateKey.generate()
    claims = code.Claims(
        issuer="jl",
        issued=NOW,
        expires=NOW + DAY,
        list_uri=LIST,
        index=0,
        subject=bytes(16),
        holder=holder.public,
    )
    return code.parse(code.to_text(code.prove(code.issue(claims, key), NOW, holder)))


def refused(fleet, unverified) -> Reason:
    with pytest.raises(Unrecognised) as caught:
        recognise(fleet.believed(), {}, unverified, NOW)
    return caught.value.reason


def refused_pass(fleet, unverified) -> Reason:
    with pytest.raises(Unrecognised) as caught:
        recognise_pass(signers(fleet.believed()), bytes(32), unverified, NOW)
    return caught.value.reason


def test_a_compromised_key_of_ours_is_out_with_one_request_and_its_codes_are_refused(fleet, put, codes):
    other = PrivateKey.generate()
    add_issuer(fleet, put, codes, other)
    fleet.sign()
    assert recognise(fleet.believed(), {}, shown(codes), NOW).issuer.id == "jl"
    said = fleet.trust("remove-key", "jl", codes.public.kid.hex(), "--reason", "stolen")
    assert "have this signed now" in said
    (words,) = fleet.waiting()
    assert "jl LOSES a key that signs codes: what it signed is refused" in words
    fleet.sign()
    assert refused(fleet, shown(codes)) is Reason.UNKNOWN_ISSUER
    assert recognise(fleet.believed(), {}, shown(other), NOW)


def test_the_last_key_of_a_use_leaves_loudly(fleet, put, codes):
    add_issuer(fleet, put, codes)
    fleet.sign()
    fleet.trust("remove-key", "jl", codes.public.kid.hex()[:8], "--reason", "stolen")
    assert "ATTENTION: jl has no key left that signs codes" in fleet.waiting()[0]
    fleet.sign()
    assert refused(fleet, shown(codes)) is Reason.UNKNOWN_ISSUER


def test_an_issuer_is_out_with_one_request(fleet, put, codes):
    add_issuer(fleet, put, codes)
    add_issuer(fleet, put, PrivateKey.generate(), name="hlj")
    fleet.sign()
    fleet.trust("remove-issuer", "jl", "--reason", "withdrawn")
    assert "issuer jl REMOVED: its codes are refused" in fleet.waiting()[0]
    fleet.sign()
    assert refused(fleet, shown(codes)) is Reason.UNKNOWN_ISSUER
    assert [issuer.id for issuer in fleet.believed().issuers] == ["hlj"]


def test_imported_keys_are_believed_and_a_removed_one_is_not_any_more(fleet, press, put):
    authority = foreign.Authority("DE")
    pair = [authority.signer(NOW - DAY, NOW + 9 * DAY, kinds=Kind.VACCINATION) for _ in range(2)]
    fleet.trust("import", put(press.german(*(signer.certificate for signer in pair))))
    body = foreign.certificate("v", [foreign.vaccination("2026-06-01")])
    first, second = (reader.parse(foreign.hc1(body, signer, NOW - DAY, NOW + DAY)) for signer in pair)
    fleet.sign()
    assert recognise_pass(signers(fleet.believed()), bytes(32), first, NOW).issuer.id == "hc1-de"
    fleet.trust("remove-key", "hc1-de", pair[0].kid.hex(), "--reason", "stolen")
    assert "hc1-de LOSES 1 key: what they signed is refused" in fleet.waiting()[0]
    fleet.sign()
    assert refused_pass(fleet, first) is Reason.UNKNOWN_ISSUER
    assert recognise_pass(signers(fleet.believed()), bytes(32), second, NOW).issuer.id == "hc1-de"
    fleet.trust("remove-issuer", "hc1-de", "--reason", "all of them")
    fleet.sign()
    assert refused_pass(fleet, second) is Reason.UNKNOWN_ISSUER


def test_cards_and_passes_are_believed_by_their_imported_keys_too(fleet, press, put):
    signer, kiwi = PrivateKey.generate(), foreign.new_signer()
    iss = "https://cards.harbour.example/issuer"
    fleet.trust("import", put(health_cards.key_set(signer), "jwks.json"), "--iss", iss)
    document = press.did([("key-1", press.as_jwk(kiwi.key))], foreign.NZ_ISSUER)
    fleet.trust("import", put(document, "did.json"))
    fleet.sign()
    card = health_cards.claims(health_cards.bundle([health_cards.immunization("2026-06-01")]), NOW - DAY, iss)
    taken = reader.parse(health_cards.text(health_cards.sign(card, signer)))
    assert recognise_pass(signers(fleet.believed()), bytes(32), taken, NOW).issuer.iss == iss
    kid = foreign.NZ_KEY.decode() if isinstance(foreign.NZ_KEY, bytes) else foreign.NZ_KEY
    nz = reader.parse(foreign.nzcp(kiwi, NOW - DAY, NOW + DAY))
    found = recognise_pass(signers(fleet.believed()), bytes(32), nz, NOW)
    assert found.issuer.iss == foreign.NZ_ISSUER
    fleet.trust("remove-key", found.issuer.id, kid, "--reason", "stolen")
    fleet.sign()
    assert refused_pass(fleet, nz) is Reason.UNKNOWN_ISSUER


def test_a_removed_key_comes_back_with_no_later_list_unless_it_is_asked_for(fleet, press, put):
    stolen, other, later = (press.dsc() for _ in range(3))
    fleet.trust("import", put(press.pem(stolen, other)))
    fleet.sign()
    fleet.trust("remove-key", "hc1-de", press.kid(stolen).hex(), "--reason", "stolen")
    fleet.sign()
    said = fleet.trust("import", put(press.pem(stolen, other, later)))
    assert "block 1: it was removed here before: --again takes it back" in said
    fleet.sign()
    assert {row.kid for row in fleet.believed().foreign[0].keys} == {press.kid(other), press.kid(later)}
    fleet.trust("import", put(press.pem(stolen, other)), "--again", "--replace")
    fleet.sign()
    assert "nothing was asked" in fleet.trust("import", put(press.pem(stolen, other)), "--replace")
    assert {row.kid for row in fleet.believed().foreign[0].keys} == {press.kid(stolen), press.kid(other)}


def test_a_removed_issuer_comes_back_with_no_later_list_unless_it_is_asked_for(fleet, press, put):
    file = put(press.pem(press.dsc(), press.dsc(country="FR")))
    fleet.trust("import", file)
    fleet.sign()
    fleet.trust("remove-issuer", "hc1-de", "--reason", "all of them")
    fleet.sign()
    assert "--again takes it back" in fleet.trust("import", file)
    assert fleet.waiting() == []
    assert [issuer.id for issuer in fleet.believed().foreign] == ["hc1-fr"]
    fleet.trust("import", file, "--again")
    fleet.trust("import", put(press.pem(press.dsc()), "new.pem"))
    fleet.sign()
    assert {issuer.id: len(issuer.keys) for issuer in fleet.believed().foreign} == {"hc1-fr": 1, "hc1-de": 2}


def test_an_old_description_does_not_bring_a_removed_key_back(fleet, put, codes):
    other = PrivateKey.generate()
    add_issuer(fleet, put, codes, other)
    fleet.sign()
    fleet.trust("remove-key", "jl", codes.public.kid.hex(), "--reason", "stolen")
    fleet.sign()
    with pytest.raises(ConflictError, match="removed here before"):
        add_issuer(fleet, put, codes, other)
    assert fleet.waiting() == []
    fleet.trust("add-issuer", put(b"").removesuffix("file") + "jl.json", "--again")
    fleet.sign()
    assert recognise(fleet.believed(), {}, shown(codes), NOW)


def test_a_rotation_that_waits_is_carried_along(fleet, put, codes):
    """The removal of another key does not wait for the officer's answer to the rotation."""
    new, stolen = PrivateKey.generate(), PrivateKey.generate()
    add_issuer(fleet, put, codes, stolen)
    fleet.sign()
    fleet.rotate("issuer", "jl", "--key", hexed(new))
    said = fleet.trust("remove-key", "jl", stolen.public.kid.hex(), "--reason", "stolen")
    assert "Request 2 is carried along" in said
    loud = said[said.index("ATTENTION: this request does more than the removal") :]
    assert "jl gets a key that signs codes" in loud
    assert "jl LOSES" not in loud
    assert "To have the removal alone: jx-fleet rotate undo 1" in loud
    (words,) = fleet.waiting()
    assert "gets a key that signs codes" in words
    fleet.sign()
    assert fleet.rotation().state == "published"
    assert {row.key for row in fleet.believed().issuers[0].keys} == {codes.public, new.public}


def test_a_removal_is_had_alone_as_its_note_says(fleet, put, codes):
    stolen = PrivateKey.generate()
    add_issuer(fleet, put, codes, stolen)
    fleet.sign()
    add_issuer(fleet, put, PrivateKey.generate(), name="hlj")
    said = fleet.trust("remove-key", "jl", stolen.public.kid.hex(), "--reason", "stolen")
    assert "issuer hlj added" in said[said.index("ATTENTION: this request does more") :]
    assert "To have the removal alone: jx-fleet requests withdraw 3" in said
    fleet.requests("withdraw", "3")
    said = fleet.trust("remove-key", "jl", stolen.public.kid.hex(), "--reason", "stolen")
    assert "ATTENTION" not in said
    (words,) = fleet.waiting()
    assert "hlj" not in words
    fleet.sign()
    assert {row.key for row in fleet.believed().issuers[0].keys} == {codes.public}


def test_a_removed_issuer_of_codes_comes_back_with_no_old_description(fleet, put, codes):
    """However many keys it had."""
    many = [PrivateKey.generate() for _ in range(30)]
    add_issuer(fleet, put, codes, *many)
    fleet.sign()
    fleet.trust("remove-issuer", "jl", "--reason", "withdrawn")
    fleet.sign()
    with pytest.raises(ConflictError, match="removed here before"):
        add_issuer(fleet, put, many[-1])
    assert fleet.waiting() == []
    fleet.trust("add-issuer", put(b"").removesuffix("file") + "jl.json", "--again")
    fleet.sign()
    add_issuer(
        fleet, put, many[-1], PrivateKey.generate()
    )  # taken back: its next description is as any other
    fleet.sign()
    assert len(fleet.believed().issuers[0].keys) == 2


@pytest.mark.parametrize("step", ["awaiting", "published", "active"])
@pytest.mark.parametrize("stolen", ["old", "new"])
def test_a_rotation_ends_when_one_of_its_keys_is_compromised(fleet, put, codes, step, stolen):
    new = PrivateKey.generate()
    keys = {"old": codes, "new": new}
    add_issuer(fleet, put, codes)
    fleet.sign()
    fleet.rotate("issuer", "jl", "--key", hexed(new))
    if step != "awaiting":
        fleet.sign()
    if step == "active":
        fleet.rotate("advance", "1", "--anyway")
    fleet.trust("remove-key", "jl", keys[stolen].public.kid.hex(), "--reason", "stolen")
    fleet.sign()
    left = {row.key for row in fleet.believed().issuers[0].keys}
    assert left == {keys["new" if stolen == "old" else "old"].public}
    assert fleet.rotation().state == ("published" if (step, stolen) == ("awaiting", "old") else "removed")


def test_a_rotation_ends_with_its_issuer(fleet, put, codes):
    add_issuer(fleet, put, codes)
    fleet.sign()
    fleet.rotate("issuer", "jl", "--key", hexed(PrivateKey.generate()))
    said = fleet.trust("remove-issuer", "jl", "--reason", "gone")
    assert "Rotation 1 of jl:codes ends with this" in said
    fleet.sign()
    assert fleet.rotation().state == "removed"
    assert fleet.believed().issuers == ()


def test_a_rotation_of_the_trust_key_gives_way(fleet, put, codes):
    add_issuer(fleet, put, codes, PrivateKey.generate())
    fleet.sign()
    fleet.rotate("trust")
    said = fleet.trust("remove-key", "jl", codes.public.kid.hex(), "--reason", "stolen")
    assert "Rotation 1 of the trust key was given up" in said
    fleet.sign()
    assert fleet.rotation().state == "removed"
    assert refused(fleet, shown(codes)) is Reason.UNKNOWN_ISSUER


def test_why_is_in_the_audit_log(fleet, put, codes):
    add_issuer(fleet, put, codes)
    fleet.sign()
    fleet.trust("remove-key", "jl", codes.public.kid.hex(), "--reason", "stolen in Changchun")
    with open_database(fleet.place / "fleet.db") as database, database.reading() as session:
        row = session.query(Audit).filter_by(action="trust.removed").one()
        assert session.query(SigningRequest).count() == 2
    assert json.loads(row.detail) == {
        "issuer": "jl",
        "keys": codes.public.kid.hex(),
        "reason": "stolen in Changchun",
    }


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        ("0011223344556677", NotFoundError, "no key of this id"),
        ("01", NotFoundError, "no key of this id"),
        ("010101", FleetError, "2 keys of hc1-nl begin so"),
    ],
)
def test_a_key_id_that_names_none_or_several_changes_nothing(fleet, press, put, key, error, words):
    one, two = press.private(), press.private()
    rows = [(b"\x01" * 7 + b"\x02", one, "NL", ""), (b"\x01" * 8, two, "NL", "")]
    fleet.trust("import", put(press.dutch(rows)))
    fleet.sign()
    with pytest.raises(error, match=words):
        fleet.trust("remove-key", "hc1-nl", key, "--reason", "x")
    with pytest.raises(NotFoundError):
        fleet.trust("remove-issuer", "nobody", "--reason", "x")
    assert fleet.waiting() == []
    assert foreign_words.whole(b"\x01" * 8) in fleet.trust("show", "--keys", "hc1-nl")
