"""What a gate's card holds before the gate has ever run: its configuration and the first root."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from device.firmware import config
from device.firmware.config import GateConfig
from device.firmware.errors import GateError, Refused
from device.firmware.trust import Beliefs
from provisioning import durable
from provisioning.errors import FieldError, UsageError
from wire import topics
from wire.documents import Root
from wire.errors import WireError

CONFIGURATION: Final = "gate.toml"
HOST: Final = re.compile(r"[0-9A-Za-z.:_-]{1,253}\Z")
"""What names and addresses are made of (RFC 1123, RFC 4291); whether there is one, the gate finds out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is to be written: the gate, its servers, where its data will lie on the card."""

    gate: str
    fleet: str
    broker_host: str
    broker_port: int
    data: Path
    root: bytes

    def check(self) -> tuple[GateConfig, str, Root]:
        """The configuration as the gate will read it, its text, and the verified root; FieldError."""
        try:
            topics.check_gate(self.gate)
        except WireError as error:
            raise UsageError(f"--gate: {error.detail}; nothing was written") from error
        if not _is_address(self.fleet):
            raise UsageError("--fleet: an address is https://host:port; nothing was written")
        if not HOST.match(self.broker_host):
            raise UsageError("--broker-host: a name or an IP address, nothing else; nothing was written")
        text = config.example(
            gate=self.gate,
            data=str(self.data),
            fleet=self.fleet.rstrip("/"),
            host=self.broker_host,
            port=self.broker_port,
        )
        try:
            return config.read(text.encode(), CONFIGURATION), text, first_root(self.gate, self.root)
        except GateError as error:
            raise UsageError(f"{error}; nothing was written") from error


def _is_address(url: str) -> bool:
    try:
        address = urlsplit(url)
        return address.scheme == "https" and bool(address.hostname) and address.port != 0
    except ValueError:  # a port that is none, half an IPv6 address
        return False


def first_root(gate: str, data: bytes) -> Root:
    """The root document, if a gate would believe it from its card; FieldError otherwise."""
    try:
        root = Beliefs(gate).first_root(data)
    except Refused as refused:
        raise FieldError(
            f"the root document is no good ({refused.detail}); nothing was written, ask the key officer"
        ) from refused
    if root.version != 1:
        raise FieldError(
            f"this is root version {root.version}; a card needs version 1, where every gate begins"
        )
    return root


def write(card: Card, place: Path, *, replace: bool) -> tuple[tuple[Path, ...], Root]:
    """Write a card's files into `place`; return them and the root. Other files are replaced when asked."""
    configuration, text, root = card.check()
    contents = {place / CONFIGURATION: text.encode(), place / configuration.root: card.root}
    try:
        different = [path for path, data in contents.items() if path.exists() and path.read_bytes() != data]
    except OSError as error:
        raise FieldError(
            f"{error.filename} cannot be read ({error.strerror}); nothing was written, move it away"
        ) from error
    if different and not replace:
        names = ", ".join(path.name for path in different)
        raise FieldError(f"{place} has another {names}; nothing was written, add --yes to replace it")
    try:
        durable.make_directory(place)
        for path, data in contents.items():
            durable.write(path, data)
    except OSError as error:
        raise FieldError(f"{place} cannot be written ({error.strerror}); check the card") from error
    return tuple(contents), root
