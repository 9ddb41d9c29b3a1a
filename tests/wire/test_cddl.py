"""docs/jx1.cddl says what the code writes: every record fits, and what it forbids no reader takes."""

import dataclasses
import re
from enum import IntEnum
from pathlib import Path

import cbor2
import pytest
from cddl_verifier import Validator
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import code, documents, enrolment, envelope, health, keys, messages, policy, reasons, schema, status
from wire.errors import WireError

TEXT = (Path(__file__).parents[2] / "docs" / "jx1.cddl").read_text()
CDDL = Validator(TEXT)
KEY = keys.PrivateKey.generate()
OTHER = keys.PrivateKey.generate(keys.Alg.EDDSA)
RULES = {
    documents.Root: "root-body",
    documents.RoleKeys: "role",
    documents.Trust: "trust-body",
    documents.Issuer: "issuer",
    documents.IssuerKey: "issuer-key",
    documents.ListRef: "list-ref",
    documents.Assignment: "assignment-body",
    documents.Command: "command-body",
    documents.Receipt: "receipt-body",
    documents.Range: "range",
    documents.VenueState: "venue-body",
    documents.Recent: "recent",
    documents.Time: "time-body",
    policy.Policy: "policy",
    messages.Entry: "entry",
    messages.Temperature: "temperature",
    messages.Batch: "batch",
    messages.Checkpoint: "checkpoint-body",
    messages.Held: "held",
    messages.Hello: "hello",
    messages.State: "state",
    messages.Reply: "reply",
    status.Delta: "delta",
    enrolment.Ticket: "ticket",
}
st.register_type_strategy(
    documents.RoleKeys,
    st.lists(st.binary(min_size=8, max_size=8), min_size=1, max_size=4, unique=True).map(
        lambda kids: documents.RoleKeys(threshold=1, kids=tuple(kids))
    ),
)
st.register_type_strategy(
    enrolment.Ticket,
    st.builds(
        enrolment.Ticket,
        url=st.just("https://fleet.example"),
        ca=st.binary(min_size=32, max_size=32),
        gate=st.binary(min_size=6, max_size=6),
        secret=st.binary(min_size=16, max_size=16),
        expires=st.integers(0, 2**40),
        wifi_name=st.none() | st.just("门口"),
    ),
)
SIGNED = {
    documents.Root: "root",
    documents.Trust: "trust",
    documents.Assignment: "assignment",
    documents.Command: "command",
    documents.Receipt: "receipt",
    documents.VenueState: "venue",
    documents.Time: "time-document",
}


def fits(data, rule):
    return CDDL.validate(data, rule)


def shown(result):
    return [str(each) for each in result.diagnostics][:3]


@pytest.mark.parametrize("kind", RULES, ids=lambda kind: kind.__name__)
@settings(max_examples=12)
@given(data=st.data())
def test_every_record_fits_its_rule(kind, data):
    written = schema.write(schema.record(kind), data.draw(st.from_type(kind)))
    result = fits(written, RULES[kind])
    assert result.valid, shown(result)


@pytest.mark.parametrize("kind", SIGNED, ids=lambda kind: kind.__name__)
@settings(max_examples=5)
@given(data=st.data(), signer=st.sampled_from([KEY, OTHER]))
def test_every_signed_document_fits_with_its_envelope(kind, data, signer):
    signed = envelope.sign(data.draw(st.from_type(kind)), [signer])
    result = fits(signed, SIGNED[kind])
    assert result.valid, shown(result)
    assert not any(fits(signed, rule) for other, rule in SIGNED.items() if other is not kind)


@settings(max_examples=12)
@given(st.from_type(code.Claims))
def test_every_code_fits(claims):
    holder = dataclasses.replace(claims, holder=KEY.public) if claims.holder else claims
    credential = code.issue(holder, OTHER)
    for data in (credential, code.prove(credential, 5, KEY)):
        result = fits(data, "jx1")
        assert result.valid, shown(result)
    assert not fits(credential, "proof")


@settings(max_examples=12)
@given(st.from_type(status.Token))
def test_every_status_token_fits(token):
    result = fits(status.issue_token(token, KEY), "status-token")
    assert result.valid, shown(result)


def test_deltas_and_checkpoints_fit_with_their_envelopes():
    base = status.Token(uri="u", issued=1, expires=2, seq=1, statuses=status.StatusList(bytes(4)))
    after = dataclasses.replace(base, seq=2, statuses=base.statuses.changed({1: 0xC}))
    assert fits(status.issue_delta(base, after, {1: 0xC}, KEY), "status-delta")
    mark = messages.Checkpoint(gate="0123456789ab", journal=bytes(16), head=1, hash=bytes(32), at_ms=1)
    assert fits(messages.sign_checkpoint(mark, KEY), "checkpoint")


ODD = [None, True, -1, 1.0, 2**63, "", "x" * 300, b"", b"x" * 40, [], {}, [None] * 3, {99: 1}, {"x": 1}]


@pytest.mark.parametrize("kind", RULES, ids=lambda kind: kind.__name__)
@settings(max_examples=12)
@given(data=st.data())
def test_what_the_rule_forbids_the_reader_refuses_and_the_other_way_round(kind, data):
    codec = schema.record(kind)
    raw = codec.dump(data.draw(st.from_type(kind)))
    key = data.draw(st.sampled_from([*raw, 98]))
    changed = raw | {key: data.draw(st.sampled_from(ODD))}
    if data.draw(st.booleans()):
        changed = {k: v for k, v in raw.items() if k != key}
    result = fits(cbor2.dumps(changed, canonical=True), RULES[kind])
    said = None
    try:
        codec.load(changed)
    except WireError as error:
        said = str(error)
    # What CDDL cannot say stands in its comments: "and:" rules, which the classes check.
    beyond = ("threshold", "every role", "range", "later", "twice", "address", "belongs to")
    assert result.valid == (said is None) or any(word in str(said) for word in beyond), (said, shown(result))


@pytest.mark.parametrize(
    "change", [{4: 1.0}, {8: {}}, {7: b"x"}, {-70001: b""}, {1: "x" * 17}, {-70002: {1: "", 2: ""}}]
)
def test_claims_that_are_forbidden_fit_neither_rule_nor_reader(change):
    claims = code.Claims(
        issuer="jl", issued=1, expires=2, list_uri="u", index=1, subject=bytes(16), holder=KEY.public
    )
    value = cbor2.loads(code.issue(claims, KEY)[1:])
    value[2] = cbor2.dumps(cbor2.loads(value[2]) | change)
    data = b"\xd2" + cbor2.dumps(value)
    assert not fits(data, "credential")
    with pytest.raises(WireError):
        code.parse(code.to_text(data))


def _numbers(rule):
    (body,) = re.findall(rf"^{rule} = ([0-9. /]+)", TEXT, re.MULTILINE)
    spans = (part.split("..") for part in body.replace(" ", "").split("/"))
    return {n for low, *high in spans for n in range(int(low), int((high or [low])[0]) + 1)}


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("reason", reasons.Reason),
        ("colour", reasons.Colour),
        ("trouble", health.Trouble),
        ("choice", policy.Choice),
        ("direction", documents.Direction),
        ("key-use", documents.KeyUse),
        ("clock-trust", messages.ClockTrust),
    ],
)
def test_numbers_of_a_rule_are_those_of_its_table(rule, kind: type[IntEnum]):
    assert _numbers(rule) == set(kind)


def test_ranges_that_stand_inside_rules_are_those_of_their_tables():
    for kind, span in (
        (messages.Event, "5: 1..19"),
        (documents.Action, "12: 1..5"),
        (messages.Outcome, "2: 1..3"),
    ):
        assert set(kind) == set(range(1, max(kind) + 1))
        assert span.endswith(f"..{max(kind)}")
        assert span in TEXT
    assert set(documents.Role) == set(re.findall(r'"(\w+)": role', TEXT))
