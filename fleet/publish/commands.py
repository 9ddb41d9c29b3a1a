"""`jx-fleet command …`: ask a gate to do something, and see whether it did."""

from typing import Annotated

import typer
from sqlalchemy import select

from fleet.console import DIRECTORY, AsJson, Directory, actor, now, reading, say, show, writing
from fleet.errors import FleetError
from fleet.models import Command
from fleet.publish import orders
from wire.documents import Action

app = typer.Typer(no_args_is_help=True, help="Commands to gates: send, list.")
ACTIONS = {action.name.lower().replace("_", "-"): action for action in Action}


@app.command()
def send(
    gate: Annotated[str, typer.Argument(metavar="GATE", help="12 hexadecimal digits.")],
    action: Annotated[str, typer.Argument(help="open-once, out-of-service, in-service or send-state.")],
    reason: Annotated[str, typer.Option(help="Why; the gate records it.")],
    directory: Directory = DIRECTORY,
) -> None:
    """Ask a gate to do something within the next minute."""
    if action not in ACTIONS:
        raise FleetError(f"{action!r} is no command; there are: {', '.join(ACTIONS)}; nothing was sent")
    with writing(directory) as session:
        row = orders.ask(session, gate, ACTIONS[action], reason, now(), actor())
    say(f"Command {row.id} is on its way to gate {gate}. See: jx-fleet command list")


@app.command("list")
def list_(
    gate: Annotated[str | None, typer.Option(help="Of this gate only.")] = None,
    last: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20,
    directory: Directory = DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """List the last commands and what became of them."""
    wanted = select(Command).order_by(Command.id.desc()).limit(last)
    if gate is not None:
        wanted = wanted.where(Command.gate_id == gate)
    with reading(directory) as session:
        rows = [
            {
                "number": row.id,
                "gate": row.gate_id,
                "action": row.action,
                "state": row.state,
                "reason": row.reason,
                "created_at": row.created_at,
                "answered_at": row.answered_at,
                "detail": row.detail,
            }
            for row in session.scalars(wanted)
        ]
    show("Commands", rows, as_json=as_json, empty="none yet: jx-fleet command send GATE ACTION --reason …")
