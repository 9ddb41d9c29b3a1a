"""The JX1 code: issued, proved, read and verified, and every way in which it may not be one."""

import dataclasses
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import base45, cbor, code, cose, keys, schema, status
from wire.errors import Flaw, WireError

ISSUER = keys.PrivateKey.generate()
HOLDER = keys.PrivateKey.generate()
PHONE = code.Claims(
    issuer="jl",
    issued=1_790_000_000,
    expires=1_800_000_000,
    list_uri="https://status.jl.example/7",
    index=123_456,
    subject=bytes(range(16)),
    holder=HOLDER.public,
)
PAPER = dataclasses.replace(PHONE, holder=None, paper=code.PaperName(masked_name="欧阳**", id_tail="123X"))
CREDENTIAL = code.issue(PHONE, ISSUER)
PROOF = code.prove(CREDENTIAL, 1_795_000_000, HOLDER)


def flaw(function, *args, **kwargs):
    with pytest.raises(WireError) as caught:
        function(*args, **kwargs)
    return caught.value.flaw


def sealed(claims, header=None, signer=ISSUER):
    """A credential's text around any payload, as a careless or hostile issuer might make it."""
    payload = claims if isinstance(claims, bytes) else cbor.encode(claims)
    return code.to_text(cose.sign1(payload, header or cose.Header(kid=signer.public.kid), signer))


RAW = cbor.decode(cose.parse_sign1(CREDENTIAL, max_bytes=999).payload, max_bytes=999)


@settings(max_examples=40)
@given(st.from_type(code.Claims), st.from_type(keys.PrivateKey), st.from_type(keys.PrivateKey))
def test_every_credential_and_proof_is_read_as_it_was_made(claims, issuer, holder):
    claims = claims if claims.holder is None else dataclasses.replace(claims, holder=holder.public)
    credential = code.issue(claims, issuer)
    read = code.verify(code.parse(code.to_text(credential)), issuer.public)
    assert read == code.Verified(claims, issuer.public.kid, None)
    if claims.holder is not None:
        proof = code.to_text(code.prove(credential, 7, holder))
        assert code.verify(code.parse(proof), issuer.public) == dataclasses.replace(read, proof_issued=7)


def test_the_text_is_alphanumeric_for_a_qr_code_and_of_the_size_that_is_documented():
    text = code.to_text(PROOF)
    assert re.fullmatch(r"[0-9A-Z $%*+\-./:]+", text)
    assert len(text) <= 580  # version 15-M holds 600 alphanumeric characters (ISO/IEC 18004, table 7)
    assert len(code.to_text(code.issue(PAPER, ISSUER))) <= 400
    assert code.is_code(text)
    assert not code.is_code(text.lower())


def test_a_paper_code_shows_what_an_attendant_compares():
    read = code.verify(code.parse(code.to_text(code.issue(PAPER, ISSUER))), ISSUER.public)
    assert (read.claims.holder, read.claims.paper) == (None, PAPER.paper)


@pytest.mark.parametrize("key", [HOLDER.public, keys.PrivateKey.generate(keys.Alg.EDDSA).public])
def test_another_key_than_the_issuers_verifies_nothing(key):
    assert flaw(code.verify, code.parse(code.to_text(PROOF)), key) in {Flaw.SIGNATURE, Flaw.ALG}


def test_a_proof_by_anybody_but_the_holder_is_refused():
    for other in (ISSUER, keys.PrivateKey.generate()):
        forged = code.to_text(code.prove(CREDENTIAL, 1_795_000_000, other))
        assert flaw(code.verify, code.parse(forged), ISSUER.public) is Flaw.SIGNATURE


def test_an_issuer_may_hold_its_own_code_without_any_signature_standing_for_another():
    own = code.issue(dataclasses.replace(PHONE, holder=ISSUER.public), ISSUER)
    proof = code.prove(own, 5, ISSUER)
    assert code.verify(code.parse(code.to_text(proof)), ISSUER.public).proof_issued == 5
    swapped = cbor.decode(proof[1:], max_bytes=2800)
    swapped[3] = cbor.decode(own[1:], max_bytes=2800)[3]
    text = code.to_text(b"\xd2" + cbor.encode(swapped))
    assert flaw(code.verify, code.parse(text), ISSUER.public) is Flaw.SIGNATURE


def test_a_credential_without_its_proof_has_no_time_of_proof():
    assert code.verify(code.parse(code.to_text(CREDENTIAL)), ISSUER.public).proof_issued is None


def test_the_other_signature_that_ecdsa_allows_changes_nothing_that_identifies():
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    parts = cbor.decode(PROOF[1:], max_bytes=2800)
    s = order - int.from_bytes(parts[3][32:])
    parts[3] = parts[3][:32] + s.to_bytes(32)
    twin = code.to_text(b"\xd2" + cbor.encode(parts))
    assert twin != code.to_text(PROOF)
    both = [code.verify(code.parse(text), ISSUER.public) for text in (twin, code.to_text(PROOF))]
    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Flaw.PREFIX),
        ("jx1:BB8", Flaw.PREFIX),
        ("HC1:BB8", Flaw.PREFIX),
        ("JX1:", Flaw.COSE),
        ("JX1:BB8", Flaw.COSE),
        ("JX1:" + "0" * 4292, Flaw.SIZE),
        ("JX1:" + "0" * 4293, Flaw.SIZE),
        ("JX1:b", Flaw.BASE45),
        (code.to_text(PROOF[:-2]), Flaw.CBOR),
        (code.to_text(PROOF + b"\0"), Flaw.CBOR),
    ],
)
def test_other_texts_are_refused_with_their_flaw(text, expected):
    assert flaw(code.parse, text) is expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({code.ISS: None}, Flaw.SCHEMA),
        ({code.EXP: 1.0}, Flaw.SCHEMA),
        ({code.IAT: True}, Flaw.SCHEMA),
        ({code.EXP: 2**63}, Flaw.SCHEMA),
        ({code.EXP: -1}, Flaw.SCHEMA),
        ({code.SUBJECT: bytes(15)}, Flaw.SCHEMA),
        ({code.CNF: None}, Flaw.SCHEMA),
        ({code.CNF: {}}, Flaw.SCHEMA),
        ({code.CNF: {1: {1: 2}}}, Flaw.KID),
        ({code.CNF: {1: HOLDER.public.cose(), 2: 1}}, Flaw.SCHEMA),
        ({code.PAPER: {1: "a", 2: "b"}}, Flaw.SCHEMA),
        ({code.PAPER: None}, Flaw.SCHEMA),
        ({code.STATUS: {}}, Flaw.SCHEMA),
        ({code.STATUS: {"status_list": {"idx": 1, "uri": "u", "x": 1}}}, Flaw.SCHEMA),
        ({code.STATUS: {"status_list": {"idx": 1, "uri": "u"}, "x": 1}}, Flaw.SCHEMA),
        ({code.STATUS: {"status_list": {"idx": 2**32, "uri": "u"}}}, Flaw.SCHEMA),
        ({7: b"cti"}, Flaw.SCHEMA),
        ({"iss": "jl"}, Flaw.SCHEMA),
    ],
)
def test_claims_of_another_shape_are_refused_although_they_are_signed(change, expected):
    assert flaw(code.parse, sealed(RAW | change)) is expected


def test_neither_a_phone_nor_a_paper_is_no_credential():
    assert flaw(code.parse, sealed({k: v for k, v in RAW.items() if k != code.CNF})) is Flaw.SCHEMA
    assert flaw(code.issue, dataclasses.replace(PHONE, holder=None), ISSUER) is Flaw.SCHEMA
    assert flaw(code.issue, dataclasses.replace(PHONE, index=-1), ISSUER) is Flaw.SCHEMA
    assert flaw(code.parse, sealed([1])) is Flaw.SCHEMA


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (cose.Header(), Flaw.KID),
        (cose.Header(kid=b"short"), Flaw.KID),
        (cose.Header(kid=bytes(8), content_type="text/plain"), Flaw.COSE),
        (cose.Header(kid=bytes(8), typ=status.LIST_TYPE), Flaw.COSE),
    ],
)
def test_a_header_of_something_else_is_no_credentials(header, expected):
    assert flaw(code.parse, sealed(RAW, header)) is expected


@pytest.mark.parametrize(
    "payload",
    [[CREDENTIAL], [CREDENTIAL, True], [CREDENTIAL, 1, 1], [1, 1], {}, [CREDENTIAL, -1], [PROOF, 1]],
)
def test_a_proof_is_a_credential_and_a_time(payload):
    header = cose.Header(content_type=code.PROOF_TYPE)
    text = code.to_text(cose.sign1(cbor.encode(payload), header, HOLDER))
    assert flaw(code.parse, text) in {Flaw.SCHEMA, Flaw.COSE}


def test_a_paper_code_cannot_be_proved():
    text = code.to_text(code.prove(code.issue(PAPER, ISSUER), 1, HOLDER))
    assert flaw(code.parse, text) is Flaw.SCHEMA


def test_a_holder_key_off_its_curve_proves_nothing():
    off = keys.PublicKey(keys.Alg.ES256, bytes(31) + b"\1", bytes(31) + b"\1")
    credential = code.issue(dataclasses.replace(PHONE, holder=off), ISSUER)
    text = code.to_text(code.prove(credential, 1, HOLDER))
    assert flaw(code.verify, code.parse(text), ISSUER.public) is Flaw.SIGNATURE


@given(st.binary(max_size=64))
def test_base45_takes_back_what_it_gave(data):
    assert base45.decode(base45.encode(data)) == data


@given(st.text(base45.ALPHABET.decode(), max_size=12))
def test_base45_has_one_text_for_each_value(text):
    try:
        data = base45.decode(text)
    except WireError:
        return
    assert base45.encode(data) == text


def test_paper_names_are_short_and_visible():
    codec = schema.record(code.PaperName)
    assert flaw(codec.load, {1: "x" * 33, 2: ""}) is Flaw.SCHEMA
    assert flaw(codec.load, {1: "a\u202eb", 2: ""}) is Flaw.SCHEMA
