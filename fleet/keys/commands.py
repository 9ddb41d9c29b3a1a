"""`jx-fleet keys …`, `requests …`, `trust …`: what is held, what is asked for, whose codes count."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.panel import Panel

from fleet.config import Paths
from fleet.console import DIRECTORY, AsJson, Directory, actor, day, now, opened, out, reading, show, writing
from fleet.errors import FleetError
from fleet.keys import install as installing
from fleet.keys import issuers, ledger, outbox, proposals
from fleet.keys.words import trust_words
from fleet.models import SigningRequest
from wire.documents import Trust

keys_app = typer.Typer(no_args_is_help=True, help="Keys of this fleet: install, list.")
app = typer.Typer(no_args_is_help=True, help="Signing requests: list, show, export, accept, withdraw.")
trust_app = typer.Typer(no_args_is_help=True, help="The trust document: add-issuer, show, propose.")
MAX_ANSWER_BYTES = 262_144
Number = Annotated[int, typer.Argument(help="Number of the request; see: requests list.")]


@keys_app.command()
def install(
    carried: Annotated[Path, typer.Argument(metavar="FROM", help="What the ceremony made for the server.")],
    directory: Directory = DIRECTORY,
) -> None:
    """Take over the online keys and the first root from the ceremony."""
    paths = Paths(directory)
    with writing(directory) as session:
        root = installing.install(session, carried, paths.keys, now(), actor())
    out.print(f"Keys installed; root version {root.version} holds until {day(root.expires)}.")
    out.print(f"Next: destroy {escape(str(carried))}, then: jx-fleet trust add-issuer FILE", soft_wrap=True)


@keys_app.command("list")
def list_keys(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """List the keys of every role as the root in force names them."""
    with reading(directory) as session:
        root = ledger.needed_root(session)
    rows = [
        {"role": role.value, "key": kid.hex(), "threshold": row.threshold, "root": root.version}
        for role, row in root.roles.items()
        for kid in row.kids
    ]
    show("Keys", rows, as_json=as_json, empty="")


@app.command("list")
def list_(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """List requests that wait for a signature, and what became of the others."""
    with reading(directory) as session:
        rows = [
            {
                "number": row.id,
                "act": row.kind,
                "state": row.state,
                "created_at": row.created_at,
                "answered_at": row.answered_at,
            }
            for row in session.query(SigningRequest).order_by(SigningRequest.id)
        ]
    show("Signing requests", rows, as_json=as_json, empty="nothing was ever asked of the desk")


@app.command("show")
def show_(number: Number, directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """Say in words what a request asks for."""
    with reading(directory) as session:
        row = proposals.get(session, number)
    if as_json:
        typer.echo(json.dumps({"number": row.id, "act": row.kind, "state": row.state, "words": row.words}))
        return
    say(row)


@app.command()
def export(directory: Directory = DIRECTORY) -> None:
    """Write the files of all waiting requests again."""
    with reading(directory) as session:
        paths = outbox.write(session, Paths(directory).requests)
    for path in paths:
        out.print(escape(str(path)), soft_wrap=True)
    if not paths:
        out.print("No request is awaiting signature.")


@app.command()
def accept(
    files: Annotated[list[Path], typer.Argument(help="Signed documents, or directories of them.")],
    directory: Directory = DIRECTORY,
) -> None:
    """Take signed documents over; the publisher sends them at once."""
    answers = [_read(path) for given in files for path in _spread(given)]
    paths = Paths(directory)
    with opened(directory) as database:
        with database.session() as session:
            taken = proposals.accept(session, answers, now(), actor())
        with database.reading() as session:
            outbox.write(session, paths.requests)
            outbox.sweep(session, paths.keys)
    for document in taken:
        asked = f"request {document.request}" if document.request else "nobody here had asked for it"
        out.print(f"{document.kind} version {document.version} is accepted ({asked}).")
    if not taken:
        out.print("Everything in these files was held already; nothing was changed.")


@app.command()
def withdraw(number: Number, directory: Directory = DIRECTORY) -> None:
    """Stop waiting for an answer."""
    with opened(directory) as database:
        with database.session() as session:
            row = proposals.get(session, number)
            proposals.withdraw_alone(session, row, now(), actor())
        with database.reading() as session:
            outbox.write(session, Paths(directory).requests)
    out.print(f"Request {number} is withdrawn.")


def _spread(given: Path) -> list[Path]:
    if given.is_dir():
        return sorted(given.glob("root-*.cbor")) + sorted(given.glob("trust-*.cbor"))
    return [given]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_ANSWER_BYTES + 1)
    except OSError as error:
        raise FleetError(f"{path} cannot be read: {error.strerror}; nothing was changed") from error


def say(row: SigningRequest) -> None:
    """Print a request in words."""
    lines = "\n".join(f"• {escape(line)}" for line in row.words.split("\n"))
    out.print(Panel(lines, title=f"{row.id} · {row.kind} · {row.state}"))


class Change:
    """What to do with a draft."""

    def __init__(self, add: Path | None = None, remove: str | None = None) -> None:
        self._issuer = issuers.read(add) if add else None
        self._remove = remove

    def __call__(self, trust: Trust) -> Trust:
        """The draft, changed."""
        if self._remove:
            trust = issuers.without_issuer(trust, self._remove)
        return issuers.with_issuer(trust, self._issuer) if self._issuer else trust


def _propose(directory: Path, change: Change) -> None:
    """Ask for a trust document that is the present draft with `change`; say what was asked."""
    with opened(directory) as database:
        with database.session() as session:
            at, held = now(), ledger.trust(session)
            base = issuers.renewed(proposals.draft(session), held.version + 1 if held else 1, at)
            row = proposals.ask(session, proposals.Wish("sign-trust", change(base)), at, actor())
        with database.reading() as session:
            paths = outbox.write(session, Paths(directory).requests)
    say(row)
    tell(paths, row)


def tell(paths: list[Path], row: SigningRequest) -> None:
    """Say where the file of a request lies and what to do with it."""
    (path,) = (p for p in paths if p.name.startswith(f"{row.id:04d}-"))
    out.print(f"Awaiting signature. Carry {escape(str(path))} to the desk:", soft_wrap=True)
    out.print(f"  jx-fleet ceremony sign {escape(path.name)} --office OFFICE --out ANSWERS", soft_wrap=True)
    out.print("and bring the answer back: jx-fleet requests accept ANSWERS")


@trust_app.command("add-issuer")
def add_issuer(
    file: Annotated[Path, typer.Argument(help="Description of the issuer, as JSON.")],
    directory: Directory = DIRECTORY,
) -> None:
    """Propose to recognise an issuer's codes, or to take over its new description."""
    _propose(directory, Change(add=file))


@trust_app.command()
def propose(
    remove: Annotated[str | None, typer.Option(help="Issuer whose codes are refused from then on.")] = None,
    directory: Directory = DIRECTORY,
) -> None:
    """Propose the trust document again with new dates, or without an issuer."""
    _propose(directory, Change(remove=remove))


@trust_app.command("show")
def show_trust(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """Show the trust document in force."""
    with reading(directory) as session:
        trust = ledger.trust(session)
    if trust is None:
        raise FleetError("there is no trust document yet; first: jx-fleet trust add-issuer FILE")
    if as_json:
        shown: dict[str, Any] = {
            "version": trust.version,
            "issued": trust.issued,
            "expires": trust.expires,
            "issuers": [issuers.described(issuer) for issuer in trust.issuers],
        }
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    words = trust_words(None, trust)
    out.print(Panel("\n".join(f"• {escape(line)}" for line in words), title="trust"))
