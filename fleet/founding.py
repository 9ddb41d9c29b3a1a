"""How a fleet begins: its directory, settings, database, authority, certificates, first account."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from fleet import audit
from fleet.config import Paths, Settings, load_settings, parse_settings
from fleet.db import open_database
from fleet.enrol import services
from fleet.enrol.authority import Authority
from fleet.errors import FleetError
from fleet.models import Meta, User
from fleet.people import directory as people
from fleet.people import passwords

EPOCH_BYTES: Final = 16
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike
_TEMPLATE: Final = """\
# The settings of this fleet. An unknown key is an error. After a change: restart `jx-fleet serve`.

# More host names and addresses by which gates and people reach this machine; they go into its certificates.
names = {names}

# A PostgreSQL URL when the fleet grows, like "postgresql+psycopg://…"; empty: fleet.db in this directory.
database = ""

[fleet]
name_zh = "吉祥门"
name_en = "Jixiang Gate"
# Of pages, before somebody has chosen: "zh-CN" or "en".
language = "zh-CN"
# Where its gates stand: in which day an hour falls.
time_zone = "Asia/Shanghai"

# The console, for people. Plain HTTP is only ever served on a loopback address.
[web]
host = "127.0.0.1"
port = {web_port}
tls = false

# Enrolment of gates and the issuers' push endpoint: always HTTPS.
[est]
host = {host}
port = {est_port}
# What an enrolment token tells the gate; empty: https://<host>:<port>.
url = {est_url}

# The embedded MQTT broker: always mutual TLS.
[broker]
host = {host}
port = {broker_port}
# The name by which gates reach it; empty: the host above.
name = {broker_name}
"""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person may say when founding; ignored where something exists already."""

    name: str = ""  # host name or address for gates; empty: this machine only
    web_port: int = 8080
    est_port: int = 8443
    broker_port: int = 8883
    admin: str = "admin"
    password: str | None = None  # None: one is made and told once


@dataclass(frozen=True, slots=True)
class Step:
    """One line of what founding did; `secret` is to be shown once and kept nowhere."""

    what: str
    made: bool
    secret: str | None = None


def found(root: Path, wishes: Wishes, now: int) -> list[Step]:
    """Make whatever is missing in `root` and keep the rest; calling it again changes nothing."""
    paths = Paths(root)
    if root.exists() and not root.is_dir():
        raise FleetError(f"{root} is a file; nothing was made, choose another --dir")
    steps = [_directories(paths)]
    with _alone(root):
        steps.append(_settings(paths, wishes))
        settings = load_settings(root)
        steps += [
            _database(paths, settings, now),
            _authority(paths, settings, now),
            _certificates(paths, settings, now),
            _admin(paths, settings, wishes, now),
        ]
    return steps


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One founder at a time: a second one waits, and keeps what the first one made."""
    place = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def _directories(paths: Paths) -> Step:
    wanted = (paths.root, paths.ca, paths.tls, paths.keys, paths.broker, paths.requests, paths.answers)
    missing = [place for place in wanted if not place.is_dir()]
    for place in missing:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths.root.chmod(0o700)
    return Step(f"directory {paths.root}", made=bool(missing))


def _settings(paths: Paths, wishes: Wishes) -> Step:
    what = f"settings {paths.settings.name}"
    if paths.settings.exists():
        return Step(what, made=False)
    name = wishes.name
    text = _TEMPLATE.format(
        names=_toml([name] if name else []),
        host=_toml("0.0.0.0" if name else "127.0.0.1"),  # noqa: S104 - a person asked to be reached from outside
        web_port=wishes.web_port,
        est_port=wishes.est_port,
        est_url=_toml(f"https://{name}:{wishes.est_port}" if name else ""),
        broker_port=wishes.broker_port,
        broker_name=_toml(name),
    )
    parse_settings(text)
    fresh = paths.settings.with_suffix(".new")  # the disk may be full: half a file is none
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(paths.settings)
    return Step(what, made=True)


def _toml(value: str | list[str]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if not value.isascii() or any(sign in value for sign in '"\\\n'):
        raise FleetError(f"{value!r} is no host name; nothing was written")
    return f'"{value}"'


def _database(paths: Paths, settings: Settings, now: int) -> Step:
    place = paths.database(settings)
    with open_database(place) as database:
        database.upgrade()
        if isinstance(place, Path):
            place.chmod(0o600)
        with database.session() as session:
            made = session.get(Meta, "epoch") is None
            if made:
                session.add(Meta(key="epoch", value=secrets.token_hex(EPOCH_BYTES)))
                audit.append(session, now, "command", "fleet.found")
    return Step("database", made=made)


def _authority(paths: Paths, settings: Settings, now: int) -> Step:
    held = [path for path in (paths.ca_certificate, paths.ca / "ca.key") if path.exists()]
    if held:
        authority = Authority.load(paths.ca)  # half of it missing is an error, never a reason for a new one
    else:
        authority = Authority.create(f"{settings.fleet.name_en} authority", now)
        try:
            authority.save(paths.ca)
        except OSError:
            for path in (paths.ca_certificate, paths.ca / "ca.key"):
                path.unlink(missing_ok=True)  # half an authority, which nobody trusts yet
            raise
    return Step(f"authority, SHA-256 {authority.fingerprint.hex()[:16]}…", made=not held)


def _certificates(paths: Paths, settings: Settings, now: int) -> Step:
    made = services.ensure(paths, settings, Authority.load(paths.ca), now)
    names = ", ".join(made or [service.name for service in services.services(settings)])
    return Step(f"certificates {names}", made=bool(made))


def _admin(paths: Paths, settings: Settings, wishes: Wishes, now: int) -> Step:
    with open_database(paths.database(settings)) as database:
        with database.reading() as session:
            if session.scalar(select(func.count(User.id))):
                return Step("accounts", made=False)
        password = wishes.password or new_password()
        digest = passwords.digest(password)
        with database.session() as session:
            people.add(session, wishes.admin, digest, "owner", now, "command")
    return Step(f"account {wishes.admin}", made=True, secret=None if wishes.password else password)


def new_password(choose: Callable[[str], str] = secrets.choice) -> str:
    """A password of 20 letters in groups of five: 99 bits that can be read over a telephone."""
    return "-".join("".join(choose(_LETTERS) for _ in range(5)) for _ in range(4))


def password_from(path: Path) -> str:
    """The first line of a file, for installations without a person at the terminal."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FleetError(f"{path} cannot be read as text; nothing was made") from error
    if not lines or not lines[0]:
        raise FleetError(f"{path} has no first line with a password; nothing was made")
    return lines[0]
