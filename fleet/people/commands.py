"""`jx-fleet people …`: who may sign in to the console, from the command line."""

import dataclasses
import sys
from typing import Annotated, Final

import typer

from fleet.console import DIRECTORY, AsJson, Directory, actor, now, out, reading, show, writing
from fleet.people import directory as accounts
from fleet.people import passwords

app = typer.Typer(no_args_is_help=True, help="People: add, passwd, list, disable, enable.")
Login = Annotated[str, typer.Argument(metavar="NAME", help="Sign-in name: a-z 0-9 . _ -")]
FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password's one line from standard input.")
]
ASK: Final = f"Password (at least {passwords.LEAST_LENGTH} characters)"


def _password_hash(from_input: bool) -> str:
    """Ask twice on a terminal, or read one line; never from an argument, which other users can see."""
    if from_input:
        return passwords.digest(sys.stdin.readline().rstrip("\r\n"))
    return passwords.digest(typer.prompt(ASK, hide_input=True, confirmation_prompt=True))


@app.command()
def add(
    login: Login,
    role: Annotated[str, typer.Option(help="owner or viewer.")] = "viewer",
    password_stdin: FromInput = False,
    directory: Directory = DIRECTORY,
) -> None:
    """Make an account; the password is asked for."""
    password_hash = _password_hash(password_stdin)
    with writing(directory) as session:
        accounts.add(session, login, password_hash, role, now(), actor())
    out.print(f"{login} may sign in to the console.")


@app.command()
def passwd(login: Login, password_stdin: FromInput = False, directory: Directory = DIRECTORY) -> None:
    """Set a new password; every session of the account ends."""
    password_hash = _password_hash(password_stdin)
    with writing(directory) as session:
        user = accounts.get(session, login)
        ended = accounts.set_password(session, user, password_hash, now(), actor())
    out.print(f"The password of {login} is set; sessions ended: {ended}.")


@app.command("list")
def list_(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """List every account."""
    with reading(directory) as session:
        rows = [dataclasses.asdict(row) for row in accounts.people(session)]
    show("People", rows, as_json=as_json, empty="add one with: jx-fleet people add NAME --role owner")


@app.command()
def disable(login: Login, directory: Directory = DIRECTORY) -> None:
    """Take the right to sign in away; every session of the account ends at once."""
    with writing(directory) as session:
        ended = accounts.disable(session, accounts.get(session, login), now(), actor())
    out.print(f"{login} can no longer sign in; sessions ended: {ended}.")


@app.command()
def enable(login: Login, directory: Directory = DIRECTORY) -> None:
    """Give the right to sign in back; the password stays."""
    with writing(directory) as session:
        accounts.enable(session, accounts.get(session, login), now(), actor())
    out.print(f"{login} may sign in again.")
