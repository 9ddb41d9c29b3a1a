"""`jx-fleet assign …`: which gate stands where, under which rules, from the command line."""

import dataclasses
import json
from enum import Enum
from typing import Annotated, Any

import typer
from sqlalchemy import select

from fleet.console import DIRECTORY, AsJson, Directory, actor, now, reading, say, show, writing
from fleet.errors import FleetError
from fleet.keys import bounds, ledger
from fleet.models import Assignment as Row
from fleet.models import GateState
from fleet.venues import assignments, opening
from wire import envelope
from wire.documents import Assignment
from wire.policy import DEFAULT, STRICTER

app = typer.Typer(no_args_is_help=True, help="Assignments of gates: set, show, list.")
GateId = Annotated[str, typer.Argument(metavar="GATE", help="12 hexadecimal digits.")]


@app.command("set")
def set_(  # noqa: PLR0913, PLR0917 - each is an option of the command
    gate: GateId,
    venue: Annotated[str | None, typer.Option(help="Where it stands; see: venue list.")] = None,
    lane: Annotated[int | None, typer.Option(help="Lane number.", min=1, max=99)] = None,
    direction: Annotated[str | None, typer.Option(help="in or out.")] = None,
    policy: Annotated[
        list[str] | None, typer.Option(help="name=value, like fever_c100=3730; may be repeated.")
    ] = None,
    closed: Annotated[bool | None, typer.Option("--closed/--open", help="Closed by the authority.")] = None,
    hours: Annotated[
        list[str] | None,
        typer.Option(help='Opening hours, like "mon-fri 09:00-18:00"; may be repeated. "always": no hours.'),
    ] = None,
    closed_day: Annotated[
        list[str] | None, typer.Option(help='A date like 2026-12-25; may be repeated. "none": no such day.')
    ] = None,
    staff_only: Annotated[
        bool | None, typer.Option("--staff-only/--everybody", help="Whether only the roster may pass.")
    ] = None,
    directory: Directory = DIRECTORY,
) -> None:
    """Assign a gate to a venue or change how it works there."""
    wish = assignments.Wish(
        venue=venue,
        lane=lane,
        direction=direction,
        closed=closed,
        policy=_pairs(policy or []),
        hours=opening.read_hours(hours) if hours else None,
        closed_days=opening.read_days(closed_day) if closed_day else None,
        staff_only=staff_only,
    )
    with writing(directory) as session:
        made, trust = assignments.assign(session, gate, wish, now(), actor()), ledger.trust(session)
    for row in bounds.rows(made.policy, trust.bounds if trust else None):
        if row["policy"] in (wish.policy or {}) and row["at the gate"]:
            say(f"The bounds in force are stricter: {row['policy']} is {row['at the gate']} at the gate.")
    allowed = "" if made.permission else f" It may not scan yet: jx-fleet venue grant {made.venue} --days 90"
    say(f"Gate {gate} is lane {made.lane} of {made.venue}, version {made.version}.{allowed}{_nobody(made)}")


def _nobody(made: Assignment) -> str:
    """A gate for staff alone, where no staff is known, lets nobody in: that is worth a word."""
    if made.staff or made.staff_rules is None or not made.staff_rules.only:
        return ""
    return f" Nobody may pass it yet: jx-fleet roster add {made.venue} DIGEST"


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = dict(pair.partition("=")[::2] for pair in given)
    if not all(pairs.values()):
        raise FleetError("a policy is given as name=value, like fever_c100=3730; nothing was assigned")
    return pairs


@app.command("show")
def show_(gate: GateId, directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """Show what a gate should hold."""
    with reading(directory) as session:
        body, trust = assignments.read(session, gate), ledger.trust(session)
    values = {name: _plain(value) for name, value in _shown(body).items()}
    if as_json:
        typer.echo(json.dumps(values, ensure_ascii=False, indent=2))
        return
    rows = [{"what": name, "value": value} for name, value in values.items() if name != "policy"]
    show(f"Assignment of {gate}", rows, as_json=False, empty="")
    limits = trust.bounds if trust else None
    show("Policy", list(bounds.rows(body.policy, limits)), as_json=False, empty="")


@app.command()
def policies(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """List what a policy can say, what a gate does that was told nothing else, and the bounds in force."""
    with reading(directory) as session:
        trust = ledger.trust(session)
    rows = [
        {
            "policy": name,
            "what": f"{zh} · {en}",
            "unless set": bounds.value_words(name, getattr(DEFAULT, name))[1],
            "at the loosest": bounds.value_words(name, getattr(trust.bounds, name))[1]
            if trust and name in STRICTER
            else None,
        }
        for name, (zh, en) in bounds.NAMES.items()
    ]
    show("What a policy can say", rows, as_json=as_json, empty="")


def _shown(body: Assignment) -> dict[str, Any]:
    """Everything but the key for foreign subjects, which nobody needs to see, and the roster's digests."""
    values = {field.name: getattr(body, field.name) for field in dataclasses.fields(body)}
    values["foreign_key"] = "set" if body.foreign_key else None
    values["staff"] = len(body.staff)
    values["hours"] = opening.write_hours(body.hours)
    values["closed_days"] = opening.write_days(body.closed_days)
    if (rules := body.staff_rules) is not None:
        hours = opening.write_hours(rules.hours) if rules.hours else ("as visitors",)
        values["staff_rules"] = {"only": rules.only, "hours": hours, "attendants": len(rules.attendants)}
    return values


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON can say
    if isinstance(value, Enum):
        return value.name.lower()
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


@app.command("list")
def list_(directory: Directory = DIRECTORY, as_json: AsJson = False) -> None:
    """List assignments: what each gate should hold and what it says it holds."""
    with reading(directory) as session:
        found = session.execute(
            select(Row, GateState)
            .outerjoin(GateState, GateState.gate_id == Row.gate_id)
            .order_by(Row.gate_id)
        ).all()
    rows = []
    for row, state in found:
        body = envelope.read_body(Assignment, row.body)
        rows.append(
            {
                "gate": row.gate_id,
                "venue": body.venue,
                "lane": body.lane,
                "direction": body.direction.name.lower(),
                "permit_until": body.permission.ends if body.permission else None,
                "version": row.version,
                "held": state.versions.get("assignment") if state else None,
            }
        )
    show("Assignments", rows, as_json=as_json, empty="assign one with: jx-fleet assign set GATE --venue SLUG")
