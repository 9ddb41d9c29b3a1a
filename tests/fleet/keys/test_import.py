"""`jx-fleet trust import`: from published files to a request that an officer signs."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleet.db import open_database
from fleet.errors import FleetError
from fleet.keys import countries, fitting, import_commands, paper
from fleet.keys.trust_commands import trust_app
from fleet.models import Audit
from wire import cbor, cose, envelope
from wire.errors import WireError
from wire.foreign.passes import Format, Kind
from wire.keys import PrivateKey
from wire.topics import ISSUER_ID

NOW = 1_795_300_000
YEAR = 365 * 86_400


@pytest.fixture
def put(tmp_path: Path):
    """A function that writes a file and says where it is."""

    def write(data: bytes, name: str = "list.json") -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write


def told(fleet, *arguments: str) -> dict:
    return json.loads(fleet.trust("import", *arguments, "--json"))


def test_a_dsc_list_becomes_a_request_with_an_issuer_a_country(fleet, press, put):
    ders = [press.dsc(country="DE"), press.dsc(country="FR", uses="v")]
    file = put(press.gateway(*ders).replace(b'"country": "DE"', b'"country": ""'))
    said = fleet.trust("import", file)
    assert "an array of certificates, 2 keys" in said
    assert "德国" in said
    assert "Awaiting signature" in said
    assert "foreign issuer hc1-fr added" in fleet.waiting()[0]
    assert fleet.believed() is None
    fleet.sign()
    de, fr = fleet.believed().foreign
    assert [(i.id, i.name_zh, i.name_en, i.format, i.iss) for i in (de, fr)] == [
        ("hc1-de", "德国", "Germany", Format.HC1, ""),
        ("hc1-fr", "法国", "France", Format.HC1, ""),
    ]
    assert fr.keys[0].kinds == Kind.VACCINATION
    assert "hc1-fr has 1 key now" in fleet.trust("show")
    assert json.loads(fleet.trust("show", "--json"))["foreign"][0]["keys"] == 1
    assert press.kid(ders[0]).hex() in fleet.trust("show", "--keys", "hc1-de")


def test_which_files_were_imported_is_in_the_audit_log(fleet, press, put):
    data = press.pem(press.dsc())
    fleet.trust("import", put(data))
    with open_database(fleet.place / "fleet.db") as database, database.reading() as session:
        row = session.query(Audit).filter_by(action="trust.imported").one()
    assert json.loads(row.detail) == {"request": 1, "sha256": hashlib.sha256(data).hexdigest()}


def test_keys_without_dates_are_counted(fleet, press, put):
    said = fleet.trust("import", put(press.dutch([(b"\x01" * 8, press.private(), "NL", "")])), "--show")
    assert "no dates; new ones count as --days says: 1" in said


def test_more_words_than_a_requests_file_holds_are_refused():
    assert fitting.words(["a", "b"]) == ["a", "b"]
    for lines in (["x"] * 2_001, ["x" * 2_001], ["信" * 1_999] * 100):
        with pytest.raises(FleetError, match="several steps"):
            fitting.words(lines)
    whole = 2 * fitting.MOST_TRUST_BYTES + fitting.MOST_WORDS + fitting.MOST_LINES * 16 + 1_000
    assert whole < paper.MAX_FILE_BYTES


def test_an_unsigned_check_of_the_publishers_signature_is_said(fleet, press, put):
    assert "signature around it was not checked" in fleet.trust(
        "import", put(press.german(press.dsc())), "--show"
    )
    assert fleet.waiting() == []


def test_a_dry_run_asks_for_nothing(fleet, press, put):
    said = fleet.trust("import", put(press.pem(press.dsc())), "--show")
    assert "Nothing was asked" in said
    assert "1 added" in said
    assert fleet.waiting() == []
    assert not (fleet.place / "requests").exists() or not list((fleet.place / "requests").iterdir())


def test_the_same_list_again_changes_nothing(fleet, press, put):
    file = put(press.dutch([(b"\x01" * 8, press.private(), "NL", "")]))
    fleet.trust("import", file)
    fleet.sign()
    assert "nothing was asked" in fleet.trust("import", file)
    assert told(fleet, file)["request"] is None
    assert fleet.waiting() == []


def test_a_later_list_adds_and_with_replace_it_takes_out_too(fleet, press, put):
    one, two = press.dsc(), press.dsc()
    other = press.dsc(country="FR")
    fleet.trust("import", put(press.pem(one, other), "a.pem"))
    fleet.sign()
    (row,) = told(fleet, put(press.pem(two), "b.pem"), "--show")["issuers"]
    assert (row["added"], row["removed"], row["unchanged"]) == (1, 0, 1)
    (row,) = told(fleet, put(press.pem(two), "b.pem"), "--replace")["issuers"]
    assert (row["added"], row["removed"], row["unchanged"]) == (1, 1, 0)
    assert "hc1-de LOSES 1 key: what they signed is refused" in fleet.waiting()[0]
    fleet.sign()
    assert [(i.id, len(i.keys)) for i in fleet.believed().foreign] == [("hc1-de", 1), ("hc1-fr", 1)]


def test_a_second_import_builds_on_the_first_that_still_waits(fleet, press, put):
    fleet.trust("import", put(press.pem(press.dsc()), "a.pem"))
    fleet.trust("import", put(press.pem(press.dsc(country="FR")), "b.pem"))
    fleet.sign()
    assert [i.id for i in fleet.believed().foreign] == ["hc1-de", "hc1-fr"]


def test_what_cannot_be_used_is_listed_and_the_rest_goes_on(fleet, press, put):
    body = json.loads(press.german(press.dsc(), press.dsc(), press.dsc(), signed=False))
    body["certificates"][1]["rawData"] = "AAAA"
    body["certificates"][2]["certificateType"] = "CSCA"
    said = fleet.trust("import", put(json.dumps(body).encode()))
    assert "list.json: row 2: an element is cut short" in said
    assert "list.json: row 3: a certificate of the type CSCA" in said
    assert "1 added" in said


def test_a_file_of_which_nothing_can_be_used_is_refused(fleet, put):
    with pytest.raises(FleetError, match="none of 1 keys was taken"):
        fleet.trust("import", put(json.dumps(["AAAA"]).encode()))
    assert fleet.waiting() == []


def none_taken(fleet, *arguments: str) -> dict:
    """What a program is told that gave nothing of use; it sees so by the exit status, too."""
    done = CliRunner().invoke(trust_app, ["import", *arguments, "--json", "--dir", str(fleet.place)])
    assert done.exit_code == 1
    assert "keys was taken; nothing was changed" in str(done.exception)
    return json.loads(done.stdout)


def test_a_program_sees_that_no_key_was_taken(fleet, put):
    said = none_taken(fleet, put(b'["AAAA"]'))
    assert (said["request"], len(said["left_out"])) == (None, 1)


def test_expired_keys_are_said_or_left_out(fleet, press, put):
    file = put(press.pem(press.dsc(), press.dsc(ends=NOW - 1)))
    assert told(fleet, file, "--show")["issuers"][0]["ended"] == 1
    taken = told(fleet, file, "--skip-expired")
    assert taken["counts"]["expired"] == 1
    assert taken["issuers"][0]["keys"] == 1


def test_a_key_that_stands_there_twice_is_taken_once_and_so_is_a_renewed_certificate(fleet, press, put):
    key = press.private()
    der = press.dsc(key)
    taken = told(fleet, put(press.pem(der, der)), "--show")
    assert taken["counts"]["twice"] == 1
    assert taken["issuers"][0]["keys"] == 1


def test_a_key_in_two_countries_is_odd_and_loud(fleet, press, put):
    key = press.private()
    rows = [(b"\x01" * 8, key, "DE", ""), (b"\x01" * 8, key, "FR", "")]
    said = fleet.trust("import", put(press.dutch(rows)))
    assert "another issuer of this import has the same key" in said
    assert "ATTENTION: held by several of these issuers: 1 key of hc1-de" in said


def test_a_key_id_that_is_not_its_certificates_is_said(fleet, press, put):
    said = fleet.trust("import", put(press.german(press.dsc(), kid=press.text(b"Key1RE"))))
    assert "another key id than its certificate's" in said


def test_countries_are_chosen_and_all_keys_can_be_of_one_issuer(fleet, press, put):
    file = put(press.pem(press.dsc(country="DE"), press.dsc(country="FR"), press.dsc(country="IT")))
    taken = told(fleet, file, "--show", "--only", "de, fr")
    assert [row["id"] for row in taken["issuers"]] == ["hc1-de", "hc1-fr"]
    assert taken["counts"]["of others"] == 1
    (row,) = told(fleet, file, "--show", "--id", "eu", "--zh", "欧盟", "--en", "Union")["issuers"]
    assert (row["id"], row["zh"], row["en"], row["keys"]) == ("eu", "欧盟", "Union", 3)


def test_certificates_without_a_country_have_an_issuer_too(fleet, press, put):
    (row,) = told(fleet, put(press.dsc(country=""), "x.der"), "--show")["issuers"]
    assert row["id"] == "hc1"
    assert row["en"] == "EU certificates"


def test_a_directory_of_certificates_is_taken_whole(fleet, press, put, tmp_path):
    (tmp_path / "many").mkdir()
    for number in range(3):
        put(press.dsc(), f"many/{number}.der")
    assert told(fleet, str(tmp_path / "many"), "--show")["issuers"][0]["keys"] == 3


def test_a_jwk_set_needs_the_issuers_address(fleet, press, put):
    file = put(press.key_set(press.as_jwk(press.private())))
    with pytest.raises(FleetError, match="--iss https://"):
        fleet.trust("import", file)
    for wrong in ("http://a.example", "https://", "https://ä.example"):
        with pytest.raises(FleetError):
            fleet.trust("import", file, "--iss", wrong)
    fleet.trust(
        "import", file, "--iss", "https://cards.health.example/issuer/", "--zh", "卡", "--en", "Cards"
    )
    fleet.sign()
    (issuer,) = fleet.believed().foreign
    assert (issuer.format, issuer.iss) == (Format.SHC, "https://cards.health.example/issuer")
    assert issuer.id == "shc-health-exam"
    assert (issuer.name_zh, issuer.name_en) == ("卡", "Cards")
    assert issuer.keys[0].not_after == NOW - NOW % 86_400 + YEAR


def test_keys_without_dates_keep_theirs_until_somebody_renews_them(fleet, press, put, monkeypatch):
    file = put(press.key_set(press.as_jwk(press.private())))
    arguments = (file, "--iss", "https://cards.example")
    fleet.trust("import", *arguments)
    fleet.sign()
    monkeypatch.setattr(import_commands, "now", lambda: NOW + 100 * 86_400)
    assert told(fleet, *arguments, "--show")["issuers"][0]["unchanged"] == 1
    assert told(fleet, *arguments, "--show", "--days", "30")["issuers"][0]["changed"] == 1
    monkeypatch.setattr(import_commands, "now", lambda: NOW + 2 * YEAR)
    later = told(fleet, *arguments, "--show")
    assert (later["issuers"][0]["unchanged"], later["issuers"][0]["ended"], later["counts"]["over"]) == (
        1,
        1,
        1,
    )
    assert told(fleet, *arguments, "--show", "--days", "30")["issuers"][0]["ended"] == 0


@pytest.mark.parametrize("together", [True, False])
def test_a_list_without_dates_neither_lengthens_nor_widens_what_a_certificate_said(
    fleet, press, put, together
):
    key = press.private()
    der = press.dsc(key, uses="t", ends=NOW - 5)
    dated = put(press.pem(der), "dated.pem")
    bare = put(press.dutch([(press.kid(der), key, "DE", "")]), "bare.json")
    for files in ((bare, dated),) if together else ((dated,), (bare,)):
        fleet.trust("import", *files)
        fleet.sign()
    ((row,),) = (issuer.keys for issuer in fleet.believed().foreign)
    assert (row.not_after, row.kinds) == (NOW - 5, Kind.TEST)


def test_a_certificate_that_was_renewed_around_its_key_counts_as_long_as_the_newer(fleet, press, put):
    key = press.private()
    rows = [(b"\x01" * 8, key, "HR", NOW - YEAR, NOW + 1), (b"\x01" * 8, key, "HR", NOW, NOW + YEAR)]
    first, second = (put(press.italian([row]), f"{n}.json") for n, row in enumerate(rows))
    fleet.trust("import", first, second)
    fleet.sign()
    (row,) = fleet.believed().foreign[0].keys
    assert (row.not_before, row.not_after) == (NOW - YEAR, NOW + YEAR)


def test_an_issuer_of_cards_keeps_its_id_and_two_never_share_one(fleet, press, put):
    file = put(press.key_set(press.as_jwk(press.private())))
    fleet.trust("import", file, "--iss", "https://a.health.example", "--id", "mine")
    other = put(press.key_set(press.as_jwk(press.private())), "b.json")
    (row,) = told(fleet, other, "--iss", "https://a.health.example")["issuers"]
    assert (row["id"], row["keys"]) == ("mine", 2)
    first = told(fleet, file, "--iss", "https://b.health.example")["issuers"][0]["id"]
    second = told(fleet, file, "--iss", "https://c.health.example")["issuers"][0]["id"]
    assert first != second
    assert ISSUER_ID.fullmatch(second)
    files = [put(press.dsc(), "x.der"), put(press.pem(press.dsc()), "y.pem")]
    said = none_taken(fleet, *files, "--id", "mine", "--show")
    assert said["issuers"] == []
    assert "another system or address" in said["left_out"][0]["reason"]


def test_a_directory_of_issuers_gives_each_of_them_or_the_one_that_is_asked_for(fleet, press, put):
    rows = [
        ("https://one.example", "One", [press.as_jwk(press.private())]),
        ("https://two.example", "\x1b[2J", [press.as_jwk(press.private())]),
    ]
    file = put(press.directory(rows))
    taken = told(fleet, file, "--show")
    assert [(row["iss"], row["en"]) for row in taken["issuers"]] == [
        ("https://one.example", "One"),
        ("https://two.example", "two.example"),
    ]
    (row,) = told(fleet, file, "--show", "--iss", "https://two.example")["issuers"]
    assert row["iss"] == "https://two.example"


def test_a_did_document_is_an_issuer_of_new_zealands_passes(fleet, press, put):
    file = put(press.did([("key-1", press.as_jwk(press.private()))]))
    fleet.trust("import", file)
    fleet.sign()
    (issuer,) = fleet.believed().foreign
    assert (issuer.format, issuer.iss, issuer.id) == (
        Format.NZCP,
        "did:web:nzcp.example.nz",
        "nzcp-example-nz",
    )
    assert issuer.keys[0].kid == b"key-1"
    with pytest.raises(FleetError, match="somebody else"):
        fleet.trust("import", file, "--iss", "did:web:other.example")
    with pytest.raises(FleetError, match="has keys of NZCP passes"):
        fleet.trust("import", file, "--format", "hc1")


def test_an_issuer_of_codes_is_never_overwritten(fleet, press, put):
    described = {
        "id": "jl",
        "name_zh": "吉林",
        "name_en": "Jilin",
        "keys": [
            {
                "key": cbor.encode(PrivateKey.generate().public.cose()).hex(),
                "use": "codes",
                "not_before": 0,
                "not_after": NOW + YEAR,
            }
        ],
    }
    fleet.trust("add-issuer", put(json.dumps(described).encode(), "jl.json"))
    with pytest.raises(FleetError, match="none of 1 keys"):
        fleet.trust("import", put(press.dsc(), "x.der"), "--id", "jl")
    fleet.trust("import", put(press.dsc(), "x.der"))
    described["id"] = "hc1-de"
    with pytest.raises(FleetError, match="issuer of passes"):
        fleet.trust("add-issuer", put(json.dumps(described).encode(), "jl.json"))


def test_a_trust_document_that_gates_would_not_take_is_refused_with_what_to_do(
    fleet, press, put, monkeypatch
):
    monkeypatch.setattr(fitting, "MOST_TRUST_BYTES", 300)
    with pytest.raises(FleetError, match="--skip-expired"):
        fleet.trust("import", put(press.pem(press.dsc(), press.dsc(), press.dsc())))
    assert fleet.waiting() == []


def test_more_keys_than_an_issuer_can_have_are_refused_with_a_reason(fleet, press, put):
    key = press.private()
    rows = [(number.to_bytes(8), key, "NL", "") for number in range(2_001)]
    with pytest.raises(FleetError, match="hc1-nl would have 2001 keys, and gates take 2000"):
        fleet.trust("import", put(press.dutch(rows)))


def test_more_issuers_than_a_gate_takes_are_refused_with_a_reason(fleet, press, put):
    key = press.as_jwk(press.private())
    file = put(press.directory([(f"https://{n}.example", "", [key]) for n in range(129)]))
    with pytest.raises(FleetError, match="129 issuers of passes, and gates take 128"):
        fleet.trust("import", file)


def test_the_limits_are_those_of_the_format(fleet, press, put):
    fleet.trust("import", put(press.dsc(), "x.der"))
    fleet.sign()
    trust = fleet.believed()
    (issuer,) = trust.foreign
    for foreign, more in (
        ((replace(issuer, keys=issuer.keys * fitting.MOST_KEYS),), issuer),
        (tuple(replace(issuer, id=f"x{n}") for n in range(fitting.MOST_ISSUERS)), issuer),
    ):
        envelope.write_body(replace(trust, foreign=foreign))
        last = replace(foreign[0], id="last", keys=(*foreign[0].keys, *more.keys))
        with pytest.raises(WireError, match="expected an array"):
            envelope.write_body(replace(trust, foreign=(*foreign[1:], last, foreign[0])))


def test_a_document_of_the_greatest_size_still_has_room_for_every_signature(fleet, press, put):
    fleet.trust("import", put(press.pem(press.dsc()), "x.pem"))
    fleet.sign()
    trust, keys = fleet.believed(), [PrivateKey.generate() for _ in range(cose.MAX_SIGNATURES)]
    signed = envelope.sign(trust, keys)
    assert len(signed) - len(envelope.write_body(trust)) <= fitting.SIGNATURES_BYTES


@pytest.mark.parametrize("given", [("--format", "jx1"), ("--until", "soon"), ("--id", "NO SUCH")])
def test_a_wrong_option_is_said(fleet, press, put, given):
    with pytest.raises(FleetError):
        fleet.trust("import", put(press.dsc(), "x.der"), *given)


def test_a_file_that_is_not_there_is_said(fleet, put):
    with pytest.raises(FleetError, match="cannot be read"):
        fleet.trust("import", "/nonexistent")
    with pytest.raises(FleetError, match=r"a\.txt was not taken: it is neither PEM"):
        fleet.trust("import", put(b"hello", "a.txt"))


def test_no_key_counts_longer_than_the_day_that_is_said(fleet, press, put):
    fleet.trust("import", put(press.dsc(ends=NOW + 9 * YEAR), "x.der"), "--until", "2027-12-31")
    fleet.sign()
    assert fleet.believed().foreign[0].keys[0].not_after == 1_830_297_600


def test_countries_have_names_in_both_languages():
    assert countries.names("DE") == ("德国", "Germany")
    assert countries.names("ZZX") == ("ZZX", "ZZX")
