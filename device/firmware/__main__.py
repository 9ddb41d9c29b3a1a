"""Where the parts are joined and stepped: `python -m device.firmware --config gate.toml`."""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from device.drivers import DriverError
from device.firmware import config as configs
from device.firmware.config import GateConfig
from device.firmware.errors import GateError
from device.firmware.gate import Built, build
from device.firmware.live import LiveFile
from device.firmware.narrate import Narrator
from device.firmware.notify import Systemd, status
from device.firmware.parts import hardware_of
from device.firmware.patience import patiently
from device.firmware.standing import certificate_end
from device.firmware.stop import Stop
from device.firmware.trace import Tracer

WATCHDOG_S = 2.0
ENROLLED_EVERY_S = 2.0
STUCK_S = 10.0
"""A thread that has not moved for this long hangs: systemd restarts the gate."""


@dataclass(slots=True)
class Runner:
    """Steps the gate until it is told to stop."""

    config: GateConfig
    built: Built
    systemd: Systemd
    stopping: Stop
    live: LiveFile
    enrolled_at_s: float = 0.0
    fed_at_s: float = 0.0
    refused: str = ""
    """Why the files of an enrolment were no good, said once."""

    def run(self) -> None:
        """Return when a signal has come."""
        self.systemd.say("READY=1")
        while not self.stopping.is_set():
            now_s = time.monotonic()
            self.enrol(now_s)
            wait_s = self.built.gate.step(now_s)
            self.feed(now_s)
            self.live.tell(self.built.gate, now_s)
            self.built.wake.wait(wait_s)
            self.built.wake.clear()
        self.systemd.say("STOPPING=1")

    def enrol(self, now_s: float) -> None:
        """Look for certificate and key now and then; begin to talk to the fleet once they are there."""
        if now_s < self.enrolled_at_s:
            return
        self.enrolled_at_s = now_s + (60.0 if self.built.enrolled else ENROLLED_EVERY_S)
        broker = self.config.broker
        end = certificate_end(self.config.path(broker.certificate))
        self.built.gate.stage.health.enrolled_until = end
        if end is not None and not self.built.enrolled:
            try:
                self.built.connect(self.config)
            except GateError as error:
                self.built.gate.stage.health.enrolled_until = None
                if str(error) != self.refused:
                    self.refused = str(error)
                    self.built.narrator.say("not enrolled", why=self.refused)

    def feed(self, now_s: float) -> None:
        """Feed the watchdog while the camera's thread makes progress, and say how the gate is.

        That this runs is the loop's progress: thermometer and journal are asked by it and hang with it.
        """
        if now_s >= self.fed_at_s and now_s - self.built.camera.beat_s < STUCK_S:
            self.fed_at_s = now_s + WATCHDOG_S
            self.systemd.say(f"WATCHDOG=1\nSTATUS={status(self.built.gate.stage.health.found)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one gate; 0 after a signal, 2 when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m device.firmware", description="Run one gate.")
    parser.add_argument("--config", type=Path, required=True, help="the gate's TOML file")
    parser.add_argument("--log", choices=("words", "json"), default="words", help="form of the narration")
    parser.add_argument("--trace", action="store_true", help="say every step, for engineers; about nobody")
    options = parser.parse_args(arguments)
    narrator = Narrator(options.log)
    stopping = Stop.at(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
    wake = threading.Event()  # for other threads alone: the loop's waits are short enough for a signal
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # Ctrl-Z would stop the clock of an open barrier
    try:
        config = configs.load(options.config)
        with ExitStack() as closing:
            if options.trace:
                closing.enter_context(Tracer(narrator).watching())
            hardware = hardware_of(config, closing)
            systemd = Systemd.from_environment()
            shown = (hardware.display, hardware.signals)
            built = patiently(
                lambda: build(config, hardware, narrator, wake), shown, narrator, systemd, stopping
            )
            if built is not None:
                closing.callback(built.close)
                live = LiveFile(config, narrator, time.monotonic())
                closing.callback(live.remove)
                Runner(config, built, systemd, stopping, live).run()
    except (GateError, DriverError) as error:
        narrator.say("cannot start", why=str(error))
        return 2
    narrator.say("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
