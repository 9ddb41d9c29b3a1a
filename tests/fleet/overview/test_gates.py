"""How gates stand: each case as a row, worst first, drift in sight."""

import pytest

from fleet.models import Delta, GateState
from fleet.overview import gates
from fleet.overview.gates import SILENT_S, Standing
from wire.messages import Held

NOW = 1_795_230_000


@pytest.fixture
def rows(console_database, town):
    town.populate(console_database, NOW, count=0)

    def read(now=NOW):
        with console_database.reading() as session:
            return {row.name: row for row in gates.rows(session, now)}

    return read


def test_the_worst_stands_first(rows):
    assert list(rows()) == ["Hall A", "Hall B", "South 1", "Hall C", "North 1", "North 2", "West 1"]


@pytest.mark.parametrize(
    ("name", "standing"),
    [
        ("Hall A", Standing.BLOCKED),
        ("Hall B", Standing.SILENT),
        ("South 1", Standing.REFERS),
        ("Hall C", Standing.NOTE),
        ("North 1", Standing.READY),
        ("West 1", Standing.EXPECTED),
    ],
)
def test_each_gate_stands_as_it_says(rows, name, standing):
    assert rows()[name].standing is standing


def test_the_reason_that_costs_most_is_named_first(rows):
    assert [trouble.name for trouble in rows()["Hall A"].troubles] == ["CAMERA", "CLOCK_DOUBT"]


def test_a_gate_that_stops_reporting_is_silent(rows):
    assert {row.standing for row in rows(NOW + SILENT_S + 60).values()} == {
        Standing.SILENT,
        Standing.EXPECTED,
    }


def test_drift_shows_what_is_held_and_what_should_be(rows):
    found = rows()["North 2"]
    assert [(v.name, v.held, v.desired) for v in found.versions if v.drifts] == [
        ("trust", 6, 7),
        ("list", 117, 118),
    ]
    assert not rows()["North 1"].drifts


def test_a_gate_that_took_changes_is_no_drift_and_one_that_lacks_them_is(rows, console_database, town):
    uri = town.LISTS[0]
    with console_database.session() as session:
        session.add(Delta(uri=uri, base_seq=118, seq=119, data=b"-", received_at=NOW))
        for number, seq in ((0, 119), (1, 118)):
            held = Held(root=1, trust=7, assignment=4, lists={uri: seq})
            session.get(GateState, town.gate_id(number)).versions = town.versions(held)
    assert not any(version.drifts for version in rows()["North 1"].versions if version.name == "list")
    (behind,) = (version for version in rows()["North 2"].versions if version.name == "list")
    assert (behind.held, behind.desired, behind.label) == (118, 119, "1/0")


def test_a_list_the_fleet_does_not_know_is_no_drift(rows, console_database, town):
    held = Held(root=1, trust=7, assignment=4, lists={"https://elsewhere.example/9/9": 3})
    with console_database.session() as session:
        session.get(GateState, town.gate_id(0)).versions = town.versions(held)
    assert not rows()["North 1"].drifts


def test_a_state_that_cannot_be_read_hides_no_gate(rows, console_database, town):
    with console_database.session() as session:
        session.get(GateState, town.gate_id(0)).body = b"\xff not a state"
    assert "North 1" in rows()


def test_a_retired_or_revoked_gate_is_not_listed(rows, console_database, town):
    from fleet.models import Gate

    with console_database.session() as session:
        session.get(Gate, town.gate_id(0)).state = "retired"
        session.get(Gate, town.gate_id(1)).revoked_at = NOW
    assert not {"North 1", "North 2"} & set(rows())


def test_an_assigned_gate_that_never_reported_is_silent(rows, console_database, town):
    from fleet.models import Gate

    with console_database.session() as session:
        session.get(Gate, town.gate_id(9)).state = "assigned"
    assert rows()["West 1"].standing is Standing.SILENT
