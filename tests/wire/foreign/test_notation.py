"""JSON and base64url mean one thing each, or nothing."""

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import Flaw, WireError
from wire.foreign import notation

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('ab\\"é', max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


def flaw(data, max_bytes=1 << 16):
    with pytest.raises(WireError) as caught:
        notation.from_json(data, max_bytes=max_bytes)
    return caught.value.flaw


@given(st.binary(max_size=40))
def test_base64url_comes_back_and_is_what_others_write(data):
    text = notation.to_base64url(data)
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    assert notation.from_base64url(text) == data


@given(st.text(max_size=12) | st.text("AB-_+/= \n", max_size=12))
def test_two_base64url_texts_never_mean_the_same_bytes(text):
    try:
        data = notation.from_base64url(text)
    except ValueError:
        return
    assert notation.to_base64url(data) == text


@pytest.mark.parametrize("text", ["AB", "A", "QQ==", "Q+", "Q/", "QQ\n", "Ｑ", "A A", "\ud800"])
def test_base64url_that_is_not_canonical_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - which ValueError does not matter
        notation.from_base64url(text)


@given(plain, st.booleans())
def test_json_is_read_as_it_was_written(value, ascii_only):
    data = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert notation.from_json(data, max_bytes=1 << 16) == value


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", ":", ":a", " ", 'q"', "é"]), plain), max_size=4),
    st.booleans(),
)
def test_a_key_that_stands_twice_is_always_found(pairs, spaced):
    colon, comma = (" : ", " , ") if spaced else (":", ",")
    data = comma.join(f"{json.dumps(key)}{colon}{json.dumps(value)}" for key, value in pairs)
    data = ("[{" + data + "}]").encode()
    if len({key for key, _ in pairs}) == len(pairs):
        assert notation.from_json(data, max_bytes=1 << 16) == [dict(pairs)]
    else:
        assert flaw(data) is Flaw.JSON


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b'"\xff"',
        b"{} {}",
        b'{"a":1,"a":2}',
        b'[{"a":{"b":1,"b":1}}]',
        b'{"a" :1,"a":2}',
        b'{"a":":","b":1,"b":2}',
        b'{"\\u0061":1,"a":2}',
        b'{":":1,":":2}',
        b"NaN",
        b"[-Infinity]",
        b"1e999",
        b"-1e999",
        b"1" * 21,
        b'"\\ud800"',
        b'"\\uDFFF"',
        b'{"\\udc00":1}',
        b'"\n"',
        b"'a'",
        b"[1,]",
    ],
)
def test_json_that_could_be_understood_in_two_ways_is_refused(data):
    assert flaw(data) is Flaw.JSON


def test_a_pair_of_surrogates_is_one_character():
    assert notation.from_json(b'"\\ud83d\\ude00"', max_bytes=99) == "\U0001f600"


def test_depth_counts_brackets_and_no_strings():
    deepest = b"[" * notation.MAX_DEPTH + b"]" * notation.MAX_DEPTH
    assert notation.from_json(deepest, max_bytes=99)
    assert flaw(b"[" + deepest + b"]") is Flaw.JSON
    assert flaw(b'{"[":"","":[' + deepest + b"]}") is Flaw.JSON
    assert notation.from_json(b'"' + b"[{" * 99 + b'\\"["', max_bytes=999)
    assert flaw(b"[" * 60_000) is Flaw.JSON


def test_size_comes_before_everything():
    assert flaw(b"[]", max_bytes=1) is Flaw.SIZE


@pytest.mark.parametrize(
    "data", [b'"\\"' * 20_000, b'"' + b'\\"' * 30_000, b"\\" * 60_000, b'"\\', b'{"a":' * 12_000]
)
def test_what_is_never_closed_takes_no_time(data):
    begun = time.process_time()
    assert flaw(data) is Flaw.JSON
    assert time.process_time() - begun < 1


@given(plain, st.sampled_from(["", "\\", "["]))
def test_brackets_are_counted_outside_strings_alone(value, more):
    def depth(part):
        if isinstance(part, dict):
            return 1 + max(map(depth, part.values()), default=0)
        return 1 + max(map(depth, part), default=0) if isinstance(part, list) else 0

    value = [more, value]
    while depth(value) < notation.MAX_DEPTH:
        value = [more, value]
    data = json.dumps(value).encode()
    assert notation.from_json(data, max_bytes=1 << 16) == value
    assert flaw(b"[" + data + b"]") is Flaw.JSON


@given(st.binary(max_size=60) | st.text('{}[]":,\\u0d8tfn1e.-', max_size=40).map(str.encode))
def test_any_bytes_are_json_within_limits_or_a_wire_error(data):
    try:
        value = notation.from_json(data, max_bytes=50)
    except WireError:
        return
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
