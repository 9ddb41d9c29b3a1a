"""`jx-fleet trust import`: published keys of other systems into a signing request, never into force."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlalchemy.orm import Session

from fleet import audit
from fleet.config import Paths
from fleet.console import DIRECTORY, AsJson, Directory, actor, now, opened, say
from fleet.errors import FleetError
from fleet.keys import (
    fitting,
    import_words,
    importing,
    issuers,
    ledger,
    outbox,
    paper,
    proposals,
    published,
    removal,
    sticks,
)
from fleet.keys.commands import tell
from fleet.keys.import_words import Source
from fleet.keys.importing import Change, Gathered, Options
from fleet.keys.published_keys import DAY_S, LATEST, Span
from fleet.models import SigningRequest
from wire.documents import Trust
from wire.foreign.passes import Format

MAX_FILES: Final = 2_000
DEFAULT_DAYS: Final = 365
MOST_DIGESTS: Final = 16  # files that the audit log names
SYSTEMS: Final = {system.name.lower(): system for system in Format}
LOUD: Final = "ATTENTION"


Files = Annotated[
    list[Path], typer.Argument(help="DSC lists, PEM, DER, JWK sets, DID documents, or directories of them.")
]
System = Annotated[str | None, typer.Option("--format", help="Of a JWK set: hc1 or shc.")]
Iss = Annotated[
    str, typer.Option(help="Address of the issuer as its cards have it; of a directory, it alone.")
]
Name = Annotated[str, typer.Option("--id", help="One issuer for all keys, under this id.")]
Zh = Annotated[str, typer.Option("--zh", help="Its name in Chinese.")]
En = Annotated[str, typer.Option("--en", help="Its name in English.")]
Only = Annotated[str, typer.Option(help="Countries, like de,fr; else all.")]
SkipExpired = Annotated[bool, typer.Option("--skip-expired", help="Leave out keys that have ended.")]
Exactly = Annotated[bool, typer.Option("--replace/--add", help="Take out what the files name no more.")]
Days = Annotated[
    int | None,
    typer.Option(min=1, max=3650, help="How long keys count whose publisher does not say; else 365."),
]
Until = Annotated[str | None, typer.Option(help="No key counts longer than to this day, 2027-12-31.")]
Again = Annotated[bool, typer.Option("--again", help="Take back keys that were removed here before.")]
Dry = Annotated[bool, typer.Option("--show", help="Say what it would be, and ask for nothing.")]


@dataclass(frozen=True, slots=True)
class Result:
    """What an import came to; `row` is the request that it made, if it made one."""

    base: Trust
    trust: Trust
    found: Gathered
    changes: list[Change]
    row: SigningRequest | None
    words: list[str]
    paths: list[Path]

    @property
    def size(self) -> int:
        """Bytes of the trust document's body."""
        return len(fitting.body(self.trust))


def import_(  # noqa: PLR0913, PLR0917 - each is an option of the command
    files: Files,
    system: System = None,
    iss: Iss = "",
    name: Name = "",
    zh: Zh = "",
    en: En = "",
    only: Only = "",
    skip_expired: SkipExpired = False,
    exactly: Exactly = False,
    days: Days = None,
    until: Until = None,
    again: Again = False,
    dry: Dry = False,
    directory: Directory = DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Put keys of other systems, in the forms in which they are published, into a signing request."""
    options = Options(
        system=None if system is None else _system(system),
        id=name,
        name_zh=zh,
        name_en=en,
        iss=iss.rstrip("/"),
        only=frozenset(code.strip().upper() for code in only.split(",") if code.strip()),
        skip_expired=skip_expired,
        exactly=exactly,
        renew=days is not None,
    )
    at = now()
    ends = at - at % DAY_S + (days or DEFAULT_DAYS) * DAY_S
    span = Span(now=at, ends=ends, latest=_day(until) if until else LATEST)
    sources = [_source(path) for given in files for path in _spread(given)]
    result = _asked(directory, sources, options, span, again=again, dry=dry)
    _tell(sources, result, as_json=as_json)


def _asked(
    directory: Path, sources: list[Source], options: Options, span: Span, *, again: bool, dry: bool
) -> Result:
    """Read the keys, join them with the draft, and ask for what comes of it unless it is a dry run."""
    row: SigningRequest | None = None
    with opened(directory) as database:
        with database.reading() if dry else database.session() as session:
            base = _draft(session, span.now)
            if not again:
                options = replace(options, removed=removal.removed(session))
            found = importing.gather([(s.name, s.published) for s in sources], options, base, span)
            trust, changes = importing.merged(base, found, options, span.now)
            fitting.body(trust)
            words = paper.words_for("sign-trust", trust, ledger.needed_root(session), ledger.trust(session))
            if trust != base and not dry:
                row = proposals.ask(session, proposals.Wish("sign-trust", trust), span.now, actor())
                digests = " ".join(source.digest for source in sources[:MOST_DIGESTS])
                audit.append(session, span.now, actor(), "trust.imported", request=row.id, sha256=digests)
        with database.reading() as session:
            paths = outbox.write(session, Paths(directory).requests) if row else []
    return Result(base, trust, found, changes, row, words, paths)


def _tell(sources: list[Source], result: Result, *, as_json: bool) -> None:
    """Say what was found; FleetError, so that programs see it too, when it came to nothing."""
    if as_json:
        told = import_words.as_json(sources, result.found, result.changes)
        more = {"bytes": result.size, "request": result.row.id if result.row else None}
        typer.echo(json.dumps({**told, **more}, ensure_ascii=False, indent=2))
    else:
        import_words.tell(sources, result.found, result.changes)
    if not result.changes:
        raise FleetError(f"none of {result.found.counts['rows']} keys was taken; nothing was changed")
    if not as_json:
        _outcome(result)


def _outcome(result: Result) -> None:
    for line in result.words:
        if LOUD in line:
            say(line)
    say(f"The trust document would have {result.size} bytes; gates take {fitting.MOST_TRUST_BYTES}.")
    if result.row is not None:
        say(f"Request {result.row.id} says it in words: jx-fleet requests show {result.row.id}")
        tell(result.paths, result.row)
    elif result.trust == result.base:
        say("Everything stands in the trust document already: nothing was asked.")
    else:
        say("Nothing was asked: without --show this makes a signing request.")


def _draft(session: Session, at: int) -> Trust:
    held = ledger.trust(session)
    return issuers.renewed(proposals.draft(session), held.version + 1 if held else 1, at)


def _system(text: str) -> Format:
    if text.lower() not in SYSTEMS:
        raise FleetError(f"a system is one of {', '.join(SYSTEMS)}; nothing was changed")
    return SYSTEMS[text.lower()]


def _day(text: str) -> int:
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) + DAY_S
    except ValueError as error:
        raise FleetError("a day is written like 2027-12-31; nothing was changed") from error


def _spread(given: Path) -> list[Path]:
    if not given.is_dir():
        return [given]
    inside = sorted(path for path in given.iterdir() if path.is_file() and not path.name.startswith("."))
    if len(inside) > MAX_FILES:
        raise FleetError(f"{given} holds more than {MAX_FILES} files; nothing was changed")
    return inside


def _source(path: Path) -> Source:
    data = sticks.read(path, published.MAX_FILE_BYTES)
    try:
        return Source(path.name, data, published.read(data))
    except FleetError as error:
        raise FleetError(f"{path} was not taken: {error}") from error
