"""The length of incoming packets: known before they are read, in whatever pieces the stream comes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware.framing import Framing, PacketTooLongError


def length_of(number):
    """The remaining length as MQTT 3.1.1, 2.2.3 writes it."""
    written = bytearray()
    while True:
        number, digit = divmod(number, 128)
        written.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(written)


def packet(size):
    return b"\x30" + length_of(size) + bytes(size)


def pieces_of(stream, cuts):
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[a:b] for a, b in pairwise(edges)]


@given(sizes=st.lists(st.integers(0, 300), max_size=20), cuts=st.lists(st.integers(0, 10_000)))
def test_packets_within_the_limit_pass_however_they_are_cut(sizes, cuts):
    framing = Framing(limit=300)
    for piece in pieces_of(b"".join(map(packet, sizes)), cuts):
        framing.saw(piece)


@given(
    sizes=st.lists(st.integers(0, 300), max_size=10),
    long=st.integers(301, 2**28 - 1),
    cuts=st.lists(st.integers(0, 10_000)),
)
def test_a_longer_one_is_refused_at_its_head_wherever_it_stands(sizes, long, cuts):
    framing = Framing(limit=300)
    stream = b"".join(map(packet, sizes)) + b"\x30" + length_of(long)
    refused = False
    for piece in pieces_of(stream, cuts):
        try:
            framing.saw(piece)
        except PacketTooLongError:
            refused = True
            break
    assert refused


@given(st.binary(max_size=2_000))
def test_whatever_comes_it_is_followed_or_refused(stream):
    framing = Framing(limit=2**28)
    try:
        framing.saw(stream)
    except PacketTooLongError:
        return


def test_a_length_that_never_ends_is_refused():
    with pytest.raises(PacketTooLongError):
        Framing().saw(b"\x30\x80\x80\x80\x80\x80\x01")
