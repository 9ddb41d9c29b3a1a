"""One barrier with its contacts, second by second."""

import pytest

from device.drivers import DriverError, InputChange, InputKind
from device.firmware.door import FORCED_GRACE_S, RETRY_S, STUCK_AFTER, Door, Happening

PULSE_S, LONGEST_S = 0.8, 8.0
DOOR, PASSAGE, FIRE, TAMPER, BUTTON = (
    InputKind.DOOR,
    InputKind.PASSAGE,
    InputKind.FIRE,
    InputKind.TAMPER,
    InputKind.BUTTON,
)


class Site:
    """Relay and contacts, and a clock; `run` steps the door as the loop does."""

    def __init__(self, kind="turnstile", fitted=(DOOR, PASSAGE, FIRE, TAMPER, BUTTON)):
        self.is_open = self.broken = self.unreadable = False
        self.levels = dict.fromkeys(fitted, False)
        self.changes, self.chattering = [], frozenset()
        self.now_s = 100.0
        self.door = Door(self, self, kind=kind)

    def open(self):
        self.need()
        self.is_open = True

    def close(self):
        self.need()
        self.is_open = False

    def need(self):
        if self.broken:
            raise DriverError("stuck")

    def poll(self):
        changes, self.changes = tuple(self.changes), []
        return changes

    def level(self, kind):
        if self.unreadable:
            raise DriverError("gone")
        return self.levels.get(kind)

    def touch(self, kind, active):
        self.levels[kind] = active
        self.changes.append(InputChange(kind, active, self.now_s))

    def run(self, for_s=0.1):
        happened, end_s = [], self.now_s + for_s
        while self.now_s < end_s - 1e-9:
            self.now_s += 0.1
            happened += self.door.step(self.now_s, LONGEST_S)
        return happened

    def let_in(self, hold_s=PULSE_S):
        self.door.open(self.now_s, hold_s, LONGEST_S)

    def shut(self):
        self.door.close(self.now_s)

    def through(self):
        self.touch(PASSAGE, True)
        happened = self.run(0.3)
        self.touch(PASSAGE, False)
        return happened + self.run()


@pytest.fixture
def site():
    return Site()


@pytest.fixture
def strike():
    return Site(kind="door")


def test_a_turnstile_is_driven_for_the_whole_pulse(site):
    site.let_in()
    site.touch(DOOR, True)
    site.run(0.6)
    assert site.is_open
    site.run(0.3)
    assert not site.is_open


def test_a_strike_is_let_go_as_soon_as_the_leaf_has_moved(strike):
    strike.let_in(5.0)
    strike.run(1.0)
    assert strike.is_open
    strike.touch(DOOR, True)
    assert strike.run() == []
    assert not strike.is_open
    strike.touch(DOOR, False)
    assert strike.run(10) == []


def test_a_strike_whose_leaf_does_not_move_is_let_go_after_its_pulse(strike):
    strike.let_in()
    strike.run(0.9)
    assert not strike.is_open


def test_a_strike_without_a_contact_has_its_pulse_alone():
    bare = Site(kind="door", fitted=())
    bare.let_in()
    bare.run(0.5)
    assert bare.is_open
    bare.run(0.4)
    assert not bare.is_open
    assert not bare.door.has_passage_sensor


def test_a_strike_that_fire_released_stays_released(strike):
    strike.let_in(None)
    strike.touch(DOOR, True)
    strike.run(60)
    assert strike.is_open


def test_no_pulse_is_longer_than_the_longest_open_time(site):
    site.door.open(site.now_s, 3600.0, LONGEST_S)
    site.run(LONGEST_S - 0.2)
    assert site.is_open
    site.run(0.4)
    assert not site.is_open


def test_the_second_hand_is_armed_for_no_longer_either():
    armed = []

    class Hand:
        def arm(self, hold_s):
            armed.append(hold_s)

        def disarm(self):
            armed.append(None)

    site = Site()
    site.door.deadman = Hand()
    site.let_in(3600.0)
    site.shut()
    site.let_in(None)
    assert armed == [LONGEST_S, None, None]


def test_somebody_steps_in_and_is_through(site):
    site.let_in()
    site.touch(PASSAGE, True)
    assert site.run() == [Happening.STEPPED_IN]
    assert site.door.somebody_inside
    site.touch(PASSAGE, False)
    assert site.run() == [Happening.PASSED]
    assert not site.door.somebody_inside


def test_the_one_before_who_leaves_late_is_not_the_one_after(site):
    site.let_in()
    site.touch(PASSAGE, True)
    assert site.run() == [Happening.STEPPED_IN]
    site.shut()
    site.let_in()  # the next one, while the first still stands in the beam
    assert not site.door.somebody_inside
    site.touch(PASSAGE, False)
    assert site.run() == []
    assert site.through() == [Happening.STEPPED_IN, Happening.PASSED]


def test_an_edge_that_was_only_polled_after_the_opening_is_nobodys(site):
    site.touch(PASSAGE, True)
    site.now_s += 0.05
    site.let_in()
    assert site.run() == []
    assert not site.door.somebody_inside


def test_who_runs_through_a_shut_barrier_has_not_passed(site):
    assert site.through() == []


def test_a_leaf_that_nobody_was_let_through_is_forced_and_stands_open_until_it_shuts(site):
    site.touch(DOOR, True)
    assert site.run() == [Happening.FORCED_OPEN]
    assert site.door.stands_open
    assert site.run(LONGEST_S + 1) == [Happening.HELD_OPEN]
    assert site.run(60) == []
    site.touch(DOOR, False)
    site.run()
    assert not site.door.stands_open


def test_a_relay_that_sticks_is_seen_at_the_leaf(site):
    site.let_in()
    site.through()
    site.shut()
    site.run(FORCED_GRACE_S + 1)
    site.touch(DOOR, True)  # the next one just walks on: nobody opened
    assert site.run() == [Happening.FORCED_OPEN]
    assert site.door.stands_open


def test_a_leaf_held_open_for_too_long_is_said_once_and_stands_open(site):
    site.let_in()
    site.touch(DOOR, True)
    assert site.run(LONGEST_S - 0.5) == []
    assert not site.door.stands_open
    assert site.run(5) == [Happening.HELD_OPEN]
    assert site.door.stands_open
    site.touch(DOOR, False)
    site.run()
    assert not site.door.stands_open


def test_a_door_that_a_stream_of_people_keeps_open_is_not_held(strike):
    happened = []
    strike.let_in()
    strike.touch(DOOR, True)
    for _ in range(10):
        happened += strike.through()
        strike.shut()
        happened += strike.run(2.0)
        strike.let_in()
    assert set(happened) == {Happening.STEPPED_IN, Happening.PASSED}
    strike.shut()
    assert strike.run(LONGEST_S + 1) == [Happening.HELD_OPEN]


def test_a_leaf_that_opened_in_time_and_was_polled_late_is_not_forced(site):
    site.let_in()
    site.touch(DOOR, True)
    site.now_s += 60  # the loop was held up
    assert Happening.FORCED_OPEN not in site.run()


def test_while_fire_holds_the_way_open_nothing_is_forced_or_held(site):
    site.touch(FIRE, True)
    assert site.run() == [Happening.FIRE]
    assert site.door.fire
    site.let_in(None)
    site.touch(DOOR, True)
    assert site.run(600) == []
    assert not site.door.stands_open
    site.touch(FIRE, False)
    assert site.run() == [Happening.FIRE_OVER]


def tried(site, *, steps_in=True):
    """Somebody is let in, tries, and the leaf does not move."""
    site.let_in()
    if steps_in:
        site.through()
    site.run(1)
    site.shut()


def test_a_leaf_that_never_moves_although_people_try_does_not_open_and_heals_when_it_moves(site):
    for _ in range(STUCK_AFTER):
        assert not site.door.does_not_open
        tried(site)
    assert site.door.does_not_open
    site.let_in()
    site.touch(DOOR, True)
    site.run()
    assert not site.door.does_not_open


def test_a_barrier_that_nobody_came_to_is_not_broken(site):
    for _ in range(10):
        tried(site, steps_in=False)
    assert not site.door.does_not_open


def test_without_a_passage_sensor_an_unmoved_leaf_is_enough():
    site = Site(fitted=(DOOR,))
    for _ in range(STUCK_AFTER):
        tried(site, steps_in=False)
    assert site.door.does_not_open


@pytest.mark.parametrize("fitted", [(), (PASSAGE,)])
def test_without_a_door_contact_nobody_knows_whether_it_moves(fitted):
    site = Site(fitted=fitted)
    for _ in range(10):
        tried(site)
    assert not site.door.does_not_open


def test_openings_that_fire_made_or_that_found_the_leaf_open_do_not_count(site):
    site.touch(DOOR, True)
    site.run()
    for _ in range(10):
        tried(site)
    site.touch(DOOR, False)
    site.run()
    for _ in range(10):
        site.let_in(None)
        site.through()
        site.shut()
    assert not site.door.does_not_open


def test_one_movement_begins_the_count_anew(site):
    for _ in range(10):
        tried(site)
        tried(site)
        site.let_in()
        site.touch(DOOR, True)
        site.run(0.2)
        site.touch(DOOR, False)
        site.run(0.2)
        site.shut()
    assert not site.door.does_not_open


@pytest.mark.parametrize("kind", [DOOR, TAMPER, BUTTON, PASSAGE])
def test_a_contact_that_chatters_is_a_trouble_and_makes_no_events(site, kind):
    site.chattering = frozenset({kind})
    site.let_in()
    site.run(1)
    site.shut()
    site.run(10)
    site.touch(kind, True)
    assert site.run(60) == []
    site.touch(kind, False)
    assert site.run(60) == []
    assert site.door.chatters


def test_what_a_chattering_contact_says_at_last_is_known_all_the_same(site):
    site.chattering = frozenset({DOOR, TAMPER})
    site.touch(DOOR, True)
    site.touch(TAMPER, True)
    site.run()
    assert site.door.stands_open
    assert site.door.tamper


def test_a_chattering_fire_contact_is_a_fire(site):
    site.chattering = frozenset({FIRE})
    site.touch(FIRE, True)
    assert site.run() == [Happening.FIRE]


def test_a_passage_sensor_that_chatters_is_no_sensor(site):
    assert site.door.has_passage_sensor
    site.chattering = frozenset({PASSAGE})
    assert not site.door.has_passage_sensor


def test_a_relay_that_cannot_be_switched_is_tried_again(site):
    site.let_in()
    site.broken = True
    site.run(1)
    assert not site.door.working
    assert site.door.failure == "stuck"
    site.broken = False
    site.run(RETRY_S + 0.2)
    assert site.door.working
    assert not site.is_open


def test_a_release_that_failed_is_tried_until_the_way_is_open(site):
    site.broken = True
    with pytest.raises(DriverError):
        site.let_in(None)
    site.run(RETRY_S + 0.2)
    site.broken = False
    site.run(RETRY_S + 0.2)
    assert site.is_open
    assert site.door.working


def test_contacts_that_cannot_be_read_are_no_contacts(site):
    site.unreadable = True
    assert not site.door.has_passage_sensor
    for _ in range(10):
        site.let_in()
        site.run(1)
        site.shut()
    assert not site.door.does_not_open


def test_button_and_case_are_told(site):
    site.touch(BUTTON, True)
    site.touch(TAMPER, True)
    site.touch(BUTTON, False)
    site.touch(TAMPER, False)
    assert site.run() == [Happening.BUTTON, Happening.TAMPER, Happening.TAMPER_OVER]
    assert not site.door.tamper
