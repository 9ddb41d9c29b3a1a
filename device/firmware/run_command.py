"""The command `jx-gate run`: the program that systemd runs, in a terminal."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from device.firmware import config
from device.firmware.terminal import refusals


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
        config.load(config_file)  # said in words before this process becomes another one
    command = [sys.executable, "-m", "device.firmware", "--config", str(config_file), "--log", log]
    sys.stdout.flush()
    os.execv(sys.executable, [*command, "--trace"] if trace else command)  # noqa: S606 - no shell is wanted
