"""The command `jx-gate explain`: any code, in words."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from device.firmware import evidence, pictures
from device.firmware.commands import explain_lines
from device.firmware.commands.terminal import FAILED, OK, WARNED, AsJson, Clock, moment, out, refusals, told
from device.firmware.errors import GateError
from device.firmware.explain import explain
from device.firmware.explained import Explanation, Line, Mark
from device.firmware.trust import Beliefs
from wire.foreign import shc

ROOT_NAME: Final = "root.1.jx"  # the default of `root` in a gate's configuration
_SIGNS: Final = {
    Mark.HOLDS: ("✓", "OK  ", "green"),
    Mark.FAILS: ("✗", "FAIL", "red"),
    Mark.UNVERIFIED: ("?", "?   ", "yellow"),
    Mark.NOTE: ("·", "    ", "default"),
}
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".txt")
_UNVERIFIED: Final = "未核验 unverified"
_JSONL_HELP: Final = (
    'Check many: each line {"id", "qr", "clock", "trust": [{"kid", "cert"} or {"iss", "kid", "jwk"}]} of the '
    'file CODE or of standard input is answered by a line {"id", "valid", "reason", "format", "claims"}. '
    "Ends with 0 when all are answered."
)
_LINES_ALONE: Final = (
    "--jsonl 的每一行自带信任，只能再给文件和 --clock · "
    "with --jsonl each line brings its own trust; give only a file and --clock"
)


def explain_command(  # noqa: PLR0913 - each is an option of the command
    code: Annotated[
        str | None, typer.Argument(help="The text of a code, a picture of it, or - for either.")
    ] = None,
    *,
    root: Annotated[list[Path] | None, typer.Option(help="Root document; several in order.")] = None,
    trust: Annotated[Path | None, typer.Option(help="Trust document.")] = None,
    list_: Annotated[
        list[Path] | None, typer.Option("--list", help="Status list; several may be given.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory of a gate to check against.")] = None,
    clock: Clock = None,
    names: Annotated[bool, typer.Option("--names", help="Tell whose pass it is, if it is signed.")] = False,
    as_json: AsJson = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help=_JSONL_HELP)] = False,
) -> None:
    """解释任何二维码。Say what a QR code is, what holds, what fails and what to do."""
    if jsonl:
        with refusals():
            if root or trust or list_ or data or names or as_json:
                raise GateError(_LINES_ALONE)
            explain_lines.answer_file(code, None if clock is None else moment(clock))
        return
    with refusals():
        if code is None:
            raise GateError("没有给出码 · give the text of a code, a picture of it, or - for standard input")
        beliefs = _beliefs(evidence.Files(root or (), trust, list_ or ()), data)
        now_s = moment(clock)
        if Path(code).suffix.lower() in _PICTURES and not Path(code).exists():
            raise GateError(f"没有文件 {code}，请检查名称 · there is no file {code}; check its name")
        piped = sys.stdin.buffer.read(pictures.MOST_BYTES + 1) if code == "-" else None
        texts = _together(pictures.given(code, piped))
        found = [explain(text, beliefs, now_s, names=names) for text in texts]
    if as_json:
        print(json.dumps([_fields(one) for one in found], ensure_ascii=False, indent=2))  # noqa: T201 - the output
    else:
        for one in found:
            _show(one)
    unsure = OK if all(one.holds for one in found) else WARNED
    raise typer.Exit(FAILED if any(one.fails for one in found) else unsure)


def _beliefs(files: evidence.Files, data: Path | None) -> Beliefs | None:
    if data is None:
        return evidence.from_files(files)
    store, restored = evidence.from_data(data, ROOT_NAME)
    store.close()
    return restored.beliefs


def _together(texts: Sequence[str]) -> list[str]:
    """The parts of a card, wherever they stand among the texts, as one text with a line each."""
    parts = [text for text in texts if shc.is_chunk(text)]
    return [*(text for text in texts if text not in parts), *(["\n".join(parts)] if parts else [])]


def _show(one: Explanation) -> None:
    console = out()
    console.print(Text(f"{one.zh} · {one.en}", style="bold"))
    for line in one.lines:
        words = Text(f"{line.zh} · {line.en}")
        if line.mark is Mark.UNVERIFIED:
            words.append(f"  [{_UNVERIFIED}]")
        told(console, _SIGNS[line.mark], words)
    console.print(Text(f"→ {one.todo.zh} · {one.todo.en}"))


def _fields(one: Explanation) -> dict[str, object]:
    def rows(lines: Sequence[Line]) -> list[dict[str, str]]:
        return [{"mark": line.mark.value, "zh": line.zh, "en": line.en} for line in lines]

    words: dict[str, object] = {"kind": one.kind, "zh": one.zh, "en": one.en, "holds": one.holds}
    return words | {"lines": rows(one.lines), "todo": {"zh": one.todo.zh, "en": one.todo.en}}
