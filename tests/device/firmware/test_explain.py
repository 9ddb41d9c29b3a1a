"""What `explain` says about codes of ours, broken ones, and everything else people hold up."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.firmware.explain import explain
from device.firmware.explained import Mark, todo_for
from wire import code, enrolment
from wire.code import PaperName
from wire.reasons import Reason

NOW_S = 1_795_000_000
DAY_S = 86_400


def words(one):
    return "\n".join(
        [one.zh, one.en, *(f"{line.zh} {line.en}" for line in one.lines), one.todo.zh, one.todo.en]
    )


def failures(one):
    return [line.en for line in one.lines if line.mark is Mark.FAILS]


def test_without_trust_every_claim_is_marked_unverified(authority):
    one = explain(authority.text(authority.claims()))
    assert (one.kind, one.holds) == ("phone", False)
    assert {line.mark for line in one.lines} == {Mark.UNVERIFIED}
    assert "Nothing was verified" in one.todo.en


def test_a_code_that_holds_is_said_to_hold(authority, beliefs):
    one = explain(authority.text(authority.claims()), beliefs, NOW_S)
    assert one.holds
    assert {line.mark for line in one.lines} == {Mark.HOLDS}
    assert "green" in words(one)


def test_without_a_clock_the_proof_is_only_noted(authority, beliefs):
    one = explain(authority.text(authority.claims()), beliefs)
    assert one.holds
    assert any("not compared" in line.en for line in one.lines)


@pytest.mark.parametrize("trusted", [True, False])
def test_the_subject_and_the_paper_name_never_show(authority, beliefs, trusted):
    paper = PaperName(masked_name="张*", id_tail="123X")
    subject = bytes(range(200, 216))
    claims = replace(authority.claims(), holder=None, paper=paper, subject=subject)
    text = code.to_text(code.issue(claims, authority.codes["jl"]))
    one = explain(text, beliefs if trusted else None, NOW_S)
    assert one.kind == "paper"
    assert "opaque, 16 bytes" in words(one)
    assert not any(secret in words(one) for secret in ("张", "123X", subject.hex()[:4], "200"))


@pytest.mark.parametrize(
    ("changes", "now_s", "failure"),
    [
        ({}, NOW_S + 3600, "A-204"),
        ({}, NOW_S - 3600, "A-205"),
        ({"expires": NOW_S - 1}, NOW_S, "expired"),
        ({"index": 3}, NOW_S, "red"),
        ({"issuer": "gd"}, NOW_S, "A-201"),
        ({"list_uri": "bj/0"}, NOW_S, "A-207"),
    ],
)
def test_what_fails_is_said_with_its_reason(authority, beliefs, changes, now_s, failure):
    one = explain(authority.text(authority.claims(**changes)), beliefs, now_s)
    assert not one.holds
    assert any(failure in line for line in failures(one))


def test_a_forgery_is_named_and_its_claims_stay_unverified(authority, beliefs):
    one = explain(authority.text(authority.claims(), authority.codes["bj"]), beliefs, NOW_S)
    assert ["A-202" in line for line in failures(one)] == [True]
    assert [line.mark for line in one.lines[1:]] == [Mark.UNVERIFIED] * 5


def test_a_phones_code_without_its_proof_fails(authority, beliefs):
    text = code.to_text(code.issue(authority.claims(), authority.codes["jl"]))
    one = explain(text, beliefs, NOW_S)
    assert one.kind == "phone-without-proof"
    assert any("A-217" in line for line in failures(one))


def test_a_colour_that_is_not_held_is_unknown_not_wrong(authority, beliefs):
    one = explain(authority.text(authority.claims(list_uri="jl/1")), beliefs, NOW_S)
    assert one.holds
    assert "colour unknown" in words(one)
    assert "attendant" in one.todo.en


def test_paper_needs_a_document(authority, beliefs):
    paper = PaperName(masked_name="张*", id_tail="123X")
    text = code.to_text(code.issue(authority.claims(holder=None, paper=paper), authority.codes["jl"]))
    assert "document" in explain(text, beliefs, NOW_S).todo.en


@pytest.mark.parametrize("text", ["JX1:", "JX1:a", "JXE1:AAAA", "HC1:6BF", "shc:/5", "NZCP:/1/0"])
def test_what_is_broken_is_said_in_chinese_without_an_english_word(text):
    (line,) = explain(text).lines
    assert line.mark is Mark.FAILS
    assert line.zh.endswith(("签名结构有误", "编码有误", "内容不合规范", "压缩数据损坏"))
    assert not any(character.isascii() and character.isalpha() for character in line.zh)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("JX1:", "damaged"),
        ("JX1:AAAA", "damaged"),
        ("https://qr.alipay.com/abc", "payment"),
        ("wxp://f2f0", "payment"),
        ("134567890123456789", "payment"),
        ("12345", "unknown"),
        ("HC1:6BF", "foreign"),
        ("shc:/567", "foreign"),
        ("https://example.org", "link"),
        ("WIFI:S:x;;", "wifi"),
        ("BEGIN:VCARD", "card"),
        ("hello", "unknown"),
        ("", "unknown"),
        ("JXE1:AAAA", "ticket"),
    ],
)
def test_everything_else_has_a_name_and_advice_and_does_not_hold(text, kind):
    one = explain(text)
    assert (one.kind, one.holds) == (kind, False)
    assert one.todo.zh
    assert one.todo.en


def test_a_green_code_by_an_old_list_does_not_hold(authority, beliefs):
    text = authority.text(authority.claims(expires=NOW_S + 99 * DAY_S))
    for later_s, by in ((DAY_S - 60, "list of 20"), (DAY_S, "that has ended")):
        one = explain(text, beliefs, NOW_S + later_s)
        assert any(by in line.en for line in one.lines)
        assert any("R-309" in line for line in failures(one)) is (later_s == DAY_S)


def test_a_code_under_a_trust_document_that_is_too_old_does_not_hold(authority, beliefs):
    text = authority.text(authority.claims(expires=NOW_S + 99 * DAY_S))
    for later_s, too_old in ((DAY_S - 1, False), (DAY_S, True)):
        assert any("R-308" in line for line in failures(explain(text, beliefs, NOW_S + later_s))) is too_old


def test_it_is_said_what_about_an_issuer_is_not_known(authority, beliefs):
    stranger = authority.text(authority.claims(), authority.stranger)
    assert "no key of the id" in failures(explain(stranger, beliefs, NOW_S))[0]
    elsewhere = authority.text(authority.claims(issuer="gd"), authority.stranger)
    assert "names no such issuer" in failures(explain(elsewhere, beliefs, NOW_S))[0]
    long_ago = authority.text(authority.claims(issued=NOW_S - 3 * DAY_S))
    assert "out of its validity" in failures(explain(long_ago, beliefs, NOW_S - 2 * DAY_S))[0]


@pytest.mark.parametrize("reason", Reason)
def test_what_to_do_is_never_only_what_is_wrong(reason):
    told = todo_for(reason)
    assert told.zh
    assert told.en
    assert told.en not in {
        "This code is not recognised",
        "This code is not valid",
        "This code cannot be read",
    }


def test_a_ticket_is_explained_without_its_secret():
    ticket = enrolment.ticket("https://f.example:1", bytes(32), "0123456789ab", b"\xab" * 16, NOW_S)
    one = explain(enrolment.encode(ticket), now_s=NOW_S + 1)
    assert "0123456789ab" in words(one)
    assert "abab" not in words(one)
    assert any("expired" in line for line in failures(one))


def test_a_date_beyond_the_calendar_is_no_crash(authority):
    assert "9999999999999 s" in words(explain(authority.text(authority.claims(expires=9_999_999_999_999))))


@given(st.text(max_size=200))
def test_any_text_at_all_is_explained(text):
    assert explain(text).kind
    assert explain("JX1:" + text).kind == "damaged"
