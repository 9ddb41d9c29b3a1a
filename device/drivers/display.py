"""The small screen: a 128×64 OLED or a 240×320 LCD through luma, or none."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from PIL import Image

from device.drivers import DisplayMode, DriverError
from device.drivers.lcd_pins import LcdPins

OLED_SIZE = (128, 64)
LCD_SIZE = (240, 320)
OLED_PIECE = 128
"""Bytes sent at once: 12 ms at 100 kHz; the thermometer on the same bus does not wait for all 1024."""
SSD1306_NOP = 0xE3  # SSD1306 datasheet rev. 1.1, table 9-1
LCD_RESET_S = 0.12  # ST7789V datasheet 7.4.5, ILI9341 8.2.2: 120 ms before the first command after a reset

SSD1306_OFF = 0x40  # SSD1306 datasheet 8.1.5, status register: D6 is 1 while the display is off

LOOK_S = 2.0
"""A picture that stands is looked after this often: a display may lose its power and get it again."""
FIRST_REST_S = 1.0
LONGEST_REST_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OledConfig:
    """An SSD1306 on I²C."""

    bus: int = 1
    address: int = 0x3C
    upside_down: bool = False

    def __post_init__(self) -> None:
        if self.address not in {0x3C, 0x3D} or self.bus < 0:  # SSD1306 datasheet 8.1.5: one address bit, SA0
            raise DriverError(f"OLED address {self.address:#04x}: an SSD1306 has 0x3c or 0x3d")


@dataclass(frozen=True, slots=True, kw_only=True)
class LcdConfig:
    """An ST7789 or ILI9341 on SPI 0, held upright."""

    chip: Literal["st7789", "ili9341"] = "st7789"
    chip_select: Literal[0, 1] = 0
    data_command_pin: int = 24
    reset_pin: int = 25
    light_pin: int | None = None
    """Backlight; none: wired to 3.3 V."""
    upside_down: bool = False
    bus_mhz: int = 32
    bgr: bool = False
    """ILI9341 only: its glass has blue where red should be."""

    def __post_init__(self) -> None:
        if self.chip not in {"st7789", "ili9341"} or self.chip_select not in {0, 1}:
            raise DriverError(
                f"LCD chip {self.chip!r}, chip select {self.chip_select}: use st7789|ili9341, 0|1"
            )

    @property
    def pins(self) -> Mapping[int, str]:
        """The pins it uses and what for, to be kept from other drivers."""
        used = {10: "LCD data", 11: "LCD clock", 8 - self.chip_select: "LCD select"}
        used |= {self.data_command_pin: "LCD data/command", self.reset_pin: "LCD reset"}
        if self.light_pin is not None:
            used[self.light_pin] = "LCD backlight"
        return used


DisplayConfig: TypeAlias = OledConfig | LcdConfig


class NoDisplay:
    """`Display` of a gate that has none."""

    size: tuple[int, int] = (0, 0)
    mode: DisplayMode = "1"

    def show(self, image: Image.Image) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Close nothing."""


class LumaDisplay:
    """`Display` on luma. Opened when first needed; after an error it rests, then is opened and set up anew.

    The rest is 1 s at first and twice as long each time up to 30 s; meanwhile `show` fails at once.
    """

    def __init__(self, config: DisplayConfig, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._monotonic = monotonic
        self._device: Any = None
        self._shown: Image.Image | None = None
        self._rest_until_s = self._look_at_s = 0.0
        self._rest_s = FIRST_REST_S

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in pixels."""
        return OLED_SIZE if isinstance(self._config, OledConfig) else LCD_SIZE

    @property
    def mode(self) -> DisplayMode:
        """Black and white on an OLED, colour on an LCD."""
        return "1" if isinstance(self._config, OledConfig) else "RGB"

    def show(self, image: Image.Image) -> None:
        """Show a picture of this size and mode; one that is shown already costs a byte now and then.

        That finds an OLED that was pulled out, or plugged in again and dark; an LCD's wires go one way.
        """
        if image.size != self.size or image.mode != self.mode:
            raise DriverError(
                f"picture is {image.size} {image.mode}, the display takes {self.size} {self.mode}"
            )
        if self._device is not None and image == self._shown:
            self._look()
            return
        if self._monotonic() < self._rest_until_s:
            raise DriverError("display rests after an error and is opened again shortly")
        try:
            if self._device is None:
                self._device = _opened(self._config)
            self._device.display(image)
        except Exception as error:  # luma's, smbus2's, spidev's and gpiozero's errors have no common root
            self._drop()
            raise DriverError(f"display did not take the picture ({error}); check its wires") from error
        self._forget()
        self._shown = image.copy()
        self._rest_s = FIRST_REST_S
        self._look_at_s = self._monotonic() + LOOK_S

    def _look(self) -> None:
        """Ask the display whether it still shows something; raises `DriverError` when it does not."""
        if self._monotonic() < self._look_at_s:
            return
        self._look_at_s = self._monotonic() + LOOK_S
        try:
            lit = self._device.lit()
        except Exception as error:  # smbus2's and luma's errors have no common root
            self._drop()
            raise DriverError(f"display does not answer ({error}); check its wires") from error
        if not lit:
            self._drop()
            raise DriverError("display has lost its power and is set up anew; check its supply")

    def close(self) -> None:
        """Blank the screen and let go of the bus; the next `show` opens it again."""
        device, self._device = self._device, None
        self._forget()
        _cleaned(device)

    def _forget(self) -> None:
        """Overwrite what was shown last: it may have held somebody's name."""
        if self._shown is not None:
            self._shown.paste(0 if self._shown.mode == "1" else (0, 0, 0), (0, 0, *self._shown.size))
            self._shown = None

    def _drop(self) -> None:
        self.close()
        self._rest_until_s = self._monotonic() + self._rest_s
        self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)


def _cleaned(device: Any) -> None:  # noqa: ANN401 -- luma publishes no types
    if device is None:
        return
    try:
        device.cleanup()
    except Exception:  # noqa: BLE001 -- a display that is gone cannot be blanked, and nobody waits for it
        return


def _opened(config: DisplayConfig) -> Any:  # noqa: ANN401 -- luma publishes no types
    return _oled(config) if isinstance(config, OledConfig) else _lcd(config)


def _oled(config: OledConfig) -> Any:  # noqa: ANN401 -- luma publishes no types
    from luma.core.interface.serial import i2c
    from luma.oled.device import ssd1306
    from smbus2 import SMBus

    def status() -> int:
        with SMBus(config.bus) as bus:
            return int(bus.read_byte(config.address))

    class FastOled(ssd1306):  # type: ignore[misc]  # luma publishes no types
        """luma's ssd1306, its picture packed by numpy instead of pixel by pixel with a deprecated call."""

        def display(self, image: Image.Image) -> None:
            width, height = OLED_SIZE
            pixels = np.asarray(self.preprocess(image), dtype=np.bool_)
            # A byte is eight rows of one column, the topmost in bit 0 (SSD1306 datasheet 8.7).
            pages = np.packbits(pixels.reshape(height // 8, 8, width), axis=1, bitorder="little")
            self.command(0x21, 0, width - 1, 0x22, 0, height // 8 - 1)  # column and page window, 10.1.4-5
            picture = pages.tobytes()
            for start in range(0, len(picture), OLED_PIECE):
                self.data(picture[start : start + OLED_PIECE])

        def lit(self) -> bool:
            return not status() & (SSD1306_OFF if tells else 0)

    serial = i2c(port=config.bus, address=config.address)
    try:
        # Ask first: luma keeps every device it ever made until the process ends, the failed ones too.
        serial.command(SSD1306_NOP)
        opened = FastOled(serial, rotate=2 if config.upside_down else 0)
        # It was switched on just now: a copy of the chip that says otherwise is not believed later either.
        tells = not status() & SSD1306_OFF
    except BaseException:
        serial.cleanup()
        raise
    return opened


def _lcd(config: LcdConfig) -> Any:  # noqa: ANN401 -- luma publishes no types
    from luma.core.interface.serial import spi
    from luma.lcd import device as lcd

    pins = LcdPins()
    try:
        serial = spi(
            gpio=pins,
            device=config.chip_select,
            bus_speed_hz=config.bus_mhz * 1_000_000,
            gpio_DC=config.data_command_pin,
            gpio_RST=config.reset_pin,
            reset_release_time=LCD_RESET_S,
        )
        light = {"backlight": _nothing} if config.light_pin is None else {"gpio_LIGHT": config.light_pin}
        options = {"bgr": config.bgr} if config.chip == "ili9341" else {}
        # Both chips are 320x240 to luma; a quarter turn makes them upright.
        turn = 3 if config.upside_down else 1
        device = getattr(lcd, config.chip)(
            serial, width=320, height=240, rotate=turn, gpio=pins, **light, **options
        )
    except BaseException:
        pins.cleanup()
        raise
    return _WithPins(device, pins)


class _WithPins:
    """A luma device that lets its pins go with the bus: luma does so only for pins that it opened itself."""

    def __init__(self, device: Any, pins: LcdPins) -> None:  # noqa: ANN401 -- luma publishes no types
        self._device = device
        self._pins = pins

    def display(self, image: Image.Image) -> None:
        self._device.display(image)

    def lit(self) -> bool:
        return True  # SPI's other wire is rarely fitted: nobody can ask

    def cleanup(self) -> None:
        try:
            self._device.cleanup()
        finally:
            self._pins.cleanup()


def _nothing(_: object) -> None:
    """What a backlight does that is wired to the supply."""
