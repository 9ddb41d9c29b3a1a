"""The command `jx-gate emissivity`: what the thermometer is set to, and setting it."""

import json
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from device.drivers import SensorFault, SensorIdentity, Thermometer
from device.firmware import config
from device.firmware.calibration import ONE_COUNT, same_emissivity
from device.firmware.commands.terminal import FAILED, OK, WARNED, AsJson, out, refusals, told, undisturbed
from device.firmware.errors import GateError
from device.firmware.parts import thermometer_of

_GOOD: Final = ("✓", "OK  ", "green")
_WARN: Final = ("!", "WARN", "yellow")
_BAD: Final = ("✗", "FAIL", "red")
_AFTER: Final = (
    "已写入。请断电再上电，然后重新校准：旧校准不再适用。",
    "Written. Switch its power off and on, then calibrate: a calibration made before does not hold for it.",
)


def emissivity_command(
    config_file: Annotated[Path, typer.Option("--config", help="The gate's TOML file.")],
    *,
    wanted: Annotated[
        float | None, typer.Option("--set", min=0.1, max=1.0, help="Write this to the chip; skin is 0.98.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")] = False,
    as_json: AsJson = False,
) -> None:
    """查看或设置测温发射率。Show what the thermometer is set to, or set it; the chip keeps it without power.

    The gate may go on running: it only reads, each transfer on the bus is whole, and what it reads does not
    change before power returns.
    """
    with refusals():
        fitted = config.load(config_file)
        thermometer = thermometer_of(fitted)
        if thermometer is None or fitted.thermometer is None:
            raise GateError(f"{config_file} has no [thermometer]; add it or use another gate's file")
    try:
        chip = thermometer.identity()
        target = fitted.thermometer.emissivity if wanted is None else wanted
        written = wanted is not None and _written(thermometer, chip, target, yes=yes)
        if written:
            chip = thermometer.identity()
    except SensorFault as fault:
        _fail(str(fault), as_json=as_json)
        raise typer.Exit(FAILED) from fault
    finally:
        thermometer.close()
    _show(chip, target, fitted.thermometer.emissivity, written=written, as_json=as_json)
    holds = same_emissivity(chip.emissivity, fitted.thermometer.emissivity)
    raise typer.Exit(OK if holds and not written else WARNED)


def _written(thermometer: Thermometer, chip: SensorIdentity, wanted: float, *, yes: bool) -> bool:
    """Ask and write, unless the chip has it already; says whether it wrote."""
    if abs(chip.emissivity - wanted) > ONE_COUNT / 2 and not yes:
        typer.confirm(
            f"把传感器 {chip.id} 的发射率由 {chip.emissivity:.4f} 改为 {wanted:.4f}？ "
            f"Set the emissivity of sensor {chip.id} from {chip.emissivity:.4f} to {wanted:.4f}?",
            abort=True,
            err=True,
        )
    with undisturbed():  # between erasing and writing, the chip holds no emissivity at all
        return thermometer.set_emissivity(wanted)


def _fail(words: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"error": words}, ensure_ascii=False))  # noqa: T201 - the output
        return
    console = out()
    told(console, _BAD, Text(f"测温故障 · thermometer: {words}"))


def _show(chip: SensorIdentity, target: float, in_file: float, *, written: bool, as_json: bool) -> None:
    if as_json:
        fields = {
            "sensor": chip.id,
            "variant": chip.variant,
            "emissivity": round(chip.emissivity, 6),
            "wanted": target,
            "file": in_file,
            "written": written,
        }
        print(json.dumps(fields, ensure_ascii=False, indent=2))  # noqa: T201 - the output
        return
    console = out()
    table = Table(box=None, show_header=False, pad_edge=False)
    rows = (
        ("传感器 · sensor", chip.id),
        ("型号 · variant", f"{chip.variant}, {chip.view_deg}°"),
        ("发射率 · emissivity", f"{chip.emissivity:.4f}"),
        ("闸机文件 · wanted by the gate's file", f"{in_file:.4f}"),
    )
    for words, value in rows:
        table.add_row(Text(words, style="dim"), Text(value))
    console.print(table)
    for signs, zh, en in _lines(chip, in_file, written=written):
        told(console, signs, Text(f"{zh} · {en}"))


def _lines(
    chip: SensorIdentity, in_file: float, *, written: bool
) -> list[tuple[tuple[str, str, str], str, str]]:
    lines = [(_WARN, *_AFTER)] if written else []
    if not same_emissivity(chip.emissivity, in_file):
        zh = f"与闸机文件不符：运行 --set {in_file}，或改正文件。"
        en = f"Not what the gate's file wants: run it with --set {in_file}, or correct the file."
        lines.append((_WARN, zh, en))
    elif not written:
        lines.append((_GOOD, "与闸机文件一致，无需写入。", "As the gate's file wants it; nothing to write."))
    return lines
