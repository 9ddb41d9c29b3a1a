"""`jx-fleet`: the command line of the fleet server."""

import dataclasses
import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from sqlalchemy.exc import DatabaseError

from fleet import audit, founding, processes
from fleet.config import load_settings
from fleet.console import DIRECTORY, AsJson, Directory, now, reading, say, show, show_one
from fleet.errors import FleetError

if TYPE_CHECKING:
    from flask import Flask

# group of commands -> "module:typer application"; each area brings its own.
AREAS: Final = {
    "region": "fleet.venues.commands:region_app",
    "venue": "fleet.venues.commands:app",
    "gate": "fleet.gates.commands:app",
    "assign": "fleet.venues.assign_commands:app",
    "roster": "fleet.venues.roster_commands:app",
    "keys": "fleet.keys.commands:keys_app",
    "requests": "fleet.keys.commands:app",
    "trust": "fleet.keys.trust_commands:trust_app",
    "rotate": "fleet.keys.rotate_commands:app",
    "command": "fleet.publish.commands:app",
    "people": "fleet.people.commands:app",
}

# what the database says -> what to do about it
ADVICE: Final = {
    "is full": "make room on its disk and give the command again",
    "disk I/O error": "make room on its disk, or replace it if it fails, and give the command again",
    "not a database": "restore it from a backup",
    "malformed": "restore it from a backup",
    "is locked": "another process has been writing for long; try again, or see: jx-fleet status",
    "readonly": "give the command as the account that owns the fleet's directory",
    "unable to open": "give the command as the account that owns the fleet's directory",
}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The fleet server of Jixiang Gate 吉祥门. Offline signing: jx-fleet ceremony --help",
)


def create_app(directory: Path) -> "Flask":
    """The console of the fleet in `directory` as a WSGI application; FleetError when there is no fleet."""
    # Imported late, like Flask itself: most commands need no web framework, and start sooner without it.
    from fleet.web.serve import application

    return application(directory)


@app.command()
def init(
    directory: Directory = DIRECTORY,
    name: Annotated[str, typer.Option(help="Host name or address for gates; none: this machine only.")] = "",
    web_port: Annotated[int, typer.Option(help="Console, plain HTTP on loopback.")] = 8080,
    est_port: Annotated[int, typer.Option(help="Enrolment, HTTPS.")] = 8443,
    broker_port: Annotated[int, typer.Option(help="MQTT over mutual TLS.")] = 8883,
    admin: Annotated[str, typer.Option(help="Sign-in name of the first account.")] = "admin",
    password_file: Annotated[Path | None, typer.Option(help="Its first line is the password.")] = None,
) -> None:
    """Found a fleet in a directory; what is there already is kept."""
    password = founding.password_from(password_file) if password_file else None
    wishes = founding.Wishes(name, web_port, est_port, broker_port, admin, password)
    steps = founding.found(directory, wishes, now())
    for step in steps:
        say(f"{'made' if step.made else 'kept'}  {step.what}")
        if step.secret:
            say(f"      password: {step.secret}   shown once, kept nowhere: note it now")
    settings = load_settings(directory)
    say(f"Next: jx-fleet serve --dir {directory}, then http://127.0.0.1:{settings.web.port}")


@app.command()
def serve(
    directory: Directory = DIRECTORY,
    only: Annotated[list[str] | None, typer.Option(help="Just this process; may be repeated.")] = None,
) -> None:
    """Run the fleet's processes until Ctrl-C."""
    processes.serve(directory, only or list(processes.PROCESSES), now=now())


@app.command()
def run(name: Annotated[str, typer.Argument(metavar="NAME")], directory: Directory = DIRECTORY) -> None:
    """Run one process alone, for a service manager or a container."""
    processes.run(name, directory)


@app.command()
def status(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """Tell which processes run; exit code 1 when one that should does not."""
    rows = processes.status(directory)
    told = [dataclasses.asdict(row) for row in rows]
    show("Processes", told, as_json=as_json, empty=f"none; start with: jx-fleet serve --dir {directory}")
    if not rows or any(row.state != "running" for row in rows):
        raise typer.Exit(1)


@app.command("audit")
def audit_(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """Check the audit log's chain; exit code 1 when it is broken."""
    with reading(directory) as session:
        chain = audit.verify(session)
    row = {"rows": chain.rows, "holds": chain.holds, "broken_at": chain.broken_at, "head": chain.head.hex()}
    if as_json:
        typer.echo(json.dumps(row))
    else:
        show_one("Audit log", row)
    if not chain.holds:
        raise typer.Exit(1)


for _name, _place in AREAS.items():
    _module, _attribute = _place.split(":")
    app.add_typer(getattr(importlib.import_module(_module), _attribute), name=_name)


def main() -> None:
    """Run the command line: 0 done, 1 failed with a sentence on standard error, 2 wrong usage."""
    try:
        app(prog_name="jx-fleet")
    except FleetError as error:
        typer.echo(f"jx-fleet: {error}", err=True)
        sys.exit(1)
    except DatabaseError as error:
        said = str(error.orig)
        advice = next((words for sign, words in ADVICE.items() if sign in said), "see: jx-fleet status")
        typer.echo(f"jx-fleet: the database cannot be used: {said}; nothing was changed, {advice}", err=True)
        sys.exit(1)
    except OSError as error:
        typer.echo(
            f"jx-fleet: {error.filename or 'a file'} cannot be used: {error.strerror}; what was there before"
            " is kept, make room or set its owner right, and give the command again",
            err=True,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
