"""What the standards' own examples say, the wire says too."""

import base64
import functools
import json
from pathlib import Path

import cbor2
import pytest

from wire import base45, cbor, cose, keys, status
from wire.errors import Flaw, WireError

VECTORS = Path(__file__).parents[1] / "vectors"
COSE = {path.stem: json.loads(path.read_text()) for path in sorted((VECTORS / "cose-wg").glob("*.json"))}
LISTS = json.loads((VECTORS / "status-list" / "lists.json").read_text())
# The key of the status list draft's examples, and of "12" in its source.
DRAFT_KEY = keys.PublicKey(
    keys.Alg.ES256,
    base64.urlsafe_b64decode("I3HWm_0Ds1dPMI-IWmf4mBmH-YaeAVbPVu7vB27CxXo="),
    base64.urlsafe_b64decode("6N_d5Elj9bs1htgV3okJKIdbHEpkgTmAluYKJemzn1M="),
)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
        (b"", ""),
        (b"\xff\xff", "FGW"),
    ],
)
def test_base45_is_that_of_rfc_9285(data, text):
    assert base45.encode(data) == text
    assert base45.decode(text) == data


@pytest.mark.parametrize(
    "text", ["GGW", ":::", "::", "A", "BB8A", "ab8", "BB\u00df", "BB\ud800", "BB\x00", "V5"]
)
def test_what_rfc_9285_calls_not_base45_is_refused(text):
    with pytest.raises(WireError) as caught:
        base45.decode(text)
    assert caught.value.flaw is Flaw.BASE45


def _coordinate(key, name):
    if f"{name}_hex" in key:
        return bytes.fromhex(key[f"{name}_hex"])
    return base64.urlsafe_b64decode(key[name] + "=") if name in key else b""


def _key(key):
    alg = keys.Alg.EDDSA if key["crv"] == "Ed25519" else keys.Alg.ES256
    return keys.PublicKey(alg, _coordinate(key, "x"), _coordinate(key, "y"))


# Valid by RFC 9052, and outside this profile: a number as content type, no algorithm among the
# protected parameters, no tag, other bytes signed beside the message, no kid that is covered.
OUTSIDE = {
    "ecdsa-examples_ecdsa-01": Flaw.COSE,
    "eddsa-examples_eddsa-01": Flaw.COSE,
    "eddsa-examples_eddsa-sig-01": Flaw.COSE,
    "ecdsa-examples_ecdsa-sig-01": Flaw.COSE,
    "sign-tests_sign-pass-01": Flaw.KID,
    "sign-tests_sign-pass-02": Flaw.KID,
    "sign-tests_sign-pass-03": Flaw.COSE,
    "sign1-tests_sign-pass-01": Flaw.ALG,
    "sign1-tests_sign-pass-03": Flaw.COSE,
}


@functools.cache
def _message(name):
    example = COSE[name]
    data = bytes.fromhex(example["output"]["cbor"])
    if "sign0" in example["input"]:
        given = example["input"]["sign0"]
        external = bytes.fromhex(given.get("external", ""))
        return cose.parse_sign1(data, max_bytes=999, external=external).verify(_key(given["key"]))
    parsed = cose.parse_sign(data, max_bytes=999)
    return parsed.verify(_key(example["input"]["sign"]["signers"][0]["key"]))


@pytest.mark.parametrize("name", COSE)
def test_examples_of_the_cose_working_group_pass_and_fail_as_they_say(name):
    example = COSE[name]
    flaw = OUTSIDE.get(name)
    if flaw is None and not example.get("fail"):
        plain = example["input"]
        assert _message(name) == plain.get("plaintext", "").encode() or bytes.fromhex(plain["plaintext_hex"])
        return
    with pytest.raises(WireError) as caught:
        _message(name)
    assert flaw in {None, caught.value.flaw}


def _signature(name):
    """What is signed, by whom, and the signature, taken from the example itself."""
    example = COSE[name]
    value = cbor2.loads(bytes.fromhex(example["output"]["cbor"]))
    value = getattr(value, "value", value)
    if "sign0" in example["input"]:
        return (
            example["intermediates"]["ToBeSign_hex"],
            _key(example["input"]["sign0"]["key"]),
            value[3],
        )
    return (
        example["intermediates"]["signers"][0]["ToBeSign_hex"],
        _key(example["input"]["sign"]["signers"][0]["key"]),
        value[3][0][2],
    )


@pytest.mark.parametrize("name", [n for n in COSE if not COSE[n].get("fail")])
def test_every_valid_signature_of_the_examples_verifies(name):
    covered, key, signature = _signature(name)
    key.verify(signature, bytes.fromhex(covered))
    other = bytearray(signature)
    other[5] ^= 1
    with pytest.raises(WireError) as caught:
        key.verify(bytes(other), bytes.fromhex(covered))
    assert caught.value.flaw is Flaw.SIGNATURE


@pytest.mark.parametrize("name", ["sign1-tests_sign-pass-01", "sign1-tests_sign-pass-02", "CWT_A_3"])
def test_the_bytes_under_a_signature_are_those_of_the_examples(name):
    example = COSE[name]
    external = bytes.fromhex(example["input"]["sign0"].get("external", ""))
    parsed = cose.parse_sign1(bytes.fromhex(example["output"]["cbor"]), max_bytes=999, external=external)
    assert parsed.signatures[0].covers.hex().upper() == example["intermediates"]["ToBeSign_hex"]


def test_an_empty_protected_map_is_signed_as_if_it_were_absent():
    covered = COSE["sign-tests_sign-pass-01"]["intermediates"]["signers"][0]["ToBeSign_hex"]
    assert cose._covered(b"\xa0") == b""
    alone = b"\xa1\x01\x26"  # the protected header of the one signer
    body = cbor.encode(["Signature", cose._covered(b"\xa0"), alone, b"", b"This is the content."])
    assert body.hex().upper() == covered


def test_a_thumbprint_is_that_of_rfc_9679():
    key = keys.PublicKey(
        keys.Alg.ES256,
        bytes.fromhex("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"),
        bytes.fromhex("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c"),
    )
    expected = "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"
    assert key.thumbprint.hex() == expected
    assert key.kid.hex() == expected[:16]


@pytest.mark.parametrize("example", LISTS["lists"], ids=lambda each: f"{each['bits']} bits")
def test_status_lists_are_those_of_the_draft(example):
    claim = cbor.decode(bytes.fromhex(example["cbor"]), max_bytes=4096)
    if example["bits"] == 8:  # a mebibyte: twice what a shard of 2^20 people at four bits may be
        with pytest.raises(WireError):
            status.StatusList.inflate(claim["lst"], claim["bits"])
        return
    statuses = status.StatusList.inflate(claim["lst"], claim["bits"])
    values = {int(index): value for index, value in example["values"].items()}
    assert statuses.size == LISTS["size"]
    assert {index: statuses[index] for index in values} == values
    assert status.StatusList(bytes(len(statuses.packed)), statuses.bits).changed(values) == statuses
    assert sum(byte != 0 for byte in statuses.packed) <= len(values)


def test_eight_bits_pack_as_in_the_draft():
    example = LISTS["lists"][3]
    packed = bytearray(LISTS["size"])
    for index, value in example["values"].items():
        packed[int(index)] = value
    claim = cbor.decode(bytes.fromhex(example["cbor"]), max_bytes=4096)
    stream = status.zlib.decompress(claim["lst"])
    assert stream == bytes(packed)
    assert all(status.StatusList(stream, 8)[int(index)] == v for index, v in example["values"].items())


@pytest.mark.parametrize(
    ("bits", "values", "claim"),
    [
        (1, [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1], "a2646269747301636c73744a78dadbb918000217015d"),
        (2, [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3], "a2646269747302636c73744b78da3be9f2130003df0207"),
    ],
)
def test_the_short_lists_of_the_draft_are_read(bits, values, claim):
    raw = cbor.decode(bytes.fromhex(claim), max_bytes=99)
    statuses = status.StatusList.inflate(raw["lst"], raw["bits"])
    assert (statuses.bits, [statuses[n] for n in range(statuses.size)]) == (bits, values)


TOKEN = """
d2845820a2012610781a6170706c69636174696f6e2f7374617475736c6973742b637774a1044231325850a5027821687474
70733a2f2f6578616d706c652e636f6d2f7374617475736c697374732f31061a648c5bea041a8898dfea19fffe19a8c019ff
fda2646269747301636c73744a78dadbb918000217015d584093fa4d01032b18c35e2fe1101b77fd6cc9440022caa4694450
c4e4e9feab4e99d1fa6d9772ce2bf3a12e0323ded7c982c5e101a5e67f0cbc1e2b6f57ce99c279
"""
REFERENCED = """
d28443a10126a1044231325866a502653132333435017368747470733a2f2f6578616d706c652e636f6d061a648c5bea041a
8898dfea19ffffa16b7374617475735f6c697374a2636964780063757269782168747470733a2f2f6578616d706c652e636f
6d2f7374617475736c697374732f315840340f7efea10f1a36dc4797636a17b4dd4848b68997d1d10e8cceb3a38ff33b3dda
72964a83989f6cf98560c2fc97a08bc8977cc6b0f84cfedab93d3e4481e938
"""


def test_the_token_of_the_draft_verifies_and_lacks_only_our_sequence():
    data = bytes.fromhex(TOKEN)
    signed = status.peek(data)
    assert signed.header.typ == status.LIST_TYPE
    payload = signed.verify(DRAFT_KEY)
    with pytest.raises(WireError) as caught:
        status.verify_token(data, DRAFT_KEY)
    assert caught.value.flaw is Flaw.SCHEMA
    token = status.read_claims(cbor.encode(cbor.decode(payload, max_bytes=999) | {status.SEQ: 7}))
    assert (token.uri, token.ttl_s, token.seq) == ("https://example.com/statuslists/1", 43_200, 7)
    assert token.statuses.packed.hex() == "b9a3"


def test_the_referenced_token_of_the_draft_verifies_and_its_status_claim_is_ours():
    payload = cose.parse_sign1(bytes.fromhex(REFERENCED), max_bytes=999).verify(DRAFT_KEY)
    claims = cbor.decode(payload, max_bytes=999)
    assert claims[65535] == {"status_list": {"idx": 0, "uri": "https://example.com/statuslists/1"}}
