"""`jx-fleet gate …`: the gates of this fleet from the command line."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

import segno
import typer

from fleet.config import Paths, load_settings
from fleet.console import DIRECTORY, AsJson, Directory, actor, day, now, reading, say, show, show_one, writing
from fleet.enrol import tokens
from fleet.enrol.authority import Authority
from fleet.gates import registry, steps
from fleet.venues import assignments
from wire import enrolment
from wire.health import TROUBLES, Trouble

app = typer.Typer(no_args_is_help=True, help="Gates: add, list, show, token, revoke, restore.")
GateId = Annotated[str, typer.Argument(metavar="GATE", help="12 hexadecimal digits, as the gate shows them.")]
MINUTE_S: Final = 60
_DOCUMENTS: Final = ("root", "trust", "assignment")


def _short(row: registry.Listed) -> dict[str, str | int | None]:
    """What fits a narrow terminal."""
    link = "ready" if row.online and row.ready else "not ready" if row.online else "silent"
    return {
        "gate": row.id,
        "name": row.name,
        "venue": row.venue,
        "lane": f"{row.lane} {row.direction}",
        "state": "revoked" if row.revoked_at else steps.WORDS[row.state],
        "link": link,
        "last_seen": row.last_seen,
    }


def _long(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Everything about one gate in words."""
    held = detail["versions"]
    fingerprints = [key["fingerprint"] for key in detail["keys"] if key["revoked_at"] is None]
    return {
        **{name: value for name, value in detail.items() if name not in {"keys", "reasons", "versions"}},
        "state": steps.WORDS[detail["state"]],
        "fingerprint": ", ".join(fingerprints),
        "not right": "; ".join(_trouble(name) for name in detail["reasons"]),
        "documents": ", ".join(f"{kind} {held[kind]}" for kind in _DOCUMENTS if held),
        "lists": ", ".join(f"{uri} at {seq}" for uri, seq in sorted(held.get("lists", {}).items())),
    }


def _trouble(name: str) -> str:
    """What is wrong and what to do; a word of a newer firmware stays as it is."""
    trouble = Trouble.__members__.get(name.upper())
    return name if trouble is None else f"{TROUBLES[trouble].en}: {TROUBLES[trouble].fix_en}"


@app.command()
def add(
    gate: GateId,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    venue: Annotated[str | None, typer.Option(help="Where it stands; see: venue list.")] = None,
    lane: Annotated[int, typer.Option(help="Lane number.")] = 1,
    direction: Annotated[str, typer.Option(help="in or out.")] = "in",
    directory: Directory = DIRECTORY,
) -> None:
    """Make a gate known; with a venue, it is assigned there."""
    with writing(directory) as session:
        registry.add(session, registry.Wanted(gate, name, venue, lane, direction), now(), actor())
        if venue is not None:
            assignments.assign(session, gate, assignments.Wish(), now(), actor())
    say(f"Gate {gate} is known. Next: jx-fleet gate token {gate}")


@app.command("list")
def list_(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """List every gate."""
    with reading(directory) as session:
        listed = registry.listed(session)
    rows = [dataclasses.asdict(row) if as_json else _short(row) for row in listed]
    show("Gates", rows, as_json=as_json, empty="add one with: jx-fleet gate add GATE")


@app.command("show")
def show_(gate: GateId, directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """Show one gate with its keys."""
    with reading(directory) as session:
        detail = registry.detail(session, gate)
    if as_json:
        typer.echo(json.dumps(detail, ensure_ascii=False, indent=2))
        return
    show_one(f"Gate {gate}", _long(detail))
    show("Keys", detail["keys"], as_json=False, empty=f"none yet: jx-fleet gate token {gate}")


@app.command()
def token(
    gate: GateId,
    minutes: Annotated[int, typer.Option(min=1, max=7 * 24 * 60, help="How long it can be used.")] = 24 * 60,
    wifi: Annotated[str | None, typer.Option(help="Wi-Fi to carry along; the password is asked.")] = None,
    qr: Annotated[bool, typer.Option(help="Draw the QR code.")] = True,
    directory: Directory = DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Make a one-use enrolment token: the gate's camera reads it, or a person types it."""
    settings = load_settings(directory)
    authority = Authority.load(Paths(directory).ca)
    password = typer.prompt("Wi-Fi password", hide_input=True) if wifi else None
    at = now()
    with writing(directory) as session:
        secret = tokens.issue(session, gate, at, minutes * MINUTE_S, actor())
    expires = at + minutes * MINUTE_S
    ticket = enrolment.ticket(settings.est_url, authority.fingerprint, gate, secret, expires)
    text = enrolment.encode(dataclasses.replace(ticket, wifi_name=wifi, wifi_password=password))
    if as_json:
        typer.echo(json.dumps({"gate": gate, "token": text, "expires_at": expires}))
        return
    if qr:
        segno.make(text, error="m", micro=False).terminal(compact=True)
    typer.echo(text)
    say(f"For gate {gate}, once, until {day(expires)}; older unused tokens of it are withdrawn.")


@app.command()
def revoke(
    gate: GateId,
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")],
    directory: Directory = DIRECTORY,
) -> None:
    """Take every right from a gate at once."""
    with writing(directory) as session:
        registry.revoke(session, gate, now(), actor(), reason)
    say(f"Gate {gate} is revoked; the broker drops it within a second.")


@app.command()
def restore(gate: GateId, directory: Directory = DIRECTORY) -> None:
    """Let a revoked gate enrol again, with a new token."""
    with writing(directory) as session:
        registry.restore(session, gate, now(), actor())
    say(f"Gate {gate} may enrol again. Next: jx-fleet gate token {gate}")
