"""NZ COVID Passes: read as their one standard has them, and each layer by its name."""

import base64
import contextlib
import json

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import foreign
from sandbox.foreign import Shape
from wire.errors import Flaw, WireError
from wire.foreign import nzcp
from wire.foreign.keys import PassAlg
from wire.foreign.passes import Format, Kind, Pass, Statement

NOW_S = 1_795_000_000
ES256 = int(PassAlg.ES256)
SIGNER, OTHER = foreign.new_signer(), foreign.new_signer()
NUMBER = bytes.fromhex("60a4f54d4e304332be33ad78b1eafa4b")


def text(changes=None, number=NUMBER, **shape):
    return foreign.nzcp(SIGNER, NOW_S, NOW_S + 9, number=number, shape=Shape(**shape), changes=changes)


def flaw(content):
    with pytest.raises(WireError) as caught:
        nzcp.parse(content)
    return caught.value.flaw


def refused(**changes):
    return flaw(text({"vc": foreign.nz_credential() | changes})) is Flaw.SCHEMA


def test_a_pass_is_read_and_its_signature_holds():
    found = nzcp.parse(text())
    assert (found.kid, found.alg) == (b"key-1", PassAlg.ES256)
    assert found.verify(SIGNER.public) == Pass(
        format=Format.NZCP,
        issuer=foreign.NZ_ISSUER,
        issued=None,
        not_before=NOW_S,
        expires=NOW_S + 9,
        number=NUMBER,
        statements=(Statement(kind=Kind.PASS),),
    )
    with pytest.raises(WireError) as caught:
        found.verify(OTHER.public)
    assert caught.value.flaw is Flaw.SIGNATURE


def test_everything_that_it_says_can_be_shown():
    assert nzcp.parse(text()).claims == {
        "iss": foreign.NZ_ISSUER,
        "nbf": NOW_S,
        "exp": NOW_S + 9,
        "jti": "urn:uuid:60a4f54d-4e30-4332-be33-ad78b1eafa4b",
        "vc": foreign.nz_credential(),
    }


@pytest.mark.parametrize(
    "content",
    [
        text(number=cbor2.CBORTag(37, NUMBER)),
        text({5: float(NOW_S), 4: NOW_S + 9.5}),
        text(unprotected={4: "key-2"}),
        text({"vc": foreign.nz_credential(familyName=None), 99: "more"}),
        text({"vc": foreign.nz_credential(familyName="")}),
    ],
)
def test_what_may_differ_may_differ(content):
    assert nzcp.parse(content).verify(SIGNER.public) == nzcp.parse(text()).body


@pytest.mark.parametrize(
    "changes",
    [
        {1: None},
        {1: 7},
        {1: "did:key:z6Mk"},
        {1: "https://passes.harbour.example"},
        {1: "did:web:"},
        {1: "did:web:a b"},
        {1: "did:web:" + "a" * 256},
        {4: None},
        {4: float("nan")},
        {5: None},
        {5: -1},
        {7: None},
        {7: NUMBER.hex()},
        {7: NUMBER[1:]},
        {7: NUMBER + b"\0"},
        {"vc": None},
        {"vc": "PublicCovidPass"},
    ],
    ids=repr,
)
def test_claims_that_are_missing_or_mean_nothing_are_refused(changes):
    assert flaw(text(changes)) is Flaw.SCHEMA


W3C = "https://www.w3.org/2018/credentials/v1"


@pytest.mark.parametrize(
    "changes",
    [
        {"@context": W3C},
        {"@context": []},
        {"@context": ["https://passes.harbour.example", W3C]},
        {"@context": [W3C, 7]},
        {"version": "1.0.1"},
        {"version": None},
        {"type": ["PublicCovidPass"]},
        {"type": ["VerifiableCredential", "OtherPass"]},
        {"type": ["VerifiableCredential", "PublicCovidPass", "More"]},
        {"type": "PublicCovidPass"},
        {"credentialSubject": None},
        {"credentialSubject": {}},
        {"credentialSubject": {"givenName": "Robin", "dob": "20 January"}},
        {"credentialSubject": {"givenName": "Robin", "dob": None}},
        {"credentialSubject": {"givenName": "R" * 101, "dob": "1951-01-20"}},
        {"credentialSubject": {"givenName": None, "dob": "1951-01-20"}},
        {"credentialSubject": {"givenName": "Robin", "familyName": 7, "dob": "1951-01-20"}},
    ],
    ids=repr,
)
def test_a_credential_that_is_no_public_covid_pass_is_refused(changes):
    assert refused(**changes)


WHOLE = base64.b32decode(text()[8:] + "=" * (-len(text()[8:]) % 8))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", Flaw.PREFIX),
        (text().replace("NZCP:/1/", "NZCP:/2/"), Flaw.PREFIX),
        (text().replace("NZCP:/1/", "NZCP:/"), Flaw.PREFIX),
        (text().lower(), Flaw.PREFIX),
        ("NZCP:/1/" + text()[8:].lower(), Flaw.BASE32),
        (text() + "=", Flaw.BASE32),
        (text() + "1", Flaw.BASE32),
        (text() + "\n", Flaw.BASE32),
        ("NZCP:/1/A", Flaw.BASE32),
        ("NZCP:/1/AAA", Flaw.BASE32),
        ("NZCP:/1/AAAAAA", Flaw.BASE32),
        ("NZCP:/1/" + "A" * 4_296, Flaw.SIZE),
        ("NZCP:/1/", Flaw.COSE),
        (text(tags=()), Flaw.COSE),
        (text(tags=(61, 18)), Flaw.COSE),
        (text(tags=(17,)), Flaw.COSE),
        (text(tags=(18, 18)), Flaw.COSE),
        (text(tags=(18, 61)), Flaw.COSE),
        (foreign.nzcp_text(WHOLE[:-1]), Flaw.CBOR),
        (foreign.nzcp_text(WHOLE + b"\0"), Flaw.CBOR),
        (foreign.nzcp_text(b"\xd2\x80"), Flaw.COSE),
        (foreign.nzcp_text(foreign.sign1(b"\x80", SIGNER, "k")), Flaw.SCHEMA),
        (foreign.nzcp_text(foreign.sign1(b"\x1c", SIGNER, "k")), Flaw.CBOR),
        (text(protected={1: -37, 4: "key-1"}), Flaw.ALG),
        (text(protected={4: "key-1"}, unprotected={1: ES256}), Flaw.ALG),
        (text(protected={1: ES256}, unprotected={4: "key-1"}), Flaw.KID),
        (text(protected={1: ES256, 4: ""}), Flaw.KID),
        (text(protected={1: ES256}), Flaw.KID),
    ],
    ids=lambda value: value if isinstance(value, Flaw) else "",
)
def test_each_layer_is_named_when_it_is_wrong(content, expected):
    assert flaw(content) is expected


VALUES = st.none() | st.integers(-9, 2**64) | st.floats() | st.text(max_size=9) | st.binary(max_size=17)


@given(st.dictionaries(st.sampled_from([1, 4, 5, 7, "vc"]), VALUES, max_size=3))
def test_any_claims_are_read_or_refused(changes):
    with contextlib.suppress(WireError):
        json.dumps(nzcp.parse(text(changes)).claims, allow_nan=False)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    for message in (data, b"\xd2" + data, foreign.sign1(data, SIGNER, "key-1")):
        with contextlib.suppress(WireError):
            nzcp.parse(foreign.nzcp_text(message))


@given(st.binary(max_size=60))
def test_base32_is_read_as_others_read_it(data):
    text = base64.b32encode(data).decode().rstrip("=")
    assert nzcp._bytes(text) == data == base64.b32decode(text + "=" * (-len(text) % 8))
