"""Keys of passes: what is one, and that no other algorithm and no other key will do."""

import pytest

from sandbox import foreign
from wire import keys as own
from wire.errors import Flaw, WireError
from wire.foreign import keys
from wire.foreign.keys import PassAlg, RsaKey

NOW_S = 1_795_000_000
AUTHORITY = foreign.Authority()
SIGNERS = {alg: AUTHORITY.signer(NOW_S, NOW_S + 9, alg=alg) for alg in PassAlg}
MODULUS = b"\xff" * 256


def flaw(function, *args):
    with pytest.raises(WireError) as caught:
        function(*args)
    return caught.value.flaw


@pytest.mark.parametrize("alg", PassAlg)
def test_a_key_survives_its_map_and_knows_its_algorithm(alg):
    key = SIGNERS[alg].public
    assert keys.from_cose(key.cose()) == key
    assert keys.alg_of(key) is alg


def test_an_rsa_key_names_its_algorithm():
    assert SIGNERS[PassAlg.PS256].public.alg is PassAlg.PS256


@pytest.mark.parametrize(
    "written",
    [
        None,
        7,
        {},
        own.PrivateKey.generate(own.Alg.EDDSA).public.cose(),
        {1: 3},
        {1: 3, -1: MODULUS},
        {1: 3, -1: MODULUS, -2: b"\1\0\1", 3: -37},
        {1: 3, -1: MODULUS[1:], -2: b"\1\0\1"},
        {1: 3, -1: MODULUS * 3, -2: b"\1\0\1"},
        {1: 3, -1: b"\0" + MODULUS, -2: b"\1\0\1"},
        {1: 3, -1: MODULUS, -2: b""},
        {1: 3, -1: MODULUS, -2: b"\0\3"},
        {1: 3, -1: MODULUS, -2: b"\1\0\0\0\1"},
        {1: 3, -1: MODULUS, -2: 65_537},
    ],
)
def test_what_is_no_key_of_a_pass_is_refused(written):
    assert flaw(keys.from_cose, written) is Flaw.KID


@pytest.mark.parametrize("alg", PassAlg)
def test_a_signature_is_that_of_one_key_over_one_message(alg):
    signer = SIGNERS[alg]
    signature = signer.sign(b"message")
    keys.verify(signer.public, signature, b"message")
    assert flaw(keys.verify, signer.public, signature, b"massage") is Flaw.SIGNATURE
    for wrong in (
        b"",
        signature[:-1],
        signature + b"\0",
        bytes(len(signature)),
        bytes([signature[0] ^ 1]) + signature[1:],
    ):
        assert flaw(keys.verify, signer.public, wrong, b"message") is Flaw.SIGNATURE
    for other in SIGNERS.values():
        if other is not signer:
            assert flaw(keys.verify, other.public, signature, b"message") is Flaw.SIGNATURE


def test_numbers_that_are_no_key_verify_nothing():
    for odd in (RsaKey(MODULUS, b"\2"), RsaKey(MODULUS, b"\1"), RsaKey(MODULUS[:-1] + b"\0", b"\1\0\1")):
        assert flaw(keys.verify, odd, bytes(256), b"message") is Flaw.SIGNATURE
