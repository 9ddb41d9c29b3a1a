"""`jx-fleet keys …` and `requests …`: what is held here, and what is asked of the desk."""

import json
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.panel import Panel

from fleet.config import Paths
from fleet.console import DIRECTORY, AsJson, Directory, actor, day, now, opened, out, reading, show, writing
from fleet.console import say as say_line
from fleet.errors import FleetError
from fleet.keys import install as installing
from fleet.keys import ledger, outbox, proposals, sticks
from fleet.models import SigningRequest

keys_app = typer.Typer(no_args_is_help=True, help="Keys of this fleet: install, list.")
app = typer.Typer(no_args_is_help=True, help="Signing requests: list, show, export, accept, withdraw.")
MAX_ANSWER_BYTES = 262_144
_UNFINISHED = re.compile(r"(root|trust)-[0-9]{1,9}\.partial")
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
    if any(file.stat().st_mode & 0o077 for file in carried.glob("*.pass")):
        say_line(
            f"ATTENTION: other accounts of this machine could read {carried} while it lay there. If there "
            "are any, replace the keys: jx-fleet rotate director, recorder, timekeeper"
        )
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
    answers = [_answer(path) for given in files for path in _spread(given)]
    waits = [f"{name} still lacks signatures: jx-fleet ceremony countersign" for name in _partial(files)]
    if not answers:
        where = ", ".join(map(str, files))
        nothing = f"no root-N.cbor and no trust-N.cbor lies in {where}; nothing was changed"
        raise FleetError(". ".join((nothing, *waits)))
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
    for line in waits:
        say_line(f"Not taken: {line}")


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


def _answer(path: Path) -> bytes:
    data = sticks.read(path, MAX_ANSWER_BYTES)
    proposals.unverified(data, str(path))
    return data


def _spread(given: Path) -> list[Path]:
    if given.is_dir():
        return sorted(given.glob("root-*.cbor")) + sorted(given.glob("trust-*.cbor"))
    return [given]


def _partial(files: list[Path]) -> list[str]:
    """What lies in directories and is not complete; other names than ours get onto no terminal."""
    found = (path.name for given in files if given.is_dir() for path in given.glob("*.partial"))
    return sorted(name for name in found if _UNFINISHED.fullmatch(name))


def say(row: SigningRequest) -> None:
    """Print a request in words."""
    lines = "\n".join(f"• {escape(line)}" for line in row.words.split("\n"))
    out.print(Panel(lines, title=f"{row.id} · {row.kind} · {row.state}"))


def tell(paths: list[Path], row: SigningRequest) -> None:
    """Say where the file of a request lies and what to do with it."""
    (path,) = (p for p in paths if p.name.startswith(f"{row.id:04d}-"))
    out.print(f"Awaiting signature. Carry {escape(str(path))} to the desk:", soft_wrap=True)
    out.print(f"  jx-fleet ceremony sign {escape(path.name)} --office OFFICE --out ANSWERS", soft_wrap=True)
    out.print("and bring the answer back: jx-fleet requests accept ANSWERS")
