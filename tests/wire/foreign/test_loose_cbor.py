"""CBOR of passes: what real ones carry is read, what costs or means two things is refused."""

import contextlib
import time
import tracemalloc

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import Flaw, WireError
from wire.foreign import loose_cbor

MOST = 16_384


def decode(data, most=MOST):
    return loose_cbor.decode(data, max_bytes=most)


def flaw(data, most=MOST):
    with pytest.raises(WireError) as caught:
        decode(data, most)
    return caught.value.flaw


@pytest.mark.parametrize(
    ("hexadecimal", "value"),
    [
        ("c074323032312d30312d30315430303a30303a30305a", "2021-01-01T00:00:00Z"),
        ("c11a60ee2c80", 1626221696),
        ("d903ec6a323032312d30312d3031", "2021-01-01"),
        ("d82550" + "07" * 16, b"\7" * 16),
        ("fb41d8000000000000", 1610612736.0),
        ("f94000", 2.0),
        ("bf616101ff", {"a": 1}),
        ("9f0102ff", [1, 2]),
        ("7f61616162ff", "ab"),
        ("5f41014102ff", b"\1\2"),
        ("1800", 0),
        ("a161619f01ff", {"a": [1]}),
    ],
)
def test_what_real_passes_carry_is_read(hexadecimal, value):
    assert decode(bytes.fromhex(hexadecimal)) == value


@pytest.mark.parametrize(
    "hexadecimal",
    [
        "",  # nothing
        "00ff",  # more behind it
        "a2016161016162",  # 1 twice
        "a261610161 6102",  # "a" twice
        "bf616101616102ff",  # the same without a count
        "a201020102",
        "a20102c10103",  # tagged, it is the same key
        "a18001",  # a key that is an array
        "a14001",  # bytes
        "a1f501",  # true
        "a1f93c0001",  # a float
        "c249ffffffffffffffffff",  # a big number
        "d81c80",  # a shared value
        "d81d00",  # a reference to one
        "d81900",
        "d9010080",
        "d818420102",  # CBOR in CBOR
        "d83d00",
        "1c",
        "ff",
        "9f01",  # never closed
        "5f6161ff",  # text among bytes
        "62ff61",  # no UTF-8
        "5bffffffffffffffff00",  # longer than everything
        "9bffffffffffffffff00",
        "bbffffffffffffffff00",
        "81" * 13 + "00",
        "c1" * 13 + "00",
        "9f" * 13 + "ff" * 13,
    ],
)
def test_what_means_two_things_or_nothing_is_refused(hexadecimal):
    assert flaw(bytes.fromhex(hexadecimal)) is Flaw.CBOR


def test_size_comes_first():
    assert flaw(bytes(11), 10) is Flaw.SIZE


def long(item):
    """An item in a map that is long enough to be looked at before it is built."""
    return b"\xa2\x00" + cbor2.dumps(bytes(1_100)) + b"\x01" + item


def test_a_long_item_is_read_as_a_short_one_is():
    inner = {"a": [1, {"b": 2.5}], "c": "text", "d": b"raw", "e": None, "n": 2**40}
    assert decode(long(cbor2.dumps(inner))) == {0: bytes(1_100), 1: inner}
    assert decode(long(bytes.fromhex("bf61619f0102ff61627f61616162ffff")))[1] == {"a": [1, 2], "b": "ab"}
    assert decode(long(bytes.fromhex("c11a60ee2c80")))[1] == 1626221696
    assert decode(long(bytes.fromhex("581f" + "00" * 31)))[1] == bytes(31)
    assert decode(long(bytes.fromhex("a1616100"))[:-1] + b"\xf4")[1] == {"a": False}


@pytest.mark.parametrize("item", ["a18001", "bf8001ff", "a1c00101", "ff", "81" * 20 + "00", "9f01", "fc"])
def test_a_long_item_is_refused_as_a_short_one_is(item):
    assert flaw(long(bytes.fromhex(item))) is Flaw.CBOR


@pytest.mark.parametrize("data", [b"\x80" * 5_000, b"\x99\x13\x88" + bytes(5_000), b"\x9f" + bytes(5_000)])
def test_items_are_counted_before_they_are_built(data):
    assert flaw(data) in {Flaw.SIZE, Flaw.CBOR}
    assert flaw(b"\x99\x13\x88" + bytes(5_000)) is Flaw.SIZE


def test_keys_made_to_collide_cost_nothing():
    keys = b"".join(b"\x8b" + bytes(0x20 + (n >> bit & 1) for bit in range(11)) + b"\0" for n in range(1_200))
    data = b"\xb9" + (1_200).to_bytes(2) + keys
    begin = time.process_time()
    assert flaw(data) is Flaw.CBOR
    assert time.process_time() - begin < 0.1


def test_the_tags_around_an_item_come_off_and_no_others():
    tags = {18, 61, 55_799}
    assert loose_cbor.untagged(b"\xd2\x80", tags) == b"\x80"
    assert loose_cbor.untagged(b"\xd2\xd2\x80", tags) == b"\x80"
    assert loose_cbor.untagged(b"\xd9\xd9\xf7\xd8\x3d\xd2\x80", tags) == b"\x80"
    assert loose_cbor.untagged(b"\xd8\x12\x80", tags) == b"\x80"
    assert loose_cbor.untagged(b"\xd1\x80", tags) == b"\xd1\x80"
    assert loose_cbor.untagged(b"\xd2" * 5 + b"\x80", tags) == b"\xd2\x80"
    assert loose_cbor.untagged(b"\x80", tags) == b"\x80"
    assert loose_cbor.untagged(b"", tags) == b""
    assert loose_cbor.untagged(b"\xd2", tags) == b""


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_refused(data):
    with contextlib.suppress(WireError):
        decode(data)


@given(st.binary(max_size=80))
def test_any_bytes_in_something_long_are_a_value_or_refused(data):
    with contextlib.suppress(WireError):
        assert repr(decode(long(data))[1]) == repr(decode(data))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=9) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_plain_values_come_back(value, padded):
    data = cbor2.dumps(value)
    assert decode(long(data))[1] == value if padded else decode(data) == value


def test_what_is_never_closed_takes_little_memory():
    tracemalloc.start()
    for data in (b"\x9b" + bytes.fromhex("00000000ffffffff"), b"\x5b" + bytes.fromhex("00000000ffffffff")):
        assert flaw(data) is Flaw.CBOR
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000
