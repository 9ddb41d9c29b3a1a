"""Lines about passes: each is answered, with the first reason that matters, whatever stands in it."""

import base64
import json
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware import keyring, lines
from device.firmware.answer import MAX_OF_ONE_ID, answer
from sandbox import foreign, health_cards
from wire import code
from wire.foreign import jwk
from wire.foreign.keys import PassAlg
from wire.foreign.passes import Kind
from wire.keys import PrivateKey

NOW_S = 1_795_000_000
DAY_S = 86_400
AUTHORITY = foreign.Authority()
SIGNER = AUTHORITY.signer(NOW_S - 9 * DAY_S, NOW_S + 9 * DAY_S)
BODY = foreign.certificate("v", [foreign.vaccination("2026-11-01")])
CARDS = PrivateKey.generate()
BUNDLE = health_cards.bundle([health_cards.immunization("2026-11-01", "212")])
CARD = health_cards.sign(health_cards.claims(BUNDLE, NOW_S), CARDS)
NZ = foreign.new_signer()


def b64(data):
    return base64.b64encode(data).decode()


def hc1(signer=SIGNER, issued=NOW_S - DAY_S, expires=NOW_S + DAY_S, body=BODY):
    return foreign.hc1(body, signer, issued, expires)


def by(signer, kid=None):
    return {"kid": b64(signer.kid if kid is None else kid), "cert": b64(signer.certificate)}


def ask(qr, *trust, clock=NOW_S, **more):
    said = json.loads(
        lines.reply(json.dumps({"id": 7, "qr": qr, "clock": clock, "trust": trust} | more).encode(), 0)
    )
    assert set(said) == {"id", "valid", "reason", "format", "claims"}
    assert said["valid"] is (said["reason"] is None)
    return said


def reason(*args, **more):
    return ask(*args, **more)["reason"]


HELD = hc1()
CARD_KEY = {"iss": health_cards.ISSUER, "kid": jwk.thumbprint(CARDS.public), "jwk": jwk.write(CARDS.public)}
NZ_KEY = {"iss": foreign.NZ_ISSUER, "kid": foreign.NZ_KEY, "jwk": jwk.write(NZ.public)}
NZ_PASS = foreign.nzcp(NZ, NOW_S - DAY_S, NOW_S + DAY_S)


def test_an_eu_certificate_is_valid_by_its_signers_certificate():
    said = ask(hc1(), by(SIGNER))
    assert (said["id"], said["valid"], said["format"]) == (7, True, "HC1")
    assert said["claims"]["hcert"]["eu_dcc_v1"]["v"][0]["dn"] == 2


def test_a_card_is_valid_by_its_issuers_jwk_whole_or_in_parts():
    said = ask(health_cards.text(CARD), CARD_KEY)
    assert (said["valid"], said["format"]) == (True, "SHC")
    assert said["claims"]["vc"]["credentialSubject"]["fhirBundle"] == BUNDLE
    parts = health_cards.texts(CARD, 200)
    assert reason(parts[::-1], CARD_KEY) is None
    assert reason("\n".join(parts), CARD_KEY) is None
    assert reason(parts[1:], CARD_KEY) == "chunks"
    assert reason([health_cards.text(CARD)], CARD_KEY) is None


def test_a_nz_pass_is_valid_by_its_issuers_jwk():
    said = ask(NZ_PASS, NZ_KEY)
    assert (said["valid"], said["format"]) == (True, "NZCP")
    assert reason(NZ_PASS, NZ_KEY | {"kid": f"{foreign.NZ_ISSUER}#{foreign.NZ_KEY}"}) is None


@pytest.mark.parametrize("kid", [str, lambda kid: b64(kid.encode()), lambda kid: kid + "=", None])
def test_a_key_id_is_understood_however_it_is_written(kid):
    text = jwk.thumbprint(CARDS.public)
    assert reason(health_cards.text(CARD), CARD_KEY | {"kid": kid and kid(text)}) is None


def test_a_key_id_of_any_bytes_is_found():
    for _ in range(40):
        signer = AUTHORITY.signer(NOW_S - DAY_S, NOW_S + DAY_S)
        assert reason(hc1(signer), by(signer)) is None
        assert reason(hc1(signer), {"cert": b64(signer.certificate)}) is None


@pytest.mark.parametrize(
    ("text", "expected", "system"),
    [
        ("hello", "prefix", None),
        ("", "prefix", None),
        ("HC1:ß", "base45", "HC1"),
        ("HC1:AAAA", "base45", "HC1"),
        ("HC1:QED8WEX0", "inflate", "HC1"),
        (foreign.hc1_text(b"\xff"), "cbor", "HC1"),
        ("shc:/5", "numeric", "SHC"),
        ("SHC:/56", "jws", "SHC"),
        ("NZCP:/1/0", "base32", "NZCP"),
        ("NZCP:/2/AA", "prefix", "NZCP"),
        ("JX1:A", "base45", "JX1"),
    ],
)
def test_what_cannot_be_read_has_the_layer_as_its_reason(text, expected, system):
    said = ask(text)
    assert (said["reason"], said["format"], said["claims"]) == (expected, system, None)


def test_without_its_key_a_pass_is_not_believed_but_told():
    said = ask(hc1())
    assert (said["reason"], said["claims"]["iss"]) == ("kid", foreign.COUNTRY)
    other = AUTHORITY.signer(0, NOW_S * 2)
    assert reason(hc1(), by(other)) == "kid"
    assert reason(health_cards.text(CARD), CARD_KEY | {"iss": "https://other.example"}) == "kid"
    assert reason(health_cards.text(CARD), {"kid": CARD_KEY["kid"], "jwk": CARD_KEY["jwk"]}) == "kid"


OTHER = AUTHORITY.signer(0, NOW_S * 2)
EARLY = AUTHORITY.signer(NOW_S + 1, NOW_S * 2)
LATE = AUTHORITY.signer(0, NOW_S - 1)
TESTS = AUTHORITY.signer(0, NOW_S * 2, kinds=Kind.TEST)


@pytest.mark.parametrize(
    ("signer", "dates", "row", "expected"),
    [
        (SIGNER, {"expires": NOW_S - 1}, by(OTHER, SIGNER.kid), "signature"),
        (SIGNER, {"expires": NOW_S - 1}, by(SIGNER), "expired"),
        (SIGNER, {"expires": NOW_S}, by(SIGNER), None),
        (SIGNER, {"issued": NOW_S + 1}, by(SIGNER), "not_yet_valid"),
        (SIGNER, {"issued": NOW_S}, by(SIGNER), None),
        (EARLY, {"expires": NOW_S - 1}, by(EARLY), "expired"),
        (LATE, {"issued": NOW_S + 1}, by(LATE), "not_yet_valid"),
        (EARLY, {}, by(EARLY), "dsc_not_yet_valid"),
        (LATE, {}, by(LATE), "dsc_expired"),
        (TESTS, {"expires": NOW_S - 1}, by(TESTS), "expired"),
        (TESTS, {}, by(TESTS), "key_usage"),
    ],
)
def test_the_reason_is_the_first_that_a_careful_reader_meets(signer, dates, row, expected):
    assert reason(hc1(signer, **dates), row) == expected


def test_passes_of_nz_and_codes_of_ours_end_with_their_last_second():
    assert reason(NZ_PASS, NZ_KEY, clock=NOW_S + DAY_S) == "expired"
    assert reason(NZ_PASS, NZ_KEY, clock=NOW_S + DAY_S - 1) is None
    assert reason(NZ_PASS, NZ_KEY, clock=NOW_S - DAY_S - 1) == "not_yet_valid"


def test_a_key_of_another_kind_is_the_wrong_algorithm():
    strong = AUTHORITY.signer(0, NOW_S * 2, alg=PassAlg.PS256)
    assert reason(hc1(), by(strong, SIGNER.kid)) == "alg"
    assert reason(hc1(strong), by(strong)) is None


def test_of_several_keys_under_one_id_each_is_tried():
    wrong, broken = by(OTHER, SIGNER.kid), {"kid": b64(SIGNER.kid), "cert": "AAAA"}
    assert reason(hc1(), broken, wrong, by(SIGNER), wrong) is None
    assert reason(hc1(), wrong, broken) == "signature"
    assert reason(hc1(), broken) == "certificate"
    assert reason(hc1(), {"kid": b64(SIGNER.kid), "cert": "A" * 20_000}) == "certificate"
    assert reason(hc1(), {"kid": b64(SIGNER.kid), "cert": "%"}) == "certificate"
    assert reason(hc1(), {"kid": b64(SIGNER.kid), "jwk": {}}) == "kid"
    assert reason(hc1(), {"jwk": {}}, {"cert": "AAAA"}) == "kid"


def test_base64_of_a_certificate_may_be_broken_into_lines():
    text = base64.encodebytes(SIGNER.certificate).decode()
    assert reason(hc1(), {"kid": b64(SIGNER.kid), "cert": text}) is None
    assert (
        reason(hc1(), {"kid": b64(SIGNER.kid), "cert": base64.urlsafe_b64encode(SIGNER.certificate).decode()})
        is None
    )


@pytest.mark.parametrize(
    "clock",
    [
        NOW_S,
        float(NOW_S) + 0.5,
        str(NOW_S),
        "2026-11-18T11:06:40Z",
        "2026-11-18T11:06:40",
        "2026-11-18T19:06:40+08:00",
    ],
)
def test_a_clock_is_seconds_or_a_date(clock):
    assert reason(hc1(expires=NOW_S), by(SIGNER), clock=clock) is None
    assert reason(hc1(expires=NOW_S - 1), by(SIGNER), clock=clock) == "expired"


def test_without_a_clock_it_is_now():
    line = json.dumps({"id": "x", "qr": hc1(), "trust": [by(SIGNER)], "clock": None}).encode()
    assert json.loads(lines.reply(line, NOW_S))["reason"] is None
    assert json.loads(lines.reply(line, NOW_S + 2 * DAY_S))["reason"] == "expired"


def test_a_code_of_ours_is_checked_as_far_as_the_trust_allows(authority):
    text, claims = authority.text(authority.claims()), authority.claims()
    key = authority.codes["jl"].public
    row = {"iss": "jl", "kid": b64(key.kid), "jwk": jwk.write(key)}
    said = ask(text, row)
    assert (said["valid"], said["format"], said["claims"]["iss"]) == (True, "JX1", "jl")
    assert reason(text) == "kid"
    assert reason(text, row | {"iss": "bj"}) == "kid"
    assert reason(text, row | {"jwk": jwk.write(authority.codes["bj"].public)}) == "signature"
    assert reason(text, by(AUTHORITY.signer(0, NOW_S * 2, alg=PassAlg.PS256), key.kid)) == "alg"
    assert reason(text, row, clock=NOW_S - 60) == "proof_future"
    assert reason(text, row, clock=NOW_S + 60) == "proof_old"
    assert reason(text, row, clock=claims.expires) == "expired"
    early = authority.text(authority.claims(issued=NOW_S + DAY_S))
    assert reason(early, row) is None, "when it was made says nothing about when it counts"
    assert reason(code.to_text(code.issue(claims, authority.codes["jl"])), row) == "proof_missing"
    paper = code.PaperName(masked_name="张*", id_tail="123X")
    printed = ask(
        code.to_text(code.issue(authority.claims(holder=None, paper=paper), authority.codes["jl"])), row
    )
    assert (printed["valid"], printed["claims"]["kind"]) == (True, "paper")
    assert "123X" not in json.dumps(printed)
    assert reason([text, text], row) == "prefix"


@pytest.mark.parametrize(
    "changes",
    [
        {"qr": None},
        {"qr": 5},
        {"qr": []},
        {"qr": ["a", 5]},
        {"qr": ["a"] * 33},
        {"trust": 5},
        {"trust": {}},
        {"trust": [5]},
        {"trust": [{}]},
        {"trust": [{"kid": 5, "cert": ""}]},
        {"trust": [{"cert": 5}]},
        {"trust": [{"jwk": "x"}]},
        {"trust": [{"iss": 5, "jwk": {}}]},
        {"clock": True},
        {"clock": []},
        {"clock": "soon"},
        {"clock": "nan"},
        {"clock": 10**30},
        {"clock": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_line_of_wrong_types_is_answered_under_its_id(changes):
    line = json.dumps({"id": "x", "qr": "hello", "trust": []} | changes).encode()
    said = json.loads(lines.reply(line, NOW_S))
    assert (said["id"], said["valid"], said["format"], said["claims"]) == ("x", False, None, None)
    assert said["reason"] in {"line", "prefix"}
    assert said["reason"] == "line" or changes["clock"].startswith("0001")


@pytest.mark.parametrize(("keys", "expected"), [(keyring.MAX_KEYS, "kid"), (keyring.MAX_KEYS + 1, "line")])
def test_a_line_brings_only_so_many_keys(keys, expected):
    assert reason(HELD, *[{"kid": "", "cert": ""}] * keys) == expected


@pytest.mark.parametrize(("others", "expected"), [(MAX_OF_ONE_ID - 1, None), (MAX_OF_ONE_ID, "signature")])
def test_of_keys_that_share_an_id_only_so_many_are_tried(others, expected):
    other = by(AUTHORITY.signer(NOW_S - DAY_S, NOW_S + DAY_S), SIGNER.kid)
    unrelated = by(AUTHORITY.signer(NOW_S - DAY_S, NOW_S + DAY_S))
    assert reason(HELD, *[unrelated] * 9, *[other] * others, by(SIGNER)) == expected


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{",
        b"[]",
        b"null",
        b'"HC1:"',
        b"\0",
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b"9" * 100_000,
        b"x" * (lines.MAX_LINE + 1),
        b"\xff\xfe{\0}\0",
        b'{"id":NaN,"qr":5}',
        b'{"id":[1],"qr":5}',
        b'{"id":1e999,"qr":5}',
    ],
)
def test_a_line_without_an_id_is_answered_too(line):
    assert json.loads(lines.reply(line, NOW_S)) == {
        "id": None,
        "valid": False,
        "reason": "line",
        "format": None,
        "claims": None,
    }


def test_bytes_that_are_no_utf_8_leave_the_id_readable():
    said = json.loads(lines.reply(b'{"id":"x","qr":"HC1:\xff"}', NOW_S))
    assert (said["id"], said["reason"]) == ("x", "line")
    assert json.loads(lines.reply(b'\xef\xbb\xbf{"id":"x","qr":"hello"}\r\n', NOW_S))["reason"] == "prefix"


@pytest.mark.parametrize("prefix", ["", "HC1:", "shc:/", "shc:/1/2/", "NZCP:/1/", "JX1:"])
@pytest.mark.parametrize("text", ["\ud800", "\0", "\U0001f600", "门", "A" * 1_000_000, "7" * 1_000_000, "\n"])
def test_whatever_a_text_holds_it_is_answered_soon(prefix, text):
    begun = time.process_time()
    assert isinstance(reason(prefix + text, by(SIGNER)), str)
    assert time.process_time() - begun < 1


def test_a_text_of_ever_so_many_parts_is_not_taken_apart_into_all_of_them():
    text = "shc:/" + " 11" * 100_000
    tracemalloc.start()
    try:
        assert answer((text,), (), NOW_S).reason == "chunks"
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 * len(text)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kid", "cert", "iss", "jwk", "kty"]), inner)
    ),
    max_leaves=8,
)
names = st.sampled_from(["id", "qr", "clock", "trust"])


@given(
    st.dictionaries(names, anything),
    st.sampled_from([{}, {"qr": hc1(), "trust": [by(SIGNER)], "clock": NOW_S}]),
)
def test_any_object_is_answered_in_one_line_of_ascii(fields, base):
    said = lines.reply(json.dumps(base | fields).encode(), NOW_S)
    assert said.isascii()
    assert "\n" not in said
    assert set(json.loads(said)) == {"id", "valid", "reason", "format", "claims"}


@given(st.binary(max_size=60))
def test_any_bytes_are_answered(line):
    assert json.loads(lines.reply(line, NOW_S))["valid"] is False


@given(st.integers(0, 400), st.sampled_from("0AZ:%"))
def test_a_text_with_one_character_changed_is_never_valid(at, character):
    changed = HELD[:at] + character + HELD[at + 1 :]
    assert (reason(changed, by(SIGNER)) is None) == (changed == HELD)
