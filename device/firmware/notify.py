"""A word to systemd: that the gate is up, and, while its threads make progress, that it is alive."""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from device.firmware import readiness
from wire.health import TROUBLES, Trouble


@dataclass(frozen=True, slots=True)
class Systemd:
    """The datagram socket that systemd named; without one every call does nothing (sd_notify(3))."""

    address: str | None

    @classmethod
    def from_environment(cls) -> "Systemd":
        """As `NOTIFY_SOCKET` says."""
        return cls(os.environ.get("NOTIFY_SOCKET"))

    def say(self, state: str) -> None:
        """Send, for example, READY=1 or WATCHDOG=1; a systemd that does not listen is no reason to stop."""
        if not self.address:
            return
        path = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            try:
                channel.connect(path)
                channel.sendall(state.encode())
            except OSError:
                return


def status(troubles: Iterable[Trouble]) -> str:
    """One line for `systemctl status`: whether the gate serves, and what it lacks."""
    found = sorted(troubles)
    said = "serving" if readiness.ready(frozenset(found)) else "out of service"
    return f"{said}: {'; '.join(TROUBLES[trouble].en for trouble in found)}" if found else said
