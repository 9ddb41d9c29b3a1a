"""How guests reach a fleet, and the few lines of its and a gate's TOML files that a guest wants otherwise."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from device.firmware import config
from device.firmware.config import GateConfig
from device.firmware.config_parts import NoScreen
from fleet.config import Settings, bracketed, parse_settings
from sandbox.errors import SandboxError
from sandbox.ports import HOST, Ports

SLIRP_HOST: Final = "10.0.2.2"
"""How a guest on QEMU's user-mode network sees this computer: as its loopback (QEMU, "Network options")."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where gates find a fleet: the host as *they* see it, its ports, and the address that it listens on."""

    host: str
    ports: Ports
    listens: str = HOST

    def servers(self, text: str) -> str:
        """A fleet.toml with these addresses in it; SandboxError when it would not say just that."""
        ports, name = self.ports, self.host
        text = put(text, "", names=[name])
        text = put(text, "web", host=HOST, port=ports.console)
        text = put(
            text, "est", host=self.listens, port=ports.est, url=f"https://{bracketed(name)}:{ports.est}"
        )
        text = put(text, "broker", host=self.listens, port=ports.broker, name=name)
        self._check(parse_settings(text))
        return text

    def _check(self, read: Settings) -> None:
        est, broker = read.est, read.broker
        said = (read.names, read.broker_name, est.host, est.port, broker.host, broker.port, read.web.port)
        ports = self.ports
        meant = ((self.host,), self.host, self.listens, ports.est, self.listens, ports.broker, ports.console)
        if said != meant:
            raise SandboxError(f"fleet.toml cannot be made to say {meant}; it says {said}, and was left")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What a guest has that the gates of the field have otherwise; pins are those of docs/wiring.md."""

    width: int = 1280
    height: int = 720
    pixel_format: str = "YUV420"
    frames_per_s: float = 15.0
    timeout_s: float = 2.0
    """Without a picture for so long the camera counts as hung."""
    answer_s: float = 0.5
    """How long denials and referrals stand: nobody reads them in a guest."""
    sensor: str = ""
    """The thermometer's factory number, 16 hex digits; "" is that of `sandbox.board`'s chip."""
    data: Path = Path(config.DATA)

    def gate(self, text: str, path: str) -> str:
        """A gate.toml as `jx-field prepare` wrote it, fitted; `path` is its name for errors."""
        before = config.read(text.encode(), path)
        camera = {
            "width": self.width,
            "height": self.height,
            "pixel_format": self.pixel_format,
            "frames_per_s": self.frames_per_s,
            "timeout_s": self.timeout_s,
        }
        lane = dict.fromkeys(("denied_s", "referred_s", "waiting_s"), self.answer_s)
        fitted = put(put(put(text, "camera", **camera), "lane", **lane), "display", kind="none")
        meant = msgspec.structs.replace(
            before,
            camera=msgspec.structs.replace(before.camera, **camera),
            lane=msgspec.structs.replace(before.lane, **lane),
            display=NoScreen(),
        )
        _same(config.read(fitted.encode(), path), meant)
        return fitted


def _same(said: GateConfig, meant: GateConfig) -> None:
    if said != meant:
        raise SandboxError(f"gate.toml cannot be fitted to a guest: it says {said}, and {meant} is meant")


def put(text: str, section: str, **values: object) -> str:
    """TOML text with `values` in a section ("": before the first), as a person with an editor would do it."""
    if section:
        head, mark, body = text.partition(f"[{section}]\n")
        if not mark:
            raise SandboxError(f"the file has no section [{section}]; it was left as it is")
    else:
        head, mark, body = "", "", text
    end = re.search(r"(?m)^\[", body)
    own, rest = (body, "") if end is None else (body[: end.start()], body[end.start() :])
    return head + mark + _put(own, values) + rest


def _put(own: str, values: Mapping[str, object]) -> str:
    for key, value in values.items():
        line = f"{key} = {json.dumps(value)}"  # for words, numbers and lists of words, JSON is TOML
        place = re.search(rf"(?m)^{re.escape(key)} = .*$", own)
        own = f"{line}\n{own}" if place is None else own[: place.start()] + line + own[place.end() :]
    return own
