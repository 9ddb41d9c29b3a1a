"""What goes wrong at the barrier, from the contact to the trouble, the event and the healing."""

import pytest

from device.drivers import InputKind
from device.firmware.door import STUCK_AFTER
from device.firmware.lane_table import State
from wire.health import Trouble
from wire.messages import Event


@pytest.fixture
def fitted(served):
    """A gate with a door contact and a light beam, both at rest."""
    served.hands.touch(InputKind.DOOR, False)
    served.hands.touch(InputKind.PASSAGE, False)
    served.run(0.5)
    return served


def words(world, kind):
    return [entry.word for entry in world.journal(kind)]


def test_a_forced_door_is_an_event_and_a_trouble_until_it_shuts(fitted):
    fitted.hands.touch(InputKind.DOOR, True)
    fitted.run(1)
    assert len(fitted.journal(Event.FORCED_OPEN)) == 1
    assert Trouble.STANDS_OPEN in fitted.stage.health.found
    assert words(fitted, Event.FAULT) == ["stands_open"]
    assert fitted.state is State.IDLE  # people are served all the same
    fitted.hands.touch(InputKind.DOOR, False)
    fitted.run(1)
    assert Trouble.STANDS_OPEN not in fitted.stage.health.found
    assert words(fitted, Event.FAULT_END) == ["stands_open"]


def test_a_barrier_that_does_not_move_is_a_trouble_until_it_does(fitted):
    for person in range(STUCK_AFTER):
        fitted.hands.opened = 0
        fitted.show(fitted.code(person + 1))
        fitted.run(1)
        assert fitted.hands.opened == 1
        fitted.walk_through()
        fitted.leave()
    fitted.run(1)
    assert Trouble.DOES_NOT_OPEN in fitted.stage.health.found
    assert words(fitted, Event.FAULT) == ["does_not_open"]
    fitted.show(fitted.code(9))
    fitted.run(1)
    fitted.hands.touch(InputKind.DOOR, True)
    fitted.run(1)
    assert Trouble.DOES_NOT_OPEN not in fitted.stage.health.found
    assert words(fitted, Event.FAULT_END) == ["does_not_open"]


def test_a_contact_that_chatters_is_one_trouble_and_no_flood(fitted):
    fitted.hands.chattering = frozenset({InputKind.TAMPER})
    for n in range(50):
        fitted.hands.touch(InputKind.TAMPER, n % 2 == 0)
        fitted.run(0.5)
    assert not fitted.journal(Event.TAMPER)
    assert words(fitted, Event.FAULT) == ["contact_chatters"]
    assert Trouble.CONTACT_CHATTERS in fitted.stage.health.found
    fitted.hands.chattering = frozenset()
    fitted.run(1)
    assert words(fitted, Event.FAULT_END) == ["contact_chatters"]


def test_people_get_in_though_the_beam_chatters(fitted):
    fitted.hands.chattering = frozenset({InputKind.PASSAGE})
    fitted.show(fitted.code(1))
    fitted.run(1)
    assert fitted.state is State.ADMITTING
    fitted.run(4)
    assert fitted.state is State.IDLE
    assert not fitted.journal(Event.NOT_PASSED)  # nobody can know
