"""`jx-fleet rotate …`: a key's replacement from the first request to the end, and how far the gates are."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from fleet.config import Paths
from fleet.console import DIRECTORY, AsJson, Directory, actor, day, now, opened, out, reading, show
from fleet.console import say as say_line
from fleet.errors import FleetError
from fleet.keys import cards, issuers, ledger, offline, outbox, proposals, rotation, sealed, steps
from fleet.keys.commands import keys_app, say, tell
from fleet.keys.offline import Change
from fleet.models import Rotation
from wire.documents import Role

app = typer.Typer(
    no_args_is_help=True, help="Rotate keys: issuer, root, trust, director … status, advance, undo."
)
Number = Annotated[int, typer.Argument(help="Number of the rotation; see: rotate status.")]
Threshold = Annotated[int | None, typer.Option(min=1, max=offline.MOST_KEYS, help="Keys that must sign.")]
YEAR_S = 365 * 86_400


def _then(session: Session, directory: Path, row: Rotation) -> None:
    """After the commit: write the request's file, say what to do next."""
    paths = outbox.write(session, Paths(directory).requests)
    out.print(f"Rotation {row.id} of {row.key_label} is {row.state}.")
    number = row.detail.get("request")
    if row.state in {"awaiting", "retired"} and number is not None:
        request = proposals.get(session, number)
        say(request)
        tell(paths, request)
    elif row.state == "active":
        out.print(f"Old and new are believed. When the old one is not used any more: rotate advance {row.id}")


@app.command()
def issuer(
    name: Annotated[str, typer.Argument(metavar="ISSUER", help="Id of the issuer.")],
    key: Annotated[str, typer.Option(help="Its new public key: COSE_Key as hex.")],
    use: Annotated[str, typer.Option(help="What it signs: codes or lists.")] = "codes",
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is valid.")] = 730,
    directory: Directory = DIRECTORY,
) -> None:
    """Bring a new key of an issuer in; old and new are believed until the old one is taken out."""
    at = now()
    fresh = issuers.issuer_key(issuers.public_key(key), use, at, at + days * 86_400)
    with opened(directory) as database:
        with database.session() as session:
            row = rotation.start_issuer(session, name, fresh, at, actor())
        with database.reading() as session:
            _then(session, directory, row)


@app.command()
def trust(
    old: Annotated[str | None, typer.Option(help="Key id that leaves at the end; else the first.")] = None,
    directory: Directory = DIRECTORY,
) -> None:
    """Have the desk make a new trust key, believed beside the old ones at first."""
    with opened(directory) as database:
        with database.session() as session:
            row = rotation.start_trust(session, old, now(), actor())
        with database.reading() as session:
            _then(session, directory, row)


@app.command()
def root(
    add: Annotated[list[Path] | None, typer.Option(help="Card of an officer's key that comes in.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option(help="Key that leaves: ten letters of its fingerprint, or its id.")
    ] = None,
    root_threshold: Threshold = None,
    trust_threshold: Threshold = None,
    rotate_all: Annotated[
        bool, typer.Option("--rotate-all", help="All present keys of the roles that get new ones leave.")
    ] = False,
    renew: Annotated[bool, typer.Option("--renew", help="Only new dates.")] = False,
    directory: Directory = DIRECTORY,
) -> None:
    """Ask for the next root: root and trust keys come in, leave or are replaced, thresholds, dates."""
    wanted = {Role.ROOT: root_threshold, Role.TRUST: trust_threshold}
    thresholds = {role: number for role, number in wanted.items() if number is not None}
    if rotate_all and not add:
        raise FleetError(
            "--rotate-all replaces keys by those of --add, and none was given; nothing was asked"
        )
    if not (add or remove or thresholds or renew):
        raise FleetError(
            "say what is to change: --add, --remove, --root-threshold, --trust-threshold, --renew"
        )
    coming = tuple(cards.read(path) for path in add or ())
    with opened(directory) as database:
        with database.session() as session:
            held = ledger.needed_root(session)
            others = offline.all_others(held, coming) if rotate_all else ()
            leaving = {*offline.find(held, remove or ()), *others}
            change = Change(add=coming, remove=tuple(leaving), thresholds=thresholds)
            row = rotation.start_root(session, change, now(), actor())
        with database.reading() as session:
            _then(session, directory, row)
    if coming:
        say_line("Carry the cards of the keys that come in, too: the desk compares their fingerprints.")


@keys_app.command()
def export(
    out_dir: Annotated[Path, typer.Argument(metavar="TO", help="Directory to carry to the offices.")],
    directory: Directory = DIRECTORY,
) -> None:
    """Write every root and the newest trust document, for offices that missed some."""
    with reading(directory) as session:
        documents = ledger.chain_of(session)
    for name, data in documents:
        sealed.replace_private(out_dir / name, data)
    say_line(
        f"{len(documents)} documents written. At a desk: jx-fleet ceremony take {out_dir} --office OFFICE"
    )


def _online(name: str, directory: Path) -> None:
    with opened(directory) as database:
        with database.session() as session:
            role = rotation.ONLINE[name]
            row = rotation.start_online(session, Paths(directory).keys, role, now(), actor())
        with database.reading() as session:
            _then(session, directory, row)


@app.command()
def director(directory: Directory = DIRECTORY) -> None:
    """Make a new director key (assignments, commands) and ask for a root with it."""
    _online("director", directory)


@app.command()
def recorder(directory: Directory = DIRECTORY) -> None:
    """Make a new recorder key (receipts) and ask for a root with it."""
    _online("recorder", directory)


@app.command()
def timekeeper(directory: Directory = DIRECTORY) -> None:
    """Make a new timekeeper key (signed time) and ask for a root with it."""
    _online("timekeeper", directory)


@app.command()
def advance(
    number: Number,
    anyway: Annotated[bool, typer.Option("--anyway", help="Do not wait for gates that lack it.")] = False,
    directory: Directory = DIRECTORY,
) -> None:
    """Go on with a rotation: make the new key the active one, then have the old one taken out."""
    with opened(directory) as database:
        with database.session() as session:
            row = steps.get(session, number)
            rotation.advance(session, Paths(directory).keys, row, now(), actor(), anyway=anyway)
        with database.reading() as session:
            _then(session, directory, row)


@app.command()
def undo(number: Number, directory: Directory = DIRECTORY) -> None:
    """Give a rotation up; possible until it is active."""
    with opened(directory) as database:
        with database.session() as session:
            row = steps.get(session, number)
            rotation.undo(session, row, now(), actor())
        with database.reading() as session:
            _then(session, directory, row)
            outbox.sweep(session, Paths(directory).keys)


@app.command()
def status(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """Show every rotation: where it stands, how many gates hold it, which do not and since when."""
    with reading(directory) as session:
        found = [(row, steps.adoption(session, row)) for row in session.query(Rotation).order_by(Rotation.id)]
        overtaken = {
            row.id: "advance" if row.state == "retired" else "undo"
            for row in steps.under_way(session)
            if steps.is_overtaken(session, row)
        }
    rows: list[dict[str, Any]] = [
        {
            "number": row.id,
            "key": row.key_label,
            "state": row.state,
            "holding": len(seen.holding),
            "of": len(seen.holding) + len(seen.lacking),
            "updated_at": row.updated_at,
            "overtaken": row.id in overtaken,
        }
        for row, seen in found
    ]
    if as_json:
        for line, (_, seen) in zip(rows, found, strict=True):
            line["lacking"] = [{"gate": gate, "last_heard": heard} for gate, heard in seen.lacking]
        typer.echo(json.dumps(rows, indent=2))
        return
    show("Rotations", rows, as_json=False, empty="start one with: jx-fleet rotate issuer …")
    for number, how in overtaken.items():
        say_line(f"Rotation {number} was overtaken: its version was given to something else.")
        again = "Ask again" if how == "advance" else "Give it up and begin again"
        say_line(f"{again}: jx-fleet rotate {how} {number}")
    for row, seen in found:
        if row.state in {"published", "active", "retired"} and seen.lacking:
            out.print(f"Rotation {row.id} is not held by:")
            for gate, heard in seen.lacking:
                out.print(f"  {gate}  last heard {day(heard)}")
