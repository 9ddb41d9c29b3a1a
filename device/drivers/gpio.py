"""The pins: relay, contacts, lamp and sounder on gpiozero."""

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from device.drivers import DriverError, InputChange, InputKind
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
        with ExitStack() as opened:
            try:
                self.barrier = RelayBarrier(_relay(gpiozero, config, opened))
                opened.callback(self.barrier.release)
                self.inputs = Contacts(_contacts(gpiozero, config, opened))
                self.signals = PatternPlayer(_outlets(gpiozero, config, opened))
                opened.callback(self.signals.close)
            except (gpiozero.GPIOZeroError, OSError, ImportError) as error:
                raise DriverError(
                    f"pins could not be opened ({error}); check /dev/gpiochip0 and python3-lgpio"
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


class Contacts:
    """`Inputs` on gpiozero input devices, whose edge callbacks fill a queue that `poll` empties."""

    def __init__(
        self,
        devices: Mapping[InputKind, tuple[Any, bool]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take for each kind a device and whether its activity means the opposite."""
        self._devices = devices
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._changes: deque[InputChange] = deque()
        self._last = dict.fromkeys(devices, False)
        for kind, (device, inverted) in devices.items():
            device.when_activated = partial(self._edge, kind, not inverted)
            device.when_deactivated = partial(self._edge, kind, inverted)
            self._edge(kind, bool(device.is_active) is not inverted)

    def poll(self) -> tuple[InputChange, ...]:
        """Edges since the last call, oldest first."""
        with self._lock:
            changes = tuple(self._changes)
            self._changes.clear()
        return changes

    def level(self, kind: InputKind) -> bool | None:
        """Whether the contact is active now; None when this gate has none."""
        if kind not in self._devices:
            return None
        device, inverted = self._devices[kind]
        if device.closed:
            raise DriverError(f"the {kind.value} contact's pin was let go; start the gate again")
        return bool(device.is_active) is not inverted

    def _edge(self, kind: InputKind, active: bool) -> None:
        with self._lock:
            if self._last[kind] is not active:
                self._last[kind] = active
                self._changes.append(InputChange(kind, active, self._monotonic()))


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
