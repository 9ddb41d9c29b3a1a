"""`jx-fleet venue …` and `jx-fleet region …`: places and their permission to scan from the command line."""

import dataclasses
from datetime import UTC, datetime
from typing import Annotated

import typer

from fleet.console import DIRECTORY, AsJson, Directory, actor, day, now, reading, say, show, writing
from fleet.errors import FleetError
from fleet.venues import registry
from fleet.venues.kinds import KINDS, LEVELS

app = typer.Typer(no_args_is_help=True, help="Venues: add, list, kinds, grant, withdraw.")
region_app = typer.Typer(no_args_is_help=True, help="Regions: add, list.")
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="Short name for commands: a-z 0-9 -")]
Zh = Annotated[str, typer.Option("--zh", help="Name in Chinese.")]
En = Annotated[str, typer.Option("--en", help="Name in English.")]


@region_app.command("add")
def add_region(
    slug: Slug,
    zh: Zh,
    en: En,
    parent: Annotated[str | None, typer.Option(help="Region that contains it; none for a province.")] = None,
    directory: Directory = DIRECTORY,
) -> None:
    """Add a region."""
    with writing(directory) as session:
        row = registry.add_region(session, slug, parent, registry.Names(zh, en), now(), actor())
    say(f"Region {slug} ({LEVELS[row.level].en}) is known.")


@region_app.command("list")
def list_regions(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """List every region."""
    with reading(directory) as session:
        rows = [
            {
                "id": row.id,
                "level": row.level,
                "name_zh": row.name_zh,
                "name_en": row.name_en,
                "parent": row.parent_id,
            }
            for row in registry.regions(session)
        ]
    show("Regions", rows, as_json=as_json, empty="add one with: jx-fleet region add SLUG --zh … --en …")


@app.command("add")
def add_venue(  # noqa: PLR0913, PLR0917 - each is an option of the command
    slug: Slug,
    region: Annotated[str, typer.Option(help="Where it lies; see: region list.")],
    kind: Annotated[str, typer.Option(help="What it is; see: venue kinds.")],
    zh: Zh,
    en: En,
    address: Annotated[str, typer.Option(help="As people find it.")] = "",
    location: Annotated[str, typer.Option(help="latitude,longitude in degrees.")] = "",
    capacity: Annotated[int | None, typer.Option(help="People at most.")] = None,
    directory: Directory = DIRECTORY,
) -> None:
    """Add a venue."""
    place = registry.Place(slug, region, kind, registry.Names(zh, en), address, location, capacity)
    with writing(directory) as session:
        registry.add_venue(session, place, now(), actor())
    say(f"Venue {slug} is known and may not scan yet. Next: jx-fleet venue grant {slug} --days 90")


@app.command("list")
def list_venues(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """List every venue."""
    with reading(directory) as session:
        rows = [dataclasses.asdict(row) for row in registry.venues(session, now())]
    show("Venues", rows, as_json=as_json, empty="add one with: jx-fleet venue add SLUG …")


@app.command()
def kinds(as_json: AsJson = False) -> None:
    """List the kinds of venue."""
    rows = [{"kind": name, "zh": kind.zh, "en": kind.en} for name, kind in KINDS.items()]
    show("Kinds of venue", rows, as_json=as_json, empty="")


@app.command()
def grant(
    slug: Slug,
    days: Annotated[int | None, typer.Option(min=1, max=366, help="How long, from now.")] = None,
    until: Annotated[
        str | None, typer.Option(help="Last moment instead: 2026-12-31 or a time with zone.")
    ] = None,
    scope: Annotated[str, typer.Option(help="entry, exit or both.")] = "both",
    by: Annotated[str | None, typer.Option(help="Granting region; else the venue's own.")] = None,
    directory: Directory = DIRECTORY,
) -> None:
    """Grant a venue the permission to scan; its earlier permit ends."""
    at = now()
    end = _end(at, days, until)
    with writing(directory) as session:
        registry.grant(session, registry.Grant(slug, scope, at, end, by), at, actor())
    say(f"Venue {slug} may scan until {day(end)}.")


@app.command()
def withdraw(
    slug: Slug,
    reason: Annotated[str, typer.Option(help="Why; the venue and the audit log read it.")],
    directory: Directory = DIRECTORY,
) -> None:
    """Take the permission to scan away from a venue."""
    with writing(directory) as session:
        registry.withdraw(session, slug, now(), actor(), reason)
    say(f"Venue {slug} may no longer scan.")


def _end(at: int, days: int | None, until: str | None) -> int:
    if (days is None) == (until is None):
        raise FleetError("say either --days or --until; nothing was granted")
    if days is not None:
        return at + days * registry.DAY_S
    try:
        moment = datetime.fromisoformat(until or "")
    except ValueError as error:
        raise FleetError(f"{until!r} is no date like 2026-12-31; nothing was granted") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
