"""The command `jx-field`: prepare a card, enrol a gate."""

import io
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.text import Text

from device.firmware import config
from device.firmware.errors import GateError
from provisioning import card, enrol
from provisioning.errors import FieldError, UsageError
from provisioning.est import TIMEOUT_S, Server

FAILED, USAGE, WARNINGS = 1, 2, 3
CARD_DATA: Final = Path("/var/lib/jixiang-gate")
BROKER_PORT: Final = 8883

app = typer.Typer(
    help="现场命令：制卡、登记闸机。Prepare a card, enrol a gate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; replace what is there.")]


def main() -> None:
    """Run the command line; a terminal that cannot show a sign gets a substitute, not a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app()


@app.command()
def prepare(  # noqa: PLR0913 - each is an option of the command line
    place: Annotated[Path, typer.Argument(help="Directory for the files: a card's, or the gate's own.")],
    *,
    gate: Annotated[str, typer.Option(help="The gate's id, 12 hexadecimal digits.")],
    root: Annotated[Path, typer.Option(help="Root document version 1, from the key officer.")],
    fleet: Annotated[str, typer.Option(help="Address of the fleet's enrolment pages, https://host:port.")],
    broker_host: Annotated[str, typer.Option(help="Where the broker listens.")],
    broker_port: Annotated[int, typer.Option(min=1, max=65_535)] = BROKER_PORT,
    data: Annotated[
        Path | None, typer.Option(help="Where the data will lie on the gate; PLACE when left out.")
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """制卡。Write a gate's configuration and the first root document."""

    def work() -> tuple[dict[str, Any], tuple[str, ...]]:
        try:
            signed = root.read_bytes()
        except OSError as error:
            raise UsageError(f"{root} cannot be read ({error.strerror}); nothing was written") from error
        wanted = card.Card(
            gate=gate,
            fleet=fleet,
            broker_host=broker_host,
            broker_port=broker_port,
            data=(data or place).absolute(),
            root=signed,
        )
        written, believed = card.write(wanted, place, replace=yes)
        return {"gate": gate, "written": [str(path) for path in written], "root": believed.version}, ()

    here = f"下一步 · next: jx-field enrol --config {place / card.CONFIGURATION}"
    there = (
        f"下一步：把卡装进闸机启动，再在闸机上登记 · next: start the gate with this card, then, on the gate: "
        f"sudo -u jixiang-gate jx-field enrol --config {data}/{card.CONFIGURATION}"
    )
    _run(work, as_json=as_json, then=here if data in {None, place} else there)


@app.command("enrol")
def enrol_command(
    token: Annotated[
        str, typer.Argument(help="The ticket JXE1:…; left out, it is asked for or piped in.")
    ] = "",
    *,
    config_file: Annotated[Path, typer.Option("--config", help="The gate's TOML file.")],
    token_option: Annotated[str, typer.Option("--token", help="The same as an option.")] = "",
    wait_s: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for an approval.")] = 300.0,
    timeout_s: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Seconds for an answer.")
    ] = TIMEOUT_S,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """登记闸机。Make the gate's key and fetch its certificate with a one-use ticket."""

    def work() -> tuple[dict[str, Any], tuple[str, ...]]:
        try:
            settings = config.load(config_file)
        except GateError as error:
            raise UsageError(str(error)) from error
        ticket = enrol.read_ticket(token or token_option or _asked(), settings.gate)
        if not yes and sys.stdin.isatty():
            typer.confirm(f"登记闸机 {settings.gate}？ Enrol it at {ticket.url}?", default=True, abort=True)
        done = enrol.enrol(
            settings, Server(ticket, timeout_s), datetime.fromtimestamp(time.time(), UTC), wait_s
        )
        told = {
            "gate": done.gate,
            "fingerprint": done.fingerprint,
            "certificate_ends": f"{done.ends:%Y-%m-%d}",
        }
        return told, done.warnings

    _run(
        work,
        as_json=as_json,
        then="请在控制台核对指纹 · compare the fingerprint with the console's; the gate connects by itself",
    )


def _asked() -> str:
    """A ticket from a pipe, or from whoever sits there: not on a command line, where others can read it."""
    if sys.stdin.isatty():
        return str(typer.prompt("JXE1 令牌 · ticket", hide_input=True))
    return sys.stdin.read(4096)


def _run(work: Callable[[], tuple[dict[str, Any], tuple[str, ...]]], *, as_json: bool, then: str) -> None:
    """Do it, tell it, and end with 0, 1 failed, 2 usage or 3 warnings."""
    try:
        told, warnings = work()
    except FieldError as error:
        if as_json:
            typer.echo(json.dumps({"ok": False, "error": str(error)}, ensure_ascii=False))
        else:
            _say(Console(stderr=True, highlight=False, soft_wrap=True), "✗", "FAIL", "red", str(error))
        raise typer.Exit(USAGE if isinstance(error, UsageError) else FAILED) from error
    if as_json:
        typer.echo(json.dumps({"ok": True, **told, "warnings": warnings}, ensure_ascii=False))
    else:
        _tell(told, warnings, then)
    raise typer.Exit(WARNINGS if warnings else 0)


_WORDS: Final = {
    "gate": ("闸机", "gate"),
    "written": ("已写入", "written"),
    "root": ("根文件版本", "root version"),
    "fingerprint": ("指纹", "fingerprint"),
    "certificate_ends": ("证书到期", "certificate ends"),
}


def _tell(told: dict[str, Any], warnings: tuple[str, ...], then: str) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for name, value in told.items():
        zh, en = _WORDS[name]
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        _say(console, "✓", "PASS", "green", f"{zh} · {en}: {shown}")
    for words in warnings:
        _say(console, "!", "WARN", "yellow", words)
    console.print(Text(f"→ {then}"))


def _say(console: Console, sign: str, word: str, style: str, text: str) -> None:
    shown = f"{sign} {word} " if console.is_terminal else f"{word} "
    console.print(Text(shown, style=style), Text(text), sep="")
