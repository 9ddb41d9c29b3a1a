"""Which pin does what: the wiring of a gate, refused before any pin is moved when it cannot be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from device.drivers import DriverError, InputKind

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
            raise DriverError(
                f"relay_active, lamp_active, sounder = {given}: use high|low, high|low, tonal|buzzer"
            )
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
