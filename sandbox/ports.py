"""Which ports the demo uses: four in a row, checked before anything is started."""

import socket
from dataclasses import dataclass
from typing import Final

from sandbox.errors import SandboxError

HOST: Final = "127.0.0.1"
FIRST: Final = 8080
VARIABLE: Final = "JX_DEMO_PORT_BASE"


@dataclass(frozen=True, slots=True)
class Ports:
    """One port for each service, all on loopback."""

    console: int
    wallet: int
    est: int
    broker: int

    @classmethod
    def beginning(cls, base: int) -> "Ports":
        """Four ports from `base` on."""
        if not 1024 <= base <= 65532:  # noqa: PLR2004 -- below are privileged ones, above is no room for four
            raise SandboxError(f"port {base} will not do: choose a first port from 1024 to 65532")
        return cls(base, base + 1, base + 2, base + 3)

    @property
    def named(self) -> dict[str, int]:
        """Each port with what it is for."""
        return {"console": self.console, "wallet": self.wallet, "enrolment": self.est, "broker": self.broker}


def is_free(port: int) -> bool:
    """Whether nothing listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def check(ports: Ports) -> None:
    """SandboxError that names every port in use, and how to choose others."""
    taken = [f"{port} ({name})" for name, port in ports.named.items() if not is_free(port)]
    if taken:
        other = ports.console + 1000
        raise SandboxError(
            f"in use by another program: port {', '.join(taken)}. Nothing was started. Choose other ports:\n"
            f"    make demo ARGS=--port={other}      or      {VARIABLE}={other} make demo"
        )


def answers(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        with socket.create_connection((HOST, port), timeout=0.5):
            return True
    except OSError:
        return False
