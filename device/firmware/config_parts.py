"""The sections of a gate's file, one for each part it has: what may stand there, and what is left out."""

from typing import Annotated, Literal

import msgspec

Pin = Annotated[int, msgspec.Meta(ge=2, le=27)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Level = Literal["high", "low"]


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the gate reports, and what it shows there."""

    host: str
    port: Port = 8883
    authority: str = "ca.pem"
    """Who must have signed the broker's certificate; relative paths lie in the data directory."""
    certificate: str = "gate.pem"
    key: str = "gate.key"


class Camera(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The camera; see device.drivers.camera for what each means."""

    number: int = 0
    width: Annotated[int, msgspec.Meta(ge=64, le=4608)] = 1280
    height: Annotated[int, msgspec.Meta(ge=64, le=2592)] = 720
    pixel_format: Literal["YUV420", "NV12"] = "YUV420"
    frames_per_s: Annotated[float, msgspec.Meta(gt=0, le=120)] = 15.0
    exposure_value: Annotated[float, msgspec.Meta(ge=-8, le=8)] = -0.7
    exposure_s: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    """A fixed exposure, at most as long as a frame; left out, the camera finds its own."""
    gain: Annotated[float, msgspec.Meta(ge=1, le=64)] | None = None
    focus: Literal["continuous", "fixed"] = "continuous"
    """"fixed": at `focus_dioptres`, where a lens that hunts is worse than one that stands still."""
    focus_dioptres: Annotated[float, msgspec.Meta(ge=0, le=32)] = 6.0
    """One over the distance in metres: 6 is 17 cm."""
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=5)] = 2.0
    """A camera without a picture for this long hangs; shorter than the gate's patience with its thread."""


class Thermometer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The thermometer, where its calibration against a black body lies, and what "settled" means."""

    bus: Annotated[int, msgspec.Meta(ge=0)] = 1
    address: int = 0x5A
    variant: str = "DCI"
    tolerance_c: Annotated[float, msgspec.Meta(gt=0, le=2)] = 0.3
    samples: Annotated[int, msgspec.Meta(ge=5, le=50)] = 5
    window_s: Seconds = 1.5
    calibration: str = "calibration.toml"
    """The record of the calibration against a black body; relative to the data directory."""
    emissivity: Annotated[float, msgspec.Meta(ge=0.1, le=1)] = 0.98
    """What the chip is to be set to; skin is 0.98 (Steketee 1973, Phys. Med. Biol. 18, 686)."""


class ContactPin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One contact: its pin, its pull and the level that means active."""

    pin: Pin
    pull: Literal["up", "down", "none"] = "up"
    active: Level = "low"


class Contacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The contacts that are wired; what is left out does not exist."""

    door: ContactPin | None = None
    passage: ContactPin | None = None
    fire: ContactPin | None = None
    tamper: ContactPin | None = None
    button: ContactPin | None = None


class Pins(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Relay, contacts, lamp and sounder, as GPIO numbers."""

    relay: Pin
    relay_active: Level = "high"
    barrier: Literal["turnstile", "door"] = "turnstile"
    """"turnstile": a pulse frees one passage and the arm locks itself; "door": a strike, let go once the
    leaf has moved."""
    relay_wiring: Literal["fail-safe", "fail-secure"] = "fail-safe"
    """What the way does when its lock has no power: open (safe) or shut (secure). Words: wiring decides."""
    contacts: Contacts = Contacts()
    lamp: tuple[Pin, Pin, Pin] | None = None
    lamp_active: Level = "high"
    sounder: Pin | None = None
    sounder_kind: Literal["tonal", "buzzer"] = "tonal"
    debounce_s: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.02


class Oled(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="oled"
):
    """An SSD1306 of 128×64 on I²C."""

    bus: Annotated[int, msgspec.Meta(ge=0)] = 1
    address: int = 0x3C
    upside_down: bool = False


class Lcd(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="lcd"):
    """An ST7789 or ILI9341 of 240×320 on SPI."""

    chip: Literal["st7789", "ili9341"] = "st7789"
    chip_select: Literal[0, 1] = 0
    data_command: Pin = 24
    reset: Pin = 25
    light: Pin | None = None
    upside_down: bool = False
    bgr: bool = False


class NoScreen(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="none"
):
    """No display."""


class Lane(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long things last at this lane, in seconds; how long the barrier opens stands in the policy."""

    measure_s: Seconds = 8.0
    denied_s: Seconds = 3.0
    referred_s: Seconds = 5.0
    waiting_s: Seconds = 2.5
    attendant_s: Seconds = 60.0
    """Attendant mode ends this long after the last thing that was done in it."""
    button: Literal["attendant", "opens"] = "attendant"
    """"attendant": the button begins attendant mode; "opens": it opens at once, from a desk."""


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Spoken prompts, played from files that `jx-gate voice` makes."""

    directory: str = "voice"
    """Relative to the data directory."""
    languages: tuple[Literal["zh", "en"], ...] = ("zh", "en")
    device: str = "default"
    """ALSA's name of the output."""
