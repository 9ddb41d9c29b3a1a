"""SMART Health Cards: whole or in parts, within limits, and never believed before the signature holds."""

import json
import time
import tracemalloc

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from sandbox import health_cards as cards
from wire.errors import Flaw, WireError
from wire.foreign import jwk, notation, shc
from wire.foreign.passes import Format, Kind
from wire.keys import PrivateKey

NOW_S = 1_795_000_000
SIGNER, OTHER = PrivateKey.generate(), PrivateKey.generate()
BUNDLE = cards.bundle([cards.immunization("2026-10-01"), cards.immunization("2026-11-01")])
CLAIMS = cards.claims(BUNDLE, NOW_S)
JWS = cards.sign(CLAIMS, SIGNER)
TEXT = cards.text(JWS)
LONG = cards.sign(cards.claims(cards.bundle([cards.laboratory("2026-11-01")] * 9, "é" * 900), NOW_S), SIGNER)
PARTS = cards.texts(LONG, 200)


def flaw(held):
    with pytest.raises(WireError) as caught:
        shc.parse(held)
    return caught.value.flaw


def signed(changes, **header):
    return cards.text(cards.sign(CLAIMS | changes, SIGNER, **header))


def test_a_card_is_read_and_its_signature_holds():
    card = shc.parse(TEXT)
    assert card.kid.decode() == jwk.thumbprint(SIGNER.public)
    assert card.claims == CLAIMS
    body = card.verify(SIGNER.public)
    assert (body.format, body.issuer, body.expires) == (Format.SHC, cards.ISSUER, None)
    assert body.issued == body.not_before == NOW_S
    assert (body.kinds, body.statements[0].doses) == (Kind.VACCINATION, 2)


def test_the_signature_of_another_key_does_not_hold():
    with pytest.raises(WireError) as caught:
        shc.parse(TEXT).verify(OTHER.public)
    assert caught.value.flaw is Flaw.SIGNATURE


def test_a_signature_in_der_does_not_hold():
    head, payload, _ = JWS.split(".")
    der = SIGNER.crypto().sign(f"{head}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    card = shc.parse(cards.text(f"{head}.{payload}.{notation.to_base64url(der)}"))
    with pytest.raises(WireError) as caught:
        card.verify(SIGNER.public)
    assert caught.value.flaw is Flaw.SIGNATURE


@given(st.permutations(PARTS), st.sampled_from(PARTS))
def test_parts_make_a_card_in_any_order_and_twice(parts, again):
    assert len(PARTS) > 3
    assert shc.parse(parts).verify(SIGNER.public).kinds is Kind.TEST
    assert shc.parse([*parts, again]).kid == shc.parse(parts).kid


def test_one_of_one_part_is_a_card():
    assert shc.parse(TEXT.replace("shc:/", "shc:/1/1/")) == shc.parse(TEXT)
    assert shc.parse([TEXT]) == shc.parse(TEXT) == shc.parse(TEXT.replace("shc", "SHC"))


@pytest.mark.parametrize(
    "held",
    [
        PARTS[0],
        PARTS[1:],
        [*PARTS[1:], cards.texts(JWS, 300)[0]],
        [PARTS[0], *cards.texts(JWS, -(-len(JWS) // len(PARTS)))],
        [*PARTS, TEXT],
        [*PARTS[1:], PARTS[1][:-2] + "00"],
        ["shc:/1/2/5676", "shc:/2/3/5676"],
        [],
        [TEXT] * 33,
        "shc:/2/1/00",
        "shc:/1/33/00",
    ],
)
def test_parts_that_are_missing_or_of_another_card_are_refused(held):
    assert flaw(held) is Flaw.CHUNKS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Flaw.PREFIX),
        ("HC1:6BF", Flaw.PREFIX),
        ("shc:5676", Flaw.PREFIX),
        ("shc:/", Flaw.NUMERIC),
        ("shc:/567", Flaw.NUMERIC),
        ("shc:/5６", Flaw.NUMERIC),
        ("shc:/0/1/56", Flaw.NUMERIC),
        ("shc:/01/1/56", Flaw.NUMERIC),
        ("shc:/1/100/56", Flaw.NUMERIC),
        ("shc:/56\n", Flaw.NUMERIC),
        ("shc:/56\0", Flaw.NUMERIC),
        *((f"shc:/{pair}", Flaw.NUMERIC) for pair in (78, 82, 83, 99)),
        *((f"shc:/{pair:02d}", Flaw.JWS) for pair in (0, 77)),
        ("shc:/5676", Flaw.JWS),
        ("shc:/" + "0" * 8_000, Flaw.SIZE),
        (cards.text("a.b"), Flaw.JWS),
        (cards.text("QQ.QQ.QQ"), Flaw.JWS),
        (cards.text("Q.QQ.QQ"), Flaw.JWS),
        (cards.text(JWS + "."), Flaw.JWS),
        (cards.text(JWS.replace(".", "./")), Flaw.JWS),
    ],
)
def test_what_is_no_card_is_refused_where_it_ends(text, expected):
    assert flaw(text) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"alg": "none"}, Flaw.ALG),
        ({"alg": "RS256"}, Flaw.ALG),
        ({"alg": None}, Flaw.ALG),
        ({"zip": None}, Flaw.INFLATE),
        ({"zip": "def"}, Flaw.INFLATE),
        ({"kid": None}, Flaw.KID),
        ({"kid": "key-1"}, Flaw.KID),
        ({"kid": "A" * 42}, Flaw.KID),
        ({"crit": ["b64"], "b64": False}, Flaw.JWS),
        ({"x": "x" * 600}, Flaw.JWS),
    ],
)
def test_a_header_that_is_not_as_it_must_be_is_refused(header, expected):
    assert flaw(signed({}, **header)) is expected


@pytest.mark.parametrize("header", [b"[]", b"{", b'{"alg":"ES256","alg":"none"}'])
def test_a_header_that_is_no_object_is_refused(header):
    _, payload, signature = JWS.split(".")
    assert flaw(cards.text(f"{notation.to_base64url(header)}.{payload}.{signature}")) is Flaw.JWS


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"no deflate at all", Flaw.INFLATE),
        (cards.deflate(b"{}")[:-1], Flaw.INFLATE),
        (cards.deflate(b"{}") + b"\0", Flaw.INFLATE),
        (b"", Flaw.INFLATE),
        (cards.deflate(bytes(shc.MAX_INFLATED_BYTES + 1)), Flaw.INFLATE),
        (cards.deflate(b" " * (shc.MAX_INFLATED_BYTES)), Flaw.JSON),
        (cards.deflate(b'{"iss":1,"iss":1}'), Flaw.JSON),
        (cards.deflate(b'{"nbf":NaN}'), Flaw.JSON),
        (cards.deflate(b"[]"), Flaw.SCHEMA),
    ],
)
def test_a_payload_that_is_not_as_it_must_be_is_refused(payload, expected):
    assert flaw(cards.text(cards.sign(payload, SIGNER))) is expected


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://health.harbour.example"},
        {"iss": "https://"},
        {"iss": "https://a b"},
        {"iss": "https://" + "a" * 300},
        {"iss": None},
        {"nbf": "now"},
        {"nbf": True},
        {"nbf": -1},
        {"nbf": NOW_S * 1000},
        {"exp": None},
        {"exp": NOW_S * 1000},
        {"vc": {}},
        {"vc": {"type": [], "credentialSubject": CLAIMS["vc"]["credentialSubject"]}},
        {"vc": {"type": [shc.CARD], "credentialSubject": {"fhirVersion": "4.0.1"}}},
        {"vc": {"type": [shc.CARD], "credentialSubject": {"fhirVersion": 4, "fhirBundle": BUNDLE}}},
        {"vc": {"type": [shc.CARD], "credentialSubject": {"fhirVersion": "4.0.1", "fhirBundle": {}}}},
    ],
)
def test_claims_that_are_missing_or_wrong_are_refused(changes):
    assert flaw(signed(changes)) is Flaw.SCHEMA


def test_the_parts_of_a_card_are_not_too_long_together():
    parts = [f"shc:/{n}/32/" + "56" * 1_100 for n in range(1, 33)]
    assert flaw(parts) is Flaw.SIZE


def test_times_may_have_fractions_and_an_end():
    body = shc.parse(signed({"nbf": NOW_S + 0.75, "exp": NOW_S + 9.5})).body
    assert (body.issued, body.not_before, body.expires) == (NOW_S, NOW_S, NOW_S + 9)


def test_a_bundle_of_another_release_states_nothing_here():
    subject = {"fhirVersion": "1.0.2", "fhirBundle": BUNDLE}
    assert shc.parse(signed({"vc": {"type": [shc.CARD], "credentialSubject": subject}})).body.statements == ()


def test_the_number_stays_when_a_card_is_issued_again():
    again = cards.sign(cards.claims(BUNDLE, NOW_S + 999, exp=NOW_S * 2), OTHER)
    assert shc.parse(cards.text(again)).body.number == shc.parse(TEXT).body.number
    other = cards.bundle([cards.immunization("2026-10-01")])
    assert (
        shc.parse(cards.text(cards.sign(cards.claims(other, NOW_S), SIGNER))).body.number
        != shc.parse(TEXT).body.number
    )


def test_nobody_is_named_in_what_is_kept():
    assert "Anyperson" in json.dumps(shc.parse(TEXT).claims)
    assert "Anyperson" not in repr(shc.parse(TEXT).body)


@given(st.permutations(PARTS))
def test_parts_held_up_one_after_another_come_together(parts):
    chunks = shc.Chunks()
    assert (chunks.of, chunks.whole) == (0, False)
    for part in parts:
        assert shc.is_chunk(part)
        assert not chunks.whole
        chunks = chunks.add(part).add(part)
    assert chunks.whole
    assert chunks.of == len(PARTS)
    assert shc.parse(chunks.texts).verify(SIGNER.public)


def test_a_part_of_another_card_begins_anew():
    other = cards.texts(JWS, 400)
    same_length = cards.texts(JWS, -(-len(JWS) // len(PARTS)))
    for part in (other[1], same_length[0]):
        assert shc.Chunks().add(PARTS[0]).add(part).texts == (part,)


def test_what_is_no_part_is_no_chunk():
    assert not shc.is_chunk(TEXT)
    assert not shc.is_chunk("hello")
    with pytest.raises(WireError):
        shc.Chunks().add("hello")


def test_a_bomb_takes_neither_time_nor_memory():
    bomb = cards.text(cards.sign(cards.deflate(bytes(2_000_000)), SIGNER))
    tracemalloc.start()
    begun = time.process_time()
    assert flaw(bomb) is Flaw.INFLATE
    assert time.process_time() - begun < 1
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


@given(st.text("0123456789/shc:x\0é", max_size=40))
def test_any_text_is_a_card_or_a_wire_error(text):
    for held in (text, "shc:/" + text, "shc:/1/2/" + text, [text, "shc:/1/2/" + text]):
        try:
            shc.parse(held)
        except WireError:
            continue
        pytest.fail("no short text is a card")


@given(st.integers(5, len(TEXT) - 1), st.sampled_from("0123456789"))
def test_a_card_with_one_digit_changed_never_holds(at, digit):
    changed = TEXT[:at] + digit + TEXT[at + 1 :]
    try:
        shc.parse(changed).verify(SIGNER.public)
    except WireError:
        assert changed != TEXT
    else:
        assert changed == TEXT


@given(st.binary(max_size=60))
def test_any_payload_is_a_card_or_a_wire_error(payload):
    for data in (payload, cards.deflate(payload)):
        with pytest.raises(WireError):
            shc.parse(cards.text(cards.sign(data, SIGNER)))
