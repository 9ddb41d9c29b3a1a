"""Whose code or pass it is and what colour it has, from what a gate believes."""

import hmac
from dataclasses import replace

import cbor2
import pytest

from device.firmware.errors import Unrecognised
from device.firmware.recognise import recognise_pass, signers
from device.firmware.trust import Beliefs
from wire import code
from wire.documents import Role
from wire.foreign.passes import Format, Kind, Statement
from wire.keys import PrivateKey
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


SECRET = b"k" * 32
DOSE = Statement(kind=Kind.VACCINATION, at=NOW_S - 30 * DAY_S, doses=2, doses_needed=2)


def foreign_reason(trust, unverified, now_s=NOW_S):
    with pytest.raises(Unrecognised) as caught:
        recognise_pass(signers(trust), SECRET, unverified, now_s)
    return caught.value.reason


@pytest.fixture
def trust(authority):
    return authority.trust(foreign=(authority.foreign_issuer(),))


def test_a_pass_has_statements_and_no_colour(authority, trust):
    found = recognise_pass(signers(trust), SECRET, authority.foreign_pass(DOSE), NOW_S)
    assert (found.issuer.id, found.statements, found.colour, found.place) == ("eu-at", (DOSE,), None, None)
    # Its last second still counts, and a code of ours ends with `expires`.
    assert (found.begins, found.expires, found.proof_issued) == (NOW_S - DAY_S, NOW_S + DAY_S + 1, None)


def test_a_pass_begins_when_it_says_so_and_else_when_it_was_issued(authority, trust):
    later = authority.foreign_pass(not_before=NOW_S + 9)
    assert recognise_pass(signers(trust), SECRET, later, NOW_S).begins == NOW_S + 9
    never = authority.foreign_pass(issued=None, expires=None)
    assert recognise_pass(signers(trust), SECRET, never, NOW_S).begins is None


def test_the_subject_of_a_pass_is_its_number_under_the_secret_and_opaque(authority, trust):
    def subject(secret, **changes):
        return recognise_pass(signers(trust), secret, authority.foreign_pass(**changes), NOW_S).subject

    digest = hmac.new(SECRET, cbor2.dumps(["eu-at", b"URN:UVCI:01:AT:1"]), "sha256").digest()
    assert subject(SECRET) == subject(SECRET, expires=None) == digest[:16]
    assert len({subject(SECRET), subject(b"x" * 32), subject(SECRET, number=b"2")}) == 3


@pytest.mark.parametrize(("secret", "number"), [(None, b"1"), (SECRET, b"")])
def test_without_a_secret_or_a_number_there_is_no_subject(authority, trust, secret, number):
    assert (
        recognise_pass(signers(trust), secret, authority.foreign_pass(number=number), NOW_S).subject is None
    )


def test_nothing_of_the_person_is_in_what_is_recognised(authority, trust):
    assert "MUSTER" not in repr(recognise_pass(signers(trust), SECRET, authority.foreign_pass(), NOW_S))


def test_the_gate_makes_subjects_under_the_assignments_key(authority, beliefs, trust):
    assert beliefs.assignment.foreign_key is None
    beliefs.new_trust(authority.sign(replace(trust, version=2)), NOW_S)
    assert beliefs.recognise(authority.foreign_pass(), NOW_S).subject is None
    beliefs.new_assignment(authority.sign(authority.assignment(version=2, foreign_key=SECRET)), NOW_S)
    assert beliefs.recognise(authority.foreign_pass(), NOW_S).subject is not None
    assert foreign_reason(None, authority.foreign_pass()) is Reason.UNKNOWN_ISSUER


def test_a_pass_of_a_key_that_trust_does_not_name_is_of_nobody(authority, trust):
    assert foreign_reason(trust, authority.foreign_pass(kid=b"other")) is Reason.UNKNOWN_ISSUER


def test_a_pass_signed_by_another_key_is_a_forgery(authority, trust):
    forged = authority.foreign_pass(signer=authority.stranger)
    assert foreign_reason(trust, forged) is Reason.BAD_SIGNATURE


def test_a_key_of_passes_counts_inside_its_validity(authority, trust):
    for now_s in (NOW_S - 2 * DAY_S, NOW_S + 30 * DAY_S):
        assert foreign_reason(trust, authority.foreign_pass(), now_s) is Reason.UNKNOWN_ISSUER


def test_a_key_states_only_what_it_is_there_for(authority):
    row = replace(authority.foreign_issuer().keys[0], kinds=Kind.TEST | Kind.RECOVERY)
    trust = authority.trust(foreign=(authority.foreign_issuer(keys=(row,)),))
    assert foreign_reason(trust, authority.foreign_pass(DOSE)) is Reason.BAD_SIGNATURE
    tested = Statement(kind=Kind.TEST, at=NOW_S, positive=False)
    assert recognise_pass(signers(trust), SECRET, authority.foreign_pass(tested), NOW_S).statements == (
        tested,
    )
    assert foreign_reason(trust, authority.foreign_pass(DOSE, tested)) is Reason.BAD_SIGNATURE


def test_two_keys_of_one_name_are_both_tried(authority):
    other = authority.foreign_issuer(
        id="eu-fr", keys=(replace(authority.foreign_issuer().keys[0], key=authority.stranger.public),)
    )
    trust = authority.trust(foreign=(other, authority.foreign_issuer()))
    assert recognise_pass(signers(trust), SECRET, authority.foreign_pass(), NOW_S).issuer.id == "eu-at"


@pytest.mark.parametrize("system", list(Format))
def test_an_issuer_may_have_two_keys_of_one_name(authority, system):
    (row,) = authority.foreign_issuer().keys
    keys = (replace(row, key=authority.stranger.public), replace(row, not_after=NOW_S), row)
    trust = authority.trust(foreign=(authority.foreign_issuer(format=system, iss="anybody", keys=keys),))
    shown = authority.foreign_pass(format=system)
    assert recognise_pass(signers(trust), SECRET, shown, NOW_S).issuer.id == "eu-at"


def test_who_may_sign_passes_goes_with_the_trust_document_that_says_so(authority, beliefs, trust):
    def known():
        try:
            return beliefs.recognise(authority.foreign_pass(), NOW_S).issuer.id
        except Unrecognised as error:
            return error.reason

    assert known() is Reason.UNKNOWN_ISSUER
    beliefs.new_trust(authority.sign(replace(trust, version=2)), NOW_S)
    assert known() == known() == "eu-at"
    old = authority.signers(Role.ROOT)
    authority.keys[Role.TRUST] = [PrivateKey.generate() for _ in range(3)]
    beliefs.new_root(authority.next_root(2, old))
    assert known() is Reason.UNKNOWN_ISSUER
    beliefs.new_trust(authority.sign(replace(trust, version=3)), NOW_S)
    assert known() == "eu-at"
    beliefs.new_trust(authority.sign(authority.trust(version=4)), NOW_S)
    assert known() is Reason.UNKNOWN_ISSUER


def test_among_thousands_of_keys_one_is_found_without_looking_at_the_others(authority):
    (row,) = authority.foreign_issuer().keys
    keys = (*(replace(row, kid=number.to_bytes(8)) for number in range(1_999)), row)
    known = signers(authority.trust(foreign=(authority.foreign_issuer(keys=keys),)))
    assert len(known) == 2_000
    assert all(len(rows) == 1 for rows in known.values())
    assert recognise_pass(known, SECRET, authority.foreign_pass(), NOW_S).issuer.id == "eu-at"


@pytest.mark.parametrize("system", [Format.SHC, Format.NZCP])
def test_elsewhere_a_pass_names_its_issuer_and_its_key(authority, system):
    trust = authority.trust(foreign=(authority.foreign_issuer(format=system, iss="https://a.example"),))
    named = authority.foreign_pass(format=system, issuer="https://a.example")
    assert recognise_pass(signers(trust), SECRET, named, NOW_S).issuer.id == "eu-at"
    unnamed = authority.foreign_pass(format=system, issuer="https://b.example")
    assert foreign_reason(trust, unnamed) is Reason.UNKNOWN_ISSUER
    assert foreign_reason(trust, authority.foreign_pass()) is Reason.UNKNOWN_ISSUER
