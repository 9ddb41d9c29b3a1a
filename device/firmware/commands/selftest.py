"""The command `jx-gate selftest`: every check with its value, its limit and its fix, one line each."""

import json
import time
import unicodedata
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from device.firmware import config, live
from device.firmware.checks import registry
from device.firmware.checks.context import Check, Context, Files, Fitted
from device.firmware.checks.finding import Finding, Grade
from device.firmware.commands.terminal import FAILED, OK, WARNED, AsJson, orderly, out, refusals, sign
from device.firmware.words import Both

_SIGNS: Final = {
    Grade.PASS: ("✓", "PASS", "green"),
    Grade.WARN: ("!", "WARN", "yellow"),
    Grade.FAIL: ("✗", "FAIL", "red"),
    Grade.SKIP: ("–", "SKIP", "dim"),
    Grade.NOTE: ("·", "NOTE", "default"),
}
_TITLE_CELLS: Final = 24
_ANSWERS: Final = {
    **dict.fromkeys(("y", "yes", "是", "是的", "好", "对"), True),
    **dict.fromkeys(("", "n", "no", "否", "不", "不是", "没有"), False),
}


@dataclass(slots=True)
class Asking:
    """Asks in a terminal; nobody is asked with --yes, or where nobody sits."""

    console: Console
    alone: bool

    def sure(self, question: Both) -> bool | None:
        """Yes or no; an empty answer is no, and anything else is asked again: a slip is no finding."""
        while (answer := self.answer(Both(f"{question.zh} [y/N]", f"{question.en} [y/N]"))) is not None:
            found = _ANSWERS.get(unicodedata.normalize("NFKC", answer).strip().lower())
            if found is not None:
                return found
        return None

    def answer(self, question: Both) -> str | None:
        """A word; the end of the input is nobody."""
        if self.alone:
            return None
        try:
            return self.console.input(Text(f"  ? {question.zh}\n    {question.en} ", style="bold"))
        except EOFError:
            self.console.print()
            return None


@dataclass(slots=True)
class Report:
    """What was found, told at once when people read."""

    console: Console
    silent: bool
    rows: list[tuple[Check, Finding]] = field(default_factory=list)

    def do(self, check: Check, context: Context) -> None:
        """One check, its lines as they come."""
        if not self.silent and self.console.is_terminal:
            self.console.print(Text(f"  … {check.title}", style="dim"), end="\r")
        registry.perform(check, context, lambda finding: self._tell(check, finding))

    @property
    def exit_code(self) -> int:
        """0: all is well, 1: something failed, 3: something is to be looked at."""
        grades = {finding.grade for _, finding in self.rows}
        return FAILED if Grade.FAIL in grades else WARNED if Grade.WARN in grades else OK

    def end(self, gate: str) -> None:
        """How many of each; for programs, everything."""
        if self.silent:
            told = {"gate": gate, "exit": self.exit_code, "findings": self.fields()}
            print(json.dumps(told, ensure_ascii=False, indent=2))  # noqa: T201 - the output
            return
        found = Counter(finding.grade for _, finding in self.rows)
        words = Text("\n")
        for grade, (_, word, style) in _SIGNS.items():
            if found[grade]:
                words.append(f"{found[grade]} {word}  ", style=style)
        self.console.print(words)

    def fields(self) -> list[dict[str, object]]:
        """For programs."""
        return [
            {
                "check": check.name,
                "part": finding.about.en or None,
                "grade": finding.grade.value,
                **{
                    name: {"zh": both.zh, "en": both.en} if both.en else None
                    for name, both in (
                        ("value", finding.value),
                        ("limit", finding.limit),
                        ("fix", finding.fix),
                    )
                },
            }
            for check, finding in self.rows
        ]

    def _tell(self, check: Check, finding: Finding) -> None:
        first = not any(done is check for done, _ in self.rows)
        self.rows.append((check, finding))
        if not self.silent:
            show(
                self.console, check.title if first or not finding.about.en else finding.about, finding, first
            )


def show(console: Console, title: Both, finding: Finding, first: bool) -> None:
    """One line; value and limit, and below it what to do."""
    told = Text(str(finding.value))
    if finding.about.en and first:
        told = Text(f"{finding.about}: ").append_text(told)
    if finding.limit.en:
        told.append(f"  [{finding.limit}]", style="dim")
    if finding.fix.en:
        told.append("\n修正 Fix: ", style="bold").append(f"{finding.fix}")
    row = Table.grid(padding=(0, 1), expand=console.is_terminal)
    row.add_column(no_wrap=True)
    row.add_column(width=_TITLE_CELLS if console.is_terminal else None, min_width=_TITLE_CELLS)
    row.add_column(ratio=1, overflow="fold")
    name = Text(str(title), style="bold" if first else "dim")
    row.add_row(sign(console, _SIGNS[finding.grade]), name if first else Padding(name, (0, 0, 0, 2)), told)
    console.print(row)


def _listed(console: Console, checks: tuple[Check, ...]) -> None:
    table = Table.grid(padding=(0, 2))
    for check in checks:
        table.add_row(check.name, Text(f"{check.title.zh}：{check.proves.zh}\n{check.proves.en}"))
    console.print(table)


def selftest_command(  # noqa: PLR0913 - each is an option of the command line
    config_file: Annotated[Path, typer.Option("--config", help="The gate's TOML file.")],
    *,
    only: Annotated[list[str] | None, typer.Option(help="Do this check alone; several may be given.")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Leave this check out.")] = None,
    proves: Annotated[bool, typer.Option("--list", help="Say what each check proves, and do none.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nobody.")] = False,
    relay: Annotated[
        bool, typer.Option("--relay", help="Pulse the relay without asking: THE WAY OPENS.")
    ] = False,
    watch: Annotated[
        float, typer.Option(min=0, max=600, help="Watch the contacts for so many seconds.")
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """闸机自检。Test this gate: a line for each check, with its limit and how to fix it."""
    with refusals():
        told = config.load(config_file)
        checks = registry.chosen(only or (), skip or ())
    console = out()
    if proves:
        _listed(console, checks)
        return
    report = Report(console, as_json)
    asking = Asking(console, alone=yes or as_json or not console.is_terminal)
    _perform(told, checks, report, asking, relay=relay, watch_s=watch)
    report.end(told.gate)
    raise typer.Exit(report.exit_code)


def _perform(
    told: config.GateConfig,
    checks: tuple[Check, ...],
    report: Report,
    asking: Asking,
    *,
    relay: bool,
    watch_s: float,
) -> None:
    with orderly(), closing(Fitted(told)) as equipment, closing(Files(told)) as files:
        running = live.listen(told)
        context = Context(
            config=told,
            equipment=equipment,
            files=files,
            asks=asking,
            now_s=int(time.time()),
            running=running,
            busy=running is not None or live.in_use(told),
            relay=relay,
            watch_s=watch_s,
        )
        if context.busy and not report.silent:
            words = f"闸机正在运行 · the gate is running. {registry.STOP}"
            report.console.print(Text(words, style="yellow"))
        for check in checks:
            report.do(check, context)
