"""Where the parts are joined: `python -m device.firmware --config gate.toml`; only here chips are named."""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from cryptography import x509

from device.drivers import Camera, Display, DriverError, InputKind, Thermometer
from device.drivers.camera import CameraConfig, PiCamera
from device.drivers.display import DisplayConfig, LcdConfig, LumaDisplay, NoDisplay, OledConfig
from device.drivers.gpio import Gpio
from device.drivers.mlx90614 import Mlx90614, Mlx90614Config
from device.drivers.wiring import I2C_PINS, Contact, GpioConfig
from device.firmware import config as configs
from device.firmware.config import GateConfig
from device.firmware.errors import GateError
from device.firmware.gate import Built, Hardware, build
from device.firmware.narrate import Narrator
from device.firmware.notify import Systemd

WATCHDOG_S = 2.0
ENROLLED_EVERY_S = 2.0
STUCK_S = 10.0
"""A thread that has not moved for this long hangs: systemd restarts the gate."""


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
            autofocus=told.autofocus,
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
        case configs.Oled() as oled:
            return OledConfig(bus=oled.bus, address=oled.address, upside_down=oled.upside_down)
        case configs.Lcd() as lcd:
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


def certificate_end(path: Path) -> int | None:
    """When the gate's certificate ends, unix seconds; None: there is none (yet)."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None
    return int(certificate.not_valid_after_utc.timestamp())


@dataclass(slots=True)
class Runner:
    """Steps the gate until it is told to stop."""

    config: GateConfig
    built: Built
    systemd: Systemd
    stopping: threading.Event
    enrolled_at_s: float = 0.0
    fed_at_s: float = 0.0
    refused: str = ""
    """Why the files of an enrolment were no good, said once."""

    def run(self) -> None:
        """Return when a signal has come."""
        self.systemd.say("READY=1")
        while not self.stopping.is_set():
            now_s = time.monotonic()
            self.enrol(now_s)
            wait_s = self.built.gate.step(now_s)
            self.feed(now_s)
            self.built.wake.wait(wait_s)
            self.built.wake.clear()
        self.systemd.say("STOPPING=1")

    def enrol(self, now_s: float) -> None:
        """Look for certificate and key now and then; begin to talk to the fleet once they are there."""
        if now_s < self.enrolled_at_s:
            return
        self.enrolled_at_s = now_s + (60.0 if self.built.enrolled else ENROLLED_EVERY_S)
        broker = self.config.broker
        end = certificate_end(self.config.path(broker.certificate))
        self.built.gate.stage.health.enrolled_until = end
        if end is not None and not self.built.enrolled:
            try:
                self.built.connect(self.config)
            except GateError as error:
                self.built.gate.stage.health.enrolled_until = None
                if str(error) != self.refused:
                    self.refused = str(error)
                    self.built.narrator.say("not enrolled", why=self.refused)

    def feed(self, now_s: float) -> None:
        """Feed the watchdog while the camera's thread makes progress; that this runs is the loop's."""
        if now_s >= self.fed_at_s and now_s - self.built.camera.beat_s < STUCK_S:
            self.fed_at_s = now_s + WATCHDOG_S
            self.systemd.say("WATCHDOG=1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one gate; 0 after a signal, 2 when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m device.firmware", description="Run one gate.")
    parser.add_argument("--config", type=Path, required=True, help="the gate's TOML file")
    parser.add_argument("--log", choices=("words", "json"), default="words", help="form of the narration")
    options = parser.parse_args(arguments)
    narrator = Narrator(options.log)
    stopping, wake = threading.Event(), threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()
        wake.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        config = configs.load(options.config)
        with ExitStack() as closing:
            hardware = hardware_of(config, closing)
            built = build(config, hardware, narrator, wake)
            closing.callback(built.close)
            Runner(config, built, Systemd.from_environment(), stopping).run()
    except (GateError, DriverError) as error:
        narrator.say("cannot start", why=str(error))
        return 2
    narrator.say("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
