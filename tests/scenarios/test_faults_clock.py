"""The clock's faults: whatever the board or a thief of keys says, nobody is admitted on a wrong clock."""

import datetime as dt
from dataclasses import replace

import pytest

from device.firmware.clock import LATEST_MS
from wire.documents import Role
from wire.health import Trouble
from wire.keys import PrivateKey
from wire.messages import ClockTrust, Event
from wire.reasons import Reason, Verdict, verdict_of
from wire.topics import All, Down

GATE = "0123456789ab"
NOW_S = 1_795_000_000
HOUR_S, DAY_S, YEAR_S = 3_600, 86_400, 365 * 86_400
YEAR_9999_S = int(dt.datetime(9999, 1, 1, tzinfo=dt.UTC).timestamp())


def ahead(world, wrong_s):
    """The board's own clock is wrong by so much."""
    world.gate.system_ms = lambda: round((NOW_S + world.mono - 1_000 + wrong_s) * 1_000)


def at(world, unix_s):
    world.gate.system_ms = lambda: round((unix_s + world.mono - 1_000) * 1_000)


def answer(world):
    """The fleet answers hello at once; an old hello's answer is vague, and the gate says hello again."""
    for _ in range(700):
        if world.gate.office.greeting.waiting_since is not None:
            say_time(world, NOW_S + world.mono - 1_000)
            world.run(0.1)
        if reading(world).doubt_ms < 1_000 and reading(world).trust is ClockTrust.SIGNED:
            break
        world.run(0.05)
    world.run(1)


def say_time(world, now_s, *, to_all=False):
    more = {} if to_all else {"audience": GATE, "nonce": b"n" * 16}
    held = world.beliefs.held()
    document = world.authority.time(
        now_ms=int(now_s * 1_000), root=held.root, trust=held.trust, lists=held.lists, **more
    )
    world.down(All.TIME if to_all else Down.TIME, document)


def verdict_about(world, number=1):
    """What somebody with a green code and no fever hears; None when the gate does not serve."""
    before = len(world.verdicts())
    world.show(world.code(number))
    reasons = world.verdicts()[before:]
    if reasons == [Reason.GREEN]:
        world.walk_through()
    world.leave()
    return reasons[0] if reasons else None


def reading(world):
    return world.gate.clock.read(world.mono, world.gate.system_ms())


@pytest.fixture
def connected(world):
    world.broker.connected = True
    return world


@pytest.mark.parametrize("wrong_s", [-HOUR_S, YEAR_S, -NOW_S], ids=["an hour back", "a year ahead", "1970"])
def test_at_boot_a_wrong_clock_admits_nobody_and_heals_with_the_answer(connected, wrong_s):
    ahead(connected, wrong_s)
    connected.run(1)
    assert Trouble.CLOCK_DOUBT in connected.stage.health.found
    reason = verdict_about(connected)
    assert reason is None or verdict_of(reason) is not Verdict.ADMIT
    answer(connected)
    assert Trouble.CLOCK_DOUBT not in connected.stage.health.found
    assert abs(reading(connected).now_ms - connected.now_s * 1_000) < 2_000
    assert verdict_about(connected, 2) is Reason.GREEN


@pytest.mark.parametrize("wrong_s", [-HOUR_S, YEAR_S, -NOW_S], ids=["an hour back", "a year ahead", "1970"])
def test_at_work_a_clock_that_is_set_wrong_changes_nothing(served, wrong_s):
    assert verdict_about(served, 1) is Reason.GREEN
    ahead(served, wrong_s)
    served.run(5)
    assert Trouble.CLOCK_DOUBT not in served.stage.health.found
    assert abs(reading(served).now_ms - served.now_s * 1_000) < 2_000
    assert verdict_about(served, 2) is Reason.GREEN
    assert not served.journal(Event.CLOCK_STEP)


def test_a_hostile_time_server_that_steps_every_second_moves_nothing_while_signed_time_holds(served):
    seen = []
    for second in range(120):
        ahead(served, (-1) ** second * (second + 1) * HOUR_S)
        served.run(1)
        seen.append(reading(served).now_ms - served.now_s * 1_000)
    assert max(map(abs, seen)) < 2_000
    assert not served.journal(Event.CLOCK_STEP)
    assert verdict_about(served) is Reason.GREEN


def test_without_signed_time_the_steps_fill_no_journal_and_nobody_is_admitted(connected):
    for second in range(180):
        ahead(connected, (second % 2) * DAY_S)
        connected.run(1)
    assert 2 <= len(connected.journal(Event.CLOCK_STEP)) <= 4
    reason = verdict_about(connected)
    assert reason is None or verdict_of(reason) is not Verdict.ADMIT
    answer(connected)
    assert verdict_about(connected, 2) is Reason.GREEN


def test_a_replayed_broadcast_after_a_long_power_off_moves_nothing_back(connected):
    at(connected, 0)  # no battery
    old = connected.authority.time(now_ms=(NOW_S - 30 * DAY_S) * 1_000)
    connected.store.floor_ms = NOW_S * 1_000
    connected.gate.clock.believe(connected.store.floor_ms)
    for _ in range(10):
        connected.down(All.TIME, old)
        connected.run(1)
    assert reading(connected).now_ms >= NOW_S * 1_000
    assert Trouble.CLOCK_DOUBT in connected.stage.health.found
    answer(connected)
    assert verdict_about(connected) is Reason.GREEN


def test_a_replayed_answer_to_an_earlier_session_is_no_answer(connected):
    connected.run(1)
    document = connected.authority.time(audience=GATE, nonce=b"o" * 16, now_ms=(NOW_S - DAY_S) * 1_000)
    connected.down(Down.TIME, document)
    connected.run(1)
    assert reading(connected).trust is not ClockTrust.SIGNED
    reason = verdict_about(connected)
    assert reason is None or verdict_of(reason) is not Verdict.ADMIT
    answer(connected)
    assert verdict_about(connected, 2) is Reason.GREEN


def test_a_replayed_answer_of_this_session_takes_nothing_back(served):
    served.run(HOUR_S, 5)
    say_time(served, NOW_S)
    served.run(1)
    assert abs(reading(served).now_ms - served.now_s * 1_000) < 2_000


def test_a_stolen_timekeeper_can_stop_a_gate_but_open_none_and_its_dates_go_with_its_key(served):
    old_roots = served.authority.signers(Role.ROOT)
    say_time(served, YEAR_9999_S, to_all=True)
    served.run(61)
    assert not served.stage.health.ready or Trouble.TRUST_EXPIRED in served.stage.health.found
    reason = verdict_about(served)
    assert reason is None or verdict_of(reason) is not Verdict.ADMIT
    assert served.journal(Event.CLOCK_STEP)  # it is written down, and goes to the fleet
    assert served.store.floor_ms <= served.beliefs.root.expires * 1_000
    served.authority.keys[Role.TIMEKEEPER] = [PrivateKey.generate()]
    root = served.authority.next_root(2, old_roots)
    served.down(All.ROOT, served.authority.root(2))
    served.broker.incoming[-1] = replace(served.broker.incoming[-1], payload=root)
    served.run(1)
    assert served.beliefs.root.version == 2
    assert served.store.floor_ms < NOW_S * 1_000
    answer(served)
    served.run(61)
    assert Trouble.CLOCK_DOUBT not in served.stage.health.found
    assert abs(reading(served).now_ms - served.now_s * 1_000) < 2_000
    assert verdict_about(served, 2) is Reason.GREEN


def test_what_a_stolen_timekeeper_signed_is_kept_to_the_roots_end_at_most(served):
    say_time(served, LATEST_MS // 1_000, to_all=True)
    served.run(1)
    served.gate.office.stop()
    assert served.store.floor_ms == served.beliefs.root.expires * 1_000
