"""`jx-fleet roster …`: who works at a venue, from the command line."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from fleet.console import DIRECTORY, AsJson, Directory, actor, now, reading, say, show, writing
from fleet.errors import FleetError
from fleet.venues import opening, roster
from fleet.venues.roster import ATTENDANT, STAFF, Change

app = typer.Typer(
    no_args_is_help=True,
    help="Who works at a venue, as digests of their codes' subjects: add, remove, list, import, hours.",
)
Venue = Annotated[str, typer.Argument(metavar="VENUE", help="See: venue list.")]
Digests = Annotated[list[str], typer.Argument(metavar="DIGEST…", help="32 hexadecimal digits each.")]
Subjects = Annotated[
    bool,
    typer.Option(
        "--subjects/--digests",
        help="The digits are subjects of codes, which are digested here and kept nowhere; or digests.",
    ),
]
Attendant = Annotated[
    bool, typer.Option("--attendant", help="They may also act as attendants at the venue's gates.")
]


@app.command()
def add(
    venue: Venue,
    digests: Digests,
    attendant: Attendant = False,
    subjects: Subjects = False,
    directory: Directory = DIRECTORY,
) -> None:
    """Put people on a roster, or give those on it another role.

    A command line is seen by others on this computer: subjects are better given to `import`.
    """
    put = roster.read(digests, role=ATTENDANT if attendant else STAFF, subjects=subjects)
    with writing(directory) as session:
        made = roster.change(session, venue, put, now(), actor())
    _tell(venue, made)


@app.command()
def remove(
    venue: Venue, digests: Digests, subjects: Subjects = False, directory: Directory = DIRECTORY
) -> None:
    """Take people off a roster."""
    gone = roster.read(digests, role=STAFF, subjects=subjects)
    with writing(directory) as session:
        made = roster.change(session, venue, {}, now(), actor(), take=gone)
    _tell(venue, made)


@app.command("import")
def import_(
    venue: Venue,
    file: Annotated[
        Path, typer.Argument(help='Lines like "32 hex digits" or "32 hex digits attendant"; - reads them.')
    ],
    attendant: Attendant = False,
    subjects: Subjects = False,
    replace: Annotated[bool, typer.Option("--replace", help="Take everybody else off the roster.")] = False,
    directory: Directory = DIRECTORY,
) -> None:
    """Put the people of a file on a roster; an error changes nothing."""
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        text = data.decode("utf-8-sig")  # a mark that Windows puts before a text is no digit
    except UnicodeDecodeError as error:
        raise FleetError(f"{file} is no text; the roster was left as it was") from error
    except OSError as error:
        raise FleetError(
            f"{file} cannot be read ({error.strerror}); the roster was left as it was"
        ) from error
    put = roster.read(text.splitlines(), role=ATTENDANT if attendant else STAFF, subjects=subjects)
    if not put:
        raise FleetError(f"nobody stands in {file}; the roster was left as it was")
    with writing(directory) as session:
        made = roster.change(session, venue, put, now(), actor(), replace=replace)
    _tell(venue, made)


@app.command("list")
def list_(venue: Venue, directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """List a roster."""
    with reading(directory) as session:
        rows = [
            {"digest": row.digest.hex(), "role": row.role, "added_at": row.added_at}
            for row in roster.entries(session, venue)
        ]
        periods = opening.write_hours(roster.hours(session, venue))
    show(f"Roster of {venue}", rows, as_json=as_json, empty=f"add with: jx-fleet roster add {venue} DIGEST")
    if not as_json and periods != (opening.ALWAYS,):
        say(f"They may enter: {', '.join(periods)}.")


@app.command()
def hours(
    venue: Venue,
    periods: Annotated[
        list[str], typer.Argument(metavar="HOURS…", help='"mon-fri 07:00-19:00"; "always": as visitors.')
    ],
    directory: Directory = DIRECTORY,
) -> None:
    """Say when people on a roster may enter, also while the venue is closed to visitors."""
    wanted = opening.read_hours(periods)
    with writing(directory) as session:
        roster.set_hours(session, venue, wanted, now(), actor())
    said = ", ".join(opening.write_hours(wanted)) if wanted else "as visitors"
    say(f"The people of {venue} may enter {said}.")


def _tell(venue: str, made: Change) -> None:
    say(
        f"{venue}: {made.added} added, {made.removed} removed; {made.staff} on the roster,"
        f" {made.attendants} of them attendants. Its gates hear of it."
    )
