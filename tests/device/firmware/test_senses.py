from dataclasses import replace
from datetime import date

import pytest

from device.drivers import Sample, SensorFault, SensorIdentity, ThermometerCounters
from device.firmware.calibration import Papers, Record, text
from device.firmware.senses import EVERY_S, FAILURES, FROZEN, PAPERS_EVERY_S, Senses
from device.firmware.thermometry import Calibration, Hint, Measurement
from wire.policy import Site

NOW_S = 1_795_000_000  # November 2026
CHIP = SensorIdentity("4a58100100000001", 0.98, "DCI", 5)


class Chip:
    """A thermometer in memory."""

    counters = ThermometerCounters()

    def __init__(self):
        self.identity_is = CHIP
        self.object_c, self.ambient_c = 35.0, 23.0
        self.gone = self.deaf = False
        self.asked = 0
        self.now_s = 0.0

    def read(self):
        if self.gone:
            raise SensorFault("the wires are loose", retries=3)
        return Sample(self.object_c, self.ambient_c, self.now_s)

    def identity(self):
        self.asked += 1
        if self.gone or self.deaf:
            raise SensorFault("the wires are loose", retries=3)
        return self.identity_is

    def close(self):
        pass


def record(**changes):
    fields = {
        "sensor": CHIP.id,
        "variant": "DCI",
        "emissivity": 0.98,
        "offset_c": 0.1,
        "gain": 1.0,
        "residual_c": 0.05,
        "points": ((35.0, 34.9), (39.0, 38.9)),
        "made": date(2026, 11, 1),
        "due": date(2027, 11, 1),
        "operator": "17",
        "black_body": "BB",
    }
    return text(Record(**(fields | changes)))


class Bench:
    def __init__(self, place):
        self.chip = Chip()
        self.path = place / "calibration.toml"
        self.papers = Papers(path=self.path, emissivity=0.98, settling=Calibration())
        self.senses = Senses(self.chip, Calibration(), self.papers)
        self.unix_s = NOW_S

    def run(self, seconds=1.0):
        for _ in range(round(seconds / EVERY_S)):
            self.chip.now_s += EVERY_S
            self.chip.object_c += 0.02 if round(self.chip.now_s / EVERY_S) % 2 else -0.02
            self.senses.sample(self.chip.now_s, self.unix_s)
        return self.senses

    def measured(self):
        return self.senses.measured(0.0, Site.FOREHEAD)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_the_chip_is_asked_once_who_it_is_and_its_own_record_is_used(bench):
    bench.path.write_text(record())
    senses = bench.run(30.0)
    assert bench.chip.asked == 1
    assert senses.usable
    assert not senses.calibration_foreign
    assert not senses.calibration_due
    assert not senses.emissivity_differs
    assert bench.measured().surface_c == pytest.approx(bench.measured().object_c + 0.1)


def test_before_the_chip_has_said_who_it_is_nothing_is_measured(bench):
    bench.senses.samples.extend(Sample(35.0, 23.0, 0.1 * number) for number in range(5))
    assert bench.measured() is Hint.AGAIN


def test_without_a_record_people_are_measured_less_certainly_and_calibration_is_due(bench):
    senses = bench.run()
    assert senses.calibration_due
    assert senses.usable
    assert isinstance(bench.measured(), Measurement)
    uncertain = bench.measured().uncertainty_c
    bench.path.write_text(record())
    bench.run(PAPERS_EVERY_S + 1)
    assert not senses.calibration_due
    assert bench.measured().uncertainty_c < uncertain - 0.1


def test_a_record_that_runs_out_is_due_and_no_more(bench):
    bench.path.write_text(record())
    bench.run()
    bench.unix_s = NOW_S + 2 * 365 * 86_400
    senses = bench.run()
    assert senses.calibration_due
    assert isinstance(bench.measured(), Measurement)


UNUSABLE = {
    "of another sensor": record(sensor="4a58100100000002"),
    "of another emissivity": record(emissivity=0.95),
    "that cannot be read": "gain = no\n",
}


@pytest.mark.parametrize("words", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_with_a_record_of_something_else_nothing_is_measured_until_it_is_replaced(bench, words):
    bench.path.write_text(words)
    senses = bench.run()
    assert senses.calibration_foreign
    assert senses.working
    assert not senses.usable
    assert "calibrat" in senses.failure
    assert bench.measured() is Hint.AGAIN
    bench.path.write_text(record())
    bench.run(PAPERS_EVERY_S + 1)
    assert not senses.calibration_foreign
    assert senses.failure == ""
    assert isinstance(bench.measured(), Measurement)


def test_a_chip_that_is_set_otherwise_measures_nobody_until_it_came_back_set_right(bench):
    bench.chip.identity_is = replace(CHIP, emissivity=1.0)
    senses = bench.run()
    assert senses.emissivity_differs
    assert bench.measured() is Hint.AGAIN
    bench.chip.gone = True
    bench.run()
    assert not senses.working
    bench.chip.gone, bench.chip.identity_is = False, CHIP
    bench.run()
    assert not senses.emissivity_differs
    assert isinstance(bench.measured(), Measurement)


def test_another_chip_in_the_place_of_a_broken_one_is_noticed(bench):
    bench.path.write_text(record())
    senses = bench.run()
    bench.chip.gone = True
    bench.run()
    assert senses.failures >= FAILURES
    assert "loose" in senses.failure
    bench.chip.gone, bench.chip.identity_is = False, replace(CHIP, id="4a58100100000009")
    bench.run()
    assert senses.calibration_foreign
    assert not senses.usable
    assert bench.chip.asked > 1


def failed_once(bench):
    bench.chip.gone = True
    bench.run(EVERY_S)
    bench.chip.gone = False


def test_after_a_single_failed_read_the_same_chip_goes_on_where_it_was(bench):
    bench.run()
    failed_once(bench)
    senses = bench.run(2 * EVERY_S)
    assert bench.chip.asked == 2
    assert len(senses.samples) > 5
    assert isinstance(bench.measured(), Measurement)
    bench.run(30.0)
    assert bench.chip.asked == 2


def test_another_chip_is_noticed_however_quickly_it_was_put_there(bench):
    bench.path.write_text(record())
    bench.run()
    failed_once(bench)
    bench.chip.identity_is = replace(CHIP, id="4a58100100000009")
    senses = bench.run(2 * EVERY_S)
    assert senses.calibration_foreign
    assert bench.measured() is Hint.AGAIN


def test_a_chip_that_lost_its_power_for_a_moment_is_what_it_was_set_to_meanwhile(bench):
    bench.path.write_text(record())
    bench.run()
    bench.chip.identity_is = replace(CHIP, emissivity=0.9)
    assert bench.run().usable  # set while its power stayed on
    failed_once(bench)
    assert bench.run(2 * EVERY_S).emissivity_differs


def test_a_chip_that_is_set_right_with_its_power_on_is_not_believed_for_a_failed_read(bench):
    bench.chip.identity_is = replace(CHIP, emissivity=1.0)
    bench.run()
    bench.chip.identity_is = CHIP
    failed_once(bench)
    senses = bench.run()
    assert senses.emissivity_differs
    assert bench.measured() is Hint.AGAIN


def test_what_the_chip_is_asked_anew_may_fail_too(bench):
    bench.run()
    bench.chip.deaf = True
    failed_once(bench)
    senses = bench.run(3 * EVERY_S)
    assert senses.failures == 4
    bench.chip.deaf = False
    assert bench.run(2 * EVERY_S).failures == 0


def test_a_chip_that_says_the_same_of_skin_for_a_minute_has_hung_and_heals(bench):
    bench.run()
    bench.chip.now_s += 1
    for _ in range(FROZEN + 2):
        bench.chip.now_s += EVERY_S
        bench.senses.sample(bench.chip.now_s, NOW_S)
    assert not bench.senses.working
    assert "says the same" in bench.senses.failure
    assert bench.run().working


def test_nonsense_is_named_and_heals(bench):
    for number in range(40):
        bench.chip.object_c = 33.0 if number % 2 else 38.0
        bench.run(EVERY_S)
    assert not bench.senses.working
    assert "jumps" in bench.senses.failure
    bench.chip.object_c = 35.0
    bench.run(4.0)
    assert bench.senses.working
    bench.chip.ambient_c = 90.0
    bench.run(EVERY_S)
    assert "itself" in bench.senses.failure
    bench.chip.ambient_c = 23.0
    assert bench.run(0.2).working


def test_a_gate_without_a_thermometer_samples_nothing():
    senses = Senses(None, Calibration())
    assert not senses.sample(1.0, NOW_S)
    assert not senses.usable
