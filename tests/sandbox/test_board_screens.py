from hypothesis import given
from hypothesis import strategies as st

from sandbox.board.screens import LcdChip, OledChip


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_bytes_can_break_the_oled(transfers):
    chip = OledChip()
    for transfer in transfers:
        chip.write(transfer)
        chip.write(b"\x00" + transfer)
        chip.write(b"\x40" + transfer)
    assert len(chip.memory) == 128 * 8
    assert len(chip.picture().pixels) == 128 * 64 // 8


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=12))
def test_no_bytes_can_break_the_lcd(transfers):
    chip = LcdChip()
    for command, data in transfers:
        chip.transfer(data, command=command)
        chip.transfer(b"\x2c", command=True)
        chip.transfer(data, command=False)
    assert len(chip.memory) == 320 * 240 * 3


def test_an_oled_that_is_off_shows_nothing():
    chip = OledChip()
    chip.write(b"\x40" + b"\xff" * 1024)
    assert not any(chip.picture().pixels)
    chip.write(b"\x00\xaf")
    assert all(byte == 0xFF for byte in chip.picture().pixels)
    chip.write(b"\x00\xa7")
    assert not any(chip.picture().pixels)
