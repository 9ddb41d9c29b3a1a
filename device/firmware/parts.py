"""From a gate's file to its drivers: the only room of the firmware that names chips."""

from contextlib import ExitStack

from device.drivers import Camera, Display, InputKind, Thermometer
from device.drivers.camera import CameraConfig, PiCamera
from device.drivers.display import DisplayConfig, LcdConfig, LumaDisplay, NoDisplay, OledConfig
from device.drivers.gpio import Gpio
from device.drivers.mlx90614 import Mlx90614, Mlx90614Config
from device.drivers.wiring import I2C_PINS, Contact, GpioConfig
from device.firmware.config import GateConfig
from device.firmware.config_parts import Lcd, Oled
from device.firmware.gate import Hardware


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
            autofocus=told.focus == "continuous",
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


def gpio_of(config: GateConfig, screen: DisplayConfig | None) -> Gpio:
    """All pins, opened whole or not at all: `DriverError`."""
    pins = config.pins
    wired = {kind: getattr(pins.contacts, kind.value) for kind in InputKind}
    taken = dict(I2C_PINS)
    if isinstance(screen, LcdConfig):
        taken |= screen.pins
    return Gpio(
        GpioConfig(
            relay_pin=pins.relay,
            relay_active=pins.relay_active,
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
            taken_pins=taken,
        )
    )


def hardware_of(config: GateConfig, closing: ExitStack) -> Hardware:
    """Every driver of this gate; what is opened is closed with `closing`, the relay first of all."""
    screen = display_config(config)
    display: Display = NoDisplay() if screen is None else LumaDisplay(screen)
    thermometer = thermometer_of(config)
    if thermometer is not None:
        closing.callback(thermometer.close)
    gpio = gpio_of(config, screen)
    closing.callback(gpio.close)
    return Hardware(
        camera=camera_of(config),
        thermometer=thermometer,
        barrier=gpio.barrier,
        inputs=gpio.inputs,
        signals=gpio.signals,
        display=display,
    )
