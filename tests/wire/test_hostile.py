"""Whatever bytes arrive, a reader returns a typed value or raises WireError: soon, and in little memory."""

import functools
import time
import tracemalloc
import zlib

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import base45, cbor, code, cose, documents, envelope, keys, messages, policy, schema, status, topics
from wire.errors import WireError
from wire.reasons import Reason

SIGNER = keys.PrivateKey.generate()
KEYS = {SIGNER.public.kid: SIGNER.public}
HEAD = {"version": 1, "issued": 2, "expires": 3, "audience": "*"}
HELD = messages.Held(root=1, trust=2, assignment=3, lists={"https://l.example/0": 7})


@functools.cache
def seeds():
    """One valid message for every reader."""
    claims = code.Claims(
        issuer="jl",
        issued=1,
        expires=9,
        list_uri="https://l.example/0",
        index=5,
        subject=bytes(16),
        holder=SIGNER.public,
    )
    credential = code.issue(claims, SIGNER)
    base = status.Token(uri="u", issued=1, expires=9, seq=1, statuses=status.StatusList(bytes(64)))
    after = status.Token(
        uri="u", issued=2, expires=9, seq=2, statuses=base.statuses.changed({3: 0xC, 70: 0xE})
    )
    role = documents.RoleKeys(threshold=1, kids=(SIGNER.public.kid,))
    root = documents.Root(**HEAD, keys=(SIGNER.public,), roles=dict.fromkeys(documents.Role, role))
    receipt = documents.Receipt(
        **HEAD,
        journal=bytes(16),
        epoch=bytes(16),
        ranges=(documents.Range(first=1, last=2, hash=bytes(32)),),
    )
    entry = messages.Entry(
        sequence=1,
        previous=bytes(32),
        at_ms=1,
        clock=messages.ClockTrust.SIGNED,
        kind=messages.Event.REFUSALS,
        counts={Reason.MALFORMED: 3},
    )
    mark = messages.Checkpoint(gate="0123456789ab", journal=bytes(16), head=1, hash=bytes(32), at_ms=1)
    hello = messages.Hello(
        session=bytes(16), firmware="1", held=HELD, journal=bytes(16), head=1, tail=0, checkpoint=b"c"
    )
    result = messages.Result(id=bytes(16), outcome=messages.Outcome.DONE, detail="")
    batch = messages.Batch(journal=bytes(16), first=1, events=(messages.write(entry),))
    return {
        "proof": code.prove(credential, 3, SIGNER),
        "credential": credential,
        "token": status.issue_token(base, SIGNER),
        "delta": status.issue_delta(base, after, {3: 0xC, 70: 0xE}, SIGNER),
        "changes": status.pack_changes({3: 0xC, 70: 0xE}),
        "root": envelope.sign(root, [SIGNER]),
        "receipt": envelope.sign(receipt, [SIGNER]),
        "entry": messages.write(entry),
        "batch": messages.write(batch),
        "checkpoint": messages.sign_checkpoint(mark, SIGNER),
        "hello": messages.write(hello),
        "reply": messages.write(messages.Reply(session=bytes(16), results=(result,), wanted={})),
        "policy": schema.write(policy.CODEC, policy.DEFAULT),
        "zlib": zlib.compress(bytes(64)),
    }


def _code(data):
    parsed = code.parse(code.to_text(data[:4_000]))  # to_text is the test's own cost
    assert isinstance(parsed, code.Unverified)
    return code.verify(parsed, SIGNER.public)


READERS = {
    "base45": (lambda data: base45.decode(data.decode("latin-1")), bytes),
    "cbor": (lambda data: (cbor.decode(data, max_bytes=65_536), 0), tuple),
    "sign1": (lambda data: cose.parse_sign1(data, max_bytes=65_536), cose.Signed),
    "sign": (lambda data: cose.parse_sign(data, max_bytes=65_536), cose.Signed),
    "code": (_code, code.Verified),
    "text": (lambda data: code.parse(data.decode("utf-8", "surrogateescape")), code.Unverified),
    "token": (lambda data: status.verify_token(data, SIGNER.public), status.Token),
    "claims": (status.read_claims, status.Token),
    "delta": (lambda data: status.verify_delta(data, SIGNER.public), status.Delta),
    "changes": (status.unpack_changes, dict),
    "inflate": (lambda data: status.StatusList.inflate(data, 4), status.StatusList),
    "root": (lambda data: envelope.verify(documents.Root, data, KEYS), documents.Root),
    "receipt": (lambda data: envelope.verify(documents.Receipt, data, KEYS), documents.Receipt),
    "body": (lambda data: envelope.read_body(documents.Receipt, data), documents.Receipt),
    "entry": (messages.read_entry, messages.Entry),
    "batch": (messages.read_batch, tuple),
    "hello": (messages.read_hello, messages.Hello),
    "state": (messages.read_state, messages.State),
    "reply": (messages.read_reply, messages.Reply),
    "checkpoint": (lambda data: messages.verify_checkpoint(data, SIGNER.public), messages.Checkpoint),
    "policy": (lambda data: schema.read(policy.CODEC, data, max_bytes=512), policy.Policy),
    "topic": (
        lambda data: topics.parse(data.decode("latin-1")),
        (topics.FromGate, topics.ToGate, topics.ToAll),
    ),
}


def attempt(name, data):
    """The typed value, or None after a WireError; anything else escapes, and fails the test."""
    reader, kind = READERS[name]
    try:
        value = reader(data)
    except WireError:
        return None
    assert isinstance(value, kind)
    return value


odd_values = st.recursive(
    st.sampled_from([None, True, 0, -1, 1.0, float("nan"), -0.0, 2**64 - 1, -(2**64), cbor2.undefined])
    | st.sampled_from(["", "a\0", "\u202e", b"", cbor2.CBORSimpleValue(1), cbor2.CBORTag(1, 2), 2**70])
    | st.binary(max_size=20)
    | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers() | st.text(max_size=3), inner),
    max_leaves=6,
)


@st.composite
def altered(draw, value, depth=0):
    """A CBOR value with one part, anywhere in it, replaced; byte strings that hold CBOR are opened."""
    if draw(st.integers(0, 3)) == 0 or depth > 8:
        return draw(odd_values)
    match value:
        case list() if value:
            at = draw(st.integers(0, len(value) - 1))
            return [*value[:at], draw(altered(value[at], depth + 1)), *value[at + 1 :]]
        case dict() if value:
            key = draw(st.sampled_from(list(value)))
            rest = {k: v for k, v in value.items() if k != key}
            return rest | {
                draw(st.sampled_from([key, 1.0, True, 99, "x"])): draw(altered(value[key], depth + 1))
            }
        case bytes() if value[:1] in {b"\xa1", b"\xa2", b"\xa3", b"\xa6", b"\xa7", b"\x82", b"\xd2"}:
            return mutated_bytes(draw, value)
        case cbor2.CBORTag():
            return cbor2.CBORTag(value.tag, draw(altered(value.value, depth + 1)))
    return draw(odd_values)


def mutated_bytes(draw, data):
    how = draw(st.sampled_from(["flip", "cut", "splice", "swell", "alter"]))
    at = draw(st.integers(0, max(0, len(data) - 1)))
    match how:
        case "flip":
            return data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1 :]
        case "cut":
            return data[:at]
        case "splice":
            other = draw(st.sampled_from(sorted(seeds().values())))
            return data[:at] + other[draw(st.integers(0, len(other))) :]
        case "swell":  # a claimed length where there was none, an indefinite one, a tag
            claim = draw(
                st.sampled_from(["9bffffffffffffffff", "5b00ffffffffffff", "9f", "bf", "c2", "d9d9f7"])
            )
            return data[:at] + bytes.fromhex(claim) + data[at:]
    try:
        value = cbor2.loads(data)
    except cbor2.CBORDecodeError:
        return data[:at]
    return cbor2.dumps(draw(altered(value)))


@pytest.mark.parametrize("name", READERS)
@given(st.binary(max_size=300))
@settings(max_examples=25)
def test_random_bytes_are_read_or_refused(name, data):
    attempt(name, data)


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@settings(max_examples=50)
def test_mutated_messages_are_read_or_refused(name, data):
    seed = seeds()[data.draw(st.sampled_from(sorted(seeds())))]
    hurt = mutated_bytes(data.draw, seed)
    attempt(name, hurt)
    attempt(name, code.to_text(hurt).encode())


def test_the_seeds_are_valid_so_that_mutations_start_from_the_inside():
    own = set(seeds()) & set(READERS)
    assert all(attempt(name, seeds()[name]) is not None for name in own)
    assert attempt("code", seeds()["proof"]).proof_issued == 3
    assert attempt("code", seeds()["credential"]).proof_issued is None
    assert len(own) >= 9


@given(st.data())
@settings(max_examples=100)
def test_a_changed_signed_message_is_never_believed(data):
    name = data.draw(st.sampled_from(["token", "delta", "receipt", "root", "checkpoint"]))
    seed = seeds()[name]
    hurt = mutated_bytes(data.draw, seed)
    value = attempt(name, hurt)
    assert value is None or value == attempt(name, seed)  # e.g. the same claims in another encoding


def _keys_of_one_hash(count):
    """A map whose keys are arrays of -1 and -2, which Python gives one hash."""
    rows = (format(n, "016b").replace("0", "\x20").replace("1", "\x21") for n in range(count))
    return b"\xb9" + count.to_bytes(2) + b"".join(b"\x90" + row.encode() + b"\x00" for row in rows)


def _filled_header(item):
    """A signed message that nobody signed, as long as a status list, full of small items."""
    return b"\xd2\x84\x43\xa1\x01\x26\xa1\x05\x9a\x00\x0a\x80\x00" + item * 0x0A8000 + b"\x41\x00\x40"


BOMB = zlib.compress(bytes(200_000_000), 9)
HOSTILE = {
    "nested": b"\x81" * 60_000,
    "nested maps": b"\xa1\x00" * 30_000,
    "many": b"\x99\xff\xff" + b"\x00" * 20_000,
    "claimed array": b"\x9b" + b"\xff" * 8,
    "claimed bytes": b"\x5b\x00\x00\xff" + b"\xff" * 5,
    "claimed text": b"\x7b\x7f" + b"\xff" * 7,
    "claimed map": b"\xbb\x00\x00\x00\x00\xff\xff\xff\xff" + bytes(20_000),
    "empty maps": b"\x99\x50\x00" + b"\xa0" * 20_480,
    "one hash": _keys_of_one_hash(3_600),
    "one hash, signed": b"\xd2\x84\x40" + _keys_of_one_hash(3_600) + b"\x40\x40",
    "filled header": _filled_header(b"\x00"),
    "filled header, maps": _filled_header(b"\xa0"),
    "big number": b"\xc2\x59\xf0\x00" + b"\xff" * 61_440,
    "shared": b"\xd8\x1c\x81\xd8\x1d\x00",
    "bomb": BOMB,
    "bomb in claims": cbor2.dumps({2: "u", 6: 1, 4: 2, -70003: 1, 65533: {"bits": 4, "lst": BOMB}}),
    "ones": b"\xff" * 65_536,
    "text": b"JX1:" + b":" * 65_536,
    "zeros": b"JX1:" + b"0" * 4_290,
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_bytes_cost_little_time(hostile):
    for name in READERS:
        began = time.process_time()
        attempt(name, HOSTILE[hostile])
        took = time.process_time() - began
        assert took < 0.5, f"{name}: {took:.2f} s"  # tens of milliseconds; without the limits minutes


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_bytes_cost_little_memory(hostile):
    for name in ("base45", "text", "cbor", "sign1", "sign", "code", "claims", "changes", "inflate", "batch"):
        tracemalloc.start()
        try:
            attempt(name, HOSTILE[hostile])
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 8_000_000, f"{name}: {peak}"
