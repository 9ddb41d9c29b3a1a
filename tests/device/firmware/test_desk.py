"""Staff lanes, hours and capacity at a whole gate, and what it does when the other lanes fall silent."""

from dataclasses import replace

import pytest

from device.firmware.admit import Code, judge_code
from device.firmware.clock import Reading
from device.firmware.desk import Desk, Person, here_at
from device.firmware.errors import Unrecognised
from device.firmware.lane import Event as LaneEvent
from device.firmware.lane_table import On, State
from device.firmware.memory import Memory
from device.firmware.stage import Hand
from wire.documents import Direction, Hours, StaffRules
from wire.health import Trouble
from wire.messages import ClockTrust
from wire.reasons import Colour, Reason
from wire.status import StatusList
from wire.subjects import digest_of
from wire.topics import Down

ALICE, BOB = 1, 2
NOW_S, DAY_S = 1_795_000_000, 86_400
ROSTER = (digest_of(ALICE.to_bytes(16)),)
RULES = StaffRules(only=False, hours=(), attendants=())


def assigned(world, **changes):
    world.down(Down.ASSIGNMENT, world.authority.assignment(version=9, **changes))
    world.run(0.2)


def hours_at(world, *, opens_in_min, for_min=30):
    """A period that begins so many minutes from now, local time of the assignment."""
    minute = (world.now_s + 480 * 60) // 60 + opens_in_min
    day, begins = divmod(minute, 1440)
    return (Hours(weekday=(day + 3) % 7, opens_min=begins, closes_min=(begins + for_min) % 1440),)


def verdict_on(world, number):
    world.show(world.code(number))
    reason = world.stage.lane.reason
    if world.state is State.ADMITTING:
        world.walk_through()
    world.leave()
    return reason


def test_before_opening_staff_enter_and_visitors_are_asked_to_come_later(served):
    early = replace(RULES, hours=hours_at(served, opens_in_min=-10))
    assigned(served, staff=ROSTER, staff_rules=early, hours=hours_at(served, opens_in_min=60))
    assert served.state is State.IDLE
    assert verdict_on(served, BOB) is Reason.VISITORS_LATER
    assert verdict_on(served, ALICE) is Reason.STAFF


def test_a_staff_lane_knows_its_roster_and_its_hours(served):
    assigned(served, staff=ROSTER, staff_rules=replace(RULES, only=True))
    assert verdict_on(served, BOB) is Reason.STAFF_NOT_LISTED
    later = replace(RULES, only=True, hours=hours_at(served, opens_in_min=60))
    served.down(Down.ASSIGNMENT, served.authority.assignment(version=10, staff=ROSTER, staff_rules=later))
    served.run(0.2)
    assert verdict_on(served, ALICE) is Reason.STAFF_HOURS


def test_who_this_lane_let_in_joins_the_venues_count_before_the_fleet_says_so(served):
    assigned(served, capacity=2)
    state = served.authority.venue(issued=served.now_s, expires=served.now_s + 60, occupancy=1)
    served.down(Down.VENUE, state)
    served.run(0.2)
    assert verdict_on(served, ALICE) is Reason.GREEN
    assert verdict_on(served, BOB) is Reason.FULL


def test_the_way_out_is_open_when_the_venue_is_closed_and_full(served):
    closed = hours_at(served, opens_in_min=60)
    assigned(served, direction=Direction.EXIT, hours=closed, capacity=0, closed=True)
    served.down(
        Down.VENUE, served.authority.venue(issued=served.now_s, expires=served.now_s + 60, occupancy=3)
    )
    served.run(0.2)
    assert verdict_on(served, ALICE) is Reason.GREEN


def test_when_the_other_lanes_fall_silent_the_gate_decides_alone_and_says_so(served):
    found = served.stage.health
    assert Trouble.VENUE_STALE not in found.found
    assigned(served, capacity=1)
    served.run(1)
    assert Trouble.VENUE_STALE in found.found
    served.down(
        Down.VENUE, served.authority.venue(issued=served.now_s, expires=served.now_s + 15, occupancy=1)
    )
    served.run(1)
    assert Trouble.VENUE_STALE not in found.found
    assert verdict_on(served, ALICE) is Reason.FULL
    served.run(15)
    assert Trouble.VENUE_STALE in found.found
    assert verdict_on(served, ALICE) is Reason.GREEN


def full_after(served, capacity, occupancy):
    """Whether the next visitor is told to wait."""
    assigned(served, capacity=capacity)
    told = served.authority.venue(issued=served.now_s, expires=served.now_s + 60, occupancy=occupancy)
    served.down(Down.VENUE, told)
    served.run(0.2)


def test_who_shows_the_code_once_more_inside_stays_counted(served):
    full_after(served, 2, 1)
    assert verdict_on(served, ALICE) is Reason.GREEN
    assert verdict_on(served, ALICE) is Reason.PASSED_BEFORE
    assert verdict_on(served, BOB) is Reason.FULL


def test_who_is_let_in_by_hand_is_counted(served):
    full_after(served, 2, 1)
    now = served.gate.clock.read(served.mono, 0)
    served.stage.hand = Hand(word="help")
    served.stage.happen(LaneEvent(on=On.BUTTON), served.mono, now)
    served.walk_through()
    assert verdict_on(served, BOB) is Reason.FULL


def test_who_was_let_in_and_did_not_go_is_not_counted(served):
    full_after(served, 2, 1)
    served.show(served.code(ALICE))
    assert served.state is State.ADMITTING
    served.leave()
    assert verdict_on(served, BOB) is Reason.GREEN


def test_who_had_to_wait_is_measured_with_the_same_code_once_there_is_room(served):
    full_after(served, 1, 1)
    text = served.code(ALICE)
    served.show(text)
    assert served.stage.lane.reason is Reason.FULL
    served.look_at()
    served.run(4)
    full = served.authority.venue(version=2, issued=served.now_s, expires=served.now_s + 60, occupancy=0)
    served.down(Down.VENUE, full)
    served.run(0.2)
    served.show(text)
    assert served.stage.lane.reason is Reason.GREEN


@pytest.mark.parametrize("value", [0x5, 0x9])
def test_a_value_without_a_meaning_is_no_colour_by_now_either(served, value):
    now = served.gate.clock.read(served.mono, 0)
    person = served.gate.front.desk.examine(served.code(ALICE), served.mono, now)
    colours = served.authority.token(seq=2, values={0: value})
    served.beliefs.new_list("jl", 0, served.authority.list(colours), served.now_s)
    with pytest.raises(Unrecognised, match="without a meaning"):
        served.gate.front.desk.again(person, now)
    assert not served.gate.front.desk.may_attend(person, now)


def test_of_a_list_that_is_held_no_more_nothing_is_known_by_now(served):
    now = served.gate.clock.read(served.mono, 0)
    person = served.gate.front.desk.examine(served.code(ALICE), served.mono, now)
    served.beliefs.lists.clear()
    assert served.gate.front.desk.again(person, now).code.colour is None


def test_a_root_that_has_ended_vouches_for_nobody_though_trust_goes_on(authority, beliefs):
    end_s = beliefs.root.expires
    young = authority.trust(version=9, issued=end_s - 60, expires=end_s + 86_400)
    beliefs.new_trust(authority.sign(young), end_s - 1)
    green = Code(expires=end_s + 9, colour=Colour.GREEN, list_issued=end_s, proof_issued=end_s)

    def judged(now_s):
        reading = Reading(now_s * 1000, ClockTrust.SIGNED, 10)
        return judge_code(green, here_at(beliefs, reading, None, Memory()))

    assert (judged(end_s - 1), judged(end_s)) == (None, Reason.TRUST_OLD)


@pytest.mark.parametrize("years", [-2, 0.5])
def test_a_clock_that_nobody_vouches_for_makes_no_issuer_unknown(authority, beliefs, years):
    desk, text = Desk(beliefs, Memory()), authority.text(authority.claims(index=1))
    now_ms = int((NOW_S + years * 365 * DAY_S) * 1000)
    assert desk.examine(text, 0.0, Reading(now_ms, ClockTrust.SIGNED, 10)) is Reason.UNKNOWN_ISSUER
    person = desk.examine(text, 0.0, Reading(now_ms, ClockTrust.FLOOR, 10))
    assert isinstance(person, Person)
    assert judge_code(person.code, person.here) is Reason.CLOCK_DOUBT
    red = replace(authority.token(seq=2), statuses=StatusList(b"\xee" * 8))
    beliefs.new_list("jl", 0, authority.list(red), NOW_S)
    person = desk.examine(text, 0.0, Reading(now_ms, ClockTrust.FLOOR, 10))
    assert judge_code(person.code, person.here) is Reason.RED
