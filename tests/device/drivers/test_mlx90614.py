import errno

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.drivers import SensorFault, Thermometer, ThermometerCounters
from device.drivers.mlx90614 import (
    I2C_TIMEOUT,
    STUCK_S,
    VARIANTS_DEG,
    Mlx90614,
    Mlx90614Config,
    emissivity_word,
)

SKIN = emissivity_word(0.98)


@pytest.fixture
def thermometer(board, clock):
    def pass_by(seconds):
        clock.now_s += seconds

    board.i2c.wait = pass_by
    made = Mlx90614(Mlx90614Config(retries=2), monotonic=clock)
    yield made
    made.close()


def test_it_is_a_thermometer(thermometer):
    assert isinstance(thermometer, Thermometer)


def test_a_reading_is_what_the_chip_faces_within_half_a_bit(thermometer, board, clock):
    board.thermometer.object_c, board.thermometer.ambient_c = 36.4, 22.1
    sample = thermometer.read()
    assert sample.object_c == pytest.approx(36.4, abs=0.011)
    assert sample.ambient_c == pytest.approx(22.1, abs=0.011)
    assert sample.taken_s == clock.now_s


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.integers(0, 0xFFFF))
def test_every_word_is_either_a_temperature_the_chip_can_measure_or_refused(thermometer, board, raw):
    board.thermometer.object_raw = raw
    if 0x27AD <= raw <= 0x7FFF:
        assert -70.02 <= thermometer.read().object_c <= 382.2
    else:
        with pytest.raises(SensorFault) as fault:
            thermometer.read()
        assert fault.value.retries == 2


def test_a_bad_pec_is_retried_and_counted_and_its_value_never_used(thermometer, board):
    board.thermometer.object_c = 36.4
    board.thermometer.corrupt = 2
    assert thermometer.read().object_c == pytest.approx(36.4, abs=0.011)
    assert thermometer.counters == ThermometerCounters(pec_errors=2, retries=2, reopened=0)


def test_bad_pecs_without_end_are_a_fault(thermometer, board):
    board.thermometer.corrupt = 1000
    with pytest.raises(SensorFault) as fault:
        thermometer.read()
    assert fault.value.retries == 2
    assert fault.value.__cause__.errno == errno.EBADMSG
    assert thermometer.counters.pec_errors == 3


def test_the_chips_own_error_flag_is_refused_and_clears(thermometer, board):
    board.thermometer.flagged = True
    with pytest.raises(SensorFault, match="flags its own value"):
        thermometer.read()
    board.thermometer.flagged = False
    assert thermometer.read()
    assert thermometer.counters.reopened == 0


def test_an_unplugged_chip_is_a_fault_and_heals_by_itself_when_it_returns(thermometer, board, clock):
    assert thermometer.read()
    board.thermometer.unplugged = True
    with pytest.raises(SensorFault, match="check its four wires"):
        thermometer.read()
    board.thermometer.unplugged = False
    with pytest.raises(SensorFault, match=r"Remote I/O error.*tried again shortly"):
        thermometer.read()
    clock.now_s += 0.06
    assert thermometer.read()
    assert thermometer.counters.reopened == 3


def test_a_bus_that_is_held_low_is_asked_once_and_not_until_it_has_rested(thermometer, board, monkeypatch):
    asked = []
    present = board.thermometer._present
    monkeypatch.setattr(board.thermometer, "_present", lambda: (asked.append(1), present()))
    board.thermometer.stuck = True
    for _ in range(5):
        with pytest.raises(SensorFault):
            thermometer.read()
    assert len(asked) == 1


def test_a_bus_that_is_held_low_costs_a_twentieth_of_a_second_not_the_kernels_own(thermometer, board, clock):
    assert board.i2c.timeouts_s[1] == 1.0
    board.thermometer.stuck = True
    began_s = clock.now_s
    with pytest.raises(SensorFault):
        thermometer.read()
    assert clock.now_s - began_s == pytest.approx(STUCK_S)
    assert STUCK_S <= 0.05


def test_a_kernel_that_refuses_the_limit_is_no_error(thermometer, board, monkeypatch):
    ask = board.i2c.ioctl

    def refuse(descriptor, request, argument=0):
        if request == I2C_TIMEOUT:
            raise OSError(errno.ENOTTY, "no such request")
        return ask(descriptor, request, argument)

    monkeypatch.setattr("smbus2.smbus2.ioctl", refuse)
    assert thermometer.read()
    assert board.i2c.timeouts_s[1] == 1.0


def test_a_dead_bus_is_asked_less_and_less_often(thermometer, board, clock):
    board.thermometer.stuck = True
    for _ in range(200):
        clock.now_s += 0.1
        with pytest.raises(SensorFault):
            thermometer.read()
    assert board.i2c.transfers < 60
    board.thermometer.stuck = False
    clock.now_s += 2.0
    assert thermometer.read()


def test_a_bus_that_does_not_exist_is_a_fault(board, clock):  # noqa: ARG001 -- the machine has only bus 1
    with pytest.raises(SensorFault, match="No such file"):
        Mlx90614(Mlx90614Config(bus=7), monotonic=clock).read()


def test_the_identity_is_the_factorys_number_and_what_the_chip_is_set_to(thermometer):
    identity = thermometer.identity()
    assert identity.id == "4a58100100000001"
    assert identity.emissivity == 1.0
    assert (identity.variant, identity.view_deg) == ("DCI", 5)


def test_emissivity_is_written_once_erased_first_and_read_back(thermometer, board):
    naps = []
    assert thermometer.set_emissivity(0.98, sleep=naps.append)
    assert board.thermometer.eeprom[0x04] == SKIN
    assert naps == [0.01, 0.01]
    assert thermometer.counters.eeprom_writes == 2
    assert not thermometer.set_emissivity(0.98, sleep=naps.append)
    assert thermometer.identity().emissivity == pytest.approx(0.98, abs=1e-4)
    assert (thermometer.counters.eeprom_writes, naps) == (2, [0.01, 0.01])


@pytest.mark.parametrize("emissivity", [0.0, 0.09, 1.01, float("nan")])
def test_an_impossible_emissivity_is_refused_before_the_chip_is_touched(thermometer, board, emissivity):
    with pytest.raises(SensorFault):
        thermometer.set_emissivity(emissivity)
    assert board.i2c.transfers == 0


def test_an_unknown_variant_or_address_is_refused():
    with pytest.raises(SensorFault, match="variant"):
        Mlx90614Config(variant="XYZ")
    with pytest.raises(SensorFault, match="address"):
        Mlx90614Config(address=0x80)


def test_the_recommended_variant_sees_five_degrees():
    assert VARIANTS_DEG[Mlx90614Config().variant] == 5


def test_a_bus_that_cannot_check_packets_is_refused(thermometer, monkeypatch):
    monkeypatch.setattr("sandbox.board.i2c.FUNCS", 0x00000001)
    with pytest.raises(SensorFault, match=r"cannot check packets \(SMBUS_PEC"):
        thermometer.read()


def test_an_emissivity_that_does_not_stay_is_a_fault(thermometer, board):
    def forget(_):
        board.thermometer.eeprom[0x04] = 0x1234

    with pytest.raises(SensorFault, match="did not keep"):
        thermometer.set_emissivity(0.9, sleep=forget)


def no_nap(_):
    pass


def test_nothing_is_written_while_the_cell_reads_differently_each_time(thermometer, board, monkeypatch):
    words = iter((0xFFFF, 0xFBFF))
    monkeypatch.setattr(board.thermometer, "_word", lambda _command: next(words))
    with pytest.raises(SensorFault, match="reads 0xffff, then 0xfbff; nothing was written"):
        thermometer.set_emissivity(0.98, sleep=no_nap)
    assert thermometer.counters.eeprom_writes == 0


def test_nothing_is_written_while_packets_are_damaged(thermometer, board):
    board.thermometer.corrupt = 1000
    with pytest.raises(SensorFault, match="gave no value"):
        thermometer.set_emissivity(0.98, sleep=no_nap)
    assert thermometer.counters.eeprom_writes == 0
    assert board.thermometer.eeprom[0x04] == 0xFFFF


def test_an_erase_that_is_not_acknowledged_is_said_with_what_may_be_there_still(thermometer, board):
    board.thermometer.torn = 0
    with pytest.raises(SensorFault, match="erase was not acknowledged: 0xffff may be there still"):
        thermometer.set_emissivity(0.98, sleep=no_nap)
    assert board.thermometer.eeprom[0x04] == 0xFFFF
    assert thermometer.counters.eeprom_writes == 3


def test_power_lost_between_erase_and_write_is_said_and_the_next_run_only_writes(thermometer, board, clock):
    board.thermometer.torn = 1
    with pytest.raises(
        SensorFault, match="erased but not written: it now holds 0; leave its power on and run"
    ):
        thermometer.set_emissivity(0.98, sleep=no_nap)
    assert board.thermometer.eeprom[0x04] == 0
    board.thermometer.torn, board.thermometer.unplugged = None, False
    clock.now_s += 2.0
    assert thermometer.identity().emissivity == 0
    before = thermometer.counters.eeprom_writes
    assert thermometer.set_emissivity(0.98, sleep=no_nap)
    assert board.thermometer.eeprom[0x04] == SKIN
    assert thermometer.counters.eeprom_writes == before + 1


def test_a_gate_that_reads_all_along_does_not_disturb_the_writing(thermometer, board, clock):
    gate = Mlx90614(Mlx90614Config(), monotonic=clock)
    assert thermometer.set_emissivity(0.98, sleep=lambda _: gate.read())
    assert board.thermometer.eeprom[0x04] == SKIN
    gate.close()
