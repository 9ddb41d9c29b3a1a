"""Regions and permits: who may grant what to whom, for how long."""

import pytest

from fleet.db import open_database
from fleet.errors import ConflictError, FleetError
from fleet.models import Permit, Venue
from fleet.venues import registry
from fleet.venues.registry import DAY_S, Grant, Names, Place

NOW = 1_790_000_000
NAMES = Names("名", "name")


@pytest.fixture
def session(tmp_path):
    with open_database(tmp_path / "fleet.db") as database:
        database.upgrade()
        with database.session() as session:
            for slug, parent in (
                ("jl", None),
                ("cc", "jl"),
                ("ey", "cc"),
                ("st", "ey"),
                ("vi", "st"),
                ("ly", "jl"),
            ):
                registry.add_region(session, slug, parent, NAMES, NOW, "test")
            registry.add_venue(session, Place("mall", "ey", "mall", NAMES), NOW, "test")
            yield session


def grant(session, days=30, now=NOW, **more):
    wanted = {"venue": "mall", "scope": "both", "valid_from": now, "valid_until": now + days * DAY_S} | more
    return registry.grant(session, Grant(**wanted), now, "test")


def test_a_region_stands_one_level_below_its_parent(session):
    assert [row.level for row in registry.regions(session)] == [1, 2, 3, 4, 5, 2]


def test_regions_are_listed_below_their_parents(session):
    assert [row.id for row in registry.regions(session)] == ["jl", "cc", "ey", "st", "vi", "ly"]


def test_nothing_stands_below_a_village(session):
    with pytest.raises(FleetError, match="nothing stands below"):
        registry.add_region(session, "house", "vi", NAMES, NOW, "test")


def test_a_region_is_added_once(session):
    with pytest.raises(ConflictError):
        registry.add_region(session, "cc", "jl", NAMES, NOW, "test")


def test_what_contains_a_region_is_known(session):
    assert registry.above(session, "ey") == ["ey", "cc", "jl"]


@pytest.mark.parametrize("by", [None, "ey", "cc", "jl"])
def test_a_region_that_contains_the_venue_may_grant(session, by):
    assert grant(session, by=by).region_id == (by or "ey")


@pytest.mark.parametrize("by", ["ly", "st"])
def test_a_region_that_does_not_contain_the_venue_may_not_grant(session, by):
    with pytest.raises(FleetError, match="does not contain"):
        grant(session, by=by)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_permit_has_an_end_within_a_year(session, days):
    with pytest.raises(FleetError, match="366 days"):
        grant(session, days=days)


def test_a_permit_that_is_over_is_not_granted(session):
    with pytest.raises(FleetError, match="over already"):
        grant(session, valid_from=NOW - 9, valid_until=NOW)


def test_an_unknown_scope_is_refused(session):
    with pytest.raises(FleetError, match="scope"):
        grant(session, scope="everything")


def test_a_permit_holds_from_its_beginning_to_its_end(session):
    grant(session, valid_from=NOW + 10, valid_until=NOW + 20)
    assert [bool(registry.permit(session, "mall", NOW + s)) for s in (9, 10, 19, 20)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_newer_permit_replaces_the_older(session):
    older = grant(session, days=60)
    newer = grant(session, days=30)
    assert older.withdrawn_at == NOW
    assert registry.permit(session, "mall", NOW) is newer


def test_a_withdrawn_permit_keeps_its_reason(session):
    permit = grant(session)
    assert registry.withdraw(session, "mall", NOW + 5, "test", "closed") == 1
    kept = session.get_one(Permit, permit.id)
    assert (kept.withdrawn_at, kept.reason) == (NOW + 5, "closed")
    assert registry.permit(session, "mall", NOW + 5) is None


def test_a_permit_for_later_is_withdrawn_too(session):
    grant(session, valid_from=NOW + 100, valid_until=NOW + 200)
    assert registry.withdraw(session, "mall", NOW, "test", "closed") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"id": "Mall"},
        {"id": "-m"},
        {"kind": "casino"},
        {"names": Names("", "x")},
        {"names": Names("x", "a\nb")},
        {"address": "x" * 201},
        {"location": "here"},
        {"capacity": 0},
    ],
)
def test_a_venue_that_makes_no_sense_is_refused(session, change):
    with pytest.raises(FleetError):
        registry.add_venue(
            session,
            Place(**{"id": "new", "region": "ey", "kind": "mall", "names": NAMES} | change),
            NOW,
            "test",
        )
    assert session.get(Venue, "new") is None


def test_a_venue_with_everything_is_kept(session):
    place = Place("zoo", "cc", "park", NAMES, "Renmin Street 1", "43.8868,125.3245", 500)
    assert registry.add_venue(session, place, NOW, "test").capacity == 500
    with pytest.raises(ConflictError):
        registry.add_venue(session, place, NOW, "test")


@pytest.mark.parametrize("name", ["", "x" * 81, "a\nb", "a\u202eb", "葛\U000e0100"])
def test_a_name_that_no_assignment_can_carry_is_refused(session, name):
    for names in (Names(name, "name"), Names("名", name)):
        with pytest.raises(FleetError, match="a name has"):
            registry.add_venue(session, Place("hall", "ey", "mall", names), NOW, "test")


@pytest.mark.parametrize("capacity", [0, -1, 1_000_001, 2**70])
def test_a_capacity_that_no_assignment_can_carry_is_refused(session, capacity):
    with pytest.raises(FleetError, match="a capacity"):
        registry.add_venue(session, Place("hall", "ey", "mall", NAMES, capacity=capacity), NOW, "test")


def test_a_name_may_have_the_space_of_chinese_typography(session):
    assert registry.add_venue(session, Place("hall", "ey", "mall", Names("甲\u3000乙", "x")), NOW, "test")
