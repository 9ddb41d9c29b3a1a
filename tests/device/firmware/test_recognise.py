"""Whose code it is and what colour it has, from what a gate believes."""

from dataclasses import replace

import pytest

from device.firmware.errors import Unrecognised
from device.firmware.trust import Beliefs
from wire import code
from wire.reasons import Colour, Reason

NOW_S = 1_795_000_000
DAY_S = 86_400


def reason(beliefs, text, now_s=NOW_S):
    with pytest.raises(Unrecognised) as caught:
        beliefs.recognise(code.parse(text), now_s)
    return caught.value.reason


@pytest.mark.parametrize(("index", "colour"), [(0, Colour.GREEN), (3, Colour.RED)])
def test_a_code_has_the_colour_that_the_list_says(authority, beliefs, index, colour):
    found = beliefs.recognise(code.parse(authority.text(authority.claims(index=index))), NOW_S)
    assert (found.issuer.id, found.colour, found.proof_issued) == ("jl", colour, NOW_S)
    assert (found.list_seq, found.list_issued) == (1, NOW_S - 60)


def test_a_list_that_is_not_held_leaves_the_colour_open(authority, beliefs):
    found = beliefs.recognise(code.parse(authority.text(authority.claims(list_uri="jl/1"))), NOW_S)
    assert (found.colour, found.list_seq, found.list_issued) == (None, 0, None)


def test_without_trust_nobody_is_known(authority):
    empty = Beliefs("0123456789ab")
    assert reason(empty, authority.text(authority.claims())) is Reason.UNKNOWN_ISSUER


def test_an_issuer_that_trust_does_not_name_is_unknown(authority, beliefs):
    assert reason(beliefs, authority.text(authority.claims(issuer="gd"))) is Reason.UNKNOWN_ISSUER


def test_a_key_that_trust_does_not_name_is_unknown(authority, beliefs):
    assert reason(beliefs, authority.text(authority.claims(), authority.stranger)) is Reason.UNKNOWN_ISSUER


def test_a_key_out_of_its_validity_is_unknown(authority, beliefs):
    text = authority.text(authority.claims(expires=NOW_S + 99 * DAY_S))
    assert reason(beliefs, text, NOW_S + 40 * DAY_S) is Reason.UNKNOWN_ISSUER


def test_issuer_a_does_not_sign_codes_for_issuer_b(authority, beliefs):
    assert reason(beliefs, authority.text(authority.claims(), authority.codes["bj"])) is Reason.BAD_SIGNATURE


def test_a_key_for_lists_signs_no_code(authority, beliefs):
    assert reason(beliefs, authority.text(authority.claims(), authority.lists["jl"])) is Reason.BAD_SIGNATURE


def test_an_issuer_does_not_point_into_the_list_of_another(authority, beliefs):
    assert reason(beliefs, authority.text(authority.claims(list_uri="bj/0"))) is Reason.INDEX_OUTSIDE


def test_a_proof_by_another_phone_is_a_forgery(authority, beliefs):
    text = authority.text(authority.claims(), holder=authority.stranger)
    assert reason(beliefs, text) is Reason.BAD_SIGNATURE


def test_a_changed_credential_is_a_forgery(authority, beliefs):
    parsed = code.parse(authority.text(authority.claims()))
    first = parsed.credential.signatures[0]
    broken = replace(parsed.credential, signatures=(replace(first, signature=bytes(64)),))
    with pytest.raises(Unrecognised) as caught:
        beliefs.recognise(replace(parsed, credential=broken), NOW_S)
    assert caught.value.reason is Reason.BAD_SIGNATURE


def test_an_index_outside_the_list_is_refused(authority, beliefs):
    assert reason(beliefs, authority.text(authority.claims(index=999))) is Reason.INDEX_OUTSIDE


def test_a_value_without_a_meaning_is_no_colour(authority, beliefs):
    assert reason(beliefs, authority.text(authority.claims(index=4))) is Reason.COLOUR_UNKNOWN
