"""JSON Web Keys: what can be used here is read exactly, everything else is refused with a reason."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import Flaw, WireError
from wire.foreign import jwk, keys
from wire.foreign.keys import RsaKey
from wire.keys import Alg, PrivateKey

# RFC 7638, 3.1, and RFC 7515, A.3.1: examples of a thumbprint and of a key.
RFC7638 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebW"
    "KRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQM"
    "icAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcR"
    "wr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "kid": "2011-04-29",
}
RFC7515 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}


def flaw(value):
    with pytest.raises(WireError) as caught:
        jwk.read(value)
    return caught.value.flaw


def test_the_thumbprint_of_the_standard_comes_out():
    kid, key = jwk.read(RFC7638)
    assert kid == b"2011-04-29"
    assert jwk.thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_a_key_without_an_id_is_known_by_its_thumbprint():
    kid, key = jwk.read(RFC7515)
    assert kid.decode() == jwk.thumbprint(key)
    assert keys.alg_of(key).name == "ES256"


def test_a_key_verifies_what_its_other_half_signed():
    signer = PrivateKey.generate()
    _, key = jwk.read(jwk.write(signer.public))
    keys.verify(key, signer.sign(b"text"), b"text")


def test_keys_come_back_as_they_were_written():
    numbers = rsa.generate_private_key(65537, 2048).public_key().public_numbers()
    for key in (PrivateKey.generate().public, RsaKey(numbers.n.to_bytes(256), b"\1\0\1")):
        assert jwk.read(jwk.write(key)) == (jwk.thumbprint(key).encode(), key)
        assert jwk.read(jwk.write(key, "z12Kf7UQ")) == (b"z12Kf7UQ", key)


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "oct"},
        {"kty": "OKP"},
        {"kty": None},
        {"kty": 1},
        {"crv": "P-384"},
        {"crv": None},
        {"use": "enc"},
        {"alg": "ES384"},
        {"alg": "none"},
        {"alg": 7},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"d": "AAAA"},
        {"k": ""},
        {"x": None},
        {"x": "AAAA"},
        {"x": RFC7515["x"] + "="},
        {"x": "A" * 2_000},
        {"y": RFC7515["x"]},
        {"kid": ""},
        {"kid": None},
        {"kid": 5},
        {"kid": "k" * 65},
        {"kid": "\ud800"},
    ],
)
def test_a_key_that_is_not_for_this_is_refused(changes):
    assert flaw(RFC7515 | changes) is Flaw.KID


@pytest.mark.parametrize(
    "changes",
    [{"n": "AQAB"}, {"n": "AA" + RFC7638["n"]}, {"e": "AA"}, {"e": "Ag"}, {"alg": "RS256"}, {"n": None}],
)
def test_an_rsa_key_that_is_weak_or_none_is_refused(changes):
    assert flaw(RFC7638 | changes) is Flaw.KID


def test_a_key_may_say_what_it_is_for():
    wanted = RFC7515 | {"use": "sig", "alg": "ES256", "key_ops": ["verify"], "x5c": ["AAAA"], "crlVersion": 1}
    assert jwk.read(wanted)[1] == jwk.read(RFC7515)[1]
    assert Alg.ES256 is jwk.read(wanted)[1].alg


def test_what_cannot_be_used_does_not_spoil_a_set():
    found = jwk.read_set(json.dumps({"keys": [RFC7515, 5, {"kty": "OKP"}, RFC7638]}).encode())
    assert [kid for kid, _ in found.keys] == [jwk.read(RFC7515)[0], b"2011-04-29"]
    assert [words.split(":")[0] for words in found.left_out] == ["key 2", "key 3"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"[]", Flaw.SCHEMA),
        (b"{}", Flaw.SCHEMA),
        (b'{"keys":{}}', Flaw.SCHEMA),
        (b'{"keys":[' + b",".join([b"1"] * 2_001) + b"]}", Flaw.SCHEMA),
        (b"{", Flaw.JSON),
        (b" " * (jwk.MAX_SET_BYTES + 1), Flaw.SIZE),
    ],
)
def test_what_is_no_set_is_refused_whole(data, expected):
    with pytest.raises(WireError) as caught:
        jwk.read_set(data)
    assert caught.value.flaw is expected


names = st.sampled_from([*RFC7515, *RFC7638, "use", "alg", "key_ops", "d"])
values = (
    st.none()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from([*RFC7515.values(), *RFC7638.values(), "RSA"])
)


@given(st.dictionaries(names, values), st.sampled_from([{}, RFC7515, RFC7638]))
def test_any_object_is_a_key_or_a_wire_error(changes, base):
    try:
        kid, key = jwk.read(base | changes)
    except WireError:
        return
    assert kid
    assert jwk.read(jwk.write(key))[1] == key


# RFC 8037, A.2 and A.3: an Ed25519 key and its thumbprint.
RFC8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def test_an_ed25519_key_is_read_for_codes_of_ours_alone():
    kid, key = jwk.read_ed25519(RFC8037)
    assert kid == b"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert key.alg is Alg.EDDSA
    assert jwk.read_ed25519(jwk.write(key)) == (kid, key)
    assert flaw(RFC8037) is Flaw.KID
    with pytest.raises(WireError) as caught:
        keys.alg_of(key)
    assert caught.value.flaw is Flaw.ALG


@pytest.mark.parametrize(
    "change", [{"d": "AAAA"}, {"crv": "Ed448"}, {"x": "AAAA"}, {"x": "!"}, {"kid": ""}], ids=str
)
def test_another_or_a_private_ed25519_key_is_refused(change):
    with pytest.raises(WireError) as caught:
        jwk.read_ed25519(RFC8037 | change)
    assert caught.value.flaw is Flaw.KID
