"""What a gate says: chained events, checkpoints, and messages within their limits."""

import dataclasses

import pytest

from wire import cbor, cose, keys, messages, schema
from wire.errors import Flaw, WireError
from wire.reasons import Reason

GATE = "0123456789ab"
KEY = keys.PrivateKey.generate()
JOURNAL = bytes(16)


def flaw(function, *args, **kwargs):
    with pytest.raises(WireError) as caught:
        function(*args, **kwargs)
    return caught.value.flaw


def chain(count, first=1):
    previous, events = messages.genesis(GATE, JOURNAL), []
    for sequence in range(first, first + count):
        entry = messages.Entry(
            sequence=sequence,
            previous=previous,
            at_ms=sequence,
            clock=messages.ClockTrust.SIGNED,
            kind=messages.Event.BOOT,
        )
        events.append(messages.write(entry))
        previous = messages.event_hash(events[-1])
    return tuple(events)


def batch(events, first=1):
    return messages.write(messages.Batch(journal=JOURNAL, first=first, events=events))


def test_a_batch_is_read_with_its_events():
    read, entries = messages.read_batch(batch(chain(3)))
    assert read.first == 1
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert messages.read_batch(batch(())) == (messages.Batch(journal=JOURNAL, first=1, events=()), ())


def test_a_gap_an_edit_and_another_order_show():
    one, two, three = chain(3)
    other = messages.write(dataclasses.replace(messages.read_entry(two), at_ms=9))
    for events in ((one, three), (two, one), (one, other, three), (two, three)):
        assert flaw(messages.read_batch, batch(events)) is Flaw.SCHEMA


def test_the_first_hash_binds_gate_and_journal():
    hashes = {
        messages.genesis(GATE, JOURNAL),
        messages.genesis(GATE, b"j" * 16),
        messages.genesis("a" * 12, JOURNAL),
    }
    assert len(hashes) == 3


def test_an_event_and_a_message_have_their_limits():
    entry = dataclasses.replace(
        messages.read_entry(chain(1)[0]),
        counts=dict.fromkeys(Reason, 2**32 - 1),
        word="\U00020000" * 64,
        lane="\U00020000" * 32,
        issuer="\U00020000" * 16,
    )
    written = len(schema.write(messages.ENTRY, entry))
    assert (written <= messages.MAX_EVENT_BYTES) or flaw(messages.write, entry) is Flaw.SIZE
    full = chain(messages.MAX_BATCH)
    assert len(messages.read_batch(batch(full))[1]) == messages.MAX_BATCH
    assert flaw(batch, (*full, b"x")) is Flaw.SCHEMA
    wanted = {f"{n:门>128}": 1 for n in range(256)}
    reply = messages.Reply(session=JOURNAL, results=(), wanted=wanted)
    assert flaw(messages.write, reply) is Flaw.SIZE


def test_hello_state_and_reply_are_read_as_written():
    held = messages.NOTHING_HELD
    hello = messages.Hello(
        session=JOURNAL, firmware="1", held=held, journal=JOURNAL, head=0, tail=0, checkpoint=b"c"
    )
    state = messages.State(
        session=JOURNAL,
        online=False,
        ready=False,
        troubles=(),
        at_ms=0,
        clock=messages.ClockTrust.NONE,
        clock_doubt_ms=0,
        held=held,
        backlog=0,
        gauges={"cpu_c100": -1},
    )
    reply = messages.Reply(session=JOURNAL, results=(), wanted={"u": 0})
    assert messages.read_hello(messages.write(hello)) == hello
    assert messages.read_state(messages.write(state)) == state
    assert messages.read_reply(messages.write(reply)) == reply


def test_a_checkpoint_is_its_gates_and_says_what_it_is():
    mark = messages.Checkpoint(gate=GATE, journal=JOURNAL, head=3, hash=bytes(32), at_ms=5)
    signed = messages.sign_checkpoint(mark, KEY)
    assert len(signed) <= 256
    assert messages.verify_checkpoint(signed, KEY.public) == mark
    assert flaw(messages.verify_checkpoint, signed, keys.PrivateKey.generate().public) is Flaw.SIGNATURE
    other = cose.sign1(cbor.encode({}), cose.Header(content_type="application/jx-time+cbor"), KEY)
    assert flaw(messages.verify_checkpoint, other, KEY.public) is Flaw.COSE


def test_names_documents_and_pictures_have_no_field_in_an_event():
    words = {field.name for field in dataclasses.fields(messages.Entry)}
    assert not words & {"name", "phone", "document", "picture", "frame", "masked_name", "id_tail"}
