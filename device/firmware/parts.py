"""From a gate's file to its drivers: the only room of the firmware that names chips."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from device.drivers import Camera, Display, InputKind, Thermometer
from device.drivers.camera import CameraConfig, PiCamera
from device.drivers.display import DisplayConfig, LcdConfig, LumaDisplay, NoDisplay, OledConfig
from device.drivers.gpio import Gpio
from device.drivers.mlx90614 import Mlx90614, Mlx90614Config
from device.drivers.voice import AlsaVoice, VoiceConfig
from device.drivers.wiring import I2C_PINS, SPI_PINS, Contact, GpioConfig, apart
from device.drivers.wiring_guide import Caution, Wire, cautions, guide
from device.firmware.config import GateConfig
from device.firmware.config_parts import Lcd, Oled, Voice
from device.firmware.config_parts import Thermometer as Thermo
from device.firmware.gate import Hardware

HEADER_BUS: Final = 1
"""The I²C bus on GPIO 2 and 3; the others are elsewhere."""


def camera_of(config: GateConfig) -> Camera:
    """The camera, not opened yet."""
    told = config.camera
    return PiCamera(
        CameraConfig(
            number=told.number,
            width=told.width,
            height=told.height,
            pixel_format=told.pixel_format,
            frames_per_s=told.frames_per_s,
            exposure_value=told.exposure_value,
            exposure_s=told.exposure_s,
            gain=told.gain,
            focus=told.focus,
            focus_dioptres=told.focus_dioptres,
        )
    )


def thermometer_of(config: GateConfig) -> Thermometer | None:
    """The thermometer, if one is fitted."""
    told = config.thermometer
    if told is None:
        return None
    return Mlx90614(Mlx90614Config(bus=told.bus, address=told.address, variant=told.variant))


def display_config(config: GateConfig) -> DisplayConfig | None:
    """How the screen is wired, if there is one."""
    match config.display:
        case Oled() as oled:
            return OledConfig(bus=oled.bus, address=oled.address, upside_down=oled.upside_down)
        case Lcd() as lcd:
            return LcdConfig(
                chip=lcd.chip,
                chip_select=lcd.chip_select,
                data_command_pin=lcd.data_command,
                reset_pin=lcd.reset,
                light_pin=lcd.light,
                upside_down=lcd.upside_down,
                bgr=lcd.bgr,
            )
        case _:
            return None


def taken_of(config: GateConfig, screen: DisplayConfig | None) -> Mapping[int, str]:
    """The pins that thermometer and display use, and what for; `DriverError` when the display's collide."""
    buses = {part.bus for part in (config.thermometer, config.display) if isinstance(part, Thermo | Oled)}
    taken = dict(I2C_PINS) if HEADER_BUS in buses else {}
    if isinstance(screen, LcdConfig):
        own = {"LCD data/command": screen.data_command_pin, "LCD reset": screen.reset_pin}
        own |= {} if screen.light_pin is None else {"LCD backlight": screen.light_pin}
        taken |= SPI_PINS
        return apart((*((use, pin) for pin, use in taken.items()), *own.items()))
    return taken


def wiring_of(config: GateConfig) -> GpioConfig:
    """How the pins are wired, checked whole: `DriverError` says which one cannot be."""
    pins = config.pins
    wired = {kind: getattr(pins.contacts, kind.value) for kind in InputKind}
    return GpioConfig(
        relay_pin=pins.relay,
        relay_active=pins.relay_active,
        relay_wiring=pins.relay_wiring,
        barrier=pins.barrier,
        contacts={
            kind: Contact(pin=told.pin, pull=told.pull, active=told.active)
            for kind, told in wired.items()
            if told is not None
        },
        lamp_pins=pins.lamp,
        lamp_active=pins.lamp_active,
        sounder_pin=pins.sounder,
        sounder=pins.sounder_kind,
        debounce_s=pins.debounce_s,
        taken_pins=taken_of(config, display_config(config)),
    )


def cautions_of(config: GateConfig) -> tuple[Caution, ...]:
    """What works about this gate's wiring and may hurt; `DriverError` when it cannot work at all."""
    return cautions(wiring_of(config))


def wires_of(config: GateConfig) -> tuple[Wire, ...]:
    """Which wire goes where; `DriverError` when it cannot work."""
    return guide(wiring_of(config))


def voice_of(told: Voice, directory: Path) -> AlsaVoice:
    """The voice that plays the files in `directory`."""
    return AlsaVoice(VoiceConfig(directory=directory, device=told.device))


def display_of(config: GateConfig) -> Display:
    """The screen, not opened yet."""
    screen = display_config(config)
    return NoDisplay() if screen is None else LumaDisplay(screen)


def gpio_of(config: GateConfig) -> Gpio:
    """All pins, opened whole or not at all: `DriverError`."""
    return Gpio(wiring_of(config))


def hardware_of(config: GateConfig, closing: ExitStack) -> Hardware:
    """Every driver of this gate; what is opened is closed with `closing`, the relay first of all."""
    display = display_of(config)
    thermometer = thermometer_of(config)
    if thermometer is not None:
        closing.callback(thermometer.close)
    voice = None
    if config.voice is not None:
        voice = voice_of(config.voice, config.path(config.voice.directory))
        closing.callback(voice.close)
    gpio = gpio_of(config)
    closing.callback(gpio.close)
    return Hardware(
        camera=camera_of(config),
        thermometer=thermometer,
        barrier=gpio.barrier,
        inputs=gpio.inputs,
        signals=gpio.signals,
        display=display,
        voice=voice,
    )
