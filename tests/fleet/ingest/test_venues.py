"""What the lanes of a venue tell each other by way of the fleet."""

from dataclasses import replace

import pytest

from device.firmware.memory import last_elsewhere
from fleet.models import Assignment, Gate, Region, Venue
from wire import envelope, topics
from wire.documents import Assignment as Body
from wire.documents import Direction, Permission, VenueState
from wire.messages import Event
from wire.policy import DEFAULT
from wire.reasons import Reason, Verdict
from wire.subjects import digest_of
from wire.topics import Down

NOW = 1_795_000_000  # 2026-11-18 19:06:40 in Shanghai
MIDNIGHT = 1_795_017_600  # five hours later
ALICE, BOB = b"a" * 16, b"b" * 16
NOBODY = {"verdict": None, "reason": None, "colour": None, "issuer": None, "subject": None, "took_ms": None}
SILENT = NOBODY | {"temperature": None}


def place(database, venue: str, capacity: int | None, *gates: str) -> None:
    with database.session() as session:
        if session.get(Region, "cc") is None:
            session.add(Region(id="cc", level=2, name_zh="长春市", name_en="Changchun"))
            session.flush()
        if session.get(Venue, venue) is None:
            session.add(
                Venue(
                    id=venue,
                    region_id="cc",
                    kind="mall",
                    name_zh="",
                    name_en="",
                    capacity=capacity,
                    created_at=0,
                )
            )
            session.flush()
        for gate in gates:
            session.get_one(Gate, gate).venue_id = venue


@pytest.fixture
def lanes(fleet, gate, database, another_gate, know):
    """Two lanes of one venue, and the fleet knows."""
    another_gate.id = "ba9876543210"
    know(database, another_gate)
    place(database, "mall", None, gate.id, another_gate.id)
    with database.session() as session:
        session.get_one(Gate, another_gate.id).direction = "out"
    fleet.worker.look(NOW)
    told(fleet, 0.0)
    return gate, another_gate


def told(fleet, mono: float, now: int = NOW) -> dict[str, VenueState]:
    kid = {fleet.signer.public.kid: fleet.signer.public}
    return {
        topic: envelope.verify(VenueState, data, kid) for topic, data in fleet.venues.due(mono, now * 1000)
    }


def of(gate) -> str:
    return topics.down(gate.id, Down.VENUE)


def let_in(gate, subject: bytes, **fields) -> None:
    gate.grow(1, subject=subject, **fields)


def then(gate, kind: Event, **fields) -> None:
    gate.grow(1, kind=kind, about=len(gate.events), **(SILENT | fields))


def say(fleet, gate, first: int, now: int = NOW) -> None:
    fleet.hear(gate.batch(first, len(gate.events)), now=now)


def test_the_other_lane_learns_who_was_let_through_and_the_own_one_does_not(fleet, lanes):
    one, two = lanes
    let_in(one, ALICE)
    then(one, Event.PASSED)
    say(fleet, one, 1)
    states = told(fleet, 1.0)
    assert states[of(one)].recent == ()
    (recent,) = states[of(two)].recent
    assert (recent.digest, recent.at, recent.direction) == (digest_of(ALICE), NOW, Direction.ENTRY)
    assert [state.occupancy for state in states.values()] == [1, 1]
    assert {topic.split("/")[2] for topic in states} == {state.audience for state in states.values()}


def test_a_gate_that_believes_it_refuses_until_the_state_is_stale(fleet, lanes):
    one, two = lanes
    let_in(one, ALICE)
    say(fleet, one, 1)
    state = told(fleet, 1.0)[of(two)]
    there = last_elsewhere(state, ALICE, NOW + 14)
    assert (there.at, there.direction) == (NOW, Direction.ENTRY)
    assert last_elsewhere(state, BOB, NOW + 14) is None
    assert last_elsewhere(state, ALICE, NOW + 15) is None


@pytest.mark.parametrize("late", [False, True], ids=["in order", "the verdict comes last"])
def test_who_did_not_go_through_may_try_the_other_lane(fleet, lanes, late):
    one, two = lanes
    let_in(one, ALICE)
    then(one, Event.NOT_PASSED)
    said = [one.batch(1, 1), one.batch(2, 2)]
    fleet.hear(*(reversed(said) if late else said))
    assert told(fleet, 1.0)[of(two)].recent == ()
    assert told(fleet, 6.1)[of(two)].occupancy == 0


def test_who_was_refused_is_nobodys_business(fleet, lanes):
    one, two = lanes
    let_in(one, ALICE, verdict=Verdict.DENY, reason=Reason.RED)
    say(fleet, one, 1)
    assert told(fleet, 1.0)[of(two)].recent == ()


def test_exits_are_subtracted_and_a_hand_opening_counts_when_somebody_passed(fleet, lanes):
    one, two = lanes
    for subject in (ALICE, BOB):
        let_in(one, subject)
        then(one, Event.PASSED)
    one.grow(1, kind=Event.OPENED_BY_HAND, word="button", **SILENT)
    then(one, Event.PASSED)
    say(fleet, one, 1)
    let_in(two, ALICE, direction=Direction.EXIT)
    then(two, Event.PASSED, direction=Direction.EXIT)
    say(fleet, two, 1)
    assert told(fleet, 1.0)[of(one)].occupancy == 2


def test_nobody_counts_twice_and_more_exits_than_entries_are_none(fleet, lanes):
    one, two = lanes
    let_in(two, ALICE, direction=Direction.EXIT)
    then(two, Event.PASSED, direction=Direction.EXIT)
    say(fleet, two, 1)
    say(fleet, two, 1)
    assert told(fleet, 1.0)[of(one)].occupancy == 0
    for _ in range(2):
        let_in(one, BOB)
        then(one, Event.PASSED)
    say(fleet, one, 1)
    assert told(fleet, 2.0)[of(one)].occupancy == 1


def test_a_change_is_told_at_once_and_then_gathered(fleet, lanes):
    one, _ = lanes
    assert fleet.venues.due_in(1.0) is None
    let_in(one, ALICE)
    say(fleet, one, 1)
    assert fleet.venues.due_in(1.0) == 0
    assert told(fleet, 1.0)
    let_in(one, BOB)
    say(fleet, one, 2)
    assert fleet.venues.due_in(1.1) == pytest.approx(0.1)
    assert told(fleet, 1.1) == {}
    assert told(fleet, 1.25)


def test_it_is_told_again_before_it_is_stale_and_only_while_it_says_something(fleet, lanes):
    one, two = lanes
    assert told(fleet, 100.0) == {}
    let_in(one, ALICE)
    say(fleet, one, 1)
    first = told(fleet, 101.0)[of(two)]
    assert told(fleet, 103.0) == {}
    again = told(fleet, 106.5, NOW + 5)[of(two)]
    assert again.version > first.version
    assert again.recent == first.recent
    assert first.expires - first.issued == 15
    assert told(fleet, 170.0, NOW + 61) == {}  # the window is over, nobody counts people here


def test_the_state_is_rebuilt_after_a_restart(fleet, lanes):
    one, two = lanes
    let_in(one, ALICE)
    then(one, Event.PASSED)
    let_in(one, BOB)
    then(one, Event.NOT_PASSED)
    say(fleet, one, 1)
    before = told(fleet, 1.0)[of(two)]
    fleet.start()
    after = told(fleet, 0.0)[of(two)]
    assert (after.recent, after.occupancy) == (before.recent, before.occupancy)
    assert len(after.recent) == 1
    assert after.occupancy == 1


def test_at_midnight_of_the_fleets_zone_nobody_is_inside(fleet, lanes):
    one, two = lanes
    let_in(one, ALICE)
    then(one, Event.PASSED)
    say(fleet, one, 1)
    assert told(fleet, 1.0)[of(two)].occupancy == 1
    let_in(one, BOB, at_ms=(MIDNIGHT + 5) * 1000)
    then(one, Event.PASSED, at_ms=(MIDNIGHT + 7) * 1000)
    say(fleet, one, 3, now=MIDNIGHT + 8)
    assert told(fleet, 2.0, MIDNIGHT + 8)[of(two)].occupancy == 1
    let_in(one, BOB)  # from the backlog of yesterday
    then(one, Event.PASSED)
    say(fleet, one, 5, now=MIDNIGHT + 9)
    assert told(fleet, 3.0, MIDNIGHT + 9)[of(two)].occupancy == 1


def test_a_single_gate_hears_of_its_venue_only_where_people_are_counted(fleet, gate, database):
    place(database, "kiosk", None, gate.id)
    fleet.worker.look(NOW)
    assert told(fleet, 0.0) == {}
    place(database, "pool", 30, gate.id)
    fleet.worker.look(NOW)
    assert told(fleet, 1.0)[of(gate)].occupancy == 0
    assert told(fleet, 7.0)[of(gate)].occupancy == 0  # again: unknown is not the same as nobody


def test_where_nobody_sees_people_leave_a_venue_never_fills(fleet, lanes, database):
    one, two = lanes
    with database.session() as session:
        session.get_one(Gate, two.id).direction = "in"
    fleet.worker.look(NOW)
    let_in(one, ALICE)
    then(one, Event.PASSED)
    say(fleet, one, 1)
    state = told(fleet, 1.0)[of(two)]
    assert (state.occupancy, len(state.recent)) == (0, 1)


def test_a_longer_window_brings_back_who_passed_before_it_was_known(fleet, lanes, database):
    one, two = lanes
    let_in(one, ALICE)
    say(fleet, one, 1)
    assert told(fleet, 70.0, NOW + 70)[of(two)].recent == ()
    body = Body(
        version=1,
        issued=0,
        expires=2**40,
        audience=two.id,
        venue="mall",
        venue_zh="",
        venue_en="",
        category="mall",
        location="",
        permission=Permission(region="cc", scope="entry", begins=0, ends=1),
        lane="1",
        direction=Direction.ENTRY,
        policy=replace(DEFAULT, repeat_s=3600),
        staff=(),
        hours=(),
        closed_days=(),
        utc_offset_min=480,
        closed=False,
    )
    with database.session() as session:
        session.add(Assignment(gate_id=two.id, version=1, body=envelope.write_body(body), updated_at=0))
    fleet.worker.look(NOW + 71)
    assert len(told(fleet, 71.0, NOW + 71)[of(two)].recent) == 1


def test_a_gate_that_leaves_the_venue_hears_no_more_of_it(fleet, lanes, database):
    one, two = lanes
    with database.session() as session:
        session.get_one(Gate, two.id).revoked_at = NOW
    fleet.worker.look(NOW)
    let_in(one, ALICE)
    say(fleet, one, 1)
    assert told(fleet, 1.0) == {}
