"""The command `jx-gate`: explain any code, and say what a gate believes and holds."""

import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from device.firmware import config, evidence, pictures, standing
from device.firmware.errors import GateError
from device.firmware.explain import Explanation, Line, Mark, explain
from device.firmware.trust import Beliefs
from wire.health import TROUBLES, Severity

ROOT_NAME: Final = "root.1.jx"  # the default of `root` in a gate's configuration
FAILED: Final = 1
USAGE: Final = 2
_SIGNS: Final = {
    Mark.HOLDS: ("✓", "OK  ", "green"),
    Mark.FAILS: ("✗", "FAIL", "red"),
    Mark.UNVERIFIED: ("?", "?   ", "yellow"),
    Mark.NOTE: ("·", "    ", "default"),
}
_UNVERIFIED: Final = "未核验 unverified"

app = typer.Typer(
    help="Look at codes and at a gate. 查看健康码和闸机。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_FILE = typer.Option(exists=True, dir_okay=False, readable=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Clock = Annotated[str | None, typer.Option(help="Compare with this time: 2026-11-21T08:00Z or unix seconds.")]


def main() -> None:
    """Run the command line; a terminal that cannot show a sign gets a substitute, not a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app()


@app.command("explain")
def explain_command(
    code: Annotated[str, typer.Argument(help="The text of a code, a picture of it, or - for either.")],
    *,
    root: Annotated[list[Path] | None, typer.Option(help="Root document; several in order.")] = None,
    trust: Annotated[Path | None, typer.Option(help="Trust document.")] = None,
    list_: Annotated[
        list[Path] | None, typer.Option("--list", help="Status list; several may be given.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory of a gate to check against.")] = None,
    clock: Clock = None,
    as_json: AsJson = False,
) -> None:
    """解释任何二维码。Say what a QR code is, what holds, what fails and what to do."""
    with _refusals():
        beliefs = _beliefs(evidence.Files(root or (), trust, list_ or ()), data)
        now_s = _moment(clock)
        piped = sys.stdin.buffer.read(pictures.MOST_BYTES + 1) if code == "-" else None
        found = [explain(text, beliefs, now_s) for text in pictures.given(code, piped)]
    if as_json:
        print(json.dumps([_fields(one) for one in found], ensure_ascii=False, indent=2))  # noqa: T201 - the output
    else:
        for one in found:
            _show(one)
    raise typer.Exit(0 if all(one.holds for one in found) else FAILED)


@app.command()
def status(
    config_file: Annotated[Path, typer.Option("--config", help="The gate's TOML file.")],
    *,
    clock: Clock = None,
    as_json: AsJson = False,
) -> None:
    """查看闸机状态。Say what a gate believes, holds and would refuse."""
    with _refusals():
        found = standing.look(config.load(config_file), _moment(clock))
    if as_json:
        fields = {row.name: row.value for row in found.rows}
        troubles = [trouble.name.lower() for trouble in found.troubles]
        told = {"facts": fields, "troubles": troubles, "dropped": found.dropped, "decides": found.decides}
        print(json.dumps(told, ensure_ascii=False, indent=2))  # noqa: T201 - the output
    else:
        _show_standing(found)
    raise typer.Exit(0 if found.decides else FAILED)


def _beliefs(files: evidence.Files, data: Path | None) -> Beliefs | None:
    if data is None:
        return evidence.from_files(files)
    store, restored = evidence.from_data(data, ROOT_NAME)
    store.close()
    return restored.beliefs


def _moment(clock: str | None) -> int:
    if clock is None:
        return int(time.time())
    try:
        return int(clock) if clock.isdigit() else int(datetime.fromisoformat(clock).timestamp())
    except ValueError as error:
        raise GateError(f"{clock} is no time; write it like 2026-11-21T08:00Z") from error


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except GateError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(Text(str(error)))
        raise typer.Exit(USAGE) from error


def _out() -> Console:
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def _sign(console: Console, signs: tuple[str, str, str]) -> Text:
    sign, word, style = signs
    return Text(f"{sign} {word}" if console.is_terminal else word, style=style)


def _show(one: Explanation) -> None:
    console = _out()
    console.print(Text(f"{one.zh} · {one.en}", style="bold"))
    for line in one.lines:
        words = Text(f"  {line.zh} · {line.en}")
        if line.mark is Mark.UNVERIFIED:
            words.append(f"  [{_UNVERIFIED}]")
        console.print(_sign(console, _SIGNS[line.mark]), words, sep="")
    console.print(Text(f"→ {one.todo.zh} · {one.todo.en}"))


def _fields(one: Explanation) -> dict[str, object]:
    def told(lines: Sequence[Line]) -> list[dict[str, str]]:
        return [{"mark": line.mark.value, "zh": line.zh, "en": line.en} for line in lines]

    words: dict[str, object] = {"kind": one.kind, "zh": one.zh, "en": one.en, "holds": one.holds}
    return words | {"lines": told(one.lines), "todo": {"zh": one.todo.zh, "en": one.todo.en}}


_WEIGHTS: Final = {
    Severity.BLOCKS: _SIGNS[Mark.FAILS],
    Severity.REFERS: ("!", "WARN", "yellow"),
    Severity.NOTE: ("·", "NOTE", "default"),
}
_COSTS: Final = {
    Severity.BLOCKS: ("停用", "out of service"),
    Severity.REFERS: ("转人工", "refers people"),
    Severity.NOTE: ("提示", "note"),
}


def _show_standing(found: standing.Standing) -> None:
    console = _out()
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
        console.print(_sign(console, _WEIGHTS[told.severity]), text, sep="")
    if not found.troubles:
        console.print(Text("文件齐全 · nothing in the files is wrong", style="green"))
