"""An office founded, its fleet shipped elsewhere and served from there to a real gate on a virtual board."""

import socket
import ssl
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from device.firmware import config
from sandbox import boards, founding
from sandbox.children import Child, Order, wait_for
from sandbox.errors import SandboxError
from sandbox.guest import shipping
from sandbox.guest.office import DAY_S, SERVING, Delivery, Office, _Record, _unfit
from sandbox.guest.settings import Fitting, Reach
from sandbox.guest.witness import Witness
from sandbox.layout import Layout
from sandbox.optics import EASY
from sandbox.places import PLACES
from sandbox.ports import HOST, Ports, answers
from sandbox.raising import fittings
from sandbox.town.cases import Case
from sandbox.town.plan import Visit
from sandbox.town.site import Fittings, Site
from sandbox.town.stand import stand
from sandbox.wallet import pictures
from wire import enrolment
from wire.reasons import Colour, Reason

PLACE = PLACES[0]
GATE = PLACE.gate.id
LIMIT_S = 60
GUESTS_VIEW = "10.0.2.2"


def free_ports():
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(4)]
        for one in sockets:
            one.bind((HOST, 0))
        return Ports(*(one.getsockname()[1] for one in sockets))


def until(what, condition):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def told(witness):
    return [(one.subject, one.verdict, one.reason) for one in witness.events(GATE)]


def prove_itself_to_a_guest(port, authority):
    """What QEMU's user-mode network makes of a guest's call to its own name for this computer."""
    context = ssl.create_default_context(cadata=authority)
    with socket.create_connection((HOST, port)) as line:
        context.wrap_socket(line, server_hostname=GUESTS_VIEW).close()


class Elsewhere:
    """The shipped fleet and a gate, both served from directories of their own."""

    def __init__(self, root, fleet, ports, card):
        self.layout, self.fleet, self.ports = Layout(root), fleet, ports
        self.layout.make()
        place = self.layout.gate(GATE)
        place.mkdir(parents=True)
        for name, data in (card.boot | card.data).items():
            (place / Path(name).name).write_bytes(data)
        there = fittings(self.layout, PLACE)
        self.site = Site(PLACE.gate, Fittings(there.socket, there.film, there.config, EASY))
        self.children = []

    def serve(self):
        program, *options = shipping.command("jx-fleet", self.fleet, SERVING)
        assert program == "jx-fleet"
        argv = [sys.executable, "-m", "fleet.server", *options]
        environment = founding.repository_first()
        log = self.layout.logs / "fleet.log"
        self.children = [Child(Order("the shipped fleet", argv, log, "", environment=environment))]
        wait_for("the shipped fleet's start", self.fleet_answers, self.children, LIMIT_S)
        self.children.append(boards.gate(self.layout, PLACE, self.site))
        wait_for("service at the gate", self.site.serving.is_set, self.children, LIMIT_S)

    def fleet_answers(self):
        return answers(self.ports.est) and answers(self.ports.broker)

    def visit(self, shown):
        visit = Visit(0, 0, shown.number, Case.GREEN, 36.4, 0.0, 1)
        return stand(self.site, visit, lambda: pictures.luma(shown.text)).reason

    def close(self):
        for child in reversed(self.children):
            child.end(30)
        self.site.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    root, said = tmp_path_factory.mktemp("office"), []
    made = Office.found(root, Reach(GUESTS_VIEW, free_ports()), GATE, said.append)
    made.close()
    kept = Office.found(root, Reach(GUESTS_VIEW, free_ports()), GATE, said.append)  # other ports
    assert said[0].startswith("an office is founded")
    assert said[-1] == "the office is kept"
    yield kept
    kept.close()


@pytest.mark.timeout(240)
def test_a_fleet_founded_here_serves_a_gate_elsewhere_and_its_database_tells_who_passed(office, tmp_path):
    office.start()
    try:
        asked = enrolment.decode(office.token())
        assert asked.url == f"https://{GUESTS_VIEW}:{office.reach.ports.est}"
        before = office.witness.trust_version(), office.witness.assignment(GATE).version
        assert office.stir(Delivery.TRUST) == before[0] + 1
        assert office.stir(Delivery.ASSIGNMENT) == before[1] + 1
        seq = office.stir(Delivery.LIST)
        until("the fleet has the new list", lambda: office.witness.list_seq() == seq)
        authority = office.enrol_here()["ca.pem"].decode()
        for port in (office.reach.ports.est, office.reach.ports.broker):
            prove_itself_to_a_guest(port, authority)
        office.check()
    finally:
        office.stop()
    assert not answers(office.reach.ports.est)
    assert not answers(office.reach.ports.broker)
    there = Reach("localhost", free_ports())
    office.ship(tmp_path / "fleet", there)
    fitting = Fitting(data=tmp_path / "elsewhere" / "gates" / GATE)
    elsewhere = Elsewhere(
        tmp_path / "elsewhere", tmp_path / "fleet", there.ports, office.card(fitting, there)
    )
    try:
        elsewhere.serve()
        green, red = office.citizens.phone(), office.citizens.phone(Colour.RED)
        assert elsewhere.visit(green) is Reason.GREEN
        assert elsewhere.visit(red) is Reason.RED
        office.push(there.ports.est)
        with Witness(tmp_path / "fleet" / "fleet.db") as witness:
            until("the passage is kept", lambda: (green.subject, "admit", "green") in told(witness))
            until("the denial is kept", lambda: (red.subject, "deny", "red") in told(witness))
            kept = witness.events(GATE)
            assert [one.sequence for one in kept] == list(range(1, len(kept) + 1))
            journal, last = witness.acknowledged(GATE)
            assert (journal, last >= kept[-1].sequence) == (kept[-1].journal, True)
            assert kept[-1].entry.subject == kept[-1].subject
            standing = witness.state(GATE)
            assert standing.online
            assert standing.ready
            assert standing.said.held.trust == before[0] + 1
    finally:
        elsewhere.close()


def test_nobody_comes_twice_and_phones_are_as_different_as_people(office):
    shown = [office.citizens.phone() for _ in range(300)]
    assert len({one.subject for one in shown}) == len({one.number for one in shown}) == 300
    again = office.citizens.again(shown[0], now=int(time.time()) + 10)
    assert again.text != shown[0].text
    assert again.subject == shown[0].subject
    paper = office.citizens.paper()
    assert office.citizens.again(paper) is paper
    with pytest.raises(SandboxError, match="can be revoked"):
        office.citizens.phone(Colour.REVOKED)


def test_a_card_is_fitted_to_a_guest_and_says_where_it_finds_the_fleet(office):
    fitting = Fitting(width=640, height=480, pixel_format="NV12", sensor="00112233445566ff")
    card = office.card(fitting)
    read = config.read(card.boot["jixiang/gate.toml"], "gate.toml")
    assert (read.data, read.broker.host) == ("/var/lib/jixiang-gate", GUESTS_VIEW)
    assert (read.camera.width, read.camera.height, read.camera.pixel_format) == (640, 480, "NV12")
    assert read.thermometer == config.Thermometer()
    assert read.run == "/run/jixiang-gate"
    assert b'sensor = "00112233445566ff"' in card.data["calibration.toml"]


def test_nothing_shipped_replaces_what_is_there_or_names_this_computer(office, tmp_path):
    with pytest.raises(SandboxError, match="exists"):
        office.ship(tmp_path, Reach("localhost", free_ports()))
    office.ship(tmp_path / "fleet", Reach("localhost", free_ports()))
    (tmp_path / "fleet" / "fleet.toml").write_text(str(tmp_path))
    with pytest.raises(SandboxError, match=r"fleet\.toml names"):
        shipping._check(tmp_path / "fleet", (tmp_path,))


def test_an_office_is_founded_anew_for_another_gate_or_when_it_grows_old(tmp_path):
    mark, now = tmp_path / "office.json", 1_800_000_000
    assert "none" in _unfit(mark, GATE, now)
    mark.write_bytes(msgspec.json.encode(_Record(GATE, now + DAY_S)))
    assert _unfit(mark, GATE, now) is None
    assert "too old" in _unfit(mark, GATE, now + DAY_S)
    assert GATE in _unfit(mark, "0a17c4e2ffff", now)
    mark.write_bytes(b"{")
    assert "damaged" in _unfit(mark, GATE, now)
