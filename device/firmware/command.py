"""The command `jx-gate`: one line for each thing it can do."""

import typer

from device.firmware.commands import terminal
from device.firmware.commands.emissivity import emissivity_command
from device.firmware.commands.explain import explain_command
from device.firmware.commands.preview import preview_command
from device.firmware.commands.run import run_command
from device.firmware.commands.selftest import selftest_command
from device.firmware.commands.status import status_command
from device.firmware.commands.voice import voice_command

app = typer.Typer(
    help="Look at codes and at a gate. 查看健康码和闸机。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("emissivity")(emissivity_command)
app.command("explain")(explain_command)
app.command("preview")(preview_command)
app.command("run")(run_command)
app.command("selftest")(selftest_command)
app.command("status")(status_command)
app.command("voice")(voice_command)


def main() -> None:
    """Run the command line."""
    terminal.forgiving()
    app()
