"""The pins: relay, contacts, lamp and sounder on gpiozero."""

import atexit
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from device.drivers import DriverError, InputKind, pin_factory
from device.drivers.contacts import Contacts
from device.drivers.signals import Outlets, PatternPlayer, Rgb
from device.drivers.wiring import GpioConfig


class Gpio:
    """All pins of a gate: `barrier`, `inputs`, `signals`. Made whole or not at all: `DriverError`.

    `close` and the end of the process drop the relay first, then darken the lamp and let the pins go.
    """

    def __init__(self, config: GpioConfig) -> None:
        try:
            import gpiozero
        except ImportError as error:
            raise DriverError("gpiozero is missing: install the gate's dependencies") from error
        pin_factory.choose(gpiozero)
        with ExitStack() as opened:
            try:
                self.barrier = RelayBarrier(_relay(gpiozero, config, opened))
                opened.callback(self.barrier.release)
                self.inputs = Contacts(_contacts(gpiozero, config, opened), debounce_s=config.debounce_s)
                self.signals = PatternPlayer(_outlets(gpiozero, config, opened))
                opened.callback(self.signals.close)
            except Exception as error:  # lgpio has an error class of its own that is absent elsewhere
                raise DriverError(
                    f"pins could not be opened ({error}): another program or an overlay in config.txt holds "
                    "one of them; gpioinfo says who"
                ) from error
            self._opened = opened.pop_all()
        atexit.register(self.close)

    def close(self) -> None:
        """Drop the relay and let all pins go; a second call does nothing."""
        atexit.unregister(self.close)
        self.barrier.release()
        self._opened.close()


class RelayBarrier:
    """`Barrier` on a gpiozero OutputDevice; thread-safe."""

    def __init__(self, relay: Any) -> None:  # noqa: ANN401 -- gpiozero publishes no types
        self._relay = relay
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the relay is energised; a pin that was let go is not."""
        with self._lock:
            return not self._relay.closed and bool(self._relay.value)

    def open(self) -> None:
        """Energise the relay."""
        self._set(True)

    def close(self) -> None:
        """De-energise the relay."""
        self._set(False)

    def release(self) -> None:
        """De-energise the relay if there still is one; never raises."""
        try:
            self._set(False)
        except DriverError:
            return

    def _set(self, energised: bool) -> None:
        with self._lock:
            if self._relay.closed:
                raise DriverError("the relay's pin was let go; start the gate again")
            try:
                self._relay.value = energised
            except Exception as error:  # lgpio has an error class of its own that is absent elsewhere
                raise DriverError(
                    f"the relay could not be switched ({error}); check /dev/gpiochip0"
                ) from error


def _relay(gpiozero: Any, config: GpioConfig, opened: ExitStack) -> Any:  # noqa: ANN401 -- gpiozero publishes no types
    relay = gpiozero.OutputDevice(
        config.relay_pin, active_high=config.relay_active == "high", initial_value=False
    )
    opened.callback(relay.close)
    return relay


def _contacts(
    gpiozero: Any,  # noqa: ANN401 -- gpiozero publishes no types
    config: GpioConfig,
    opened: ExitStack,
) -> dict[InputKind, tuple[Any, bool]]:
    devices: dict[InputKind, tuple[Any, bool]] = {}
    for kind, contact in config.contacts.items():
        floating = contact.pull == "none"
        device = gpiozero.DigitalInputDevice(
            contact.pin,
            pull_up=None if floating else contact.pull == "up",
            active_state=True if floating else None,
            bounce_time=config.debounce_s or None,
        )
        opened.callback(device.close)
        # gpiozero calls a pulled-up pin active when low, any other when high.
        devices[kind] = (device, (contact.active == "low") is not (contact.pull == "up"))
    return devices


def _outlets(gpiozero: Any, config: GpioConfig, opened: ExitStack) -> Outlets:  # noqa: ANN401 -- gpiozero publishes no types
    light: Callable[[Rgb], None] = _nothing
    tone: Callable[[float], None] = _nothing
    if config.lamp_pins is not None:
        lamp = gpiozero.RGBLED(*config.lamp_pins, active_high=config.lamp_active == "high", pwm=True)
        opened.callback(lamp.close)
        light = partial(setattr, lamp, "value")
    if config.sounder_pin is not None and config.sounder == "tonal":
        # Two octaves around 440 Hz: 110 to 1760 Hz, which holds every pitch of the sound table.
        piezo = gpiozero.TonalBuzzer(config.sounder_pin, mid_tone=gpiozero.tones.Tone(440.0), octaves=2)
        opened.callback(piezo.close)
        tone = partial(_play, piezo)
    elif config.sounder_pin is not None:
        buzzer = gpiozero.Buzzer(config.sounder_pin)
        opened.callback(buzzer.close)
        tone = partial(_switch, buzzer)
    return Outlets(light, tone)


def _nothing(_: object) -> None:
    """What an outlet does that is not wired."""


def _play(piezo: Any, hertz: float) -> None:  # noqa: ANN401 -- gpiozero publishes no types
    if hertz:
        piezo.play(hertz)
    else:
        piezo.stop()


def _switch(buzzer: Any, hertz: float) -> None:  # noqa: ANN401 -- gpiozero publishes no types
    buzzer.value = bool(hertz)
