"""The tables of the wire: complete, in both languages, and topics that mean one thing each."""

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import health, policy, reason_words, reasons, topics
from wire.errors import Flaw, WireError

GATE = "0123456789ab"
gates = st.text("0123456789abcdef", min_size=12, max_size=12)
leaves = [leaf for leaf in topics.All if leaf not in topics.PER_LIST]


def flaw(function, *args):
    with pytest.raises(WireError) as caught:
        function(*args)
    return caught.value.flaw


@given(gates, st.sampled_from(topics.Up), st.sampled_from(topics.Down))
def test_topics_of_one_gate_are_parsed_as_built(gate, up, down):
    assert topics.parse(topics.up(gate, up)) == topics.FromGate(gate, up)
    assert topics.parse(topics.down(gate, down)) == topics.ToGate(gate, down)


@given(
    st.sampled_from(sorted(topics.PER_LIST)),
    st.from_regex(topics.ISSUER_ID, fullmatch=True),
    st.integers(0, topics.MAX_SHARD),
)
def test_topics_of_lists_are_parsed_as_built(leaf, issuer, shard):
    assert topics.parse(topics.to_all_list(leaf, issuer, shard)) == topics.ToAll(leaf, issuer, shard)


@pytest.mark.parametrize("leaf", leaves)
def test_topics_for_all_are_parsed_as_built(leaf):
    assert topics.parse(topics.to_all(leaf)) == topics.ToAll(leaf)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "jx1",
        "jx1/all/status",
        "jx1/all/other",
        "jx1/all/root/jl/0",
        "jx1/all/status/jl/4096",
        "jx1/all/status/jl/00",
        "jx1/all/status/jl/01",
        "jx1/all/status/jl/-1",
        "jx1/all/status/jl/1\u0663",
        "jx1/all/status/jl/１",
        "jx1/all/status/JL/1",
        "jx1/all/status//1",
        "jx1/all/status/+/1",
        "jx1/up/1/0123456789ab/state",
        "jx1/up/0/0123456789AB/state",
        "jx1/up/0/0123456789ab/other",
        "jx1/up/0/0123456789ab\n/state",
        "jx1/up/+/+/state",
        "jx1/down/0123456789ab/root",
        "jx1/down/short/time",
        "jx2/all/root",
        "jx1/all/root/",
        "$share/x/jx1/all/root",
        "jx1/all/" + "x" * 200,
    ],
)
def test_any_other_topic_is_refused(topic):
    assert flaw(topics.parse, topic) is Flaw.TOPIC


@given(
    st.text(max_size=40) | st.lists(st.sampled_from(["jx1", "all", "up", "0", GATE, "status"])).map("/".join)
)
def test_a_topic_that_parses_is_the_only_name_of_what_it_means(topic):
    try:
        match topics.parse(topic):
            case topics.FromGate(gate, leaf):
                assert topics.up(gate, leaf) == topic
            case topics.ToGate(gate, leaf):
                assert topics.down(gate, leaf) == topic
            case topics.ToAll(leaf, None, None):
                assert topics.to_all(leaf) == topic
            case topics.ToAll(leaf, issuer, shard):
                assert topics.to_all_list(leaf, issuer, shard) == topic
    except WireError as error:
        assert error.flaw is Flaw.TOPIC  # noqa: PT017 - both outcomes are right, each in its own way


def test_topics_are_not_built_from_wrong_parts():
    assert flaw(topics.up, "short", topics.Up.STATE) is Flaw.TOPIC
    assert flaw(topics.down, GATE + "/x", topics.Down.TIME) is Flaw.TOPIC
    assert flaw(topics.to_all, topics.All.STATUS) is Flaw.TOPIC
    for wrong in (
        (topics.All.ROOT, "jl", 0),
        (topics.All.DELTA, "J/L", 0),
        (topics.All.DELTA, "jl", 4096),
    ):
        assert flaw(topics.to_all_list, *wrong) is Flaw.TOPIC


def _matches(pattern, topic):
    return re.fullmatch(re.escape(pattern).replace(r"\+", "[^/]+"), topic) is not None


def _filled(filters):
    return [each.format(gate=GATE, shard=GATE[0]) for each in filters]


def test_a_gate_may_say_and_read_what_is_its_own_and_nothing_else():
    grant = topics.ACL["gate"]
    own = [topics.up(GATE, leaf) for leaf in topics.Up]
    read = [topics.down(GATE, leaf) for leaf in topics.Down]
    read += [topics.to_all(leaf) for leaf in leaves]
    read += [topics.to_all_list(leaf, "jl", 7) for leaf in topics.PER_LIST]
    foreign = [topics.up("f" * 12, topics.Up.STATE), topics.down("f" * 12, topics.Down.COMMAND)]
    for topic in own + read + foreign:
        assert any(_matches(each, topic) for each in _filled(grant.publish)) == (topic in own)
        assert any(_matches(each, topic) for each in _filled(grant.subscribe)) == (topic in read)
    assert topics.gate_subscriptions(GATE) == tuple(_filled(grant.subscribe))


def test_every_topic_has_somebody_who_may_publish_it():
    down = [topics.down(GATE, leaf) for leaf in topics.Down] + [topics.to_all(leaf) for leaf in leaves]
    down += [topics.to_all_list(leaf, "jl", 7) for leaf in topics.PER_LIST]
    for topic in down:
        who = [
            name
            for name, grant in topics.ACL.items()
            if any(_matches(each, topic) for each in _filled(grant.publish))
        ]
        assert len(who) == 1, topic
        assert who != ["gate"]


def test_a_worker_hears_the_shard_it_asked_for():
    assert _matches(topics.up_filter(topics.Up.STATE), topics.up(GATE, topics.Up.STATE))
    assert topics.up_filter(topics.Up.STATE, "0") == "jx1/up/0/+/state"


@pytest.mark.parametrize("reason", reasons.Reason)
def test_every_reason_has_its_verdict_and_words_in_both_languages(reason):
    words = reason_words.REASONS[reason]
    assert words.verdict is reasons.verdict_of(reason) is reasons.Verdict(reason // 100)
    assert re.fullmatch(r"[PARWHSE]-[1-7]\d\d", words.code)
    for zh, en in ((words.zh, words.en), (words.screen_zh, words.screen_en)):
        assert re.search(r"[\u4e00-\u9fff]", zh)
        assert re.fullmatch(r"[\x20-\x7e°’]+", en)
    assert len({each.code for each in reason_words.REASONS.values()}) == len(reasons.Reason)


def test_a_screen_tells_no_bystander_what_colour_or_temperature_a_person_has():
    for reason in (reasons.Reason.RED, reasons.Reason.ORANGE, reasons.Reason.FEVER, reasons.Reason.YELLOW):
        words = reason_words.REASONS[reason]
        assert (words.screen_zh, words.screen_en) == ("请找工作人员", "Ask the attendant")


@pytest.mark.parametrize("trouble", health.Trouble)
def test_every_trouble_has_its_price_and_words_in_both_languages(trouble):
    words = health.TROUBLES[trouble]
    assert health.severity_of(trouble) is words.severity
    for zh, en in ((words.zh, words.en), (words.fix_zh, words.fix_en)):
        assert re.search(r"[\u4e00-\u9fff]", zh)
        assert re.fullmatch(r"[\x20-\x7e]+", en)


@given(st.from_type(policy.Policy), st.from_type(policy.Policy))
def test_a_bound_only_tightens(wanted, bounds):
    got = policy.tightened(wanted, bounds)
    for name, stricter in policy.STRICTER.items():
        value = getattr(got, name)
        assert value == stricter(getattr(wanted, name), value) == stricter(getattr(bounds, name), value)
        assert value in {getattr(wanted, name), getattr(bounds, name)}
        assert type(value) is type(getattr(wanted, name))
    assert policy.tightened(got, bounds) == got
    untouched = {f.name for f in dataclasses.fields(policy.Policy)} - set(policy.STRICTER)
    assert all(getattr(got, name) == getattr(wanted, name) for name in untouched)


def test_the_default_policy_is_within_the_loosest_bounds():
    assert policy.tightened(policy.DEFAULT, policy.LOOSEST) == policy.DEFAULT
    assert policy.DEFAULT.fever_c100 == 3730
