"""Which documents are believed: a test for every rule, and a property over all of them together."""

import copy
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.firmware.errors import Refusal, Refused
from device.firmware.trust import Beliefs
from wire import envelope, policy
from wire.code import parse
from wire.documents import EVERYBODY, Role
from wire.keys import PrivateKey
from wire.status import MAX_TOKEN_BYTES, StatusList

GATE = "0123456789ab"
NOW_S = 1_795_000_000
DAY_S = 86_400
NONCE = b"n" * 16
JOURNAL = b"j" * 16


def snapshot(beliefs):
    return copy.copy(
        (
            beliefs.root,
            beliefs.trust,
            beliefs.assignment,
            dict(beliefs.lists),
            beliefs._venue,
            dict(beliefs._last),
        )
    )


def refusal(beliefs, believe):
    """The reason for which `believe` was refused; what was believed before must still stand."""
    before = snapshot(beliefs)
    with pytest.raises(Refused) as caught:
        believe()
    assert snapshot(beliefs) == before
    assert "still stands" in str(caught.value)
    return caught.value.reason


@pytest.fixture
def offers(authority, beliefs):
    """Every kind of document: how a body is made, and how this gate is offered its bytes."""
    return {
        "trust": (authority.trust, lambda data: beliefs.new_trust(data, NOW_S)),
        "assignment": (authority.assignment, lambda data: beliefs.new_assignment(data, NOW_S)),
        "command": (authority.command, lambda data: beliefs.command(data, NOW_S, NONCE)),
        "receipt": (authority.receipt, lambda data: beliefs.receipt(data, NOW_S, JOURNAL)),
        "venue": (authority.venue, lambda data: beliefs.venue(data, NOW_S)),
        "time": (authority.time, lambda data: beliefs.time(data, None)),
    }


KINDS = ("trust", "assignment", "command", "receipt", "venue", "time")


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_right_key_signed_is_believed(authority, offers, kind):
    make, offer = offers[kind]
    document = make(version=2)
    assert offer(authority.sign(document)) == document


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_key_is_refused(authority, beliefs, offers, kind):
    make, offer = offers[kind]
    strangers = [authority.stranger]
    assert refusal(beliefs, lambda: offer(authority.sign(make(version=2), strangers))) is Refusal.UNKNOWN_KEY


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_the_wrong_role_is_refused(authority, beliefs, offers, kind):
    make, offer = offers[kind]
    own = envelope.KINDS[type(make())].role
    other = next(role for role in Role if role is not own)
    signers = authority.keys[other][: authority.thresholds[own]]
    assert refusal(beliefs, lambda: offer(authority.sign(make(version=2), signers))) is Refusal.WRONG_ROLE


@pytest.mark.parametrize("kind", ["trust", "root"])
def test_fewer_signers_than_the_threshold_are_refused(authority, beliefs, kind):
    first = authority.keys[Role(kind)][:1]
    if kind == "trust":
        data = authority.sign(authority.trust(version=2), first)
        assert refusal(beliefs, lambda: beliefs.new_trust(data, NOW_S)) is Refusal.THRESHOLD
    else:
        data = authority.sign(authority.root(2), first)
        assert refusal(beliefs, lambda: beliefs.new_root(data)) is Refusal.THRESHOLD


def test_the_same_signer_twice_is_one_signer(authority, beliefs):
    key = authority.keys[Role.TRUST][0]
    data = authority.sign(authority.trust(version=2), [key, key])
    assert refusal(beliefs, lambda: beliefs.new_trust(data, NOW_S)) is Refusal.THRESHOLD


def test_a_second_signature_that_does_not_hold_does_not_count(authority, beliefs):
    body = authority.trust(version=2)
    good, other = authority.keys[Role.TRUST][:2]
    data = authority.sign(body, [good, other])
    broken = data[:-1] + bytes([data[-1] ^ 1])
    assert refusal(beliefs, lambda: beliefs.new_trust(broken, NOW_S)) is Refusal.SIGNATURE


@pytest.mark.parametrize("kind", ["trust", "assignment", "venue"])
def test_an_older_version_is_refused(authority, beliefs, offers, kind):
    make, offer = offers[kind]
    offer(authority.sign(make(version=5)))
    assert refusal(beliefs, lambda: offer(authority.sign(make(version=4)))) is Refusal.ROLLBACK


@pytest.mark.parametrize(
    ("kind", "change"), [("trust", {"bounds": policy.DEFAULT}), ("assignment", {"lane": "B"})]
)
def test_other_content_under_the_held_version_is_refused(authority, beliefs, offers, kind, change):
    make, offer = offers[kind]
    assert refusal(beliefs, lambda: offer(authority.sign(make(**change)))) is Refusal.ROLLBACK


@pytest.mark.parametrize("kind", ["trust", "assignment"])
def test_the_same_content_signed_again_is_the_document_that_is_held(authority, beliefs, offers, kind):
    make, offer = offers[kind]
    held = getattr(beliefs, kind)
    own = envelope.KINDS[type(held)].role
    assert offer(authority.sign(make(), authority.keys[own][:3] if kind == "trust" else None)) is held


@pytest.mark.parametrize("kind", ["trust", "assignment", "command", "receipt", "venue"])
def test_an_expired_document_is_refused(authority, beliefs, offers, kind):
    make, offer = offers[kind]
    assert refusal(beliefs, lambda: offer(authority.sign(make(version=2, expires=NOW_S)))) is Refusal.EXPIRED


@pytest.mark.parametrize("kind", ["trust", "assignment", "command", "receipt", "venue"])
def test_an_expired_root_vouches_for_nobody(authority, offers, beliefs, kind):
    make, offer = offers[kind]
    beliefs.root = replace(beliefs.root, expires=NOW_S)
    assert refusal(beliefs, lambda: offer(authority.sign(make(version=2)))) is Refusal.EXPIRED


def test_an_expired_root_still_leads_to_its_successor_and_to_signed_time(authority, beliefs):
    beliefs.root = replace(beliefs.root, expires=0)
    assert beliefs.time(authority.sign(authority.time()), None).now_ms == NOW_S * 1000
    assert beliefs.new_root(authority.next_root(2, [])).version == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_for_somebody_else_is_refused(authority, beliefs, offers, kind):
    make, offer = offers[kind]
    document = make(version=2, audience="ba9876543210")
    assert refusal(beliefs, lambda: offer(authority.sign(document))) is Refusal.AUDIENCE


def test_a_root_for_somebody_else_is_refused(authority, beliefs):
    data = authority.next_root(2, [], audience=GATE)
    assert refusal(beliefs, lambda: beliefs.new_root(data)) is Refusal.AUDIENCE


def test_a_receipt_for_another_journal_is_refused(authority, beliefs):
    data = authority.sign(authority.receipt(journal=b"k" * 16))
    assert refusal(beliefs, lambda: beliefs.receipt(data, NOW_S, JOURNAL)) is Refusal.AUDIENCE


def test_a_command_to_another_session_is_refused(authority, beliefs):
    data = authority.sign(authority.command(nonce=b"o" * 16))
    assert refusal(beliefs, lambda: beliefs.command(data, NOW_S, NONCE)) is Refusal.NONCE


def test_time_that_answers_another_session_is_refused(authority, beliefs):
    data = authority.sign(authority.time(audience=GATE, nonce=b"o" * 16))
    assert refusal(beliefs, lambda: beliefs.time(data, NONCE)) is Refusal.NONCE


def test_an_answer_is_no_broadcast_and_a_broadcast_no_answer(authority, beliefs):
    answer = authority.sign(authority.time(audience=EVERYBODY, nonce=NONCE))
    assert refusal(beliefs, lambda: beliefs.time(answer, None)) is Refusal.NONCE
    broadcast = authority.sign(authority.time(audience=GATE))
    assert refusal(beliefs, lambda: beliefs.time(broadcast, NONCE)) is Refusal.NONCE
    mine = authority.sign(authority.time(audience=GATE, nonce=NONCE))
    assert beliefs.time(mine, NONCE).nonce == NONCE


@pytest.mark.parametrize("kind", [*KINDS, "root", "list", "delta"])
def test_truncated_bytes_are_refused(authority, beliefs, offers, kind):
    offers |= {
        "root": (None, beliefs.new_root),
        "list": (None, lambda data: beliefs.new_list("jl", 0, data, NOW_S)),
        "delta": (None, lambda data: beliefs.new_deltas("jl", 0, [data], NOW_S)),
    }
    make, offer = offers[kind]
    whole = {
        "root": lambda: authority.next_root(2, []),
        "list": lambda: authority.list(authority.token(2)),
        "delta": lambda: authority.delta(authority.token(), {0: 0xC}),
    }.get(kind, lambda: authority.sign(make(version=2)))()
    for length in {0, 1, 2, len(whole) // 2, len(whole) - 1}:
        part = whole[:length]
        assert refusal(beliefs, lambda part=part: offer(part)) is Refusal.MALFORMED


@pytest.mark.parametrize("kind", [*KINDS, "root", "list", "delta"])
def test_oversized_bytes_are_refused_before_they_are_decoded(beliefs, offers, kind):
    offer = (
        offers[kind][1]
        if kind in offers
        else {
            "root": beliefs.new_root,
            "list": lambda data: beliefs.new_list("jl", 0, data, NOW_S),
            "delta": lambda data: beliefs.new_deltas("jl", 0, [data], NOW_S),
        }[kind]
    )
    started = time.process_time()
    assert refusal(beliefs, lambda: offer(b"\x9f" * (MAX_TOKEN_BYTES + 1))) is Refusal.OVERSIZED
    assert time.process_time() - started < 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_of_one_kind_is_none_of_another(authority, beliefs, offers, kind):
    other = "assignment" if kind != "assignment" else "venue"
    data = authority.sign(offers[other][0](version=2))
    assert refusal(beliefs, lambda: offers[kind][1](data)) is Refusal.MALFORMED


def test_without_a_root_no_key_is_known(authority):
    empty = Beliefs(GATE)
    data = authority.sign(authority.trust())
    assert refusal(empty, lambda: empty.new_trust(data, NOW_S)) is Refusal.UNKNOWN_KEY
    assert refusal(empty, lambda: empty.new_list("jl", 0, b"", NOW_S)) is Refusal.UNKNOWN_KEY
    assert empty.held().root == 0
    assert empty.policy() == policy.DEFAULT


# The chain of roots.


def test_the_cards_root_must_be_signed_by_its_own_threshold(authority):
    empty = Beliefs(GATE)
    data = authority.sign(authority.root(), authority.keys[Role.ROOT][:1])
    assert refusal(empty, lambda: empty.first_root(data)) is Refusal.THRESHOLD


def test_another_first_root_never_replaces_the_one_that_is_held(authority, beliefs):
    assert beliefs.first_root(authority.sign(authority.root())) is beliefs.root
    other = authority.sign(authority.root(issued=1))
    assert refusal(beliefs, lambda: beliefs.first_root(other)) is Refusal.ROLLBACK


def test_the_next_root_needs_the_keys_of_both(authority, beliefs):
    old = authority.signers(Role.ROOT)
    authority.keys[Role.ROOT] = [PrivateKey.generate() for _ in range(3)]
    new = authority.signers(Role.ROOT)
    only_new = authority.next_root(2, [], new)
    only_old = authority.next_root(2, [], old)
    one_old = authority.next_root(2, [], [*new, old[0]])
    one_new = authority.next_root(2, [], [*old, new[0]])
    assert refusal(beliefs, lambda: beliefs.new_root(only_new)) is Refusal.UNKNOWN_KEY
    assert refusal(beliefs, lambda: beliefs.new_root(only_old)) is Refusal.UNKNOWN_KEY
    assert refusal(beliefs, lambda: beliefs.new_root(one_old)) is Refusal.THRESHOLD
    assert refusal(beliefs, lambda: beliefs.new_root(one_new)) is Refusal.THRESHOLD
    assert beliefs.new_root(authority.next_root(2, old)).version == 2


def test_a_skipped_root_version_is_refused(authority, beliefs):
    assert refusal(beliefs, lambda: beliefs.new_root(authority.next_root(3, []))) is Refusal.SKIPPED_VERSION


def test_an_older_root_or_another_one_of_the_same_version_is_refused(authority, beliefs):
    beliefs.new_root(authority.next_root(2, []))
    assert refusal(beliefs, lambda: beliefs.new_root(authority.next_root(1, []))) is Refusal.ROLLBACK
    assert (
        refusal(beliefs, lambda: beliefs.new_root(authority.next_root(2, [], issued=5))) is Refusal.ROLLBACK
    )
    assert beliefs.new_root(authority.next_root(2, [])) is beliefs.root


def test_a_gate_that_was_off_for_weeks_replays_the_roots_in_order(authority, beliefs):
    chain = []
    for version in range(2, 6):
        old = authority.signers(Role.ROOT)
        authority.keys[Role.ROOT] = [PrivateKey.generate() for _ in range(3)]
        chain.append(authority.next_root(version, old))
    assert refusal(beliefs, lambda: beliefs.new_root(chain[-1])) is Refusal.SKIPPED_VERSION
    for data in chain:
        beliefs.new_root(data)
    assert beliefs.held().root == 5


def rotate(authority, beliefs, role):
    """Give a role other keys by a new root; return the old signers."""
    old = authority.signers(role)
    roots = authority.signers(Role.ROOT)
    authority.keys[role] = [PrivateKey.generate() for _ in range(3)]
    beliefs.new_root(authority.next_root(beliefs.root.version + 1, roots))
    return old


def test_keys_that_a_new_root_removed_sign_nothing_new(authority, beliefs):
    old = rotate(authority, beliefs, Role.DIRECTOR)
    stale = authority.sign(authority.assignment(version=9), old)
    assert refusal(beliefs, lambda: beliefs.new_assignment(stale, NOW_S)) is Refusal.UNKNOWN_KEY
    assert beliefs.assignment is None


def test_versions_that_a_removed_key_used_up_bind_nobody(authority, beliefs):
    beliefs.new_assignment(authority.sign(authority.assignment(version=2**40, lane="stolen")), NOW_S)
    rotate(authority, beliefs, Role.DIRECTOR)
    assert beliefs.new_assignment(authority.sign(authority.assignment(version=2)), NOW_S).lane == "A"


def replace_trust_keys(authority, beliefs, keep):
    """A new root in which only `keep` of the trust keys stay, beside new ones."""
    authority.keys[Role.TRUST] = [*keep, PrivateKey.generate(), PrivateKey.generate()]
    beliefs.new_root(authority.next_root(beliefs.root.version + 1, []))


def test_what_a_new_root_leaves_below_its_threshold_is_let_go_at_once(authority, beliefs):
    replace_trust_keys(authority, beliefs, authority.keys[Role.TRUST][:1])
    assert beliefs.trust is None
    assert beliefs.lists  # of no use without an issuer, and bound again by the next trust document
    beliefs.new_trust(authority.sign(authority.trust(version=2)), NOW_S)
    assert set(beliefs.lists) == {"jl/0"}


def test_a_version_still_binds_when_the_keys_removed_could_not_have_signed_it_alone(authority, beliefs):
    before = authority.keys[Role.TRUST]
    beliefs.new_trust(authority.sign(authority.trust(version=5), before[:2]), NOW_S)
    replace_trust_keys(authority, beliefs, before[1:])
    older = authority.sign(authority.trust(version=4), before[1:])
    assert refusal(beliefs, lambda: beliefs.new_trust(older, NOW_S)) is Refusal.ROLLBACK
    again = authority.sign(authority.trust(version=5), before[1:])
    assert beliefs.new_trust(again, NOW_S).version == 5


def test_a_version_binds_nobody_when_the_keys_removed_could_have_signed_it_alone(authority, beliefs):
    before = authority.keys[Role.TRUST]
    beliefs.new_trust(authority.sign(authority.trust(version=2**60), before[:2]), NOW_S)
    replace_trust_keys(authority, beliefs, before[2:])
    assert beliefs.new_trust(authority.sign(authority.trust(version=2)), NOW_S).version == 2


def test_a_version_binds_by_the_threshold_of_when_it_was_signed(authority, beliefs):
    before = authority.keys[Role.TRUST]
    beliefs.new_trust(authority.sign(authority.trust(version=2**60), before[:2]), NOW_S)
    authority.thresholds[Role.TRUST] = 3
    replace_trust_keys(authority, beliefs, before[2:])
    assert beliefs.new_trust(authority.sign(authority.trust(version=2)), NOW_S).version == 2


def test_a_version_that_a_root_vouched_for_without_a_key_binds_by_the_others_from_then_on(authority, beliefs):
    a, b, c = authority.keys[Role.TRUST]
    beliefs.new_trust(authority.sign(authority.trust(version=5), [a, b, c]), NOW_S)
    replace_trust_keys(authority, beliefs, [b, c])
    assert beliefs.trust.version == 5
    replace_trust_keys(authority, beliefs, [c])
    assert beliefs.trust is None
    older = authority.sign(authority.trust(version=4))
    assert refusal(beliefs, lambda: beliefs.new_trust(older, NOW_S)) is Refusal.ROLLBACK


def test_a_version_binds_nobody_once_all_who_signed_it_are_gone_however_many_roots_that_took(
    authority, beliefs
):
    a, b, c = authority.keys[Role.TRUST]
    beliefs.new_trust(authority.sign(authority.trust(version=2**60), [a, b]), NOW_S)
    replace_trust_keys(authority, beliefs, [b, c])
    older = authority.sign(authority.trust(version=2))
    assert refusal(beliefs, lambda: beliefs.new_trust(older, NOW_S)) is Refusal.ROLLBACK
    replace_trust_keys(authority, beliefs, [c])
    assert beliefs.new_trust(authority.sign(authority.trust(version=2)), NOW_S).version == 2


def test_a_document_that_enough_other_keys_signed_stays_and_still_binds(authority, beliefs):
    before = authority.keys[Role.TRUST]
    beliefs.new_trust(authority.sign(authority.trust(version=5), before), NOW_S)
    replace_trust_keys(authority, beliefs, before[1:])
    assert beliefs.trust.version == 5
    older = authority.sign(authority.trust(version=4))
    assert refusal(beliefs, lambda: beliefs.new_trust(older, NOW_S)) is Refusal.ROLLBACK


def test_a_recorder_that_used_up_the_versions_of_a_venue_binds_nobody_after_a_new_root(authority, beliefs):
    beliefs.venue(authority.sign(authority.venue(version=2**63 - 1)), NOW_S)
    beliefs.new_root(authority.next_root(2, []))
    assert beliefs.venue(authority.sign(authority.venue(version=2**63 - 1)), NOW_S).version == 2**63 - 1
    with pytest.raises(Refused) as refused:
        beliefs.venue(authority.sign(authority.venue(version=1)), NOW_S)
    assert refused.value.reason is Refusal.ROLLBACK  # the same recorder may not go back
    authority.keys[Role.RECORDER] = [PrivateKey.generate()]
    beliefs.new_root(authority.next_root(3, []))
    assert beliefs.venue(authority.sign(authority.venue(version=1)), NOW_S).version == 1


def test_what_the_disk_holds_is_believed_past_its_date_but_not_past_its_signers(authority, beliefs):
    data = authority.sign(authority.assignment(version=2, expires=NOW_S - 1))
    assert beliefs.new_assignment(data, NOW_S, kept=True).version == 2
    again = Beliefs(GATE)
    again.first_root(authority.sign(authority.root()))
    rotate(authority, again, Role.DIRECTOR)
    assert refusal(again, lambda: again.new_assignment(data, 0, kept=True)) is Refusal.UNKNOWN_KEY


# Lists.


def test_a_later_list_is_believed_and_an_earlier_one_refused(authority, beliefs):
    later = authority.token(seq=5, values={1: 0xC})
    assert beliefs.new_list("jl", 0, authority.list(later), NOW_S) == later
    earlier = authority.list(authority.token(seq=4))
    assert refusal(beliefs, lambda: beliefs.new_list("jl", 0, earlier, NOW_S)) is Refusal.ROLLBACK
    other = authority.list(authority.token(seq=5))
    assert refusal(beliefs, lambda: beliefs.new_list("jl", 0, other, NOW_S)) is Refusal.ROLLBACK
    again = authority.list(replace(later, issued=later.issued + 1))
    assert beliefs.new_list("jl", 0, again, NOW_S) is beliefs.lists["jl/0"]


def test_an_expired_list_is_refused(authority, beliefs):
    data = authority.list(authority.token(seq=2, expires=NOW_S))
    assert refusal(beliefs, lambda: beliefs.new_list("jl", 0, data, NOW_S)) is Refusal.EXPIRED


def test_a_list_by_an_unknown_key_is_refused(authority, beliefs):
    data = authority.list(authority.token(seq=2), authority.stranger)
    assert refusal(beliefs, lambda: beliefs.new_list("jl", 0, data, NOW_S)) is Refusal.UNKNOWN_KEY


def test_a_key_for_codes_signs_no_list(authority, beliefs):
    data = authority.list(authority.token(seq=2), authority.codes["jl"])
    assert refusal(beliefs, lambda: beliefs.new_list("jl", 0, data, NOW_S)) is Refusal.WRONG_ROLE


@pytest.mark.parametrize("now_s", [NOW_S - 2 * DAY_S, NOW_S + 30 * DAY_S])
def test_a_list_by_a_key_out_of_its_validity_is_refused(authority, beliefs, now_s):
    data = authority.list(authority.token(seq=2, expires=NOW_S + 99 * DAY_S))
    assert refusal(beliefs, lambda: beliefs.new_list("jl", 0, data, now_s)) is Refusal.EXPIRED_KEY


def test_issuer_a_does_not_sign_lists_for_issuer_b(authority, beliefs):
    forged = authority.list(authority.token(seq=2), authority.lists["bj"])
    assert refusal(beliefs, lambda: beliefs.new_list("jl", 0, forged, NOW_S)) is Refusal.WRONG_ISSUER
    assert refusal(beliefs, lambda: beliefs.new_list("bj", 0, forged, NOW_S)) is Refusal.WRONG_ISSUER
    own = authority.list(authority.token(seq=2, name="bj"), authority.lists["bj"])
    assert beliefs.new_list("bj", 0, own, NOW_S).uri == "bj/0"


def test_a_list_that_this_gate_does_not_carry_is_refused(authority, beliefs):
    data = authority.list(replace(authority.token(), uri="jl/1"))
    assert refusal(beliefs, lambda: beliefs.new_list("jl", 1, data, NOW_S)) is Refusal.AUDIENCE
    assert refusal(beliefs, lambda: beliefs.new_list("gd", 0, data, NOW_S)) is Refusal.AUDIENCE


def test_a_damaged_list_is_refused(authority, beliefs):
    data = authority.list(authority.token(seq=2))
    broken = data[:-1] + bytes([data[-1] ^ 1])
    assert refusal(beliefs, lambda: beliefs.new_list("jl", 0, broken, NOW_S)) is Refusal.SIGNATURE


def test_a_change_is_applied_to_its_base_only(authority, beliefs):
    held = beliefs.lists["jl/0"]
    ahead = authority.delta(replace(held, seq=7), {0: 0xC})
    assert refusal(beliefs, lambda: beliefs.new_deltas("jl", 0, [ahead], NOW_S)) is Refusal.BASE
    right = authority.delta(held, {0: 0xC})
    assert beliefs.new_deltas("jl", 0, [right], NOW_S).statuses[0] == 0xC
    assert beliefs.held().lists == {"jl/0": 2}
    assert refusal(beliefs, lambda: beliefs.new_deltas("jl", 0, [right], NOW_S)) is Refusal.ROLLBACK


def test_a_change_counts_by_where_it_leads_not_by_what_its_signer_had(authority, beliefs):
    held = beliefs.lists["jl/0"]
    other = replace(held, statuses=held.statuses.changed({0: held.statuses[0] ^ 1}))
    elsewhere = authority.delta(other, {1: 0xC})
    assert refusal(beliefs, lambda: beliefs.new_deltas("jl", 0, [elsewhere], NOW_S)) is Refusal.BASE
    here = authority.delta(other, {0: 0xC, 1: 0xC})
    assert beliefs.new_deltas("jl", 0, [here], NOW_S).statuses == held.statuses.changed({0: 0xC, 1: 0xC})


def test_a_change_that_does_not_lead_where_the_issuer_says_is_refused(authority, beliefs):
    other = replace(beliefs.lists["jl/0"], statuses=StatusList(bytes(8)))
    data = authority.delta(other, {0: 0xC})
    assert refusal(beliefs, lambda: beliefs.new_deltas("jl", 0, [data], NOW_S)) is Refusal.BASE


def test_a_change_needs_a_list_a_date_and_the_issuers_key(authority, beliefs):
    held = beliefs.lists["jl/0"]
    late = authority.delta(held, {0: 0xC}, expires=NOW_S)
    assert refusal(beliefs, lambda: beliefs.new_deltas("jl", 0, [late], NOW_S)) is Refusal.EXPIRED
    forged = authority.delta(held, {0: 0xC}, authority.lists["bj"])
    assert refusal(beliefs, lambda: beliefs.new_deltas("jl", 0, [forged], NOW_S)) is Refusal.WRONG_ISSUER
    unheld = authority.delta(authority.token(name="bj"), {0: 0xC}, authority.lists["bj"])
    assert refusal(beliefs, lambda: beliefs.new_deltas("bj", 0, [unheld], NOW_S)) is Refusal.BASE


def test_the_whole_list_after_its_changes_is_what_is_held(authority, beliefs):
    token = beliefs.new_deltas("jl", 0, [authority.delta(beliefs.lists["jl/0"], {0: 0xC})], NOW_S)
    whole = authority.list(replace(token, ttl_s=60))
    assert beliefs.new_list("jl", 0, whole, NOW_S) == replace(token, ttl_s=60)
    assert beliefs.new_list("jl", 0, whole, NOW_S) is beliefs.lists["jl/0"]


def test_a_list_goes_when_trust_takes_its_key_away(authority, beliefs):
    authority.lists = authority.lists | {"jl": PrivateKey.generate()}
    beliefs.new_trust(authority.sign(authority.trust(version=2)), NOW_S)
    assert beliefs.lists == {}


def test_a_list_goes_when_trust_gives_its_name_to_another_gate(authority, beliefs):
    jl = authority.issuer("jl")
    moved = replace(jl, lists=tuple(replace(ref, carried_by=("f",)) for ref in jl.lists))
    beliefs.new_trust(authority.sign(authority.trust(version=2, issuers=(moved,))), NOW_S)
    assert beliefs.lists == {}


def test_a_list_stays_when_trust_still_binds_it(authority, beliefs):
    held = dict(beliefs.lists)
    beliefs.new_trust(authority.sign(authority.trust(version=2)), NOW_S)
    assert beliefs.lists == held


def test_a_list_past_its_own_end_is_as_old_as_can_be(authority, beliefs):
    code = parse(authority.text(authority.claims()))
    assert beliefs.recognise(code, NOW_S).list_issued == NOW_S - 60
    assert beliefs.recognise(code, NOW_S + DAY_S).list_issued == 0


def test_a_withheld_shard_shows(authority, beliefs):
    assert beliefs.withheld(authority.time()) == ()
    assert beliefs.withheld(authority.time(lists={"jl/0": 2, "jl/1": 50, "bj/0": 1})) == ("jl/0", "bj/0")
    assert beliefs.withheld(authority.time(root=2, trust=2, lists={})) == ("root", "trust")


def test_policy_is_the_assignments_within_the_bounds_of_trust(authority, beliefs):
    bounds = replace(policy.LOOSEST, proof_past_s=7)
    beliefs.new_trust(authority.sign(authority.trust(version=2, bounds=bounds)), NOW_S)
    assert beliefs.policy() == replace(policy.DEFAULT, proof_past_s=7)


def test_versions_name_what_decides(beliefs):
    versions = beliefs.versions(list_seq=8)
    assert (versions.root, versions.trust, versions.assignment, versions.list_seq) == (1, 1, 1, 8)


# All rules together.

MOVES = ("root", "trust", "assignment", "list", "delta", "venue", "time", "command", "receipt")
SPOILS = ("no", "no", "stranger", "cut", "flip", "expired", "older", "other audience")


def offer_one(authority, beliefs, move, spoil, step):
    """Offer one document, right or spoiled. The version goes up by `step`."""
    held = beliefs.held()
    audience = {"audience": "ba9876543210"} if spoil == "other audience" else {}
    dates = {"expires": NOW_S - 1} if spoil == "expired" else {}
    strangers = [authority.stranger] if spoil == "stranger" else None
    seq = held.lists.get("jl/0", 0) + (-1 if spoil == "older" else step)
    if move in {"list", "delta"}:
        base = beliefs.lists["jl/0"]
        signer = authority.stranger if spoil == "stranger" else None
        changes = {step: 0xC}
        make = authority.delta if move == "delta" else None
        if make and base.seq + step > base.seq:
            data = make(base, changes, signer, **dates)
        else:
            data = authority.list(replace(base, seq=max(seq, 0), **dates), signer)
    else:
        version = getattr(held, move, 1) + (-1 if spoil == "older" else step)
        body = {"root": authority.root}.get(move) or getattr(authority, move)
        data = authority.sign(body(version=max(version, 0), **audience, **dates), strangers)
    if spoil == "cut":
        data = data[: len(data) // 2]
    if spoil == "flip":
        data = data[:-1] + bytes([data[-1] ^ 1])
    believe = {
        "root": beliefs.new_root,
        "time": lambda data: beliefs.time(data, None),
        "command": lambda data: beliefs.command(data, NOW_S, NONCE),
        "receipt": lambda data: beliefs.receipt(data, NOW_S, JOURNAL),
        "venue": lambda data: beliefs.venue(data, NOW_S),
        "list": lambda data: beliefs.new_list("jl", 0, data, NOW_S),
        "delta": lambda data: beliefs.new_deltas("jl", 0, [data], NOW_S),
    }.get(move) or (lambda data: getattr(beliefs, f"new_{move}")(data, NOW_S))
    believe(data)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    moves=st.lists(
        st.tuples(st.sampled_from(MOVES), st.sampled_from(SPOILS), st.integers(0, 2)), min_size=1, max_size=20
    )
)
def test_whatever_comes_in_whatever_order_a_refusal_changes_nothing_and_no_version_falls(authority, moves):
    beliefs = Beliefs(GATE)
    beliefs.first_root(authority.sign(authority.root()))
    beliefs.new_trust(authority.sign(authority.trust()), NOW_S)
    beliefs.new_assignment(authority.sign(authority.assignment()), NOW_S)
    beliefs.new_list("jl", 0, authority.list(authority.token()), NOW_S)
    for move, spoil, step in moves:
        before, held = snapshot(beliefs), beliefs.held()
        try:
            offer_one(authority, beliefs, move, spoil, step)
        except Refused:
            assert snapshot(beliefs) == before
        else:
            assert spoil not in {"stranger", "cut", "flip"} or snapshot(beliefs) == before
        now = beliefs.held()
        assert (now.root, now.trust, now.assignment) >= (held.root, held.trust, held.assignment)
        assert now.lists["jl/0"] >= held.lists["jl/0"]
