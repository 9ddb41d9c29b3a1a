"""What `explain` says about passes of other systems: what they are, what holds, what fails, what to do."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware.explain import explain
from device.firmware.explained import Mark
from device.firmware.trust import Beliefs
from sandbox import foreign, health_cards
from wire.documents import ForeignIssuer, ForeignKey
from wire.foreign import jwk
from wire.foreign.keys import PassAlg
from wire.foreign.passes import EVERY_KIND, Format, Kind
from wire.keys import PrivateKey
from wire.policy import LOOSEST, Choice

NOW_S = 1_795_000_000
DAY_S = 86_400
SIGNER = foreign.Authority().signer(NOW_S - DAY_S, NOW_S + DAY_S)
STRANGER = foreign.Authority().signer(NOW_S - DAY_S, NOW_S + DAY_S)
CARDS, NZ = PrivateKey.generate(), foreign.new_signer()
SPAN = {"not_before": NOW_S - DAY_S, "not_after": NOW_S + DAY_S}
GIVEN = foreign.certificate("v", [foreign.vaccination("2026-10-20")])


def issuer(name, system, iss, kid, key):
    return ForeignIssuer(
        id=name,
        name_zh="海港",
        name_en="Harbour",
        format=system,
        iss=iss,
        keys=(ForeignKey(kid=kid, key=key, **SPAN),),
    )


ISSUERS = (
    issuer("eu", Format.HC1, "", SIGNER.kid, SIGNER.public),
    issuer("shc", Format.SHC, health_cards.ISSUER, jwk.thumbprint(CARDS.public).encode(), CARDS.public),
    issuer("nz", Format.NZCP, foreign.NZ_ISSUER, foreign.NZ_KEY.encode(), NZ.public),
)


def hc1(body=GIVEN, signer=SIGNER, issued=NOW_S - DAY_S, expires=NOW_S + DAY_S):
    return foreign.hc1(body, signer, issued, expires)


def card(*resources, **more):
    bundle = health_cards.bundle(resources, **more)
    return health_cards.sign(health_cards.claims(bundle, NOW_S - DAY_S), CARDS)


@pytest.fixture
def told(authority, beliefs):
    def told(text, now_s=NOW_S, policy=None, **more):
        trust = authority.trust(version=9, foreign=ISSUERS, bounds=LOOSEST)
        beliefs.new_trust(authority.sign(trust), NOW_S)
        if policy:
            base = beliefs.assignment.policy
            wanted = authority.assignment(version=9, policy=replace(base, **policy))
            beliefs.new_assignment(authority.sign(wanted), NOW_S)
        return explain(text, beliefs, now_s, **more)

    return told


def words(one):
    return "\n".join(
        [one.zh, one.en, *(f"{line.zh} {line.en}" for line in one.lines), one.todo.zh, one.todo.en]
    )


def failures(one):
    return [line.en for line in one.lines if line.mark is Mark.FAILS]


TEXTS = [
    (hc1(), "EU Digital COVID"),
    (health_cards.text(card(health_cards.immunization("2026-10-20", "212"))), "SMART Health Card"),
    (foreign.nzcp(NZ, NOW_S - DAY_S, NOW_S + DAY_S), "New Zealand"),
]


@pytest.mark.parametrize(("text", "name"), TEXTS)
def test_a_pass_that_holds_is_said_to_hold_and_nobody_is_named(told, text, name):
    one = told(text)
    assert one.holds
    assert one.kind == "foreign"
    assert name in one.en
    assert {line.mark for line in one.lines} == {Mark.HOLDS}
    assert "signed by Harbour" in words(one)
    assert "attendant" in one.todo.en
    assert "Anyperson" not in words(one)
    assert "1951" not in words(one)


def test_a_pass_under_a_trust_document_that_is_too_old_does_not_hold(told):
    later = hc1(expires=NOW_S + 9 * DAY_S)
    for later_s, too_old in ((DAY_S - 1, False), (DAY_S, True)):
        assert any("R-308" in line for line in failures(told(later, now_s=NOW_S + later_s))) is too_old


@pytest.mark.parametrize(("text", "_name"), TEXTS)
def test_whose_it_is_shows_when_somebody_asks_and_it_is_signed(told, text, _name):
    assert "issued to Anyperson Robin 1951-01-20" in words(told(text, names=True))
    unchecked = words(explain(text, names=True))
    assert "only when the signature holds" in unchecked
    assert "Anyperson" not in unchecked


def test_without_trust_everything_is_marked_unverified():
    one = explain(hc1())
    assert not one.holds
    assert {line.mark for line in one.lines} == {Mark.UNVERIFIED}
    assert "Nothing was verified" in one.todo.en


def test_policy_decides_what_a_pass_that_holds_is_good_for(told):
    assert "normal temperature" in told(hc1(), policy={"foreign": Choice.ADMIT}).todo.en


def test_where_policy_denies_such_passes_a_health_code_is_asked_for(told):
    assert "health code" in told(hc1(), policy={"foreign": Choice.DENY}).todo.en


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        (hc1(signer=STRANGER), "A-201"),
        (hc1(expires=NOW_S - 1), "expired"),
        (hc1(issued=NOW_S + 9), "not valid before"),
        (hc1(foreign.certificate("v", [foreign.vaccination("2026-10-20", 1, 2)])), "R-315"),
        (hc1(foreign.certificate("v", [foreign.vaccination("2020-10-20")])), "R-316"),
        (hc1(foreign.certificate("t", [foreign.sample("2026-10-20T08:00:00Z")])), "R-317"),
        (
            hc1(foreign.certificate("r", [foreign.recovery("2020-10-20", "2020-11-01", "2021-11-01")])),
            "R-318",
        ),
        (health_cards.text(card(health_cards.immunization("2026-10-20", "03"))), "R-319"),
        (health_cards.text(card(health_cards.laboratory("2026-11-18", health_cards.POSITIVE))), "A-221"),
        (health_cards.text(card(health_cards.immunization("2026-10"))), "R-315"),
        (health_cards.text(card(health_cards.laboratory("2026-11", "419984006"))), "R-319"),
    ],
)
def test_what_fails_is_said_with_its_reason(told, text, failure):
    one = told(text)
    assert not one.holds
    assert any(failure in line for line in failures(one))
    assert one.todo.en


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        (hc1(), "接种：2/2 剂，最近一剂 2026-10-20", "vaccination: 2/2 doses, the last on 2026-10-20"),
        (
            hc1(foreign.certificate("t", [foreign.sample("2026-11-18T08:00:00Z")])),
            "检测：阴性，采样 2026-11-18 08:00:00 UTC",
            "test: negative, sample of 2026-11-18 08:00:00 UTC",
        ),
        (
            hc1(foreign.certificate("r", [foreign.recovery("2026-10-20", "2026-11-01", "2027-04-01")])),
            "康复：首次阳性 2026-10-20",
            "recovery: first positive on 2026-10-20",
        ),
        (
            health_cards.text(card(health_cards.immunization("2026-10"))),
            "接种：1/2 剂，最近一剂 日期不明",
            "vaccination: 1/2 doses, the last on an unknown date",
        ),
        (
            health_cards.text(card(health_cards.laboratory("2026-11", "419984006"))),
            "检测：结果不明，采样 日期不明",
            "test: without a clear result, sample of an unknown date",
        ),
        (
            foreign.nzcp(NZ, NOW_S - DAY_S, NOW_S + DAY_S),
            "通行证：不说明依据",
            "a pass that does not say on what it rests",
        ),
    ],
)
def test_what_a_pass_states_is_told_in_both_languages(told, text, zh, en):
    assert any(line.zh.startswith(zh) and line.en.startswith(en) for line in told(text).lines)
    assert any((line.zh, line.en) == (zh, en) for line in explain(text).lines)


def test_what_does_not_count_beside_what_counts_is_only_noted(told):
    both = card(health_cards.immunization("2026-10-20", "212"), health_cards.laboratory("2026-10-20"))
    one = told(health_cards.text(both))
    assert one.holds
    assert [line.mark for line in one.lines[-2:]] == [Mark.HOLDS, Mark.NOTE]
    assert "R-317" in one.lines[-1].en


def test_a_positive_test_fails_whatever_else_counts(told):
    both = card(
        health_cards.immunization("2026-10-20", "212"),
        health_cards.laboratory("2026-10-20", health_cards.POSITIVE),
    )
    assert ["A-221" in line for line in failures(told(health_cards.text(both)))] == [True]


def test_a_forged_pass_names_its_reason_and_its_claims_stay_unverified(told):
    head, payload, _ = card(health_cards.immunization("2026-10-20")).split(".")
    one = told(health_cards.text(f"{head}.{payload}.{'A' * 86}"), names=True)
    assert ["A-202" in line and "does not verify" in line for line in failures(one)] == [True]
    assert {line.mark for line in one.lines[1:]} == {Mark.UNVERIFIED, Mark.NOTE}
    assert "Anyperson" not in words(one)


@pytest.mark.parametrize(
    ("changes", "kinds", "now_s", "why"),
    [
        ({}, EVERY_KIND, NOW_S + 2 * DAY_S, "past its validity"),
        ({}, EVERY_KIND, NOW_S - 2 * DAY_S, "not valid yet"),
        ({}, Kind.TEST, NOW_S, "may not sign"),
        ({"key": CARDS.public}, EVERY_KIND, NOW_S, "does not verify"),
        ({"key": foreign.Authority().signer(0, 1, alg=PassAlg.PS256).public}, EVERY_KIND, NOW_S, "algorithm"),
        ({"kid": b"another"}, EVERY_KIND, NOW_S, "no trusted key"),
        ({}, Kind.TEST, None, "may not sign"),
    ],
)
def test_why_a_pass_is_not_recognised_is_said_in_both_languages(
    authority, beliefs, changes, kinds, now_s, why
):
    row = replace(ISSUERS[0], keys=(replace(ISSUERS[0].keys[0], kinds=kinds, **changes),))
    beliefs.new_trust(authority.sign(authority.trust(version=9, foreign=(row, ISSUERS[1]))), NOW_S)
    first = explain(hc1(), beliefs, now_s).lines[0]
    assert why in first.en
    assert "：" in first.zh


@pytest.mark.parametrize(
    ("span", "kinds", "now_s", "why"),
    [
        ((NOW_S - 9 * DAY_S, NOW_S - 8 * DAY_S), EVERY_KIND, None, "past its validity"),
        ((NOW_S, NOW_S + DAY_S), EVERY_KIND, None, "not valid yet"),
        ((NOW_S - 9 * DAY_S, NOW_S), Kind.TEST, NOW_S, "past its validity"),
    ],
)
def test_why_a_key_does_not_fit_is_judged_at_the_moment_at_which_it_was_looked_for(
    authority, beliefs, span, kinds, now_s, why
):
    key = replace(ISSUERS[0].keys[0], kinds=kinds, not_before=span[0], not_after=span[1])
    row = replace(ISSUERS[0], keys=(key,))
    beliefs.new_trust(authority.sign(authority.trust(version=9, foreign=(row,))), NOW_S)
    assert why in explain(hc1(), beliefs, now_s).lines[0].en


@pytest.mark.parametrize(
    ("text", "last_s"),
    [
        (hc1(expires=NOW_S), NOW_S),
        (
            health_cards.text(
                health_cards.sign(
                    health_cards.claims(
                        health_cards.bundle([health_cards.immunization("2026-10-20", "212")]), NOW_S - 9
                    )
                    | {"exp": NOW_S},
                    CARDS,
                )
            ),
            NOW_S,
        ),
        (foreign.nzcp(NZ, NOW_S - DAY_S, NOW_S), NOW_S - 1),
    ],
)
def test_a_pass_ends_when_a_gate_says_that_it_does(told, text, last_s):
    assert told(text, last_s).holds
    ended = told(text, last_s + 1)
    assert not ended.holds
    assert any("expired 2026-11-18 11:06:40 UTC" in line for line in failures(ended))


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_line_end_is_not_taken_for_a_part_of_a_card(told, ends):
    cut = told(hc1() + ends)
    assert "shc" not in words(cut)
    parts = health_cards.texts(card(health_cards.immunization("2026-10-20", "212")), 200)
    assert told("".join(part + ends for part in parts)).holds


def test_without_a_trust_document_no_key_is_known(authority, beliefs):
    bare = Beliefs(beliefs.gate)
    bare.first_root(authority.sign(authority.root()))
    assert "no trusted key" in explain(hc1(), bare, NOW_S).lines[0].en


def test_without_a_clock_nothing_is_compared(told):
    one = told(hc1(), None)
    assert one.holds
    assert one.lines[-1].mark is Mark.NOTE


def test_a_card_in_parts_needs_all_of_them(told):
    parts = health_cards.texts(card(health_cards.immunization("2026-10-20", "212")), 200)
    assert told("\n".join(parts[::-1])).holds
    part = told(parts[0])
    assert (part.kind, part.holds) == ("foreign", False)
    assert "show them all" in part.todo.en


@pytest.mark.parametrize(
    "text", ["HC1:", "hc1:6BF", "shc:/5", "SHC:/x", "NZCP:/1/0", "nzcp:/1/AA", "NZCP:/2/AA"]
)
def test_a_broken_pass_is_said_to_be_one_and_what_to_do(text):
    one = explain(text)
    assert (one.kind, one.holds) == ("foreign", False)
    assert len(failures(one)) == 1
    assert "again" in one.todo.en


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ([{"text": "Robin A."}], "issued to Robin A."),
        ([{"family": "An\x1b[2Jy", "given": "x"}], "issued to An\ufffd[2Jy"),
        ([{"family": "A" * 500, "given": [5, "B"]}], "A" * 120 + "…"),
        ([{"family": "\u202egnp", "given": []}], "issued to \ufffdgnp"),
        ([], None),
        ("Robin", None),
        ([{"given": [5]}], None),
    ],
)
def test_names_are_shown_as_far_as_they_are_names(told, name, shown):
    bundle = health_cards.bundle([health_cards.immunization("2026-10-20")])
    bundle["entry"][0]["resource"] = {"resourceType": "Patient", "name": name}
    text = health_cards.text(health_cards.sign(health_cards.claims(bundle, NOW_S - DAY_S), CARDS))
    found = words(told(text, names=True))
    assert shown in found if shown else "issued to" not in found


def test_a_pass_that_says_neither_issuer_nor_dates_is_said_so(told):
    text = foreign.hc1(GIVEN, SIGNER, NOW_S, NOW_S + DAY_S, changes={1: None, 6: None})
    one = told(text)
    assert one.holds
    assert "issued by" not in words(one)
    assert "valid from" not in words(one)


def test_an_issuer_cannot_move_the_cursor():
    text = foreign.hc1(GIVEN, SIGNER, NOW_S - DAY_S, NOW_S + DAY_S, changes={1: "A\x1b]0;x\x07\n✓ OK"})
    assert not any(ord(c) < 32 for line in explain(text).lines for c in line.zh + line.en)


@given(st.sampled_from(["HC1:", "shc:/", "shc:/1/2/", "NZCP:/1/", "hc1:", "Shc:/"]), st.text(max_size=60))
def test_any_text_that_begins_like_a_pass_is_explained(prefix, text):
    one = explain(prefix + text)
    assert (one.kind, one.holds) == ("foreign", False)


def test_names_of_a_certificate_come_in_either_script(told):
    nam = {"fnt": "ANYPERSON", "gnt": "ROBIN"}
    body = json.loads(json.dumps(GIVEN)) | {"nam": nam}
    assert "issued to ANYPERSON ROBIN" in words(told(hc1(body), names=True))
