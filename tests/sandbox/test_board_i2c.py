import errno

import pytest
import smbus2
import smbus2.smbus2

from sandbox.board import install
from sandbox.board.i2c import crc8
from sandbox.board.machine import MACHINE


@pytest.fixture
def bus(monkeypatch):
    MACHINE.power_on()
    monkeypatch.setattr(smbus2.smbus2, "os", smbus2.smbus2.os)  # restored afterwards
    monkeypatch.setattr(smbus2.smbus2, "ioctl", smbus2.smbus2.ioctl)
    install.solder_i2c()
    with smbus2.SMBus(1) as opened:
        yield opened


def test_the_packet_error_code_is_smbus():
    assert crc8(b"123456789") == 0xF4  # the check value of CRC-8/SMBUS
    # MLX90614 datasheet, 8.4.3.1: reading RAM 0x07 of slave 0x5A gave 0x3AD2, PEC 0x30.
    assert crc8(bytes([0xB4, 0x07, 0xB5, 0xD2, 0x3A])) == 0x30


def test_the_bus_says_that_it_can_check_packets(bus):
    assert bus.funcs & smbus2.I2cFunc.SMBUS_PEC
    assert bus.funcs & smbus2.I2cFunc.I2C


@pytest.mark.parametrize("pec", [0, 1])
def test_smbus2_reads_words_from_the_chip(bus, pec):
    bus.pec = pec
    MACHINE.thermometer.object_raw = 0x3AD2
    assert bus.read_word_data(0x5A, 0x07) == 0x3AD2


def test_an_address_without_a_chip_does_not_acknowledge(bus):
    with pytest.raises(OSError, match="Remote I/O") as error:
        bus.read_word_data(0x29, 0x00)
    assert error.value.errno == errno.EREMOTEIO


def test_scanning_finds_both_chips(bus):
    found = []
    for address in range(0x08, 0x78):
        try:
            bus.write_quick(address)
        except OSError:
            continue
        found.append(address)
    assert found == [0x3C, 0x5A]


def test_the_eeprom_must_be_erased_before_it_is_written(bus):
    bus.pec = 1
    bus.write_word_data(0x5A, 0x24, 0x0F0F)
    assert bus.read_word_data(0x5A, 0x24) == 0xFFFF
    bus.write_word_data(0x5A, 0x24, 0)
    bus.write_word_data(0x5A, 0x24, 0x0F0F)
    assert bus.read_word_data(0x5A, 0x24) == 0x0F0F


def test_a_write_without_its_packet_error_code_is_not_acknowledged(bus):
    with pytest.raises(OSError, match="Remote I/O"):
        bus.write_word_data(0x5A, 0x24, 0)


def test_a_combined_transfer_writes_then_reads(bus):
    write, read = smbus2.i2c_msg.write(0x5A, [0x07]), smbus2.i2c_msg.read(0x5A, 3)
    MACHINE.thermometer.object_raw = 0x3AD2
    bus.i2c_rdwr(write, read)
    assert bytes(read) == bytes([0xD2, 0x3A, 0x30])


def test_what_the_machine_cannot_do_is_refused_as_the_kernel_would(bus):
    with pytest.raises(OSError, match="not supported") as error:
        bus.read_block_data(0x5A, 0)
    assert error.value.errno == errno.EOPNOTSUPP
    bus_file = bus.fd
    bus.close()
    with pytest.raises(OSError, match="Bad file"):
        MACHINE.i2c.ioctl(bus_file, 0x0705, None)


def test_a_stuck_clock_takes_as_long_as_the_adapter_was_told_to_wait(bus, monkeypatch):
    waited = []
    monkeypatch.setattr(MACHINE.i2c, "wait", waited.append)
    MACHINE.thermometer.stuck = True
    for units in (None, 3):
        if units is not None:
            smbus2.smbus2.ioctl(bus.fd, 0x0702, units)
        with pytest.raises(OSError, match="timed out"):
            bus.read_word_data(0x5A, 0x07)
    assert waited == [1.0, 0.03]


def test_the_kernels_own_retries_can_be_set(bus):
    smbus2.smbus2.ioctl(bus.fd, 0x0701, 2)
    assert MACHINE.i2c.retries == {1: 2}
