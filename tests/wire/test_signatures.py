"""Keys, COSE messages and signed documents: who signed what, and that nobody else did."""

import copy
import pickle

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import cbor, cose, documents, envelope, keys
from wire.errors import Flaw, WireError

A, B, C = (keys.PrivateKey.generate() for _ in range(3))
E = keys.PrivateKey.generate(keys.Alg.EDDSA)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
HEAD = {"version": 1, "issued": 2, "expires": 3, "audience": "*"}
COMMAND = documents.Command(
    **HEAD, id=bytes(16), nonce=bytes(16), action=documents.Action.OPEN_ONCE, reason="asked"
)


def flaw(function, *args, **kwargs):
    with pytest.raises(WireError) as caught:
        function(*args, **kwargs)
    return caught.value.flaw


def by_kid(*signers):
    return {signer.public.kid: signer.public for signer in signers}


def root(threshold=2, signers=(A, B, E)):
    kids = tuple(signer.public.kid for signer in signers)
    role = documents.RoleKeys(threshold=threshold, kids=kids)
    return documents.Root(
        **HEAD, keys=tuple(s.public for s in signers), roles=dict.fromkeys(documents.Role, role)
    )


@pytest.mark.parametrize("alg", keys.Alg)
def test_a_private_key_survives_its_file_sealed_or_not(alg):
    key = keys.PrivateKey.generate(alg)
    assert keys.PrivateKey.from_pem(key.to_pem()).public == key.public
    sealed = key.to_pem(b"long words")
    assert keys.PrivateKey.from_pem(sealed, b"long words").public == key.public
    for wrong in (b"other", None):
        assert flaw(keys.PrivateKey.from_pem, sealed, wrong) is Flaw.KID
    assert flaw(keys.PrivateKey.from_pem, b"no pem") is Flaw.KID
    assert keys.PublicKey.from_cryptography(key.crypto().public_key()) == key.public


def test_a_parameter_in_both_headers_of_a_document_is_refused():
    tag, made = b"\xd8\x62", envelope.sign(root(), [A])
    parts = cbor.decode(made[len(tag) :], max_bytes=9999)
    for label, refused in ((cose.CONTENT_TYPE, True), (99, False)):
        parts[1] = {label: "application/jx-trust+cbor"}
        data = tag + cbor.encode(parts)
        if refused:
            assert flaw(cose.parse_sign, data, max_bytes=9999) is Flaw.COSE
        else:
            assert cose.parse_sign(data, max_bytes=9999).signatures


def test_keys_of_other_kinds_are_refused():
    encodings = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    for other in (ec.generate_private_key(ec.SECP384R1()), x25519.X25519PrivateKey.generate()):
        assert flaw(keys.PrivateKey.from_pem, other.private_bytes(*encodings)) is Flaw.ALG
        assert flaw(keys.PublicKey.from_cryptography, other.public_key()) is Flaw.ALG


def test_a_private_key_shows_itself_nowhere():
    secret = A.crypto().private_numbers().private_value
    assert repr(A) == f"PrivateKey(kid={A.public.kid.hex()})"
    assert str(secret) not in repr(A)
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(A)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        bytes(63),
        bytes(65),
        bytes(64),
        bytes(32) + b"\1" * 32,
        b"\1" * 32 + bytes(32),
        ORDER.to_bytes(32) * 2,
        b"\xff" * 64,
        b"\1" * 32 + ORDER.to_bytes(32),
    ],
    ids=["empty", "short", "long", "zero", "r = 0", "s = 0", "r = s = n", "above n", "s = n"],
)
def test_signatures_outside_their_range_never_verify(signature):
    for signer in (A, E):
        assert flaw(signer.public.verify, signature, b"message") is Flaw.SIGNATURE


@pytest.mark.parametrize("signer", [A, E], ids=["ES256", "EdDSA"])
def test_signatures_verify_for_their_message_and_key_only(signer):
    signature = signer.sign(b"message")
    signer.public.verify(signature, b"message")
    assert flaw(signer.public.verify, signature, b"massage") is Flaw.SIGNATURE
    assert flaw(B.public.verify, signature, b"message") is Flaw.SIGNATURE


@pytest.mark.parametrize("alg", keys.Alg)
def test_a_point_off_its_curve_verifies_nothing_and_raises_nothing_else(alg):
    y = b"\xff" * 32 if alg is keys.Alg.ES256 else b""
    for x in (bytes(32), b"\xff" * 32):
        assert flaw(keys.PublicKey(alg, x, y).verify, bytes(64), b"") is Flaw.SIGNATURE


@settings(max_examples=30)
@given(
    st.binary(max_size=50), st.from_type(cose.Header), st.from_type(keys.PrivateKey), st.binary(max_size=9)
)
def test_one_signer_round_trip(payload, header, signer, external):
    data = cose.sign1(payload, header, signer, external=external)
    signed = cose.parse_sign1(data, max_bytes=1024, external=external)
    assert signed.verify(signer.public) == payload
    assert signed.header == cose.Header(signer.public.alg, header.kid, header.content_type, header.typ)
    other = cose.parse_sign1(data, max_bytes=1024, external=external + b"!")
    assert flaw(other.verify, signer.public) is Flaw.SIGNATURE


def sign1_parts(protected=b"\xa1\x01\x26", unprotected=None, payload=b"p", signature=bytes(64)):
    return b"\xd2" + cbor.encode([protected, unprotected or {}, payload, signature])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Flaw.COSE),
        (b"\x84" + sign1_parts()[2:], Flaw.COSE),
        (b"\xd8\x12" + sign1_parts()[1:], Flaw.COSE),
        (b"\xd2\x83\x40\xa0\x40", Flaw.COSE),
        (b"\xd2\xa0", Flaw.COSE),
        (b"\xd2\x64abcd", Flaw.COSE),
        (sign1_parts(protected=[]), Flaw.COSE),
        (sign1_parts(protected=b"\x80"), Flaw.COSE),
        (sign1_parts(protected=b"\xa1\x02\x81\x01"), Flaw.COSE),
        (sign1_parts(protected=b"\xa1\x01\x38\x22"), Flaw.ALG),
        (sign1_parts(protected=b"\xa1\x01\xf5"), Flaw.ALG),
        (sign1_parts(protected=b"\xa1\x01\xf9\xc7\x00"), Flaw.ALG),
        (sign1_parts(protected=b"\xa1\x03\x00"), Flaw.COSE),
        (sign1_parts(protected=b"\xa1\x04\x00"), Flaw.COSE),
        (sign1_parts(protected=b"\xa1\x10\x00"), Flaw.COSE),
        (sign1_parts(protected=b"\xa1\xf9\x3c\x00\x26"), Flaw.CBOR),
        (sign1_parts(protected=bytes(513)), Flaw.SIZE),
        (sign1_parts(payload=None), Flaw.COSE),
        (sign1_parts(signature=None), Flaw.COSE),
        (sign1_parts(unprotected={1: -7}), Flaw.COSE),
        (bytes(2001), Flaw.SIZE),
    ],
)
def test_other_shapes_than_cose_sign1_are_refused(data, expected):
    assert flaw(cose.parse_sign1, data, max_bytes=2000) is expected


def test_unprotected_parameters_choose_a_key_and_prove_nothing():
    signed = cose.parse_sign1(sign1_parts(unprotected={4: b"k", 3: "text/plain", 16: "x"}), max_bytes=999)
    assert signed.header == cose.Header(keys.Alg.ES256, b"k")
    assert cose.parse_sign1(sign1_parts(unprotected={4: 1}), max_bytes=999).header.kid is None
    bare = cose.parse_sign1(sign1_parts(protected=b"", unprotected={1: -7}), max_bytes=999)
    assert flaw(bare.verify, A.public) is Flaw.ALG


def sign_parts(rows):
    return b"\xd8\x62" + cbor.encode([b"", {}, b"p", rows])


KID8 = b"\xa2\x01\x26\x04\x48" + bytes(8)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({}, Flaw.COSE),
        ([[KID8, {}, b""]] * 17, Flaw.COSE),
        ([[]], Flaw.COSE),
        ([1], Flaw.COSE),
        ([[KID8, {}, 1]], Flaw.COSE),
        ([[b"", {4: bytes(8)}, b""]], Flaw.KID),
        ([[KID8, {4: b"x"}, b""]], Flaw.COSE),
    ],
)
def test_other_shapes_than_cose_sign_are_refused(rows, expected):
    assert flaw(cose.parse_sign, sign_parts(rows), max_bytes=2000) is expected


def test_one_signature_is_not_taken_from_a_message_of_many():
    none = cose.parse_sign(sign_parts([]), max_bytes=99)
    assert flaw(none.verify, A.public) is Flaw.COSE


def test_signatures_are_added_one_by_one_and_replaced_not_repeated():
    alone = cose.sign(b"p", cose.Header(content_type="t"), [A])
    both = cose.add_signature(alone, E, max_bytes=999)
    again = cose.add_signature(both, A, max_bytes=999)
    parsed = cose.parse_sign(again, max_bytes=999)
    assert [s.header.kid for s in parsed.signatures] == [E.public.kid, A.public.kid]
    for signature, signer in zip(parsed.signatures, (E, A), strict=True):
        signature.verify(signer.public)


@pytest.mark.parametrize("kind", envelope.KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=10)
@given(data=st.data())
def test_every_document_is_believed_from_its_own_role_only(kind, data):
    document = data.draw(st.from_type(kind))
    signed = envelope.sign(document, [A])
    assert envelope.verify(kind, signed, by_kid(A, B)) == document
    assert envelope.read_body(kind, envelope.write_body(document)) == document
    assert flaw(envelope.verify, kind, signed, by_kid(B)) is Flaw.KID
    assert flaw(envelope.verify, kind, signed, {}) is Flaw.KID
    assert flaw(envelope.verify, kind, signed, {A.public.kid: B.public}) is Flaw.SIGNATURE
    for other in envelope.KINDS:
        if other is not kind:
            assert flaw(envelope.verify, other, signed, by_kid(A)) in {Flaw.COSE, Flaw.SIZE}


def test_a_threshold_counts_different_keys_with_valid_signatures():
    document = root()
    signed = envelope.sign(document, [A, E])
    assert envelope.verify(documents.Root, signed, document.keys_of(documents.Role.ROOT), 2) == document
    assert flaw(envelope.verify, documents.Root, signed, by_kid(A, B, E), 3) is Flaw.SIGNATURE
    twice = cbor.decode(envelope.sign(document, [A])[2:], max_bytes=9999)
    twice[3] *= 2
    data = b"\xd8\x62" + cbor.encode(twice)
    assert flaw(envelope.verify, documents.Root, data, by_kid(A, B), 2) is Flaw.SIGNATURE
    broken = cbor.decode(signed[2:], max_bytes=9999)
    broken[3][0][2] = bytes(64)
    data = b"\xd8\x62" + cbor.encode(broken)
    assert flaw(envelope.verify, documents.Root, data, by_kid(A, E), 2) is Flaw.SIGNATURE


def test_a_threshold_of_nothing_still_needs_a_signature():
    data = cbor.decode(envelope.sign(COMMAND, [A])[1:], max_bytes=999)
    data[3] = bytes(64)
    unsigned = b"\xd2" + cbor.encode(data)
    assert flaw(envelope.verify, documents.Command, unsigned, by_kid(A), 0) is Flaw.SIGNATURE


def test_nothing_is_signed_that_its_reader_would_refuse():
    with pytest.raises(ValueError, match="unpack"):
        envelope.sign(COMMAND, [A, B])
    wide = documents.Assignment(**HEAD, **ASSIGNMENT | {"staff": (bytes(16),) * 5_001})
    assert flaw(envelope.sign, wide, [A]) is Flaw.SCHEMA
    heads = documents.Time(**HEAD, now_ms=1, root=1, trust=1, lists={f"{n:门>128}": 1 for n in range(4096)})
    assert flaw(envelope.sign, heads, [A]) is Flaw.SIZE


ASSIGNMENT = {
    "venue": "v",
    "venue_zh": "",
    "venue_en": "",
    "category": "c",
    "location": "",
    "lane": "1",
    "direction": documents.Direction.ENTRY,
    "policy": documents.policies.DEFAULT,
    "staff": (),
    "hours": (),
    "closed_days": (),
    "utc_offset_min": 480,
    "closed": False,
}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (documents.RoleKeys, {"threshold": 2, "kids": (bytes(8),)}),
        (documents.RoleKeys, {"threshold": 2, "kids": (bytes(8), bytes(8))}),
        (documents.Range, {"first": 2, "last": 1, "hash": bytes(32)}),
    ],
)
def test_fields_that_contradict_each_other_are_refused(kind, fields):
    with pytest.raises(ValueError, match=r"\w"):
        kind(**fields)


def test_a_root_names_every_role_and_only_keys_it_holds():
    good = root()
    raw = envelope.KINDS[documents.Root].codec.dump(good)
    for changed in ({**raw, 10: raw[10][:1]}, {**raw, 11: {k: raw[11][k] for k in list(raw[11])[1:]}}):
        assert flaw(envelope.KINDS[documents.Root].codec.load, changed) is Flaw.SCHEMA


def test_an_issuer_or_a_list_stands_in_trust_once():
    ref = documents.ListRef(uri="u", shard=1, carried_by=())
    one = documents.Issuer(id="a", name_zh="", name_en="", keys=(), lists=(ref,))
    two = documents.Issuer(id="b", name_zh="", name_en="", keys=(), lists=(ref,))
    for issuers in ((one, one), (one, two)):
        with pytest.raises(ValueError, match="twice"):
            documents.Trust(**HEAD, issuers=issuers, bounds=documents.policies.LOOSEST)
