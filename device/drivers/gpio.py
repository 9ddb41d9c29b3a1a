"""The pins: relay, contacts, lamp and sounder on gpiozero, each pin checked before any is moved."""

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

from device.drivers import DriverError, InputChange, InputKind
from device.drivers.signals import Outlets, PatternPlayer, Rgb

HEADER_PINS = range(2, 28)
"""GPIO 2 to 27 of the 40-pin header; 0 and 1 read the HAT's identity (Raspberry Pi documentation, GPIO)."""

I2C_PINS: Mapping[int, str] = MappingProxyType({2: "I2C data", 3: "I2C clock"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One contact: its pin, what holds the pin when the contact is open, and which level means active."""

    pin: int
    pull: Literal["up", "down", "none"] = "up"
    active: Literal["low", "high"] = "low"
    """With pull "up": "low" for a contact that closes to ground, "high" for one that opens (a broken wire
    then reads as active, which is what a fire loop wants)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpioConfig:
    """Which pin (GPIO number, not header position) does what; what is not named is not wired."""

    relay_pin: int
    relay_active: Literal["high", "low"] = "high"
    """Prefer high: a pin that is let go reads 0, so an active-low relay needs an external pull-up."""
    contacts: Mapping[InputKind, Contact] = field(default_factory=dict)
    lamp_pins: tuple[int, int, int] | None = None
    """Red, green, blue."""
    lamp_active: Literal["high", "low"] = "high"
    sounder_pin: int | None = None
    sounder: Literal["tonal", "buzzer"] = "tonal"
    """"tonal": a passive piezo that plays a pitch; "buzzer": an active one with a pitch of its own."""
    debounce_s: float = 0.02
    taken_pins: Mapping[int, str] = field(default_factory=lambda: I2C_PINS)
    """Pins that other drivers use, and what for."""

    def __post_init__(self) -> None:
        users: dict[int, str] = dict(self.taken_pins)
        for user, pin in self._pins():
            if isinstance(pin, bool) or pin not in HEADER_PINS:
                raise DriverError(f"{user}: pin {pin} does not exist; use a GPIO number from 2 to 27")
            if pin in users:
                raise DriverError(f"{user}: pin {pin} is already used by {users[pin]}; give each its own pin")
            users[pin] = user
        allowed = ({"high", "low"}, {"high", "low"}, {"tonal", "buzzer"})
        given = (self.relay_active, self.lamp_active, self.sounder)
        if any(value not in values for value, values in zip(given, allowed, strict=True)):
            raise DriverError(f"relay_active, lamp_active, sounder = {given}: use high|low, high|low, tonal|buzzer")
        for kind, contact in self.contacts.items():
            if contact.pull not in {"up", "down", "none"} or contact.active not in {"low", "high"}:
                raise DriverError(f"{kind.value} contact: use pull up|down|none and active low|high")

    def _pins(self) -> Iterator[tuple[str, int]]:
        yield "relay", self.relay_pin
        for kind, contact in self.contacts.items():
            yield f"{kind.value} contact", contact.pin
        for colour, pin in zip(("red", "green", "blue"), self.lamp_pins or (), strict=False):
            yield f"{colour} lamp", pin
        if self.sounder_pin is not None:
            yield "sounder", self.sounder_pin


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
                    f"pins could not be opened ({error}); check /dev/gpiochip0, the gpio group and python3-lgpio"
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
                raise DriverError(f"the relay could not be switched ({error}); check /dev/gpiochip0") from error


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
