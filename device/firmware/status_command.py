"""The command `jx-gate status`: what a gate believes, holds and would refuse."""

import json
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from device.firmware import config, standing
from device.firmware.terminal import FAILED, AsJson, Clock, moment, out, refusals, sign
from wire.health import TROUBLES, Severity


def status_command(
    config_file: Annotated[Path, typer.Option("--config", help="The gate's TOML file.")],
    *,
    clock: Clock = None,
    as_json: AsJson = False,
) -> None:
    """查看闸机状态。Say what a gate believes, holds and would refuse."""
    with refusals():
        found = standing.look(config.load(config_file), moment(clock))
    if as_json:
        fields = {row.name: row.value for row in found.rows}
        troubles = [trouble.name.lower() for trouble in found.troubles]
        told = {"facts": fields, "troubles": troubles, "dropped": found.dropped, "decides": found.decides}
        print(json.dumps(told, ensure_ascii=False, indent=2))  # noqa: T201 - the output
    else:
        _show_standing(found)
    raise typer.Exit(0 if found.decides else FAILED)


_WEIGHTS: Final = {
    Severity.BLOCKS: ("✗", "FAIL", "red"),
    Severity.REFERS: ("!", "WARN", "yellow"),
    Severity.NOTE: ("·", "NOTE", "default"),
}
_COSTS: Final = {
    Severity.BLOCKS: ("停用", "out of service"),
    Severity.REFERS: ("转人工", "refers people"),
    Severity.NOTE: ("提示", "note"),
}


def _show_standing(found: standing.Standing) -> None:
    console = out()
    table = Table(box=None, show_header=False, pad_edge=False)
    for row in found.rows:
        table.add_row(Text(f"{row.zh} · {row.en}", style="dim"), Text(str(row.value)))
    console.print(table)
    for words in found.dropped:
        console.print(Text(f"不再采信 · not believed any more: {words}", style="yellow"))
    for trouble in found.troubles:
        told = TROUBLES[trouble]
        zh, en = _COSTS[told.severity]
        text = Text(f"  {told.zh}（{zh}：{told.fix_zh}） · {told.en} ({en}; fix: {told.fix_en})")
        console.print(sign(console, _WEIGHTS[told.severity]), text, sep="")
    if not found.troubles:
        console.print(Text("文件齐全 · nothing in the files is wrong", style="green"))
