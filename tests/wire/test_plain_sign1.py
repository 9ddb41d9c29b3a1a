"""The short way to a COSE_Sign1 and the decoder say the same of everything that the short way takes."""

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wire import cbor, plain_sign1
from wire.errors import WireError
from wire.foreign import loose_cbor

MOST = 70_000
byte_strings = st.binary(max_size=300) | st.integers(0, 1_000).map(bytes)


def head(size, width):
    """The head of a byte string, in a form of so many bytes after its first."""
    return (
        bytes([0x40 | size])
        if width == 0
        else bytes([{1: 24, 2: 25, 4: 26}[width] | 0x40]) + size.to_bytes(width)
    )


def decoded(data):
    try:
        return cbor.decode(data, max_bytes=MOST)
    except WireError:
        return None


@given(byte_strings, byte_strings, byte_strings)
@example(b"", b"", b"")
@example(bytes(23), bytes(24), bytes(255))
@example(bytes(256), bytes(65_535), b"")
def test_three_byte_strings_around_an_empty_map_are_taken(protected, payload, signature):
    data = cbor.encode([protected, {}, payload, signature])
    assert plain_sign1.read(data) == (protected, payload, signature)


@given(byte_strings, byte_strings, byte_strings, st.data())
def test_what_is_taken_from_damaged_messages_is_what_the_decoders_find(protected, payload, signature, data):
    message = bytearray(cbor.encode([protected, {}, payload, signature]))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(message) - 1))
        message[place] = data.draw(
            st.integers(0, 255) | st.sampled_from((0x40, 0x58, 0x59, 0x5A, 0x84, 0xA0))
        )
    plain = plain_sign1.read(bytes(message))
    if plain is not None:
        whole = [plain.protected, {}, plain.payload, plain.signature]
        assert decoded(bytes(message)) == whole
        assert loose_cbor.decode(bytes(message), max_bytes=MOST) == whole


@given(st.binary(max_size=64))
def test_whatever_is_taken_is_well_formed(rest):
    message = b"\x84" + rest
    plain = plain_sign1.read(message)
    if plain is not None:
        assert decoded(message) == [plain.protected, {}, plain.payload, plain.signature]


@pytest.mark.parametrize("width", [1, 2])
def test_lengths_that_are_longer_than_needed_are_read_as_the_decoder_reads_them(width):
    message = b"\x84" + (head(3, width) + b"abc") + b"\xa0" + 2 * (head(1, width) + b"z")
    assert plain_sign1.read(message) == (b"abc", b"z", b"z")
    assert decoded(message) == [b"abc", {}, b"z", b"z"]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x84",
        b"\x83\x40\xa0\x40",
        cbor2.dumps([b"", {4: b"kid"}, b"", b""]),
        cbor2.dumps([b"", [], b"", b""]),
        cbor2.dumps([b"", {}, None, b""]),
        cbor2.dumps([b"", {}, "text", b""]),
        cbor2.dumps([b"", {}, b"", []]),
        cbor2.dumps([b"", {}, b"", b""]) + b"\0",
        cbor2.dumps([b"", {}, b"", b"cut short"])[:-1],
        b"\x84\x5a\x00\x00\x00\x01a\xa0\x40\x40",
        b"\x84\x5f\x41a\xff\xa0\x40\x40",
        b"\x84\x58",
        b"\x84\x59\x00",
    ],
    ids=bytes.hex,
)
def test_every_other_shape_is_left_to_the_decoder(message):
    assert plain_sign1.read(message) is None
