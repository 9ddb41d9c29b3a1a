"""What an officer sees and is asked at the desk: panels, confirmations, passphrases, fingerprints."""

import os
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from fleet.ceremony.desk import Review
from fleet.ceremony.keyring import Voice
from fleet.ceremony.office import Office
from fleet.ceremony.token import MODULE_VARIABLE
from fleet.errors import FleetError
from fleet.keys import fingerprints
from fleet.keys.cards import Card
from fleet.keys.offline import ROLES
from fleet.keys.sealed import read_private
from wire.documents import Root
from wire.keys import PublicKey

TRIES: Final = 3
console: Final = Console(highlight=False)

OfficeDir = Annotated[Path, typer.Option("--office", help="The office directory.")]
PassFile = Annotated[
    list[Path] | None,
    typer.Option(help="Read a passphrase from this file (0600); may be given several times."),
]
Out = Annotated[Path, typer.Option("--out", help="Directory for what is to be carried away.")]
Yes = Annotated[bool, typer.Option("--yes", help="Sign without asking: for demonstrations.")]
Heard = Annotated[
    list[str] | None,
    typer.Option(help="A fingerprint that was read to you, instead of typing it when asked."),
]
_TOKEN: ContextVar[tuple[Path | None, Path | None]] = ContextVar("token", default=(None, None))


def token_options(module: Path | None, pin_file: Path | None) -> None:
    """Remember how to reach a token, for this run of the command line."""
    _TOKEN.set((module, pin_file))


def voice(files: Sequence[Path] | None) -> Voice:
    """What opens the keys: passphrases from files, or asked for; a PIN from its file, or asked for."""
    module, pin_file = _TOKEN.get()
    variable = os.environ.get(MODULE_VARIABLE)
    return Voice(
        [_line(file) for file in files or ()],
        _line(pin_file) if pin_file else None,
        module or (Path(variable) if variable else None),
        None if files else _ask,
        None if files else _ask_new,
    )


def _line(file: Path) -> str:
    try:
        return read_private(file).decode("utf-8-sig").rstrip("\r\n")  # as editors of other systems write it
    except UnicodeDecodeError as error:
        raise FleetError(f"{file} is no text in UTF-8; save it so, with one line in it") from error


def _ask(what: str) -> str:
    said: str = typer.prompt(
        f"口令 / passphrase · {what}（留空不用这把密钥 / empty leaves it out）",
        default="",
        hide_input=True,
        show_default=False,
    )
    return said


def _ask_new() -> str:
    said: str = typer.prompt("新口令 / new passphrase", hide_input=True, confirmation_prompt=True)
    return said


def say(title: str, lines: Iterable[str]) -> None:
    """Print lines in a frame."""
    rows = Table.grid(padding=(0, 1))
    rows.add_column()
    rows.add_column(overflow="fold")  # else rich puts "…" for what sticks out: nobody signs what is not shown
    for line in lines:
        rows.add_row("•", escape(printable(line)))
    console.print(Panel(rows, title=escape(printable(title))))


def tell(line: str) -> None:
    """Print a line as it is; commands in it are never broken."""
    console.print(escape(printable(line)), soft_wrap=True)


def printable(text: str) -> str:
    """Text without what a hostile file would have the terminal do."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def confirm(question: str) -> bool:
    """Whether the officer says yes."""
    return bool(typer.confirm(question))


def compare(what: str, fingerprint: str, heard: Sequence[str] | None) -> None:
    """Have a fingerprint typed as another person reads it out; FleetError unless it is this one.

    It is not shown: what stands on the screen would be copied instead of compared.
    """
    if any(fingerprints.same(said, fingerprint) for said in heard or ()):
        return
    for _ in range(0 if heard else TRIES):
        tell(f"请对方朗读指纹 / have the other person read the fingerprint out: {what}")
        said = typer.prompt("听到的指纹 / what you hear")
        if fingerprints.same(said, fingerprint):
            return
        tell("不一致 / not the same")
    raise FleetError(
        f"the fingerprint of {what} is not what was read out; nothing was signed. If it was heard right, "
        "this file is not the one they mean: do not go on"
    )


def meet(office: Office, proposal: Review, called: Iterable[Card], heard: Sequence[str] | None) -> None:
    """Compare every officer's key that a proposal brings in and nobody here has compared yet."""
    made = {made.key.public for made in proposal.made}
    labels = {card.key: card.label for card in called}
    for document in proposal.documents:
        if not isinstance(document, Root):
            continue
        if document.version == 1:
            if document != office.pending:
                compare("root-1", fingerprints.of_root(document), heard)
            continue
        for key in strangers(office, document):
            if key not in made:
                compare(f"{labels.get(key, '?')} · {key.kid.hex()}", fingerprints.of_key(key), heard)


def strangers(office: Office, root: Root) -> list[PublicKey]:
    """Root and trust keys of the next root that are in no root before and have no card here."""
    before = {key for old in office.roots for key in old.keys}
    if office.pending == root:
        return []  # compared when it was proposed or signed here
    known = before | {card.key for card in (office.cards or {}).values()}
    return [key for role in ROLES for key in root.keys_of(role).values() if key not in known]
