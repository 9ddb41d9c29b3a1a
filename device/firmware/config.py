"""What one gate is told about itself by a file on its card: read once, checked whole, never written."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec

from device.firmware.config_parts import (
    Broker,
    Camera,
    Lane,
    Lcd,
    NoScreen,
    Oled,
    Pins,
    Thermometer,
    Voice,
)
from device.firmware.errors import GateError

DATA: Final = "/var/lib/jixiang-gate"
RUN: Final = "/run/jixiang-gate"
GateId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{12}\Z")]


class GateConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    gate: GateId
    data: str = DATA
    """Directory on the partition that survives: journal, documents, keys."""
    run: str = RUN
    """Directory in memory: what the running gate tells `jx-gate status`."""
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
    voice: Voice | None = None

    def path(self, name: str) -> Path:
        """A path of the file, taken from the data directory when it is relative."""
        return Path(self.data) / name


def load(path: Path) -> GateConfig:
    """Read the file; GateError names the key and what to do."""
    try:
        data = path.read_bytes()
    except PermissionError as error:
        raise GateError(
            f"配置 {path} 不许本账户读取，请用 sudo 运行 · "
            f"the configuration {path} is not for this account to read; run it with sudo"
        ) from error
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
gate = {gate}
data = {data}
run = {run}
fleet = {fleet}

[broker]
host = {host}
port = {port}

[camera]
width = 1280
height = 720
frames_per_s = 15

[thermometer]
# On the bag it came in; its calibration is the file calibration.toml beside this gate's data.
variant = "DCI"

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
    data: str = DATA,
    fleet: str = "https://fleet.example:8443",
    host: str = "fleet.example",
    port: int = 8883,
) -> str:
    """A complete file for one gate, as it is written on its card."""
    # A gate that keeps its files elsewhere is not systemd's, which makes /run/jixiang-gate.
    run = RUN if data == DATA else f"{data}/run"
    words = {"gate": gate, "data": data, "run": run, "fleet": fleet, "host": host}
    return _EXAMPLE.format(port=port, **{name: _quoted(word) for name, word in words.items()})


def _quoted(word: str) -> str:
    """A basic string of TOML 1.0: the escapes of JSON, and DEL, which JSON lets stand."""
    return json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007F")
