"""Who works at a venue, and what its gates are told about it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from typer.testing import CliRunner

from fleet import founding
from fleet.db import open_database
from fleet.errors import FleetError, NotFoundError
from fleet.models import Audit, Gate
from fleet.publish import shelf
from fleet.server import app
from fleet.venues import assignments, opening, registry, roster
from fleet.venues.assignments import Wish
from fleet.venues.registry import Names, Place
from fleet.venues.roster import ATTENDANT, STAFF
from wire import envelope
from wire.documents import Assignment, StaffRules
from wire.subjects import digest_of

NOW = 1_790_000_000
GATE, OTHER = "0123456789ab", "0123456789ac"
NAMES = Names("名", "name")
ANNA, BERT, CARL = (bytes([number]) * 16 for number in (1, 2, 3))


@pytest.fixture
def session(tmp_path):
    with open_database(tmp_path / "fleet.db") as database:
        database.upgrade()
        with database.session() as session:
            registry.add_region(session, "jl", None, NAMES, NOW, "test")
            for slug in ("mall", "hall"):
                registry.add_venue(session, Place(slug, "jl", "mall", NAMES), NOW, "test")
            session.flush()
            for gate in (GATE, OTHER):
                session.add(Gate(id=gate, name="", venue_id="mall", state="enrolled", created_at=0))
            session.flush()
            yield session


def put(session, venue="mall", **people):
    names = {"anna": ANNA, "bert": BERT, "carl": CARL}
    found = {names[name]: role for name, role in people.items()}
    return roster.change(session, venue, found, NOW, "test")


def test_a_gate_is_told_who_works_at_its_venue(session):
    put(session, anna=STAFF, bert=ATTENDANT)
    body = assignments.assign(session, GATE, Wish(), NOW, "test")
    assert body.staff == (ANNA, BERT)
    assert body.staff_rules == StaffRules(only=False, hours=(), attendants=(BERT,))


def test_a_roster_of_staff_alone_needs_no_rules(session):
    put(session, anna=STAFF)
    assert assignments.assign(session, GATE, Wish(), NOW, "test").staff_rules is None


def test_another_venues_people_are_not_this_ones(session):
    put(session, "hall", anna=STAFF)
    assert assignments.assign(session, GATE, Wish(), NOW, "test").staff == ()


def test_every_gate_of_a_venue_hears_of_a_change(session):
    for gate in (GATE, OTHER):
        assignments.assign(session, gate, Wish(), NOW, "test")
    before = shelf.print_of(session)
    put(session, anna=ATTENDANT)
    assert shelf.print_of(session) != before
    assert sorted(assignments.reconcile(session, NOW)) == [GATE, OTHER]
    assert assignments.reconcile(session, NOW) == []
    assert assignments.read(session, OTHER).staff == (ANNA,)


def test_a_change_of_role_alone_is_a_change(session):
    put(session, anna=STAFF)
    before = shelf.print_of(session)
    assert put(session, anna=ATTENDANT) == roster.Change(added=0, removed=0, staff=1, attendants=1)
    assert shelf.print_of(session) != before


def test_what_changes_nothing_is_not_written_down(session):
    put(session, anna=STAFF)
    before = shelf.print_of(session)
    rows = len(session.scalars(select(Audit)).all())
    put(session, anna=STAFF)
    assert shelf.print_of(session) == before
    assert len(session.scalars(select(Audit)).all()) == rows


def test_staff_only_is_wished_for_a_gate_and_outlives_changes_of_the_roster(session):
    assignments.assign(session, GATE, Wish(staff_only=True), NOW, "test")
    put(session, anna=STAFF)
    assignments.assign(session, OTHER, Wish(), NOW, "test")
    assignments.reconcile(session, NOW)
    assert assignments.read(session, GATE).staff_rules.only
    assert assignments.read(session, OTHER).staff_rules is None
    body = assignments.assign(session, GATE, Wish(staff_only=False), NOW, "test")
    assert body.staff_rules is None
    assert body.staff == (ANNA,)


def test_the_hours_of_the_people_are_the_venues(session):
    hours = opening.read_hours(["mon-fri 07:00-19:00"])
    roster.set_hours(session, "mall", hours, NOW, "test")
    assert assignments.assign(session, GATE, Wish(), NOW, "test").staff_rules.hours == hours
    roster.set_hours(session, "mall", (), NOW, "test")
    assignments.reconcile(session, NOW)
    assert assignments.read(session, GATE).staff_rules is None


def test_a_gate_has_opening_hours_and_closed_days(session):
    hours, days = opening.read_hours(["daily 09:00-18:00"]), opening.read_days(["2026-12-25"])
    assignments.assign(session, GATE, Wish(hours=hours, closed_days=days), NOW, "test")
    body = assignments.assign(session, GATE, Wish(lane=2), NOW, "test")
    assert (body.hours, body.closed_days) == (hours, days)
    assert assignments.assign(session, GATE, Wish(hours=()), NOW, "test").hours == ()


def test_somebody_is_taken_off_and_a_roster_replaced(session):
    put(session, anna=STAFF, bert=STAFF)
    gone = roster.change(session, "mall", {}, NOW, "test", take=[ANNA])
    assert (gone.removed, gone.staff) == (1, 1)
    changed = roster.change(session, "mall", {CARL: ATTENDANT}, NOW, "test", replace=True)
    assert changed == roster.Change(added=1, removed=1, staff=1, attendants=1)
    assert roster.roles(session, "mall") == {CARL: ATTENDANT}


def test_who_is_not_on_the_roster_cannot_be_taken_off(session):
    put(session, anna=STAFF)
    with pytest.raises(NotFoundError, match="left as it was") as refused:
        roster.change(session, "mall", {}, NOW, "test", take=[BERT])
    assert BERT.hex() not in str(refused.value)
    with pytest.raises(NotFoundError):
        roster.change(session, "nowhere", {ANNA: STAFF}, NOW, "test")


@pytest.mark.parametrize(("count", "role"), [(5_001, STAFF), (501, ATTENDANT)])
def test_more_than_an_assignment_carries_is_refused_whole(session, count, role):
    people = {number.to_bytes(16): role for number in range(count)}
    with pytest.raises(FleetError, match="5000 and 500"):
        roster.change(session, "mall", people, NOW, "test")
    assert roster.roles(session, "mall") == {}


def test_the_largest_roster_fits_into_an_assignment(session):
    people = {digest_of(number.to_bytes(16)): STAFF for number in range(5_000)}
    people |= dict.fromkeys(list(people)[:500], ATTENDANT)
    made = roster.change(session, "mall", people, NOW, "test")
    assert (made.staff, made.attendants) == (5_000, 500)
    hours = opening.read_hours([f"daily 0{hour}:00-0{hour}:30" for hour in range(4)])
    roster.set_hours(session, "mall", hours, NOW, "test")
    body = assignments.assign(session, GATE, Wish(hours=hours), NOW, "test")
    assert envelope.read_body(Assignment, envelope.write_body(body)) == body
    again = roster.change(session, "mall", dict.fromkeys(people, STAFF), NOW, "test", replace=True)
    assert (again.added, again.removed, again.attendants) == (0, 0, 0)


def test_the_audit_log_counts_people_and_names_nobody(session):
    put(session, anna=STAFF, bert=ATTENDANT)
    row = session.scalars(select(Audit).order_by(Audit.id.desc())).first()
    assert row.action == "roster.changed"
    assert json.loads(row.detail) == {"venue": "mall", "added": 2, "removed": 0, "staff": 2, "attendants": 1}


def test_a_line_may_name_its_own_role_and_a_subject_is_digested():
    lines = ["# the mall", "", ANNA.hex(), f"{BERT.hex().upper()}   attendant # the early shift"]
    assert roster.read(lines, role=STAFF, subjects=False) == {ANNA: STAFF, BERT: ATTENDANT}
    assert roster.read([ANNA.hex()], role=ATTENDANT, subjects=True) == {digest_of(ANNA): ATTENDANT}


@pytest.mark.parametrize("line", ["anna", "01" * 15, "01" * 17, f"{'01' * 16} boss", "JX1:ABC"])
def test_a_line_that_is_none_is_named_by_its_number_alone(line):
    with pytest.raises(FleetError, match="line 2 is not") as refused:
        roster.read([ANNA.hex(), line], role=STAFF, subjects=False)
    assert line not in str(refused.value)


@given(st.lists(st.text(max_size=50), max_size=5), st.booleans())
def test_any_file_is_read_or_refused(lines, subjects):
    try:
        found = roster.read(lines, role=STAFF, subjects=subjects)
    except FleetError:
        return
    assert all(len(digest) == 16 for digest in found)


@pytest.fixture
def jx(tmp_path):
    founding.found(tmp_path, founding.Wishes(password="correct horse battery"), NOW)

    def call(*words, fails=None, stdin=None):
        result = CliRunner().invoke(
            app, [*words], env={"JX_FLEET_DIR": str(tmp_path), "COLUMNS": "100"}, input=stdin
        )
        if fails is None:
            assert result.exception is None, (result.output, result.exception)
            return result.output
        assert isinstance(result.exception, FleetError), result.output
        assert fails in str(result.exception)
        return str(result.exception)

    call("region", "add", "jl", "--zh", "吉林省", "--en", "Jilin")
    call("venue", "add", "mall", "--region", "jl", "--kind", "mall", "--zh", "商场", "--en", "Mall")
    call("gate", "add", GATE, "--name", "door", "--venue", "mall")
    return call


def test_the_command_line_from_an_empty_roster_to_a_staff_lane(jx, tmp_path):
    assert "jx-fleet roster add mall" in jx("roster", "list", "mall")
    assert "Nobody may pass it yet" in jx("assign", "set", GATE, "--venue", "mall", "--staff-only")
    assert "1 added, 0 removed; 1 on the roster" in jx("roster", "add", "mall", ANNA.hex())
    people = tmp_path / "people"
    people.write_text(f"{BERT.hex()} attendant\n{CARL.hex()}\n")
    assert "3 on the roster, 1 of them attendants" in jx("roster", "import", "mall", str(people))
    said = jx("roster", "import", "mall", "-", "--subjects", "--replace", stdin=ANNA.hex())
    assert "1 added, 3 removed" in said
    listed = json.loads(jx("roster", "list", "mall", "--json"))
    assert [(row["digest"], row["role"]) for row in listed] == [(digest_of(ANNA).hex(), "staff")]
    jx("roster", "remove", "mall", ANNA.hex(), "--subjects")
    assert json.loads(jx("roster", "list", "mall", "--json")) == []


def test_hours_are_shown_as_they_are_written(jx):
    assert "mon 07:00-19:00" in jx("roster", "hours", "mall", "mon-tue 07:00-19:00")
    jx("roster", "add", "mall", ANNA.hex(), "--attendant")
    assert "They may enter: mon 07:00-19:00, tue 07:00-19:00." in jx("roster", "list", "mall")
    jx("assign", "set", GATE, "--hours", "daily 09:00-18:00", "--closed-day", "2026-12-25", "--staff-only")
    shown = json.loads(jx("assign", "show", GATE, "--json"))
    assert shown["hours"][0] == "mon 09:00-18:00"
    assert shown["closed_days"] == ["2026-12-25"]
    hours = ["mon 07:00-19:00", "tue 07:00-19:00"]
    assert shown["staff_rules"] == {"only": True, "hours": hours, "attendants": 1}
    assert "as visitors" in jx("roster", "hours", "mall", "always")
    jx("assign", "set", GATE, "--everybody", "--hours", "always", "--closed-day", "none")
    shown = json.loads(jx("assign", "show", GATE, "--json"))
    assert (shown["hours"], shown["closed_days"]) == (["always"], [])
    assert shown["staff_rules"] == {"only": False, "hours": ["as visitors"], "attendants": 1}


@pytest.mark.parametrize("separator", [" ", "\t", ", ", ";"])
def test_a_file_from_windows_or_a_table_is_read_as_it_is(jx, tmp_path, separator):
    (tmp_path / "staff.csv").write_bytes(f"\ufeff{'AB' * 16}{separator}attendant\r\n{'cd' * 16}\r\n".encode())
    said = jx("roster", "import", "mall", str(tmp_path / "staff.csv"))
    assert "2 on the roster, 1 of them attendants" in said


def test_a_file_that_cannot_be_read_is_named_with_the_reason(jx, tmp_path):
    why = "cannot be read (No such file or directory); the roster was left as it was"
    jx("roster", "import", "mall", str(tmp_path / "none"), fails=why)


def test_a_file_that_names_nobody_or_is_no_text_changes_nothing(jx, tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("# nobody\n")
    jx("roster", "import", "mall", str(empty), "--replace", fails="nobody stands in")
    empty.write_bytes(b"\xff\xfe")
    jx("roster", "import", "mall", str(empty), fails="is no text")
