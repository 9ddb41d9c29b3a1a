"""What the display shows while the gate itself cannot start: `python -m device.firmware.trouble`."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from device.drivers import Display, DriverError
from device.firmware import config as configs
from device.firmware import parts, patience, screens
from device.firmware.errors import GateError
from device.firmware.narrate import Narrator
from device.firmware.stop import Stop


def main(arguments: Sequence[str] | None = None) -> int:
    """Show it for so many seconds, or until a signal; 0, also where there is no display to show it on.

    Nothing but the display is opened: the file that is left to go by may be older than the wiring.
    """
    parser = argparse.ArgumentParser(prog="python -m device.firmware.trouble", description="Show a trouble.")
    parser.add_argument("--config", type=Path, required=True, help="the gate's TOML file")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long")
    options = parser.parse_args(arguments)
    narrator, stopping = Narrator(), Stop.at(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    narrator.say("out of service", why="the data partition is not mounted")
    display: Display | None = None
    with suppress(GateError):
        display = parts.display_of(configs.load(options.config))
    until_s, turn = time.monotonic() + options.seconds, 0
    while not stopping.is_set() and (left_s := until_s - time.monotonic()) > 0:
        if display is not None:
            with suppress(DriverError):  # it may come back, and nobody reads the log of a gate that is dark
                patience.show(display, turn)
        turn += 1
        stopping.wait(min(left_s, screens.TURN_S))
    if display is not None:
        display.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
