"""COSE_Sign1 of passes: headers as real signers write them, and a signature that nobody is lenient about."""

import contextlib

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import foreign
from sandbox.foreign import Shape
from wire.errors import Flaw, WireError
from wire.foreign import keys, loose_cose
from wire.foreign.keys import PassAlg

SIGNER, OTHER = foreign.new_signer(), foreign.new_signer()
PAYLOAD = cbor2.dumps({1: "HB", 4: 9})
ES256 = int(PassAlg.ES256)


def parse(data, most=16_384):
    return loose_cose.parse(data, max_bytes=most)


def made(**shape):
    return foreign.sign1(PAYLOAD, SIGNER, b"key", Shape(**shape))


def flaw(data, most=16_384):
    with pytest.raises(WireError) as caught:
        parse(data, most)
    return caught.value.flaw


def holds(signed, signer=SIGNER):
    """Whether the signature is the signer's over one of the things that it may cover."""
    for covered in signed.covers:
        with contextlib.suppress(WireError):
            keys.verify(signer.public, signed.signature, covered)
            return True
    return False


@pytest.mark.parametrize(
    "tags", [(), (18,), (61, 18), (55_799, 18), (55_799, 61, 18), (18, 18), (61,)], ids=str
)
def test_tags_around_a_message_change_nothing(tags):
    signed = parse(made(tags=tags))
    assert (signed.alg, signed.kid, signed.payload) == (PassAlg.ES256, b"key", PAYLOAD)
    assert holds(signed)
    assert not holds(signed, OTHER)


def test_tags_that_no_pass_has_are_refused():
    for tags in ((17,), (98,), (18, 61, 17), (18,) * 5):
        assert flaw(made(tags=tags)) is Flaw.COSE


@pytest.mark.parametrize(
    ("shape", "kid"),
    [
        ({"protected": {1: ES256, 4: b"in"}}, b"in"),
        ({"protected": {1: ES256}, "unprotected": {4: b"out"}}, b"out"),
        ({"protected": {1: ES256, 4: b"in"}, "unprotected": {4: b"out"}}, b"in"),
        ({"protected": {1: ES256, 4: b"in"}, "unprotected": {1: -37, 4: b"out"}}, b"in"),
        ({"protected": {4: b"in"}, "unprotected": {1: ES256, 4: b"out"}}, b"in"),
        ({"protected": b"", "unprotected": {1: ES256, 4: b"out"}}, b"out"),
        ({"protected": {1: ES256, 4: "text"}}, b"text"),
        ({"protected": {1: ES256, 4: "吉祥"}}, "吉祥".encode()),
        ({"protected": {1: ES256, 3: 0, 4: b"in", "more": 1}, "unprotected": {2: [9], 7: b""}}, b"in"),
        ({"protected": {1: ES256}}, b""),
    ],
)
def test_algorithm_and_key_id_stand_in_either_header_and_the_protected_one_wins(shape, kid):
    signed = parse(made(**shape))
    assert signed.alg is PassAlg.ES256
    assert signed.kid == kid
    assert holds(signed)


@pytest.mark.parametrize("written", [b"", b"\xa0", b"\xbf\xff"])
@pytest.mark.parametrize("covered", [b"", b"\xa0"])
def test_an_empty_protected_header_is_covered_in_either_way(written, covered):
    signed = parse(made(protected=written, signed_as=covered, unprotected={1: ES256, 4: b"k"}))
    assert holds(signed)
    assert not holds(signed, OTHER)
    assert len(signed.covers) == len(set(signed.covers)) <= 3


def test_only_an_empty_header_is_covered_in_more_ways_than_one():
    assert len(parse(made()).covers) == 1
    assert not holds(parse(made(signed_as=b"")))
    assert not holds(parse(made(signed_as=b"\xa0")))
    header = (
        b"\xbf\x01\x26\x04\x41k\xff"  # without a count: covered as it stands, never as it could be written
    )
    assert holds(parse(made(protected=header)))
    assert not holds(parse(made(protected=header, signed_as=cbor2.dumps({1: -7, 4: b"k"}))))


@pytest.mark.parametrize("part", [0, 2, 3])
def test_one_other_bit_and_the_signature_no_longer_holds(part):
    parts = cbor2.loads(made(tags=()))
    for bit in range(8):
        changed = bytearray(parts[part])
        changed[-1] ^= 1 << bit
        with contextlib.suppress(WireError):  # some are no header any more
            assert not holds(parse(cbor2.dumps([*parts[:part], bytes(changed), *parts[part + 1 :]])))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], Flaw.COSE),
        ([b"", {}, b""], Flaw.COSE),
        ([b"", {}, b"", b"s", b"more"], Flaw.COSE),
        ([{}, {}, b"", b"s"], Flaw.COSE),
        ([b"", [], b"", b"s"], Flaw.COSE),
        ([b"", {}, None, b"s"], Flaw.COSE),
        ([b"", {}, b"", "s"], Flaw.COSE),
        ([b"", {}, b"", b"s"], Flaw.ALG),
        ([b"", {1: -8}, b"", b"s"], Flaw.ALG),
        ([b"", {1: -7.0}, b"", b"s"], Flaw.ALG),
        ([b"", {1: "ES256"}, b"", b"s"], Flaw.ALG),
        ([b"", {1: True}, b"", b"s"], Flaw.ALG),
        ([b"\xa1\x01\x27", {1: -7}, b"", b"s"], Flaw.ALG),  # the protected one wins, even a bad one
        ([b"\xa1\x04\x07", {1: -7, 4: b"k"}, b"", b"s"], Flaw.KID),
        ([b"", {1: -7, 4: bytes(129)}, b"", b"s"], Flaw.KID),
        ([b"", {1: -7, 4: None}, b"", b"s"], Flaw.KID),
        ([b"\x80", {1: -7}, b"", b"s"], Flaw.COSE),
        ([b"\xa2\x01\x26\x01\x26", {}, b"", b"s"], Flaw.CBOR),
        ([b"\xa1\x01", {}, b"", b"s"], Flaw.CBOR),
        ([b"\xa2\x01\x26\x02\x81\x09", {}, b"", b"s"], Flaw.COSE),  # critical, and not understood
        ([bytes(513), {}, b"", b"s"], Flaw.SIZE),
        ([b"", {1: -7}, b"", bytes(513)], Flaw.SIGNATURE),
        ({1: 2}, Flaw.COSE),
        (b"text", Flaw.COSE),
    ],
)
def test_what_is_no_message_is_refused_with_its_layer(parts, expected):
    assert flaw(cbor2.dumps(parts)) is expected


def test_size_comes_first():
    assert flaw(made(), 20) is Flaw.SIZE


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_refused(data):
    with contextlib.suppress(WireError):
        parse(data)


@given(st.data())
def test_a_damaged_message_is_refused_or_no_longer_signed(data):
    whole = bytearray(made())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(WireError):
        signed = parse(bytes(whole))
        assert not holds(signed) or signed.payload == PAYLOAD
