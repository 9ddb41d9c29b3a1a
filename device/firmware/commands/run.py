"""The command `jx-gate run`: the program that systemd runs, in a terminal."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from device.firmware import config
from device.firmware.commands.terminal import refusals
from device.firmware.errors import GateError


def run_command(
    config_file: Annotated[Path, typer.Option("--config", help="The gate's TOML file.")],
    *,
    trace: Annotated[
        bool, typer.Option("--trace", help="Say every step, for engineers; about nobody.")
    ] = False,
    log: Annotated[Literal["words", "json"], typer.Option(help="Form of what is said.")] = "words",
) -> None:
    """运行闸机程序。Run the gate here, as systemd does: stop jixiang-gate first."""
    with refusals():
        _nobody_elses(config.load(config_file))  # said in words before this process becomes another one
    command = [sys.executable, "-m", "device.firmware", "--config", str(config_file), "--log", log]
    sys.stdout.flush()
    os.execv(sys.executable, [*command, "--trace"] if trace else command)  # noqa: S606 - no shell is wanted


def _nobody_elses(told: config.GateConfig) -> None:
    """Raise GateError where root would leave files behind that the gate's own account cannot open."""
    try:
        owner = Path(told.data).stat().st_uid
    except OSError:
        return  # the program itself says what is wrong with it
    if os.geteuid() == 0 and owner != 0:
        raise GateError(
            f"{told.data} 属于另一账户，以 root 运行会留下它打不开的文件；"
            f"请用：sudo -u '#{owner}' jx-gate run … · "
            f"{told.data} is another account's, which could not open what root leaves there; nothing was "
            f"started, run it as its owner: sudo -u '#{owner}' jx-gate run …"
        )
