"""Keyset paging: pages put together are the whole list, in order, each row once; and it uses the index."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, text

from fleet.entries import query
from fleet.entries.filters import Filters, Place
from fleet.models import Event

BASE = 1_795_200_000
EVERYTHING = Filters(since=BASE, until=None)


def fill(database, town, offsets, **more):
    rows = [town.event(BASE + at, n + 1, **more) for n, at in enumerate(offsets)]
    with database.session() as session:
        session.execute(delete(Event))
        if rows:
            session.execute(insert(Event), rows)


def forward(database, filters, limit):
    """Walk to the end by `older`."""
    pages, before = [], None
    while True:
        with database.reading() as session:
            page = query.page(session, filters, before=before, limit=limit)
        pages.append(page)
        if page.older is None:
            return pages
        before = page.older


def backward(database, filters, limit, after):
    """Walk from a place to the newest by `newer`."""
    pages = []
    while after is not None:
        with database.reading() as session:
            page = query.page(session, filters, after=after, limit=limit)
        pages.append(page)
        after = page.newer
    return pages


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 12), max_size=25), st.integers(1, 7))
def test_pages_together_are_the_whole_list_in_order(console_database, town, offsets, limit):
    fill(console_database, town, offsets)
    with console_database.reading() as session:
        whole = [
            tuple(row) for row in session.query(Event.at, Event.id).order_by(Event.at.desc(), Event.id.desc())
        ]
    pages = forward(console_database, EVERYTHING, limit)
    assert [(row.at, row.id) for page in pages for row in page.rows] == whole
    if whole:
        at, number = whole[-1]
        back = backward(console_database, EVERYTHING, limit, Place(at, number))
        assert [(row.at, row.id) for page in reversed(back) for row in page.rows] == whole[:-1]


def test_an_end_says_so(console_database, town):
    fill(console_database, town, range(10))
    pages = forward(console_database, EVERYTHING, 5)
    assert [(page.newer is None, page.older is None) for page in pages] == [(True, False), (False, True)]


def test_events_that_arrive_meanwhile_move_nothing(console_database, town):
    fill(console_database, town, range(10))
    with console_database.reading() as session:
        first = query.page(session, EVERYTHING, limit=4)
    town.add_events(console_database, [town.event(BASE + 5, 99), town.event(BASE + 50, 100)])
    with console_database.reading() as session:
        second = query.page(session, EVERYTHING, before=first.older, limit=4)
    assert [row.at - BASE for row in second.rows] == [5, 5, 4, 3]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(BASE, None, venue="museum"), {1, 2}),
        (Filters(BASE, None, verdict="deny"), {2, 3}),
        (Filters(BASE, None, verdict="deny", reason="A-212"), {3}),
        (Filters(BASE + 1, BASE + 2), {2}),
    ],
)
def test_filters_narrow(console_database, town, filters, expected):
    town.add_events(
        console_database,
        [
            town.event(BASE, 1),
            town.event(BASE + 1, 2, verdict="deny", reason="red"),
            town.event(BASE + 2, 3, verdict="deny", reason="fever", venue_id="market"),
        ],
    )
    with console_database.reading() as session:
        assert {row.id for row in query.page(session, filters).rows} == expected
        assert query.fresh(session, filters, 0) == len(expected)


def test_only_what_arrived_since_is_fresh_and_counting_stops(console_database, town):
    fill(console_database, town, [0] * 150)
    with console_database.reading() as session:
        head = query.page(session, EVERYTHING).head
        assert query.fresh(session, EVERYTHING, head) == 0
        assert query.fresh(session, EVERYTHING, head - 3) == 3
        assert query.fresh(session, EVERYTHING, 0) == query.MOST_FRESH


def test_what_is_no_entry_for_people_is_not_shown(console_database, town):
    town.add_events(
        console_database,
        [town.event(BASE, 1, kind="boot"), town.event(BASE, 2, kind="opened_by_hand"), town.event(BASE, 3)],
    )
    with console_database.reading() as session:
        assert {row.kind for row in query.page(session, EVERYTHING).rows} == {"opened_by_hand", "passage"}


@pytest.mark.parametrize("direction", ["before", "after", "newest"])
def test_a_page_walks_the_index_without_sorting(console_database, town, direction):
    fill(console_database, town, range(50))
    place = {} if direction == "newest" else {direction: Place(BASE + 20, 21)}
    seen = []
    with console_database.reading() as session:
        original = session.execute

        def spy(statement, *arguments, **more):
            compiled = statement.compile(session.bind, compile_kwargs={"literal_binds": True})
            seen.append(str(compiled))
            return original(statement, *arguments, **more)

        session.execute = spy
        query.page(session, EVERYTHING, **place)
        plan = " ".join(row[-1] for row in original(text("EXPLAIN QUERY PLAN " + seen[0])))
    assert "USING INDEX ix_event_at" in plan
    assert "TEMP B-TREE" not in plan
    assert "SCAN event" not in plan
