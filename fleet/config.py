"""The settings of one fleet directory: where its files lie, and fleet.toml as one frozen tree."""

import ipaddress
import zoneinfo
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec

from fleet.errors import FleetError

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
FILE_NAME: Final = "fleet.toml"


class Fleet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people read about this fleet."""

    name_zh: str = "吉祥门"
    name_en: str = "Jixiang Gate"
    language: str = "zh-CN"  # of pages before somebody has chosen
    time_zone: str = "Asia/Shanghai"  # IANA name: days and hours of pages


class Web(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The console; plain HTTP is only ever served on a loopback address."""

    host: str = "127.0.0.1"
    port: Port = 8080
    tls: bool = False
    threads: int = 16  # a live page holds one


class Est(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Enrolment of gates, and the issuers' push endpoint; always HTTPS."""

    host: str = "127.0.0.1"
    port: Port = 8443
    url: str = ""  # what a token tells the gate; empty: https://<host>:<port>
    threads: int = 8


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The embedded MQTT broker; always mutual TLS."""

    host: str = "127.0.0.1"
    port: Port = 8883
    name: str = ""  # the host name gates connect to; empty: host


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """fleet.toml; an unknown key is an error."""

    fleet: Fleet = msgspec.field(default_factory=Fleet)
    web: Web = msgspec.field(default_factory=Web)
    est: Est = msgspec.field(default_factory=Est)
    broker: Broker = msgspec.field(default_factory=Broker)
    names: tuple[str, ...] = ()  # more host names and addresses for the service certificates
    database: str = ""  # SQLAlchemy URL; empty: fleet.db in the directory

    @property
    def est_url(self) -> str:
        """Address of the enrolment server without a trailing slash."""
        return self.est.url.rstrip("/") or f"https://{bracketed(self.est.host)}:{self.est.port}"

    @property
    def broker_name(self) -> str:
        """Host name or address that gates connect to."""
        return self.broker.name or self.broker.host


@dataclass(frozen=True, slots=True)
class Paths:
    """Where everything of one fleet lies; directories are 0700, secrets 0600."""

    root: Path

    @property
    def settings(self) -> Path:
        """fleet.toml."""
        return self.root / FILE_NAME

    @property
    def ca(self) -> Path:
        """Directory of the certificate authority: ca.pem, ca.key."""
        return self.root / "ca"

    @property
    def ca_certificate(self) -> Path:
        """What every party of this fleet trusts."""
        return self.ca / "ca.pem"

    @property
    def tls(self) -> Path:
        """Service certificates: <name>.pem and <name>.key."""
        return self.root / "tls"

    @property
    def keys(self) -> Path:
        """Sealed role keys: <role>.key and <role>.pass."""
        return self.root / "keys"

    @property
    def broker(self) -> Path:
        """Configuration, store and process id of the broker."""
        return self.root / "broker"

    @property
    def requests(self) -> Path:
        """Signing requests on their way to the offline signer."""
        return self.root / "requests"

    @property
    def answers(self) -> Path:
        """Signed documents on their way back."""
        return self.root / "answers"

    def certificate(self, service: str) -> Path:
        """Certificate of a service: web, broker, ingest or publisher."""
        return self.tls / f"{service}.pem"

    def key(self, service: str) -> Path:
        """Private key of a service."""
        return self.tls / f"{service}.key"

    def database(self, settings: Settings) -> Path | str:
        """What `fleet.db.open_database` takes."""
        return settings.database or self.root / "fleet.db"


def bracketed(host: str) -> str:
    """A host as it stands in a URL: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def parse_settings(text: str) -> Settings:
    """Read fleet.toml's text; FleetError names the key that is wrong."""
    try:
        settings = msgspec.toml.decode(text, type=Settings)
    except msgspec.DecodeError as error:
        raise FleetError(
            f"{FILE_NAME}: {error}; nothing was started, correct the file and try again"
        ) from error
    if settings.fleet.time_zone not in zoneinfo.available_timezones():
        raise FleetError(
            f"{FILE_NAME}: [fleet] time_zone is not an IANA name like Asia/Shanghai; nothing was started"
        )
    if not settings.web.tls and not _is_loopback(settings.web.host):
        raise FleetError(
            f"{FILE_NAME}: [web] serves plain HTTP on {settings.web.host}; set tls = true or a loopback host"
        )
    return settings


def load_settings(root: Path) -> Settings:
    """Settings of the fleet in `root`; FleetError when there is none or it is wrong."""
    path = Paths(root).settings
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FleetError(f"{root} holds no fleet; make one with: jx-fleet init --dir {root}") from error
    except OSError as error:
        raise FleetError(f"{path} cannot be read ({error.strerror}); nothing was started") from error
    except UnicodeDecodeError as error:
        raise FleetError(
            f"{FILE_NAME} is no UTF-8 text; nothing was started, save it as UTF-8 and try again"
        ) from error
    return parse_settings(text)
