"""What one gate is told about itself by a file on its card: read once, checked whole, never written."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from device.firmware.errors import GateError

Pin = Annotated[int, msgspec.Meta(ge=2, le=27)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Level = Literal["high", "low"]
GateId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{12}\Z")]


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
    autofocus: bool = True
    timeout_s: Seconds = 2.0


class Thermometer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The thermometer, its calibration against a black body, and what "settled" means."""

    bus: Annotated[int, msgspec.Meta(ge=0)] = 1
    address: int = 0x5A
    variant: str = "DCI"
    offset_c: Annotated[float, msgspec.Meta(ge=-10, le=10)] = 0.0
    """No sound chip is farther off; a slip here would let fevers through."""
    gain: Annotated[float, msgspec.Meta(ge=0.5, le=2.0)] = 1.0
    residual_c: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.1
    site_c: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.2
    tolerance_c: Annotated[float, msgspec.Meta(gt=0, le=2)] = 0.3
    samples: Annotated[int, msgspec.Meta(ge=2, le=50)] = 5
    window_s: Seconds = 1.5
    calibrated_on: str = ""
    """Date of the calibration record, in words for people."""


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
    relay_wiring: Literal["fail-safe", "fail-secure"] = "fail-safe"
    """What the way does without power: stand open (safe) or stay shut (secure). Words: the wiring decides."""
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


class GateConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    gate: GateId
    data: str = "/var/lib/jixiang-gate"
    """Directory on the partition that survives: journal, documents, keys."""
    root: str = "root.1.jx"
    """The first root document, written with the card; relative to the data directory."""
    fleet: str = ""
    """Address of the fleet server for enrolment, https://…"""
    journal_mb: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 512
    broker: Broker
    pins: Pins
    camera: Camera = Camera()
    thermometer: Thermometer | None = None
    display: Oled | Lcd | NoScreen = NoScreen()
    lane: Lane = Lane()

    def path(self, name: str) -> Path:
        """A path of the file, taken from the data directory when it is relative."""
        return Path(self.data) / name


def load(path: Path) -> GateConfig:
    """Read the file; GateError names the key and what to do."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GateError(
            f"the configuration {path} cannot be read ({error.strerror}); prepare the card"
        ) from error
    return read(data, str(path))


def read(data: bytes, name: str) -> GateConfig:
    """The configuration from the bytes of a TOML file called `name`; GateError names the key."""
    try:
        found = msgspec.toml.decode(data, type=GateConfig)
        if bad := _not_a_number(msgspec.to_builtins(found), ""):
            raise GateError(f"{name}: `{bad}` is not a number; correct that key")
    except msgspec.ValidationError as error:
        raise GateError(f"{name}: {error}; correct that key") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise GateError(
            f"{name} is not a TOML file ({error}); correct the line or prepare it again"
        ) from error
    return found


def _not_a_number(value: object, path: str) -> str:
    """Where TOML's `nan` stands, which is neither below nor above any limit; "" where it does not."""
    if isinstance(value, Mapping):
        found = (_not_a_number(part, f"{path}.{key}".lstrip(".")) for key, part in value.items())
        return next(filter(None, found), "")
    return path if isinstance(value, float) and math.isnan(value) else ""


_EXAMPLE: Final = """\
# A gate of Jixiang Gate. Every key that is left out has the value that suits most gates.
gate = "{gate}"
data = "{data}"
fleet = "{fleet}"

[broker]
host = "{host}"
port = {port}

[camera]
width = 1280
height = 720
frames_per_s = 15

[thermometer]
variant = "DCI"
# From the calibration record:
offset_c = 0.0
gain = 1.0

[pins]
relay = 17
relay_active = "high"
relay_wiring = "fail-safe"
lamp = [12, 13, 19]
sounder = 18

[pins.contacts]
door = {{ pin = 5 }}
passage = {{ pin = 6 }}
# A fire loop opens on alarm, so a broken wire reads as fire.
fire = {{ pin = 16, active = "high" }}
tamper = {{ pin = 20, active = "high" }}
button = {{ pin = 21 }}

[display]
kind = "oled"

[lane]
measure_s = 8
"""


def example(
    *,
    gate: str = "a1b2c3d4e5f6",
    data: str = "/var/lib/jixiang-gate",
    fleet: str = "https://fleet.example:8443",
    host: str = "fleet.example",
    port: int = 8883,
) -> str:
    """A complete file for one gate, as it is written on its card."""
    return _EXAMPLE.format(gate=gate, data=data, fleet=fleet, host=host, port=port)
