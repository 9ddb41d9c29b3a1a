"""The first run: a ceremony, a fleet, an issuer, venues with permits, gates with tokens, by command line."""

import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from sandbox.abroad import COUNTRY
from sandbox.children import Child, Order
from sandbox.errands import Clerk
from sandbox.issuer import description
from sandbox.issuer.authority import Authority
from sandbox.issuer.residents import Resident
from sandbox.layout import REPOSITORY, Layout
from sandbox.places import CITY, PROVINCE, Place
from sandbox.ports import HOST, Ports
from wire.subjects import digest_of

CEREMONY_S: Final = 60.0
PASSPHRASE_BYTES: Final = 24
PERMIT_DAYS: Final = 90
REPEAT: Final = "repeat_s=5"
"""So that somebody who turns a resident red may walk to the same gate again at once."""
FOREIGN: Final = "foreign=admit"
"""So that a traveller's pass that counts opens, and one that does not shows why."""
OFFICER_ADVICE: Final = "The key officer is needed for signatures only; stop the demo and start it again."
FLEET_ADVICE: Final = "Its database and keys are kept. Read the log, then start the demo again."


def secret_file(path: Path, text: str) -> None:
    """A new file that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")


def ceremony(layout: Layout) -> Child:
    """The key officer makes all keys, in a process of its own; wait for it with `CEREMONY_S`."""
    secret_file(layout.passphrase, secrets.token_urlsafe(PASSPHRASE_BYTES))
    argv = ["create", "--fleet-keys", str(layout.carried)]
    return Child(
        Order("the ceremony", _desk(layout, argv), layout.logs / "officer.log", "Try: make demo-clean")
    )


def officer(layout: Layout) -> Child:
    """The key officer at the desk: signs every request that appears, in a process of its own."""
    argv = ["watch", str(layout.fleet / "requests"), "--out", str(layout.fleet / "answers"), "--yes"]
    return Child(Order("the key officer", _desk(layout, argv), layout.logs / "officer.log", OFFICER_ADVICE))


def fleet(layout: Layout, only: Sequence[str] = ()) -> Child:
    """`jx-fleet serve`: the whole of it, or `only` some of its processes."""
    argv = [sys.executable, "-m", "fleet.server", "serve", "--dir", str(layout.fleet)]
    argv += [f"--only={name}" for name in only]
    log = layout.logs / "fleet.log"
    return Child(Order("the fleet", argv, log, FLEET_ADVICE, environment=repository_first()))


def _desk(layout: Layout, argv: Sequence[str]) -> list[str]:
    """The same as `jx-fleet ceremony …`; the server's processes are never told where the passphrase lies."""
    program = [sys.executable, "-m", "fleet.command", "ceremony", *argv]
    return [*program, "--office", str(layout.office), "--passphrase-file", str(layout.passphrase)]


class Founder:
    """Gives the clerk one command after another; each is what a person would type."""

    def __init__(self, layout: Layout, ports: Ports, clerk: Clerk, name: str = "") -> None:
        self._layout = layout
        self._ports = ports
        self._clerk = clerk
        self._name = name  # by which gates of other machines reach this one
        self._dir = ("--dir", str(layout.fleet))

    def init(self) -> None:
        """Directory, settings, database, authority, certificates, the first account."""
        ports = (
            f"--web-port={self._ports.console}",
            f"--est-port={self._ports.est}",
            f"--broker-port={self._ports.broker}",
        )
        name = ("--name", self._name) if self._name else ()
        self._fleet("init", *name, *ports, "--password-file", self._layout.password)

    def install_keys(self) -> None:
        """Carry the online keys from the ceremony to the server, and destroy what was carried."""
        self._fleet("keys", "install", self._layout.carried)
        shutil.copyfile(self._layout.carried / self._layout.first_root.name, self._layout.first_root)
        shutil.rmtree(self._layout.carried)

    def propose_issuer(self, authority: Authority) -> None:
        """Ask for a trust document that names the issuer."""
        self._fleet("trust", "add-issuer", description.write(authority, self._layout.root / "issuer.json"))

    def propose_passes(self, certificate: Path) -> None:
        """Ask for the signer of another country's certificates beside it, before that is signed."""
        slug, zh, en = COUNTRY
        self._fleet("trust", "import", certificate, "--id", slug, "--zh", zh, "--en", en)

    def accept_answers(self) -> None:
        """Carry what the officer signed back to the server."""
        self._fleet("requests", "accept", self._layout.fleet / "answers")

    def regions(self) -> None:
        """The province and the city."""
        for (slug, zh, en), parent in ((PROVINCE, ()), (CITY, ("--parent", PROVINCE[0]))):
            self._fleet("region", "add", slug, "--zh", zh, "--en", en, *parent)

    def venue(self, place: Place) -> None:
        """A venue, its permission to scan, its gate, and the gate's assignment."""
        names = ("--zh", place.zh, "--en", place.en)
        more = ("--region", CITY[0], "--kind", place.kind, "--capacity", str(place.capacity))
        self._fleet("venue", "add", place.slug, *names, *more)
        self._fleet("venue", "grant", place.slug, "--days", str(PERMIT_DAYS))
        self._fleet("gate", "add", place.gate.id, "--name", place.gate.en, "--venue", place.slug)
        wishes = ("--policy", REPEAT, "--policy", FOREIGN)
        self._fleet("assign", "set", place.gate.id, "--venue", place.slug, *wishes)

    def roster(self, place: Place, residents: Iterable[Resident]) -> None:
        """Who of these people works at a place: digests in a file, as a venue's office would hand them in."""
        people = [resident for resident in residents if resident.role]
        path = self._layout.root / f"roster-{place.slug}.txt"
        lines = (f"{digest_of(resident.subject).hex()} {resident.role}\n" for resident in people)
        secret_file(path, "".join(lines))
        self._fleet("roster", "import", place.slug, path)

    def token(self, gate: str) -> str:
        """A one-use enrolment token."""
        answer = self._clerk.read("jx-fleet", "gate", "token", gate, "--json", *self._dir)
        token: str = answer["token"]
        return token

    def _fleet(self, *argv: str | Path) -> None:
        self._clerk.run("jx-fleet", *argv, *self._dir)


def answers_in(layout: Layout) -> Callable[[], bool]:
    """Whether the officer has signed a trust document."""
    return lambda: any((layout.fleet / "answers").glob("trust-*.cbor"))


def repository_first() -> dict[str, str]:
    """Environment of a program that must find this checkout wherever it is started."""
    parts: Iterable[str] = filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])
    return {"PYTHONPATH": os.pathsep.join(parts)}


def address(port: int) -> str:
    """How a browser reaches a port."""
    return f"http://{HOST}:{port}"
