"""Today's figures: counted once each, at the hour they happened, whenever they arrive."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event

from fleet.models import Event
from fleet.overview.tally import ADMITTED, FEVERS, REFERRED, REFUSED, Tally
from wire import messages, schema
from wire.messages import ClockTrust, Entry
from wire.reasons import Reason

NOW = 1_795_230_000  # 2026-11-21 11:00 in Shanghai
MIDNIGHT = NOW - 11 * 3600
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def tally():
    return Tally(SHANGHAI)


def look(tally, database, now=NOW):
    with database.reading() as session:
        return tally.today(session, now)


def test_nothing_is_nothing(tally, console_database):
    today = look(tally, console_database)
    assert not +today.day
    assert len(today.hours) == 24


def test_verdicts_and_fevers_are_counted_at_their_local_hour(tally, console_database, town):
    town.add_events(
        console_database,
        [
            town.event(MIDNIGHT, 1),
            town.event(MIDNIGHT + 9 * 3600 + 5, 2, verdict="deny", reason="fever"),
            town.event(MIDNIGHT + 9 * 3600 + 6, 3, verdict="refer", reason="yellow"),
            town.event(MIDNIGHT - 1, 4),
            town.event(NOW, 5, verdict="wait", reason="full"),
            town.event(NOW, 6, kind="boot", verdict=None, reason=None),
        ],
    )
    today = look(tally, console_database)
    assert (today.day[ADMITTED], today.day[REFUSED], today.day[REFERRED], today.day[FEVERS]) == (1, 1, 1, 1)
    assert (today.hours[0].admitted, today.hours[9].refused, today.hours[9].referred) == (1, 1, 1)
    assert [hour.hour for hour in today.hours if hour.now] == [11]
    assert today.last_hour[ADMITTED] == 0


def test_the_last_hour_is_this_quarter_and_the_three_before(tally, console_database, town):
    town.add_events(
        console_database, [town.event(NOW - ago, n) for n, ago in enumerate((0, 2700, 2701, 3600))]
    )
    assert look(tally, console_database).last_hour[ADMITTED] == 2


def test_refusals_that_a_gate_only_counted_are_counted(tally, console_database, town):
    entry = Entry(
        sequence=1,
        previous=bytes(32),
        at_ms=NOW * 1000,
        clock=ClockTrust.SIGNED,
        kind=messages.Event.REFUSALS,
        counts={Reason.BAD_SIGNATURE: 7, Reason.MALFORMED: 2, Reason.NOT_A_CODE: 30},
    )
    data = schema.write(messages.ENTRY, entry)
    more = {"kind": "refusals", "verdict": None, "reason": None}
    town.add_events(
        console_database,
        [town.event(NOW, 1, data=data, **more), town.event(NOW, 2, data=b"damaged", **more)],
    )
    assert look(tally, console_database).day[REFUSED] == 9


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.lists(st.lists(st.integers(-90_000, 0), max_size=6), min_size=1, max_size=5))
def test_many_looks_count_what_one_look_counts(console_database, town, arrivals):
    with console_database.session() as session:
        session.execute(delete(Event))
    tally, sequence = Tally(SHANGHAI), 0
    for batch in arrivals:
        rows = [town.event(NOW + at, sequence := sequence + 1) for at in batch]
        if rows:
            town.add_events(console_database, rows)
        many = look(tally, console_database)
    once = look(Tally(SHANGHAI), console_database)
    assert (many.hours, +many.day, +many.last_hour) == (once.hours, +once.day, +once.last_hour)


def test_a_new_day_begins_at_nothing_and_keeps_what_has_already_happened_on_it(tally, console_database, town):
    town.add_events(console_database, [town.event(NOW, 1)])
    look(tally, console_database)
    tomorrow = MIDNIGHT + 86_400
    town.add_events(console_database, [town.event(tomorrow + 5, 2), town.event(tomorrow - 5, 3)])
    assert look(tally, console_database, tomorrow - 3).day[ADMITTED] == 2
    assert look(tally, console_database, tomorrow + 10).day[ADMITTED] == 1


def test_a_restored_database_is_counted_anew(tally, console_database, town):
    town.add_events(console_database, [town.event(NOW, n) for n in range(5)])
    look(tally, console_database)
    with console_database.session() as session:
        session.execute(delete(Event).where(Event.id > 2))
    assert look(tally, console_database).day[ADMITTED] == 2


def test_a_later_look_reads_only_what_is_new(tally, console_database, town):
    town.add_events(console_database, [town.event(NOW, n) for n in range(50)])
    look(tally, console_database)
    asked = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(console_database.engine, "before_cursor_execute", note)
    try:
        look(tally, console_database)
        assert len(asked) == 1  # the highest id, nothing else
        town.add_events(console_database, [town.event(NOW, 51)])
        asked.clear()
        assert look(tally, console_database).day[ADMITTED] == 51
        assert all("event.id > ?" in statement for statement, _ in asked if "event.at" in statement)
    finally:
        event.remove(console_database.engine, "before_cursor_execute", note)
