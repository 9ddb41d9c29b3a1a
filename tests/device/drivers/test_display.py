import pytest
from PIL import Image, ImageDraw

from device.drivers import Display, DriverError
from device.drivers.display import LOOK_S, LcdConfig, LumaDisplay, NoDisplay, OledConfig

CONFIGS = [OledConfig(), LcdConfig(), LcdConfig(chip="ili9341", light_pin=26)]


def drawn(display):
    image = Image.new(display.mode, display.size)
    white, green = (1, 1) if display.mode == "1" else ((255, 255, 255), (11, 110, 79))
    ImageDraw.Draw(image).text((5, 3), "Jixiang", fill=white)
    ImageDraw.Draw(image).rectangle((60, 30, 90, 50), fill=green)
    return image


def seen(board, display):
    shown = (board.oled if display.mode == "1" else board.lcd).picture()
    image = Image.frombytes(shown.mode, shown.size, shown.pixels)
    return image.transpose(Image.Transpose.ROTATE_90) if shown.mode == "RGB" else image


@pytest.fixture(params=CONFIGS, ids=["oled", "st7789", "ili9341"])
def display(request, board, clock, monkeypatch):  # noqa: ARG001 -- the screens need the machine
    monkeypatch.setattr("device.drivers.display.LCD_RESET_S", 0.0)
    made = LumaDisplay(request.param, monotonic=clock)
    yield made
    made.close()


def test_they_are_displays(display):
    assert isinstance(display, Display)
    assert isinstance(NoDisplay(), Display)


def test_a_person_sees_exactly_the_picture(display, board):
    image = drawn(display)
    display.show(image)
    assert seen(board, display).tobytes() == image.tobytes()
    display.show(Image.new(display.mode, display.size))
    assert not seen(board, display).getbbox()


def test_the_same_picture_again_costs_no_transfer(display, board):
    display.show(drawn(display))
    before = (board.i2c.transfers, board.lcd.pictures)
    display.show(drawn(display))
    assert (board.i2c.transfers, board.lcd.pictures) == before


def test_a_picture_of_another_size_or_mode_is_refused(display):
    with pytest.raises(DriverError, match="the display takes"):
        display.show(Image.new(display.mode, (10, 10)))
    with pytest.raises(DriverError, match="the display takes"):
        display.show(Image.new("L", display.size))


def test_closing_darkens_the_screen_and_showing_opens_it_again(display, board):
    display.show(drawn(display))
    chip = board.oled if display.mode == "1" else board.lcd
    assert chip.lit
    display.close()
    assert not chip.lit
    display.close()
    display.show(drawn(display))
    assert chip.lit


def test_an_absent_display_raises_rests_and_heals(board, clock):
    display = LumaDisplay(OledConfig(), monotonic=clock)
    board.oled.unplugged = True
    with pytest.raises(DriverError, match="check its wires"):
        display.show(drawn(display))
    asked = board.i2c.transfers
    with pytest.raises(DriverError, match="rests"):
        display.show(drawn(display))
    assert board.i2c.transfers == asked
    board.oled.unplugged = False
    clock.now_s += 1.1
    display.show(drawn(display))
    assert seen(board, display).tobytes() == drawn(display).tobytes()


def test_a_display_that_lost_power_is_set_up_again(board, clock):
    display = LumaDisplay(OledConfig(), monotonic=clock)
    display.show(drawn(display))
    board.oled.unplugged = True
    with pytest.raises(DriverError):
        display.show(Image.new("1", display.size))
    board.oled.unplugged = False
    clock.now_s += 60
    display.show(drawn(display))
    assert board.oled.lit


def test_a_display_that_is_pulled_out_under_a_standing_picture_is_noticed(board, clock):
    display = LumaDisplay(OledConfig(), monotonic=clock)
    display.show(drawn(display))
    board.oled.unplugged = True
    clock.now_s += LOOK_S
    with pytest.raises(DriverError, match="does not answer"):
        display.show(drawn(display))


def test_a_display_that_lost_power_between_two_looks_shows_its_picture_again(board, clock):
    display = LumaDisplay(OledConfig(), monotonic=clock)
    display.show(drawn(display))
    board.oled.lit, board.oled.memory[:] = False, bytes(1024)
    clock.now_s += LOOK_S
    with pytest.raises(DriverError, match="lost its power"):
        display.show(drawn(display))
    clock.now_s += 1.1
    display.show(drawn(display))
    assert seen(board, display).tobytes() == drawn(display).tobytes()
    assert board.oled.lit


def test_a_chip_whose_status_is_always_off_is_not_opened_again_and_again(board, clock, monkeypatch):
    monkeypatch.setattr(board.oled, "exchange", lambda _written, count: b"\x43" * count)
    display = LumaDisplay(OledConfig(), monotonic=clock)
    for _ in range(3):
        display.show(drawn(display))
        clock.now_s += LOOK_S
    assert board.oled.pictures <= 2  # one when it is set up, and this one


def test_a_standing_picture_on_an_lcd_is_left_alone(board, clock, monkeypatch):
    monkeypatch.setattr("device.drivers.display.LCD_RESET_S", 0.0)
    display = LumaDisplay(LcdConfig(), monotonic=clock)
    display.show(drawn(display))
    before = board.lcd.pictures
    clock.now_s += LOOK_S
    display.show(drawn(display))
    assert board.lcd.pictures == before
    display.close()


def test_a_gate_without_a_display_shows_nothing():
    display = NoDisplay()
    assert display.size == (0, 0)
    display.show(Image.new("1", (1, 1)))
    display.close()


def test_upside_down_turns_the_picture_by_half(board, clock):
    display = LumaDisplay(OledConfig(upside_down=True), monotonic=clock)
    image = drawn(display)
    display.show(image)
    assert seen(board, display).tobytes() == image.rotate(180).tobytes()


def test_an_lcd_says_which_pins_it_needs():
    assert set(LcdConfig(light_pin=26).pins) == {8, 10, 11, 24, 25, 26}
    assert set(LcdConfig(chip_select=1).pins) == {7, 10, 11, 24, 25}


def test_an_impossible_configuration_is_refused():
    with pytest.raises(DriverError, match="0x3c or 0x3d"):
        OledConfig(address=0x50)
    with pytest.raises(DriverError, match="st7789"):
        LcdConfig(chip="unknown")
