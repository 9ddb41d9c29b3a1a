"""`jx-fleet trust …`: whose codes and passes count, shown and asked for."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from rich.panel import Panel

from fleet.config import Paths
from fleet.console import DIRECTORY, AsJson, Directory, actor, now, opened, out, reading, show
from fleet.console import say as say_line
from fleet.errors import ConflictError, FleetError
from fleet.keys import addresses, bounds, foreign_words, issuers, ledger, outbox, proposals, rotation, steps
from fleet.keys import removal as removing
from fleet.keys.commands import say, tell
from fleet.keys.import_commands import Again, import_
from fleet.keys.removal import Removal
from fleet.keys.words import trust_words
from wire.documents import ForeignIssuer, Trust
from wire.reason_words import REASONS
from wire.reasons import Reason

IssuerId = Annotated[str, typer.Argument(metavar="ISSUER", help="Its id; see: trust show.")]
Why = Annotated[str, typer.Option(help="Why; it is kept in the audit log.")]
trust_app = typer.Typer(no_args_is_help=True, help="The trust document: add-issuer, import, show, remove-key")
trust_app.command("import")(import_)


_MOVING: Final = """\
Rotation {number}. Once this is signed, gates hold the list under both addresses, and look a code up under
the one that it names. The issuer pushes the list to both, and names the new one in new codes; until its first
push there a gate tells that a list is missing.
  jx-fleet rotate status        shows how many gates hold it
  jx-fleet rotate undo {number}        takes the new address back
  jx-fleet rotate advance {number}     twice, when no code with the old address is in use any more
From then on a code that still names the old address is refused ({code}), and its holder needs a new one."""


def _propose(directory: Path, change: Callable[[Trust], Trust]) -> None:
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


@trust_app.command("add-issuer")
def add_issuer(
    file: Annotated[Path, typer.Argument(help="Description of the issuer, as JSON.")],
    again: Again = False,
    directory: Directory = DIRECTORY,
) -> None:
    """Propose to recognise an issuer's codes, or to take over its new description."""
    issuer = issuers.read(file)
    with reading(directory) as session:
        back = removing.coming_back(session, issuer)
    if back and not again:
        raise ConflictError(
            f"{', '.join(back)} of {issuer.id} was removed here before; nothing was changed. "
            "Ask the issuer for a new description, or take the key back with --again"
        )
    _propose(directory, lambda trust: issuers.with_issuer(trust, issuer))


@trust_app.command()
def propose(
    remove: Annotated[str | None, typer.Option(help="Issuer whose codes are refused from then on.")] = None,
    directory: Directory = DIRECTORY,
) -> None:
    """Propose the trust document again with new dates, or without an issuer."""
    _propose(directory, lambda trust: issuers.without_issuer(trust, remove) if remove else trust)


def _remove(directory: Path, removal: Removal) -> None:
    """Ask for a trust document without a key or an issuer, say what happens, and what else is touched."""
    with opened(directory) as database:
        with database.session() as session:
            asked = removing.ask(session, removal, now(), actor())
        with database.reading() as session:
            paths = outbox.write(session, Paths(directory).requests)
    say(asked.row)
    for note in asked.notes:
        say_line(note)
    say_line("A gate refuses what went as soon as it holds the next trust document: have this signed now.")
    say_line("Which gates hold it then: jx-fleet trust holders")
    tell(paths, asked.row)


@trust_app.command("remove-issuer")
def remove_issuer(name: IssuerId, reason: Why, directory: Directory = DIRECTORY) -> None:
    """Refuse everything of an issuer of codes or of passes, at once."""
    _remove(directory, Removal(name, None, reason))


@trust_app.command("remove-key")
def remove_key(
    name: IssuerId,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id; see: trust show --keys ISSUER.")],
    reason: Why,
    directory: Directory = DIRECTORY,
) -> None:
    """Refuse everything that a compromised key of an issuer of codes or of passes has signed, at once."""
    _remove(directory, Removal(name, key, reason))


@trust_app.command("move-list")
def move_list(
    name: IssuerId,
    old: Annotated[str, typer.Argument(metavar="OLD", help="Its address until now.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its address from now on.")],
    prefix: Annotated[
        bool, typer.Option("--prefix", help="Move every list whose address begins with OLD.")
    ] = False,
    directory: Directory = DIRECTORY,
) -> None:
    """Move a status list of an issuer to another address; codes that name the old one go on for a while."""
    with opened(directory) as database:
        with database.session() as session:
            move = addresses.Move(old, new, prefix)
            row = rotation.start_list(session, name, move, now(), actor())
            request = proposals.get(session, row.detail["request"])
        with database.reading() as session:
            paths = outbox.write(session, Paths(directory).requests)
    say(request)
    say_line(_MOVING.format(number=row.id, code=REASONS[Reason.INDEX_OUTSIDE].code))
    tell(paths, request)


@trust_app.command("set-bounds")
def set_bounds(
    values: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE", help="Like foreign=refer; see: assign policies.")
    ],
    directory: Directory = DIRECTORY,
) -> None:
    """Propose how loose an assignment's policy may be at the most."""
    given = dict(pair.partition("=")[::2] for pair in values)
    _propose(directory, lambda trust: replace(trust, bounds=bounds.with_values(trust.bounds, given)))


@trust_app.command("show")
def show_trust(
    keys: Annotated[
        str | None, typer.Option("--keys", metavar="ISSUER", help="Every key of one issuer instead.")
    ] = None,
    directory: Directory = DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Show the trust document in force."""
    with reading(directory) as session:
        trust = ledger.trust(session)
    if trust is None:
        raise FleetError("there is no trust document yet; first: jx-fleet trust add-issuer FILE")
    if keys is not None:
        show(f"Keys of {keys}", _keys(trust, keys), as_json=as_json, empty="none")
        return
    if as_json:
        typer.echo(json.dumps(_plain(trust), ensure_ascii=False, indent=2))
        return
    words = trust_words(None, trust)
    out.print(Panel("\n".join(f"• {escape(line)}" for line in words), title="trust"))


@trust_app.command()
def holders(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """Show which gates hold the trust document in force, and which do not yet."""
    with reading(directory) as session:
        trust = ledger.trust(session)
        seen = steps.holders(session, "trust", trust.version if trust else None)
    rows = [{"gate": gate, "last_seen": heard} for gate, heard in seen.lacking]
    if as_json:
        held = {"version": trust.version if trust else None, "holding": seen.holding, "lacking": rows}
        typer.echo(json.dumps(held, indent=2))
        return
    version = f"version {trust.version}" if trust else "no version: there is none yet"
    say_line(f"{len(seen.holding)} of {len(seen.holding) + len(rows)} gates hold {version}.")
    if rows:
        show("Gates that do not hold it yet", rows, as_json=False, empty="")


def _plain(trust: Trust) -> dict[str, Any]:
    return {
        "version": trust.version,
        "issued": trust.issued,
        "expires": trust.expires,
        "issuers": [issuers.described(issuer) for issuer in trust.issuers],
        "foreign": [_foreign(issuer) for issuer in trust.foreign],
        "bounds": bounds.plain(trust.bounds),
    }


def _foreign(issuer: ForeignIssuer) -> dict[str, Any]:
    return {
        "id": issuer.id,
        "name_zh": issuer.name_zh,
        "name_en": issuer.name_en,
        "system": issuer.format.name.lower(),
        "iss": issuer.iss,
        "keys": len(issuer.keys),
        "digest": foreign_words.digest(issuer),
    }


def _keys(trust: Trust, name: str) -> list[dict[str, Any]]:
    issuer = issuers.find_any(trust, name)
    if isinstance(issuer, ForeignIssuer):
        return [
            {
                "key": foreign_words.whole(row.kid),
                "signs": foreign_words.kinds(row.kinds),
                "valid_from": row.not_before,
                "valid_until": row.not_after,
            }
            for row in issuer.keys
        ]
    return [
        {
            "key": row.key.kid.hex(),
            "signs": row.use.name.lower(),
            "valid_from": row.not_before,
            "valid_until": row.not_after,
        }
        for row in issuer.keys
    ]
