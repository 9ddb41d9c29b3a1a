"""Every record: what is written is read, in one form only, and what is not quite it is refused."""

import dataclasses
from enum import Enum

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import cbor, code, cose, documents, enrolment, envelope, keys, messages, schema, status
from wire import policy as policies
from wire.errors import Flaw, WireError

TOP = [
    *envelope.KINDS,
    *messages.MESSAGES,
    messages.Checkpoint,
    policies.Policy,
    code.PaperName,
    status.Delta,
]
MAX_BYTES = 700_000


@pytest.mark.parametrize("kind", TOP, ids=lambda kind: kind.__name__)
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_written_is_read_and_written_alike_again(kind, data):
    codec = schema.record(kind)
    value = data.draw(st.from_type(kind))
    written = schema.write(codec, value)
    again = schema.read(codec, written, max_bytes=MAX_BYTES)
    assert again == value
    assert schema.write(codec, again) == written == cbor.encode(codec.dump(value))
    for field in dataclasses.fields(kind):  # 1 == True and 3 == Colour(3): the types must agree as well
        assert type(getattr(again, field.name)) is type(getattr(value, field.name))


ODD = [None, True, False, -1, -0.0, 1.0, float("nan"), 2**64 - 1, -(2**64), "", "\ud800", b"", [], {}, [[]]]
ODD += ["\u202e", "a\nb", "\0", 2**63, cbor2.undefined, cbor2.CBORSimpleValue(1), {True: 1}, {1.0: 1}]


@pytest.mark.parametrize("kind", TOP, ids=lambda kind: kind.__name__)
@settings(max_examples=20)
@given(data=st.data())
def test_a_field_of_another_type_is_refused_or_is_what_the_reader_says_it_is(kind, data):
    codec = schema.record(kind)
    raw = codec.dump(data.draw(st.from_type(kind)))
    key = data.draw(st.sampled_from(sorted(raw)))
    odd = data.draw(st.sampled_from(ODD))
    changed = raw | {key: odd}
    try:
        value = codec.load(changed)
    except WireError:
        return
    assert codec.dump(value) == changed
    row = next(f for f in dataclasses.fields(kind) if f.metadata["key"] == key)
    got = getattr(value, row.name)
    plain = got.value if isinstance(got, Enum) else got
    assert isinstance(plain, tuple | dict) or type(plain) is type(odd)


@pytest.mark.parametrize("kind", TOP, ids=lambda kind: kind.__name__)
@settings(max_examples=20)
@given(data=st.data())
def test_a_missing_field_and_an_unknown_one_are_refused(kind, data):
    codec = schema.record(kind)
    raw = codec.dump(data.draw(st.from_type(kind)))
    required = [f.metadata["key"] for f in dataclasses.fields(kind) if not f.metadata["optional"]]
    missing = data.draw(st.sampled_from(required))
    for wrong in ({k: v for k, v in raw.items() if k != missing}, raw | {99: 1}, raw | {"1": 1}, list(raw)):
        with pytest.raises(WireError):
            codec.load(wrong)


@pytest.mark.parametrize(
    "head",
    ["f93c00", "f5", "e1", "4101", "8101", "a0", "fb7ff8000000000000"],
    ids=["1.0", "true", "simple(1)", "bytes", "array", "map", "nan"],
)
def test_only_integers_and_texts_are_keys(head):
    data = bytes.fromhex("a1" + head + "00")
    for padded in (data, b"\x82" + data + b"\x59\x08\x00" + bytes(2048)):
        with pytest.raises(WireError) as caught:
            cbor.decode(padded, max_bytes=4096)
        assert caught.value.flaw is Flaw.CBOR


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (schema.uint(), 1.5),
        (schema.uint(), "7"),
        (schema.bstr(16), 16),
        (schema.bstr(2), bytearray(2)),
        (schema.text(9), 5),
        (schema.boolean(), 1),
        (schema.uint(9), 10),
    ],
)
def test_writing_converts_nothing_quietly(codec, value):
    with pytest.raises((WireError, TypeError)):
        schema.write(codec, value)


def test_writing_more_than_anybody_reads_is_refused():
    with pytest.raises(WireError) as caught:
        schema.write(schema.text(100), "x" * 100, max_bytes=100)
    assert caught.value.flaw is Flaw.SIZE


@pytest.mark.parametrize("word", ["吉林大学　第一医院", "a\u00a0b", "\U0002ebf0", "", "é", "👩"])
def test_the_spaces_and_rare_characters_of_real_names_are_texts(word):
    assert schema.text(20).load(word) == word


@pytest.mark.parametrize("point", [0, 0x0A, 0x7F, 0x9F, 0xAD, 0x200B, 0x2028, 0x202E, 0x2066, 0xD800, 0xFEFF])
def test_invisible_characters_are_no_text(point):
    with pytest.raises(WireError):
        schema.text(9).load(f"a{chr(point)}b")


@given(st.from_type(documents.Document))
def test_every_kind_of_document_has_a_strategy(document):
    assert type(document) in {*envelope.KINDS, documents.Document}


@given(st.from_type(keys.PublicKey), st.data())
def test_a_key_is_its_map_and_nothing_like_it(key, data):
    raw = key.cose()
    assert keys.PublicKey.from_cose(raw) == key
    label = data.draw(st.sampled_from(sorted(raw)))
    wrong = data.draw(st.sampled_from([raw[label] == 1, float(label), None, b"", b"x" * 31, b"x" * 33, 3]))
    for changed in ({**raw, label: wrong}, {k: v for k, v in raw.items() if k != label}, {**raw, 9: 1}):
        with pytest.raises(WireError) as caught:
            keys.PublicKey.from_cose(changed)
        assert caught.value.flaw is Flaw.KID


@pytest.mark.parametrize("value", [None, 1, [], b"", {}])
def test_what_is_no_map_is_no_key(value):
    with pytest.raises(WireError):
        keys.PublicKey.from_cose(value)


def test_a_ticket_says_who_enrols_and_by_which_password():
    ticket = enrolment.ticket("https://fleet.example", bytes(32), "0123456789ab", b"\xff" * 16, 1)
    assert (ticket.gate_id, ticket.password) == ("0123456789ab", "ff" * 16)


@given(st.from_type(cose.Header))
def test_a_header_is_read_as_it_was_written(header):
    assert cose._header(header.encoded()) == header


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    """A record with a record in it, whose own code makes a mistake about one number."""

    inner: policies.Policy | None = schema.field(1, policies.CODEC, optional=True)
    number: int = schema.field(2, schema.uint(9))

    def __post_init__(self) -> None:
        if self.number == 7:
            raise TypeError("a mistake of the class")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({}, "Outer.number is missing"),
        ({2: 1, 3: 1}, "Outer has a field that this version does not know"),
        ({2: 10}, "Outer.number: expected an integer from 0 to 9"),
        ({2: 1, 1: {}}, "Outer.inner: Policy.fever_c100 is missing"),
        ({2: 1, 1: 5}, "Outer.inner: expected a map for Policy"),
    ],
)
def test_what_is_wrong_with_a_record_is_said_by_field(raw, words):
    with pytest.raises(WireError) as caught:
        schema.record(Outer).load(raw)
    assert caught.value.detail == words


def test_a_mistake_of_a_class_is_not_blamed_on_the_bytes():
    with pytest.raises(TypeError, match="a mistake of the class"):
        schema.record(Outer).load({2: 7})


@given(st.dictionaries(st.text(max_size=40) | st.integers(-(2**63), 2**63 - 1), st.integers(), max_size=8))
def test_keys_are_sorted_as_the_standard_has_it(entries):
    rising = {key: entries[key] for key in sorted(entries, key=cbor.key_order)}
    assert cbor.encode_sorted(rising) == cbor.encode(entries)
