"""The command `jx-gate status`: what a gate believes, holds and would refuse, and how the running one is."""

import json
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from device.firmware import config, live, standing
from device.firmware.commands.terminal import FAILED, OK, WARNED, AsJson, Clock, moment, out, refusals, sign
from device.firmware.config import GateConfig
from device.firmware.live import Running
from device.firmware.refusals import VERDICTS
from wire.health import TROUBLES, Severity, Trouble
from wire.reason_words import REASONS

EVERY_S: Final = 2.0
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


def status_command(
    config_file: Annotated[Path, typer.Option("--config", help="The gate's TOML file.")],
    *,
    clock: Clock = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds.")] = False,
    as_json: AsJson = False,
) -> None:
    """查看闸机状态。Say what a gate believes, holds and would refuse, and what keeps it from deciding."""
    with refusals():
        told = config.load(config_file)
        found = _look(told, clock)
        try:
            if watch:
                found = _watched(told, clock, found, as_json=as_json)
            elif as_json:
                _print(found)
            else:
                out().print(Shown(found))
        except KeyboardInterrupt:
            raise typer.Exit(OK) from None
    raise typer.Exit(FAILED if not found.decides else WARNED if found.running is None else OK)


def _look(told: GateConfig, clock: str | None) -> standing.Standing:
    running, held = live.listen(told), live.in_use(told)
    return standing.look(told, moment(clock), running, holds_files=held or running is not None)


def _watched(
    told: GateConfig, clock: str | None, found: standing.Standing, *, as_json: bool
) -> standing.Standing:
    """Until somebody stops it, or until what is read has ended: a screen, or a line of JSON each time."""
    if as_json or not sys.stdout.isatty():
        while True:
            _print(found, indent=None)
            time.sleep(EVERY_S)
            found = _look(told, clock)
    with Live(
        Shown(found), console=out(), screen=True, auto_refresh=False, vertical_overflow="crop"
    ) as screen:
        while True:
            time.sleep(EVERY_S)
            found = _look(told, clock)
            screen.update(Shown(found), refresh=True)


def _print(found: standing.Standing, indent: int | None = 2) -> None:
    print(json.dumps(fields(found), ensure_ascii=False, indent=indent), flush=True)  # noqa: T201 - the output


def fields(found: standing.Standing) -> dict[str, object]:
    """Everything, for programs."""
    running = found.running
    return {
        "decides": found.decides,
        "facts": {row.name: row.value for row in found.rows},
        "troubles": [trouble.name.lower() for trouble in found.troubles],
        "readiness": [_trouble(trouble) for trouble in found.troubles],
        "refuses": [
            {"verdict": one.verdict.name.lower(), "zh": one.words.zh, "en": one.words.en}
            for one in found.refuses
        ],
        "dropped": found.dropped,
        "unread": found.unread or None,
        "holds_files": found.holds_files,
        "running": None if running is None else {"age_s": round(running.age_s, 2), **_told(running)},
    }


def _told(running: Running) -> dict[str, object]:
    told = running.told
    return {name: getattr(told, name) for name in told.__struct_fields__}


def _trouble(trouble: Trouble) -> dict[str, str]:
    words = TROUBLES[trouble]
    return {
        "trouble": trouble.name.lower(),
        "severity": words.severity.name.lower(),
        "zh": words.zh,
        "en": words.en,
        "fix_zh": words.fix_zh,
        "fix_en": words.fix_en,
    }


class Shown:
    """A standing, for people: first what is wrong, then what is refused, then what is held."""

    def __init__(self, found: standing.Standing) -> None:
        self._found = found

    def __rich_console__(self, console: Console, _options: ConsoleOptions) -> Iterator[RenderableType]:
        """Rich asks for this."""
        found = self._found
        yield _running(found)
        yield from _readiness(console, found)
        if found.unread:
            words = "文件读不到，用 root 运行可看全部 · its files cannot be read, root sees everything"
            yield Text(f"\n{words}: {found.unread}", style="yellow")
            return
        yield _title("不放行", "would refuse")
        yield _refuses(found)
        yield _title("掌握", "believes and holds")
        table = Table.grid(padding=(0, 2))
        table.add_column()
        table.add_column(overflow="fold")
        for row in found.rows:
            table.add_row(Text(f"  {row.zh} · {row.en}", style="dim"), Text(str(row.value)))
        yield table
        for words in found.dropped:
            yield Text(f"不再采信 · not believed any more: {words}", style="yellow")


def _title(zh: str, en: str) -> Text:
    return Text(f"\n{zh} · {en}", style="bold")


def _running(found: standing.Standing) -> RenderableType:
    running = found.running
    if running is None and found.holds_files:
        return Text(
            "闸机程序占用着文件，却没有报告状态（可能卡住，或 /run 不可写）：以下只来自文件 · "
            "a gate holds the files but tells nothing (it may hang, or /run may be full): "
            "what follows is from its files",
            style="red",
        )
    if running is None:
        return Text(
            "闸机程序没有运行：以下只来自文件 · the gate is not running: what follows is from its files",
            style="yellow",
        )
    told = running.told
    up = timedelta(seconds=int(told.uptime_s))
    online = "在线 online" if told.online else "离线 offline"
    vouched = f"{told.clock} ±{told.clock_doubt_ms} ms"
    if told.clock_doubt_ms is None:
        vouched = "未经校时 · nobody has vouched for it"
    lines: list[RenderableType] = [
        Text(f"运行中 · running  {told.firmware}, pid {told.pid}, {up}, {online}", style="green"),
        Text(f"  通道 lane: {told.lane}{_reason(told.reason)}"),
        Text(f"  时钟 clock: {vouched}"),
    ]
    if told.attendant:
        lines.append(Text("  值守模式 · attendant mode", style="yellow"))
    lines += [Text(f"  {part}: {words}", style="red") for part, words in told.failures.items()]
    gauges = Text("  ".join(f"{name}={value}" for name, value in told.gauges.items()), style="dim")
    lines.append(Padding(gauges, (0, 0, 0, 2), expand=False))
    return Group(*lines)


def _reason(code: str | None) -> str:
    """The reason as the screen shows it; one that this program does not know is a later gate's."""
    if code is None:
        return ""
    words = next((words for words in REASONS.values() if words.code == code), None)
    return f" {code}" if words is None else f" {code} {words.screen_zh} · {words.screen_en}"


def _readiness(console: Console, found: standing.Standing) -> Iterator[RenderableType]:
    yield _title("能否判定", "can it decide")
    if not found.troubles:
        if found.running is None:
            yield Text("  文件没有问题 · nothing is wrong with its files")
            return
        yield Text("  一切正常 · nothing is wrong", style="green")
        return
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for trouble in found.troubles:
        words = TROUBLES[trouble]
        zh, en = _COSTS[words.severity]
        text = Text(f"{words.zh}（{zh}） · {words.en} ({en})\n")
        text.append("修正 Fix: ", style="bold").append(f"{words.fix_zh} · {words.fix_en}")
        table.add_row(sign(console, _WEIGHTS[words.severity]), text)
    yield table


def _refuses(found: standing.Standing) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    last = None
    for one in found.refuses:
        word = VERDICTS[one.verdict]
        table.add_row(Text(f"  {word}" if one.verdict is not last else "", style="dim"), Text(str(one.words)))
        last = one.verdict
    return table
