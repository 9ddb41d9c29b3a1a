"""People at a venue as the day goes: hours that begin and end, ways in and out, lanes that know of others."""

from dataclasses import replace

from device.firmware import live
from device.firmware.config import example, read
from device.firmware.lane_table import State
from wire.documents import Direction, Hours, Recent
from wire.messages import Event
from wire.policy import DEFAULT
from wire.reasons import Reason
from wire.subjects import digest_of
from wire.topics import Down

OFFSET_S, DAY_MIN = 480 * 60, 1_440


def assign(world, version=5, **changes):
    more = {"expires": world.now_s + 10 * 86_400} | changes
    permission = replace(world.authority.assignment().permission, ends=world.now_s + 10 * 86_400)
    world.down(Down.ASSIGNMENT, world.authority.assignment(version=version, permission=permission, **more))
    world.run(0.2)


def clock(world):
    """Local day (Monday 0), the minute of it, and the second of that minute."""
    local_s = world.now_s + OFFSET_S
    day, second = divmod(local_s, 86_400)
    return (day + 3) % 7, *divmod(second, 60)


def until_minute(world, minute):
    """Let time pass up to the last second before this minute of the day."""
    _, now_min, second = clock(world)
    world.run(((minute - now_min) % DAY_MIN) * 60 - second - 1, 0.5)


def verdict_on(world, number):
    world.show(world.code(number))
    world.run(1)
    reason = world.stage.lane.reason
    if world.state is State.ADMITTING:
        world.walk_through()
    world.leave()
    return reason


def test_a_gate_closes_at_the_minute_and_opens_again_by_itself(served):
    day, minute, _ = clock(served)
    closes, opens = minute + 2, minute + 5
    hours = (
        Hours(weekday=day, opens_min=minute - 10, closes_min=closes),
        Hours(weekday=day, opens_min=opens, closes_min=opens + 10),
    )
    assign(served, hours=hours)
    assert verdict_on(served, 1) is Reason.GREEN
    until_minute(served, closes)
    assert served.state is State.IDLE
    served.run(2)
    assert (served.state, served.stage.lane.reason) == (State.OUT_OF_SERVICE, Reason.OUTSIDE_HOURS)
    assert served.presenter.card.en
    opened = served.hands.opened
    served.show(served.code(2))
    served.leave()
    assert served.hands.opened == opened
    until_minute(served, opens)
    assert served.state is State.OUT_OF_SERVICE
    served.run(2)
    assert served.state is State.IDLE
    assert verdict_on(served, 3) is Reason.GREEN


def test_a_closed_day_begins_and_ends_at_the_venues_own_midnight(served):
    today = (served.now_s + OFFSET_S) // 86_400
    always = tuple(Hours(weekday=day, opens_min=0, closes_min=DAY_MIN) for day in range(7))
    assign(served, hours=always, closed_days=(today,))
    served.run(1)
    assert (served.state, served.stage.lane.reason) == (State.OUT_OF_SERVICE, Reason.OUTSIDE_HOURS)
    _, minute, second = clock(served)
    served.run((DAY_MIN - minute) * 60 - second - 2, 5)
    served.run(1, 0.5)
    assert served.state is State.OUT_OF_SERVICE
    served.run(3, 0.5)
    assert served.state is State.IDLE


def tell(world, *recent):
    """The other lanes of the venue let these people through."""
    told = tuple(
        Recent(digest=digest_of(number.to_bytes(16)), at=at_s, direction=direction)
        for number, at_s, direction in recent
    )
    dates = {"issued": world.now_s - 1, "expires": world.now_s + 50}
    world.down(Down.VENUE, world.authority.venue(version=world.now_s, recent=told, **dates))
    world.run(0.2)


def test_who_came_in_at_another_lane_is_let_out_here_and_not_in_again(served):
    assign(served, direction=Direction.EXIT, policy=replace(DEFAULT, repeat_s=600))
    tell(served, (1, served.now_s - 5, Direction.ENTRY), (2, served.now_s - 5, Direction.EXIT))
    assert verdict_on(served, 1) is Reason.GREEN
    assert verdict_on(served, 2) is Reason.PASSED_BEFORE
    assert [one.direction for one in served.journal(Event.PASSAGE)] == [Direction.EXIT] * 2


def test_the_time_to_the_verdict_stands_in_the_event(served):
    served.look_at(served.code(1))
    served.run(2)
    served.hands.object_c = 35.0
    served.run(3)
    (entry,) = served.journal(Event.PASSAGE)
    assert 2_000 <= entry.took_ms <= 4_500


def test_nobody_who_may_log_in_reads_whose_forehead_is_how_warm(served, tmp_path):
    config = read(example(gate="0123456789ab", data=str(tmp_path)).encode(), "gate.toml")
    served.show(served.code(1))
    told = live.told(served.gate, config.gate, 0.0, served.mono)
    assert "ambient_c100" in told.gauges
    assert not [name for name in told.gauges if "object" in name]


def test_who_went_out_at_another_lane_may_come_in_here(served):
    assign(served, policy=replace(DEFAULT, repeat_s=600))
    assert verdict_on(served, 1) is Reason.GREEN
    tell(served, (1, served.now_s, Direction.EXIT))
    assert verdict_on(served, 1) is Reason.GREEN
