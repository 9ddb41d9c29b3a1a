"""A whole gate whose thermometer is miscalibrated, set wrongly or out of its mind: what people meet."""

from datetime import date

import pytest

from device.drivers import SensorIdentity
from device.firmware.calibration import Papers, Record, text
from device.firmware.senses import PAPERS_EVERY_S
from device.firmware.thermometry import Calibration
from wire.health import Trouble
from wire.messages import Event
from wire.reasons import Reason

CHIP = SensorIdentity("4a58100100000001", 0.98, "DCI", 5)


def record(**changes):
    fields = {
        "sensor": CHIP.id,
        "variant": "DCI",
        "emissivity": 0.98,
        "offset_c": 0.0,
        "gain": 1.0,
        "residual_c": 0.05,
        "points": ((35.0, 35.0), (39.0, 39.0)),
        "made": date(2026, 11, 1),
        "due": date(2027, 11, 1),
        "operator": "17",
        "black_body": "BB",
    }
    return text(Record(**(fields | changes)))


@pytest.fixture
def fitted(world, tmp_path, monkeypatch):
    """The world's gate, its thermometer with a number and a record."""
    world.chip = CHIP
    world.record = tmp_path / "calibration.toml"
    world.record.write_text(record())

    def identity():
        world.hands.read()
        return world.chip

    monkeypatch.setattr(world.hands, "identity", identity)
    senses = world.stage.health.organs.senses
    senses.papers = Papers(path=world.record, emissivity=0.98, settling=Calibration())
    world.online()
    world.run(2)
    return world


def troubles(world):
    return world.stage.health.found & {
        Trouble.THERMOMETER,
        Trouble.CALIBRATION,
        Trouble.CALIBRATION_DUE,
        Trouble.EMISSIVITY,
    }


def test_with_its_own_record_the_gate_measures_and_nothing_is_wrong(fitted):
    assert not troubles(fitted)
    fitted.show(fitted.code())
    assert fitted.verdicts() == [Reason.GREEN]


def test_with_another_sensors_record_people_are_referred_at_once_until_it_is_replaced(fitted):
    fitted.record.write_text(record(sensor="4a58100100000002"))
    fitted.run(PAPERS_EVERY_S + 2)
    assert troubles(fitted) == {Trouble.CALIBRATION}
    assert [entry.about for entry in fitted.journal(Event.FAULT)] == [int(Trouble.CALIBRATION)]
    fitted.show(fitted.code())
    assert fitted.verdicts() == [Reason.NO_TEMPERATURE]
    fitted.leave()
    fitted.record.write_text(record())
    fitted.run(PAPERS_EVERY_S + 2)
    assert not troubles(fitted)
    assert [entry.about for entry in fitted.journal(Event.FAULT_END)] == [int(Trouble.CALIBRATION)]
    fitted.show(fitted.code(number=7))
    assert fitted.verdicts()[-1] is Reason.GREEN


def test_a_chip_that_came_back_set_otherwise_refers_until_it_came_back_set_right(fitted):
    fitted.hands.broken.add("thermometer")
    fitted.chip = SensorIdentity(CHIP.id, 1.0, "DCI", 5)
    fitted.run(3)
    assert troubles(fitted) == {Trouble.THERMOMETER}
    fitted.hands.broken.clear()
    fitted.run(3)
    assert troubles(fitted) == {Trouble.CALIBRATION, Trouble.EMISSIVITY}
    fitted.show(fitted.code())
    assert fitted.verdicts() == [Reason.NO_TEMPERATURE]
    fitted.leave()
    fitted.hands.broken.add("thermometer")
    fitted.chip = CHIP
    fitted.run(3)
    fitted.hands.broken.clear()
    fitted.run(3)
    assert not troubles(fitted)


def test_without_a_record_the_gate_measures_and_says_that_calibration_is_due(fitted):
    fitted.record.unlink()
    fitted.run(PAPERS_EVERY_S + 2)
    assert troubles(fitted) == {Trouble.CALIBRATION_DUE}
    fitted.show(fitted.code(), object_c=34.6)
    assert fitted.verdicts() == [Reason.GREEN]


def test_an_absurd_ambient_is_a_fault_of_the_thermometer_and_heals(fitted):
    fitted.hands.ambient_c = 95.0
    fitted.run(2)
    assert troubles(fitted) == {Trouble.THERMOMETER}
    fitted.show(fitted.code())
    assert fitted.verdicts() == [Reason.NO_TEMPERATURE]
    fitted.hands.ambient_c = 23.0
    fitted.run(2)
    assert not troubles(fitted)
