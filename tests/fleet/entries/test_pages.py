"""The entries page and its button."""

import re

import pytest

from wire.reason_words import REASONS
from wire.reasons import Reason


@pytest.fixture
def filled(signed_in, console_database, town, clock):
    town.populate(console_database, clock.now, count=120, hours=5)
    return signed_in


def rows(page):
    return re.findall(r'<tr role="row" id="e(\d+)"', page)


def test_entries_are_shown_newest_first_fifty_at_a_time(filled):
    page = filled.get("/entries").text
    assert len(rows(page)) == 50
    older = re.search(r'href="(/entries\?before=[^"]+)"', page)[1].replace("&amp;", "&")
    second = filled.get(older).text
    assert len(rows(second)) == 50
    assert not set(rows(page)) & set(rows(second))
    newer = re.search(r'href="(/entries\?[^"]*after=[^"]+)"', second)[1].replace("&amp;", "&")
    assert rows(filled.get(newer).text) == rows(page)


def test_filters_stay_in_every_link(filled):
    page = filled.get("/entries?verdict=admit&venue=museum").text
    for link in re.findall(r'href="(/entries\?[^"]+)"', page):
        assert "verdict=admit" in link
        assert "venue=museum" in link


def test_codes_and_words_are_shown_in_the_persons_language(filled):
    assert "A-212" in filled.get("/entries?reason=A-212").text
    assert "体温超过标准" in filled.get("/entries?reason=A-212").text
    filled.post("/language", data={"language": "en"})
    assert "temperature at or above the threshold" in filled.get("/entries?reason=A-212").text


def test_times_are_the_fleets_and_say_so(signed_in, console_database, town, clock):
    town.add_events(console_database, [town.event(clock.now - 60, 1)])
    page = signed_in.get("/entries").text
    assert "11-21 10:59:00" in page
    assert "Asia/Shanghai, UTC+08:00" in page


@pytest.mark.parametrize("at", [10**12, (2**63 - 1) // 1000])
def test_one_gate_with_a_mad_clock_takes_the_page_from_nobody(signed_in, console_database, town, clock, at):
    town.add_events(console_database, [town.event(at, 1), town.event(clock.now - 60, 2)])
    page = signed_in.get("/entries").text
    assert "11-21 10:59:00" in page
    assert len(rows(page)) == 2


def test_a_late_entry_says_when_it_arrived(signed_in, console_database, town, clock):
    town.add_events(console_database, [town.event(clock.now - 7200, 1, received_at=clock.now - 60)])
    assert "11-21 10:59 送达" in signed_in.get("/entries").text


def test_nothing_yet_and_nothing_found_are_told_apart(signed_in):
    assert "今天还没有通行记录" in signed_in.get("/entries").text
    assert "没有符合条件的记录" in signed_in.get("/entries?verdict=deny").text


def test_the_button_counts_what_arrived(filled, console_database, town, clock):
    page = filled.get("/entries?verdict=deny").text
    url = re.search(r'hx-get="([^"]+)"', page)[1].replace("&amp;", "&")
    assert "<a" not in filled.get(url).text
    fresh = [
        town.event(clock.now, n, verdict=v, reason=r)
        for n, v, r in ((901, "deny", "red"), (902, "admit", "green"))
    ]
    town.add_events(console_database, fresh)
    said = filled.get(url).text
    assert "1 条新记录" in said
    assert "verdict=deny" in said


def test_a_closed_range_and_an_older_page_promise_nothing_new(filled):
    assert "hx-get" not in filled.get("/entries?until=2026-11-21T10:00").text
    older = re.search(r'href="(/entries\?before=[^"]+)"', filled.get("/entries").text)[1]
    assert "hx-get" not in filled.get(older).text


@pytest.mark.parametrize(
    "url", ["/entries", "/entries/fresh", "/entries?verdict=deny", "/", "/overview/live"]
)
def test_no_subject_is_in_any_page(filled, console_database, url):
    from fleet.models import Event

    page = filled.get(url).data
    with console_database.reading() as session:
        for (subject,) in session.query(Event.subject):
            assert subject not in page
            assert subject.hex().encode() not in page


@pytest.mark.parametrize(
    "arguments",
    [
        "_external=1&_scheme=javascript",
        "_anchor=x",
        "since=%00",
        "before=1",
        "head=-1",
        "head=99999999999999999999",
        "venue=%22%3E%3Cscript%3E",
    ],
)
def test_strange_arguments_do_no_harm(filled, arguments):
    for path in ("/entries", "/entries/fresh"):
        answer = filled.get(f"{path}?{arguments}")
        assert answer.status_code == 200
        assert "javascript:" not in answer.text
        assert "<script>" not in answer.text


@pytest.mark.parametrize("reason", [Reason.FOREIGN_ADMITTED, Reason.FOREIGN_DENIED, Reason.DOSES_MISSING])
def test_what_became_of_passes_of_other_systems_is_found_by_its_reason(
    signed_in, console_database, town, clock, reason
):
    words = REASONS[reason]
    told = {"reason": reason.name.lower(), "verdict": words.verdict.name.lower()}
    passed = town.event(clock.now - 60, 1, **told, issuer="hc1-de", colour=None)
    town.add_events(console_database, [passed, town.event(clock.now - 50, 2)])
    for language, text in (("zh-CN", words.zh), ("en", words.en)):
        signed_in.post("/language", data={"language": language})
        page = signed_in.get(f"/entries?reason={words.code}").text
        assert len(rows(page)) == 1
        assert page.count(text) == 2  # in the row, and among the reasons to choose from
