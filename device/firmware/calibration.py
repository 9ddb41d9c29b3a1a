"""The record of a thermometer's calibration against a black body, and whether it is this thermometer's."""

import errno
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec

from device.drivers import SensorIdentity
from device.firmware.config import GateConfig
from device.firmware.errors import GateError
from device.firmware.thermometry import (
    SKIN_HIGH_C,
    SKIN_LOW_C,
    UNCALIBRATED_C,
    Calibration,
    background_of,
)

MOST_BYTES: Final = 65_536
ONE_COUNT: Final = 1 / 0xFFFF
"""The chip's step of emissivity (datasheet 8.4.2)."""
ROUNDED_C: Final = 0.011
"""Written to two decimals, a residual may be half a hundredth off, and each point too."""

SPAN_C: Final = 2.0
"""Points closer together say nothing of the gain; a wrong one would pull fevers down."""
MOST_OFF_C: Final = 3.0
"""Six times what the datasheet allows an uncalibrated chip: it is broken, or looked past the black body."""

# A limit below refuses TOML's `nan` too.
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Celsius = Annotated[float, msgspec.Meta(ge=-40, le=125)]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file; surface = gain · object + offset_c."""

    sensor: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]
    """The factory's number of the chip."""
    variant: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
    emissivity: Annotated[float, msgspec.Meta(ge=0.1, le=1)]
    """As the chip was set while it was calibrated."""
    offset_c: Annotated[float, msgspec.Meta(ge=-10, le=10)]
    """No sound chip is farther off; a slip here would let fevers through."""
    gain: Annotated[float, msgspec.Meta(ge=0.9, le=1.1)]
    residual_c: Annotated[float, msgspec.Meta(ge=0, le=2)]
    """The largest that is left at any point."""
    points: Annotated[tuple[tuple[Celsius, Celsius], ...], msgspec.Meta(min_length=2, max_length=100)]
    """What the black body had, and what the chip said: °C."""
    made: date
    due: date
    operator: Word
    """Who did it, by a number or token of theirs; never a name."""
    black_body: Word
    """Its serial number."""

    def __post_init__(self) -> None:
        """Raise ValueError when the record contradicts itself."""
        if self.due <= self.made:
            raise ValueError("`due` is not after `made`")
        worst_c = max(abs(self.gain * told + self.offset_c - true) for true, told in self.points)
        if worst_c > self.residual_c + ROUNDED_C:
            raise ValueError(f"a point is off by {worst_c:.2f} °C, more than `residual_c` says")
        trues = [min(SKIN_HIGH_C, max(SKIN_LOW_C, true)) for true, _ in self.points]
        if max(trues) - min(trues) < SPAN_C:
            raise ValueError(f"`points` span less than {SPAN_C:.0f} °C of what skin has")
        off_c = max(abs(told - true) for true, told in self.points)
        if off_c > MOST_OFF_C:
            raise ValueError(f"the chip is off by {off_c:.2f} °C; replace it")


def read(data: bytes, name: str) -> Record:
    """The record from the bytes of a TOML file called `name`; GateError says what is wrong and what to do."""
    if len(data) > MOST_BYTES:
        raise GateError(f"{name} is longer than any calibration record; calibrate again")
    try:
        return msgspec.toml.decode(data, type=Record)
    except msgspec.ValidationError as error:
        raise GateError(f"{name}: {error}; calibrate again") from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise GateError(f"{name} is not a TOML file ({error}); calibrate again") from error


def load(path: Path) -> Record | None:
    """The record in a file; None: there is none. GateError when there is one that cannot be read."""
    try:
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "it is no file")  # noqa: TRY301 - told like all the others
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise GateError(
            f"the calibration record {path} is not for this account to read; as root: "
            f"chown --reference={path.parent} {path}"
        ) from error
    except OSError as error:
        raise GateError(
            f"the calibration record {path} cannot be read ({error.strerror}); calibrate again"
        ) from error
    return read(data, path.name)


def text(record: Record) -> str:
    """The file of a record: what `read` takes."""
    quoted = {
        name: json.dumps(getattr(record, name), ensure_ascii=False)
        for name in ("sensor", "variant", "operator", "black_body")
    }
    points = "".join(f"  [{float(true)!r}, {float(told)!r}],\n" for true, told in record.points)
    return f"""\
# Calibration of one thermometer against a black body: surface = gain * object + offset_c.
sensor = {quoted["sensor"]}
variant = {quoted["variant"]}
emissivity = {float(record.emissivity)!r}
offset_c = {float(record.offset_c)!r}
gain = {float(record.gain)!r}
residual_c = {float(record.residual_c)!r}
# What the black body had, what the chip said:
points = [
{points}]
made = {record.made.isoformat()}
due = {record.due.isoformat()}
operator = {quoted["operator"]}
black_body = {quoted["black_body"]}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a gate makes of one chip and the record it has."""

    calibration: Calibration
    foreign: bool = False
    """The record is another sensor's, of another emissivity, or cannot be read."""
    differs: bool = False
    """The chip is set to another emissivity than the gate's file wants."""
    due: date | None = None
    """None: there is no record."""
    words: str = ""
    """Why no temperature can be used; "" when they can."""

    @property
    def usable(self) -> bool:
        """Whether temperatures of this chip mean anything."""
        return not self.foreign and not self.differs

    def is_due(self, now_s: int) -> bool:
        """Whether there is no record, or its day has passed; `now_s` unix seconds."""
        if self.due is None:
            return True
        try:
            return datetime.fromtimestamp(now_s, UTC).date() > self.due
        except (ValueError, OverflowError, OSError):  # a clock beyond the calendar
            return True


@dataclass(slots=True, kw_only=True)
class Papers:
    """Where a gate's record lies, and what its file wants of the chip. For one thread."""

    path: Path
    emissivity: float
    settling: Calibration
    """What "settled" means; uncalibrated."""
    _seen: tuple[int, ...] | None = ()

    def changed(self) -> bool:
        """Whether the file is another one than at the last call, or another's."""
        try:
            status = self.path.stat()
        except OSError:
            seen = None
        else:
            # Whose it is counts too: a record that was root's alone and is given to the gate is a new one.
            seen = (status.st_mtime_ns, status.st_size, status.st_mode, status.st_uid, status.st_gid)
        before, self._seen = self._seen, seen
        return seen != before

    def meet(self, chip: SensorIdentity) -> Finding:
        """Hold the record beside the chip."""
        background = background_of(chip.view_deg)
        plain = replace(self.settling, residual_c=UNCALIBRATED_C, background=background)
        differs = not same_emissivity(chip.emissivity, self.emissivity)
        words = (
            f"the thermometer's emissivity is {chip.emissivity:.4f}, not {self.emissivity:.4f}; "
            "run jx-gate emissivity --set"
            if differs
            else ""
        )
        try:
            record = load(self.path)
        except GateError as error:
            return Finding(calibration=plain, foreign=True, differs=differs, due=date.max, words=str(error))
        if record is None:
            return Finding(calibration=plain, differs=differs, words=words)
        why = _foreign(record, chip)
        calibration = replace(plain, offset_c=record.offset_c, gain=record.gain, residual_c=record.residual_c)
        return Finding(
            calibration=calibration, foreign=bool(why), differs=differs, due=record.due, words=why or words
        )


def same_emissivity(one: float, other: float) -> bool:
    """Whether two are the same to the chip, give or take one count."""
    return abs(one - other) < 1.5 * ONE_COUNT


def _foreign(record: Record, chip: SensorIdentity) -> str:
    if record.sensor != chip.id:
        return f"the calibration is of sensor {record.sensor}, not of {chip.id}; calibrate again"
    if record.variant != chip.variant:
        return (
            f"the calibration is of a {record.variant}, the gate's file says {chip.variant}; correct the "
            "file, or calibrate again"
        )
    if not same_emissivity(record.emissivity, chip.emissivity):
        return (
            f"the calibration is for emissivity {record.emissivity:.4f}, not {chip.emissivity:.4f}; "
            "set it back or calibrate again"
        )
    return ""


def papers_of(config: GateConfig) -> Papers | None:
    """What a gate's file says about its thermometer; None: it has none."""
    told = config.thermometer
    if told is None:
        return None
    settling = Calibration(samples=told.samples, window_s=told.window_s, tolerance_c=told.tolerance_c)
    return Papers(path=config.path(told.calibration), emissivity=told.emissivity, settling=settling)
