"""Colours: lists, tokens and deltas, and everything a list must not be."""

import dataclasses
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import cbor, cose, keys, schema, status
from wire.errors import Flaw, WireError

ISSUER = keys.PrivateKey.generate()
EMPTY = status.StatusList(bytes(16))
BASE = status.Token(uri="u", issued=1, expires=9, seq=4, statuses=EMPTY, ttl_s=60)
CHANGES = {0: 1, 7: 0xF, 31: 0xC}
AFTER = dataclasses.replace(BASE, issued=2, seq=5, statuses=EMPTY.changed(CHANGES))


def flaw(function, *args, **kwargs):
    with pytest.raises(WireError) as caught:
        function(*args, **kwargs)
    return caught.value.flaw


@settings(max_examples=40)
@given(st.from_type(status.Token))
def test_a_token_is_read_as_it_was_issued(token):
    assert status.verify_token(status.issue_token(token, ISSUER), ISSUER.public) == token


@given(st.sampled_from((1, 2, 4, 8)), st.data())
def test_a_list_is_the_values_that_were_set(bits, data):
    values = data.draw(st.dictionaries(st.integers(0, 8 * 20 // bits - 1), st.integers(0, 2**bits - 1)))
    changed = status.StatusList(bytes(20), bits).changed(values)
    assert [changed[n] for n in range(changed.size)] == [values.get(n, 0) for n in range(changed.size)]
    assert status.StatusList.inflate(changed.deflate(), bits) == changed


@pytest.mark.parametrize("index", [-1, 32, 2**64])
def test_an_index_outside_the_list_is_refused(index):
    assert flaw(EMPTY.__getitem__, index) is Flaw.INDEX
    assert flaw(EMPTY.changed, {index: 0}) is Flaw.INDEX


@pytest.mark.parametrize("index", [-1, status.MAX_PEOPLE])
def test_a_change_outside_every_list_is_not_packed(index):
    assert flaw(status.pack_changes, {index: 0}) is Flaw.INDEX


@pytest.mark.parametrize("value", [-1, 16])
def test_a_value_wider_than_the_list_is_refused(value):
    assert flaw(EMPTY.changed, {0: value}) is Flaw.INDEX
    assert flaw(status.pack_changes, {0: value}) is Flaw.INDEX


def test_a_full_list_is_read_and_one_byte_more_is_not():
    for filler in (bytes(status.MAX_LIST_BYTES), bytes(range(256)) * (status.MAX_LIST_BYTES // 256)):
        for level in (0, 1, 9):
            whole = status.StatusList.inflate(zlib.compress(filler, level), 4)
            assert (whole.packed, whole.size) == (filler, status.MAX_PEOPLE)
            assert flaw(status.StatusList.inflate, zlib.compress(filler + b"\0", level), 4) is Flaw.INFLATE


@pytest.mark.parametrize(
    "compressed",
    [
        b"",
        b"no zlib",
        EMPTY.deflate()[:-1],
        EMPTY.deflate() + b"\0",
        EMPTY.deflate() * 2,
        EMPTY.deflate()[2:],
    ],
    ids=["empty", "other", "cut", "trailing", "twice", "raw deflate"],
)
def test_what_is_not_one_whole_zlib_stream_is_refused(compressed):
    assert flaw(status.StatusList.inflate, compressed, 4) is Flaw.INFLATE


def test_a_dictionary_that_zlib_asks_for_is_refused():
    packer = zlib.compressobj(zdict=b"colours")
    assert flaw(status.StatusList.inflate, packer.compress(b"colours") + packer.flush(), 4) is Flaw.INFLATE


RAW = cbor.decode(status.peek(status.issue_token(BASE, ISSUER)).payload, max_bytes=999)


@pytest.mark.parametrize(
    "change",
    [
        {status.SUB: 1},
        {status.IAT: 1.0},
        {status.EXP: None},
        {status.SEQ: True},
        {status.TTL: None},
        {status.TTL: -1},
        {status.STATUS_LIST: None},
        {status.STATUS_LIST: {"bits": 3, "lst": EMPTY.deflate()}},
        {status.STATUS_LIST: {"bits": True, "lst": EMPTY.deflate()}},
        {status.STATUS_LIST: {"bits": 4.0, "lst": EMPTY.deflate()}},
        {status.STATUS_LIST: {"bits": 4, "lst": "text"}},
        {status.STATUS_LIST: {"bits": 4}},
    ],
)
def test_claims_of_another_shape_are_refused(change):
    assert flaw(status.read_claims, cbor.encode(RAW | change)) is Flaw.SCHEMA


def test_claims_that_the_draft_allows_beside_ours_are_passed_over():
    other = {
        7: b"cti",
        status.STATUS_LIST: RAW[status.STATUS_LIST] | {"aggregation_uri": "https://a.example"},
    }
    assert status.read_claims(cbor.encode(RAW | other)) == BASE


def test_claims_that_are_no_map_are_refused():
    assert flaw(status.read_claims, b"\x80") is Flaw.SCHEMA


def test_the_header_says_what_a_message_is():
    for header in (
        cose.Header(),
        cose.Header(typ="application/cwt"),
        cose.Header(content_type=status.LIST_TYPE),
    ):
        assert (
            flaw(status.verify_token, cose.sign1(cbor.encode(RAW), header, ISSUER), ISSUER.public)
            is Flaw.COSE
        )
        assert (
            flaw(status.verify_delta, cose.sign1(cbor.encode(RAW), header, ISSUER), ISSUER.public)
            is Flaw.COSE
        )


def test_another_key_signs_no_list_and_no_delta():
    other = keys.PrivateKey.generate().public
    assert flaw(status.verify_token, status.issue_token(BASE, ISSUER), other) is Flaw.SIGNATURE
    delta = status.issue_delta(BASE, AFTER, CHANGES, ISSUER)
    assert flaw(status.verify_delta, delta, other) is Flaw.SIGNATURE


def test_nothing_is_issued_that_a_gate_would_refuse():
    wide = dataclasses.replace(BASE, statuses=status.StatusList(bytes(status.MAX_LIST_BYTES + 1)))
    assert flaw(status.issue_token, wide, ISSUER) is Flaw.INFLATE
    assert flaw(status.issue_token, dataclasses.replace(BASE, seq=-1), ISSUER) is Flaw.SCHEMA
    assert flaw(status.issue_delta, BASE, AFTER, {0: 1}, ISSUER) is Flaw.BASE
    eight = dataclasses.replace(BASE, statuses=status.StatusList(bytes(16), 8))
    assert flaw(status.issue_delta, eight, AFTER, CHANGES, ISSUER) is Flaw.BASE
    with pytest.raises(ValueError, match="later"):
        status.issue_delta(AFTER, BASE, CHANGES, ISSUER)


def test_a_delta_leads_from_its_base_to_the_list_that_was_signed():
    delta = status.verify_delta(status.issue_delta(BASE, AFTER, CHANGES, ISSUER), ISSUER.public)
    assert status.apply(BASE, delta) == AFTER


@pytest.mark.parametrize(
    "change",
    [
        {"uri": "other"},
        {"seq": 3},
        {"seq": 5},
        {"statuses": EMPTY.changed({1: 1})},
        {"statuses": status.StatusList(bytes(16), 8)},
    ],
)
def test_a_delta_applies_to_no_other_list(change):
    delta = status.verify_delta(status.issue_delta(BASE, AFTER, CHANGES, ISSUER), ISSUER.public)
    assert flaw(status.apply, dataclasses.replace(BASE, **change), delta) is Flaw.BASE


def test_steps_in_order_are_proved_by_where_the_last_one_leads():
    later = dataclasses.replace(AFTER, seq=6, statuses=AFTER.statuses.changed({0: 1, 3: 0}))
    signed = [
        status.issue_delta(BASE, AFTER, CHANGES, ISSUER),
        status.issue_delta(AFTER, later, {0: 1, 3: 0}, ISSUER),
    ]
    one, two = (status.verify_delta(data, ISSUER.public) for data in signed)
    assert status.apply(BASE, one, two) == status.apply(status.apply(BASE, one), two) == later
    assert flaw(status.apply, BASE, two, one) is Flaw.BASE
    assert flaw(status.apply, BASE, one, one) is Flaw.BASE
    other = dataclasses.replace(one, packed=status.pack_changes({5: 1}))
    assert flaw(status.apply, BASE, other, two) is Flaw.BASE


def test_a_delta_for_a_longer_list_is_refused():
    longer = dataclasses.replace(AFTER, statuses=status.StatusList(bytes(32)).changed({60: 1}))
    base = dataclasses.replace(BASE, statuses=status.StatusList(bytes(32)))
    delta = status.verify_delta(status.issue_delta(base, longer, {60: 1}, ISSUER), ISSUER.public)
    assert flaw(status.apply, BASE, delta) is Flaw.INDEX


@given(st.dictionaries(st.integers(0, status.MAX_PEOPLE - 1), st.integers(0, 15), max_size=40))
def test_changes_are_unpacked_as_they_were_packed(changes):
    assert status.unpack_changes(status.pack_changes(changes)) == changes


@given(st.binary(max_size=30))
def test_changes_have_one_form(packed):
    try:
        changes = status.unpack_changes(packed)
    except WireError:
        return
    assert status.pack_changes(changes) == packed


@pytest.mark.parametrize(
    "packed",
    ["80", "8000", "0100", "010f", "8080808080", "ffffffffff01", "8080808010", "808080808000"],
    ids=["cut", "long zero", "twice", "gap 0", "endless", "huge", "outside", "six bytes"],
)
def test_other_bytes_than_shortest_rising_changes_are_refused(packed):
    assert flaw(status.unpack_changes, bytes.fromhex(packed)) is Flaw.SCHEMA


def test_a_delta_of_more_changes_than_allowed_is_refused():
    most = dict.fromkeys(range(status.MAX_CHANGES), 1)
    assert status.unpack_changes(status.pack_changes(most)) == most
    assert flaw(status.unpack_changes, status.pack_changes(most | {status.MAX_CHANGES: 1})) is Flaw.SCHEMA


def test_eight_changes_take_few_bytes():
    assert len(status.pack_changes({n * 100_003: 0xD for n in range(8)})) <= 31


def test_a_delta_that_leads_nowhere_is_refused():
    raw = schema.record(status.Delta).dump(
        status.verify_delta(status.issue_delta(BASE, AFTER, CHANGES, ISSUER), ISSUER.public)
    )
    assert flaw(schema.record(status.Delta).load, raw | {3: raw[2]}) is Flaw.SCHEMA
