"""The office behind a guest's gate: a founded fleet, its key officer and an issuer, kept from run to run."""

import dataclasses
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from device.firmware import calibration
from fleet.config import Paths
from sandbox import founding
from sandbox.children import Child, end_all, wait_for
from sandbox.errands import Clerk
from sandbox.errors import SandboxError
from sandbox.field import Engineer, calibrated
from sandbox.guest import shipping
from sandbox.guest.citizens import Citizens
from sandbox.guest.settings import Fitting, Reach
from sandbox.guest.witness import Witness
from sandbox.issuer.authority import Authority
from sandbox.issuer.ledger import Ledger
from sandbox.issuer.push import Courier, https, send_waiting
from sandbox.layout import Layout
from sandbox.places import Place
from sandbox.ports import HOST, answers, is_free
from sandbox.wallet.doors import GateName
from wire import enrolment
from wire.reasons import Colour

Say = Callable[[str], None]
SEED: Final = 1
SERVING: Final = ("broker", "est", "ingest", "publish")
"""The fleet's processes that gates need; nobody looks at the console."""
LIMIT_S: Final = 120.0
"""For anything that takes seconds: two cores may be busy emulating."""
STOP_S: Final = 30.0
"""A fleet takes half of it at most to end its processes (fleet.supervisor.STOP_S)."""
MARGIN_S: Final = 86_400
"""A kept office must be good for a day more than now."""
ENROLLED: Final = ("gate.key", "gate.pem", "ca.pem")
DAY_S: Final = 86_400


class Delivery(StrEnum):
    """What can be made to arrive at the gate."""

    ASSIGNMENT = "assignment"
    LIST = "list"
    TRUST = "trust"


@dataclass(frozen=True, slots=True)
class Card:
    """A gate's first files: names below the boot partition, and below the gate's data directory."""

    boot: Mapping[str, bytes]
    data: Mapping[str, bytes]


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """office.json, the mark of a finished founding; `good_until` in unix seconds."""

    gate: str
    good_until: int


class Office:
    """One fleet with one gate, `gate`. As a context it is started, and closed at the end.

    Use it in the main thread: its processes do not outlive the thread that starts them.
    """

    def __init__(self, root: Path, reach: Reach, gate: str, say: Say) -> None:
        """Use `found`: this opens what is founded."""
        self.gate, self.reach = gate, reach
        self._layout, self._say = Layout(root.absolute()), say
        self._children: list[Child] = []
        self._clerk: Clerk | None = None
        self._courier: Courier | None = None
        self.authority = Authority.open(self._layout.issuer, SEED, int(time.time()))
        self._register = Ledger(self._layout.issuer / "issuer.db")
        self.citizens = Citizens(self.authority, self._register)
        self.witness = Witness(self._layout.fleet / "fleet.db")

    @classmethod
    def found(cls, root: Path, reach: Reach, gate: str, say: Say) -> Self:
        """The office in `root`, founded now unless it is there and good for another day; not started."""
        layout, now = Layout(root.absolute()), int(time.time())
        why = _unfit(layout.root / "office.json", gate, now)
        if why is None:
            say("the office is kept")
        else:
            say(f"an office is founded: {why}")
            layout.clear()
            layout.make()
            _found(layout, reach, gate, say)
            with Witness(layout.fleet / "fleet.db") as witness:
                record = _Record(gate, witness.good_until(gate) - MARGIN_S)
            (layout.root / "office.json").write_bytes(msgspec.json.encode(record))
        settings = Paths(layout.fleet).settings
        settings.write_text(reach.servers(settings.read_text(encoding="utf-8")), encoding="utf-8")
        return cls(layout.root, reach, gate, say)

    def start(self) -> None:
        """Fleet and officer; back when enrolment and broker answer and the fleet has the issuer's lists."""
        layout, ports = self._layout, self.reach.ports
        deadline_s = time.monotonic() + STOP_S  # one whose starter was killed may still be ending
        wanted = (ports.est, ports.broker)
        while taken := [port for port in wanted if not is_free(port)]:
            if time.monotonic() > deadline_s:
                raise SandboxError(f"port {taken[0]} is in use by another program; no fleet was started")
            time.sleep(0.1)
        try:
            self._children = [founding.fleet(layout, SERVING), founding.officer(layout)]
            wait_for("the fleet's start", lambda: all(map(answers, wanted)), self._children, LIMIT_S)
            self._courier = Courier(self.authority, self._send(ports.est), self._note)
            self._courier.start()
            wait_for("the list at the fleet", self._all_taken, self._children, LIMIT_S)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End what runs; it may be started again."""
        if self._courier is not None:
            self._courier.stop()
        if self._clerk is not None:
            self._clerk.close()
        end_all(self._children, STOP_S)
        self._children, self._clerk, self._courier = [], None, None

    def check(self) -> None:
        """SandboxError with its last words when a process of the office has died."""
        for child in self._children:
            if not child.alive:
                raise SandboxError(child.obituary())

    def token(self, reach: Reach | None = None) -> str:
        """A one-use ticket of 24 hours for `jx-field enrol`, that names the fleet's address in `reach`."""
        ticket = enrolment.decode(self._founder().token(self.gate))
        host, ports = (reach or self.reach).host, (reach or self.reach).ports
        return enrolment.encode(dataclasses.replace(ticket, url=f"https://{host}:{ports.est}"))

    def enrol_here(self) -> Mapping[str, bytes]:
        """Enrol the gate from this computer at the started fleet; its key and certificates by file name."""
        near = dataclasses.replace(self.reach, host=HOST)
        place = self._layout.gate(self.gate)
        with self._engineer(near) as engineer:
            engineer.card(self.gate, place, "--yes")
            engineer.enrol(self.gate, self.token(near))
        return {name: (place / name).read_bytes() for name in ENROLLED}

    def card(self, fitting: Fitting, reach: Reach | None = None) -> Card:
        """The card as `jx-field prepare` makes it, fitted; with its enrolment if that was done here."""
        with (
            tempfile.TemporaryDirectory(dir=self._layout.root) as name,
            self._engineer(reach or self.reach) as engineer,
        ):
            made = Path(name)
            engineer.card(self.gate, made, "--data", str(fitting.data))
            text = fitting.gate((made / "gate.toml").read_text(encoding="utf-8"), "gate.toml")
            root = (made / "root.1.jx").read_bytes()
        record = calibration.text(calibrated(fitting.sensor))
        held = {name: self._layout.gate(self.gate) / name for name in ENROLLED}
        enrolled = {name: path.read_bytes() for name, path in held.items() if path.exists()}
        boot = {"jixiang/gate.toml": text.encode(), "jixiang/root.1.jx": root}
        return Card(boot, {"calibration.toml": record.encode(), **enrolled})

    def stir(self, what: Delivery) -> int:
        """Make the started fleet publish this anew, now; the version or sequence that the gate will get."""
        return {
            Delivery.ASSIGNMENT: self._reassign,
            Delivery.LIST: self._recolour,
            Delivery.TRUST: self._trust_anew,
        }[what]()

    def allow(self, *wishes: str) -> None:
        """Give the gate's assignment other rules, as `jx-fleet assign set --policy` takes them."""
        self._run("assign", "set", self.gate, *(word for wish in wishes for word in ("--policy", wish)))

    def push(self, est_port: int) -> None:
        """Give a fresh list to a fleet behind a port of this computer; SandboxError when it refuses."""
        self.authority.renew(int(time.time()))
        trouble = send_waiting(self.authority, self._send(est_port))
        if trouble is not None:
            raise SandboxError(f"{trouble}; the list stays with the issuer")

    def ship(self, into: Path, reach: Reach) -> None:
        """The fleet as a directory for another machine, with today's list; see `sandbox.guest.shipping`."""
        self.authority.renew(int(time.time()))
        shipping.ship(self._layout.fleet, into, reach, self.authority.token())

    def close(self) -> None:
        """Stop, and let go of every file."""
        self.stop()
        self.witness.close()
        self._register.close()
        self.authority.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reassign(self) -> int:
        """One second more or less of what a list may be old changes nothing for people."""
        held_s = self.witness.assignment(self.gate).policy.list_age_s
        wish = f"list_age_s={DAY_S if held_s != DAY_S else DAY_S - 1}"
        self._run("assign", "set", self.gate, "--policy", wish)
        return self.witness.assignment(self.gate).version

    def _recolour(self) -> int:
        """Somebody who never comes here changes colour."""
        person = self.authority.residents[0]
        colour = Colour.GREEN if person.colour is Colour.YELLOW else Colour.YELLOW
        return self.authority.recolour(person.number, colour, int(time.time()))

    def _trust_anew(self) -> int:
        """The same trust with new dates, signed by the officer."""
        answer = self._layout.fleet / "answers" / f"trust-{self.witness.trust_version() + 1}.cbor"
        self._run("trust", "propose")
        wait_for("the key officer's signature", answer.exists, self._children, LIMIT_S)
        self._run("requests", "accept", answer)
        return self.witness.trust_version()

    def _run(self, *argv: str | Path) -> None:
        self._hired().run("jx-fleet", *argv, "--dir", self._layout.fleet)

    def _founder(self) -> founding.Founder:
        return founding.Founder(self._layout, self.reach.ports, self._hired())

    def _hired(self) -> Clerk:
        if self._clerk is None:
            self._clerk = Clerk("clerk", self._layout.logs / "clerk.log", "fleet.server")
        return self._clerk

    def _engineer(self, reach: Reach) -> Engineer:
        return Engineer(self._layout, reach.ports, reach.host)

    def _send(self, port: int) -> Callable[[str, str, bytes], int]:
        return https(f"https://{HOST}:{port}", Paths(self._layout.fleet).ca_certificate)

    def _all_taken(self) -> bool:
        return not self.authority.waiting()

    def _note(self, text: str) -> None:
        with (self._layout.logs / "issuer.log").open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%H:%M:%S')}  {text}\n")


def _unfit(mark: Path, gate: str, now: int) -> str | None:
    """Why what is kept will not do; None: it will."""
    try:
        record = msgspec.json.decode(mark.read_bytes(), type=_Record)
    except FileNotFoundError:
        return "none is kept"
    except msgspec.DecodeError:
        return "the record of the kept one is damaged"
    if record.gate != gate:
        return f"the kept one is for gate {record.gate}"
    if now >= record.good_until:
        return "the kept one is too old, its permit or trust would end"
    return None


def _found(layout: Layout, reach: Reach, gate: str, say: Say) -> None:
    """Ceremony and fleet at the same time, then issuer, venue, permission, gate, roster."""
    place = Place("lab", "hall", "检定室", "Proving Room", 300, GateName(gate, "检定", "proving room"))
    with Clerk("clerk", layout.logs / "clerk.log", "fleet.server") as clerk:
        founder = founding.Founder(layout, reach.ports, clerk, reach.host)
        ceremony = founding.ceremony(layout)
        children = [ceremony]
        try:
            say("keys are made, the fleet is founded")
            founding.secret_file(layout.password, secrets.token_urlsafe())
            founder.init()
            ceremony.wait(LIMIT_S)
            founder.install_keys()
            say("the issuer awaits the key officer's signature")
            officer = founding.officer(layout)
            children.append(officer)
            authority = Authority.open(layout.issuer, SEED, int(time.time()))
            founder.propose_issuer(authority)
            founder.regions()
            founder.venue(place)
            founder.roster(place, authority.residents)
            authority.close()
            wait_for("the signature", founding.answers_in(layout), [officer], LIMIT_S)
            founder.accept_answers()
        finally:
            end_all(children)
