"""Which pin does what: the wiring of a gate, refused before any pin is moved when it cannot be."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from device.drivers import DriverError, InputKind

HEADER: Final[Mapping[int, int]] = MappingProxyType(
    dict(zip(range(2, 12), (3, 5, 7, 29, 31, 26, 24, 21, 19, 23), strict=True))
    | dict(zip(range(12, 20), (32, 33, 8, 10, 36, 11, 12, 35), strict=True))
    | dict(zip(range(20, 28), (38, 40, 15, 16, 18, 22, 37, 13), strict=True))
)
"""Where GPIO 2 to 27 are on the 40-pin header; 0 and 1 read the HAT's identity (Raspberry Pi documentation,
"GPIO and the 40-pin header")."""

I2C_PINS: Mapping[int, str] = MappingProxyType({2: "I2C data", 3: "I2C clock"})
SPI_PINS: Mapping[int, str] = MappingProxyType(
    {7: "SPI select 1", 8: "SPI select 0", 9: "SPI data in", 10: "SPI data", 11: "SPI clock"}
)
"""All five: the kernel's driver holds both selects whichever the display uses."""
FIXED_PULL_UP: Final = frozenset(I2C_PINS)
"""1.8 kΩ to 3.3 V on the board itself; no internal pull-down is a match for it."""
PULLED_UP_AT_RESET: Final = range(9)
"""GPIO 0 to 8 are pulled up until somebody says otherwise, 9 to 27 down (BCM2711 ARM Peripherals, 5.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One contact: its pin, what holds the pin when the contact is open, and which level means active."""

    pin: int
    pull: Literal["up", "down", "none"] = "up"
    active: Literal["low", "high"] = "low"
    """With pull "up": "low" for a contact that closes to ground, "high" for one that opens (a broken wire
    then reads as active, which is what a fire loop wants)."""

    @property
    def broken_is_active(self) -> bool:
        """Whether a wire that has come off reads as active."""
        return (self.pull, self.active) in {("up", "high"), ("down", "low")}


@dataclass(frozen=True, slots=True, kw_only=True)
class GpioConfig:
    """Which pin (GPIO number, not header position) does what; what is not named is not wired."""

    relay_pin: int
    relay_active: Literal["high", "low"] = "high"
    """Prefer high: a pin that is let go reads 0, so an active-low relay needs an external pull-up."""
    relay_wiring: Literal["fail-safe", "fail-secure"] = "fail-safe"
    barrier: Literal["turnstile", "door"] = "turnstile"
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
        apart((*((use, pin) for pin, use in self.taken_pins.items()), *self.uses()))
        allowed = (
            ("relay_active", self.relay_active, ("high", "low")),
            ("relay_wiring", self.relay_wiring, ("fail-safe", "fail-secure")),
            ("barrier", self.barrier, ("turnstile", "door")),
            ("lamp_active", self.lamp_active, ("high", "low")),
            ("sounder", self.sounder, ("tonal", "buzzer")),
        )
        for key, value, values in allowed:
            if value not in values:
                raise DriverError(f"{key} {value!r}: use {'|'.join(values)}")
        for kind, contact in self.contacts.items():
            if contact.pull not in {"up", "down", "none"} or contact.active not in {"low", "high"}:
                raise DriverError(f"{kind.value} contact: use pull up|down|none and active low|high")
            if contact.pin in FIXED_PULL_UP and contact.pull != "up":
                raise DriverError(
                    f"{kind.value} contact: pin {contact.pin} has a pull-up on the board that cannot be "
                    'switched off; use pull "up" or another pin'
                )

    def uses(self) -> Iterator[tuple[str, int]]:
        """What each pin of its own is for."""
        yield "relay", self.relay_pin
        for kind, contact in self.contacts.items():
            yield f"{kind.value} contact", contact.pin
        for colour, pin in zip(("red", "green", "blue"), self.lamp_pins or (), strict=False):
            yield f"{colour} lamp", pin
        if self.sounder_pin is not None:
            yield "sounder", self.sounder_pin


def apart(uses: Iterable[tuple[str, int]]) -> Mapping[int, str]:
    """What each pin is for; `DriverError` when one does not exist or is used twice."""
    users: dict[int, str] = {}
    for use, pin in uses:
        if isinstance(pin, bool) or pin not in HEADER:
            raise DriverError(f"{use}: pin {pin} does not exist; use a GPIO number from 2 to 27")
        if pin in users:
            raise DriverError(f"{use}: pin {pin} is already used by {users[pin]}; give each its own pin")
        users[pin] = use
    return users
