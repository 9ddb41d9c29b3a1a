"""The whole path with real processes: ceremony, fleet, issuer, enrolment, one gate on a virtual board."""

import itertools
import secrets
import socket
import sqlite3
import ssl
import sys
import threading
import time
from contextlib import ExitStack, closing

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from device.firmware.config import load
from device.firmware.gate import DATABASE
from fleet.db import open_database
from fleet.enrol import tokens
from fleet.enrol.authority import Authority as EnrolAuthority
from fleet.enrol.authority import public_pem
from fleet.gates import registry
from fleet.venues import assignments
from sandbox import boards, founding
from sandbox.abroad import Abroad
from sandbox.children import Child, Order, wait_for
from sandbox.errands import Clerk
from sandbox.field import Engineer
from sandbox.issuer.authority import LIST_URI, Authority
from sandbox.issuer.push import https, send_waiting
from sandbox.issuer.residents import ATTENDANT, STAFF
from sandbox.layout import Layout
from sandbox.optics import EASY
from sandbox.places import PLACES
from sandbox.ports import HOST, Ports, answers
from sandbox.raising import fittings
from sandbox.town.cases import CASES, Case, Supplies
from sandbox.town.plan import FEVER_C, Visit
from sandbox.town.site import Fittings, Site
from sandbox.town.stand import codes_of, stand
from sandbox.wallet.purse import Purse
from wire import envelope, messages, topics
from wire.documents import Direction, Role, Root, VenueState
from wire.keys import PrivateKey
from wire.messages import Batch, ClockTrust, Entry, Event, event_hash, genesis
from wire.reasons import Colour, Reason, Verdict
from wire.subjects import digest_of
from wire.topics import Down, Up

pytestmark = pytest.mark.timeout(240)  # founding counts into the first test, and machines may be busy

PLACE = PLACES[0]
GATE = PLACE.gate.id
LIMIT_S = 60
NORMAL_C = 36.4


def free_ports():
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(4)]
        for one in sockets:
            one.bind((HOST, 0))
        return Ports(*(one.getsockname()[1] for one in sockets))


def until(what, condition, limit_s=LIMIT_S):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class World:
    """One fleet, one issuer, one gate."""

    def __init__(self, root):
        self.layout = Layout(root)
        self.ports = free_ports()
        self.closing = []
        self.visits = itertools.count()
        self.numbers = itertools.count(20)
        self.fleet = self.gate = None

    def found(self):
        layout = self.layout
        layout.make()
        clerk = Clerk("clerk", layout.logs / "clerk.log", "fleet.server")
        engineer = Engineer(layout, self.ports)
        self.closing += [clerk.close, engineer.close]
        founder = founding.Founder(layout, self.ports, clerk)
        ceremony = founding.ceremony(layout)
        founding.secret_file(layout.password, "light-light-light")
        founder.init()
        ceremony.wait(LIMIT_S)
        founder.install_keys()
        self.start_fleet()
        self.people()
        founder.propose_issuer(self.authority)
        founder.propose_passes(self.supplies.abroad.certificate)
        officer = founding.officer(layout)
        self.closing.append(officer.end)
        founder.regions()
        founder.venue(PLACE)
        founder.roster(PLACE, self.authority.residents)
        wait_for("a signature", founding.answers_in(layout), [officer], LIMIT_S)
        founder.accept_answers()
        engineer.prepare(GATE)
        self.shorten()
        self.start_gate()
        wait_for("enrolment", lambda: answers(self.ports.est), [self.fleet], LIMIT_S)
        engineer.enrol(GATE, founder.token(GATE))
        self.push()
        self.site.serving.wait(LIMIT_S)
        assert self.site.serving.is_set(), self.gate.obituary()

    def shorten(self):
        """The gate shows its verdicts for a moment only: nobody reads them here."""
        path = self.layout.gate(GATE) / "gate.toml"
        text = path.read_text(encoding="utf-8")
        times = "[lane]\ndenied_s = 0.2\nreferred_s = 0.2\nwaiting_s = 0.2\n"
        path.write_text(text.replace("[lane]\n", times), encoding="utf-8")

    def people(self):
        now = int(time.time())
        self.authority = Authority.open(self.layout.issuer, 1, now)
        self.purse = Purse(self.layout.wallet, self.authority, now)
        self.closing += [self.authority.close, self.purse.close]
        abroad = Abroad(self.layout.root / "abroad", now)
        keys = (PrivateKey.generate(), PrivateKey.generate())
        self.supplies = Supplies(self.authority, self.purse, *keys, abroad)
        places = fittings(self.layout, PLACE)
        self.site = Site(PLACE.gate, Fittings(places.socket, places.film, places.config, EASY))
        self.closing.append(self.site.close)

    def start_fleet(self):
        argv = [sys.executable, "-m", "fleet.server", "serve", "--dir", str(self.layout.fleet)]
        for name in ("broker", "est", "ingest", "publish"):
            argv += ["--only", name]
        environment = founding.repository_first()
        self.fleet = Child(
            Order("the fleet", argv, self.layout.logs / "fleet.log", "", environment=environment)
        )

    def start_gate(self):
        self.gate = boards.gate(self.layout, PLACE, self.site)

    def push(self):
        send = https(f"https://{HOST}:{self.ports.est}", self.layout.fleet / "ca" / "ca.pem")
        until("the fleet takes the lists", lambda: send_waiting(self.authority, send) is None)

    def visit(self, number, case=Case.GREEN):
        body_c = FEVER_C[0] if case is Case.FEVER else NORMAL_C
        visit = Visit(next(self.visits), 0, number, case, body_c, 0.0, number)
        return stand(self.site, visit, codes_of(visit, self.supplies)).reason

    def rows(self, database, sql, *values):
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
            return opened.execute(sql, values).fetchall()

    def at_fleet(self, sql, *values):
        return self.rows(self.layout.fleet / "fleet.db", sql, *values)

    def at_gate(self, sql, *values):
        return self.rows(load(self.layout.gate(GATE) / "gate.toml").path(DATABASE), sql, *values)

    def passages(self, number):
        subject = self.authority.resident(number).subject
        sql = "SELECT sequence, reason FROM event WHERE subject = ? AND kind = 'passage' ORDER BY sequence"
        return self.at_fleet(sql, subject)

    def sequences(self):
        return [
            row[0]
            for row in self.at_fleet("SELECT sequence FROM event WHERE gate_id = ? ORDER BY sequence", GATE)
        ]

    def unreceipted(self):
        return self.at_gate("SELECT count(*) FROM event WHERE received_ms IS NULL")[0][0]

    def head(self):
        return self.at_gate("SELECT max(sequence) FROM event")[0][0]

    def held_list(self):
        return max(row[0] for row in self.at_gate("SELECT version FROM document WHERE subject = ?", LIST_URI))

    def close(self):
        for child in (self.gate, self.fleet):
            if child is not None:
                child.end()
        for close in reversed(self.closing):
            close()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    one = World(tmp_path_factory.mktemp("light"))
    try:
        one.found()
        yield one
    finally:
        one.close()


def test_a_green_person_is_admitted_and_the_fleet_acknowledges_the_event(world):
    number = next(world.numbers)
    assert world.visit(number) is Reason.GREEN
    until("the event is in the database", lambda: len(world.passages(number)) == 1)
    until("the gate has a receipt for everything", lambda: world.unreceipted() == 0)


def test_who_stands_on_the_venues_roster_is_let_in_as_staff(world):
    assert [world.visit(number) for number in (STAFF[0], ATTENDANT)] == [Reason.STAFF] * 2


def test_every_case_of_the_town_is_told_apart_by_a_real_gate(world):
    told, expected = {}, {case: row.expected for case, row in CASES.items()}
    for case, row in CASES.items():
        crowd = [r.number for r in world.authority.residents if r.number > 100 and r.colour is row.colour]
        told[case] = world.visit(crowd[len(told) * 2 % len(crowd)], case)
    assert told == expected


def test_a_person_turned_red_at_the_issuer_is_denied_at_the_gate(world):
    number = next(world.numbers)
    seq = world.authority.recolour(number, Colour.RED, int(time.time()))
    world.push()
    until("the gate holds the new list", lambda: world.held_list() >= seq)
    assert world.visit(number) is Reason.RED
    until("the denial is in the database", lambda: [r for _, r in world.passages(number)] == ["red"])


class Lane:
    """A second lane of the venue, played without a board: enrolled, connected, with a journal of its own."""

    ID = "0a17c4e2000f"

    def __init__(self, world):
        self.world, self.heard, self.up = world, [], threading.Event()
        self.journal, self.events = secrets.token_bytes(16), []
        signed = envelope.parse(Root, world.layout.first_root.read_bytes())
        self.roles = envelope.read_body(Root, signed.payload)
        root = world.layout.root
        (root / "lane.pem").write_bytes(public_pem(self.enrol(root / "lane.key")))
        context = ssl.create_default_context(cafile=str(world.layout.fleet / "ca" / "ca.pem"))
        context.load_cert_chain(root / "lane.pem", root / "lane.key")
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, secrets.token_hex(8))
        self.client.tls_set_context(context)
        self.client.reconnect_delay_set(1, 1)
        names = [(name, 1) for name in topics.gate_subscriptions(self.ID)]
        self.client.on_connect = lambda client, *_: client.subscribe(names)
        self.client.on_subscribe = lambda *_: self.up.set()
        self.client.on_message = lambda _c, _d, message: self.heard.append((message.topic, message.payload))
        self.client.connect_async(HOST, world.ports.broker)
        self.client.loop_start()
        until("the lane is connected", self.up.is_set)

    def enrol(self, key_path):
        key, now = PrivateKey.generate(), int(time.time())
        key_path.write_bytes(key.to_pem())
        request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key.crypto(), hashes.SHA256())
        with open_database(self.world.layout.fleet / "fleet.db") as database:
            with database.session() as session:
                registry.add(session, registry.Wanted(self.ID, venue=PLACE.slug, lane=2), now, "test")
                secret = tokens.issue(session, self.ID, now, 600, "test")
                for gate in (self.ID, GATE):
                    wish = assignments.Wish(venue=PLACE.slug, policy={"repeat_s": "3600"})
                    assignments.assign(session, gate, wish, now, "test")
            with database.session() as session:
                authority = EnrolAuthority.load(self.world.layout.fleet / "ca")
                der = request.public_bytes(Encoding.DER)
                return tokens.redeem(session, authority, self.ID, secret, der, now)

    def record(self, kind, **more):
        number = len(self.events) + 1
        entry = Entry(
            sequence=number,
            previous=event_hash(self.events[-1]) if self.events else genesis(self.ID, self.journal),
            at_ms=time.time_ns() // 1_000_000,
            clock=ClockTrust.SIGNED,
            kind=kind,
            direction=Direction.ENTRY,
            **more,
        )
        self.events.append(messages.write(entry))
        batch = Batch(journal=self.journal, first=number, events=(self.events[-1],))
        self.client.publish(topics.up(self.ID, Up.EVENTS), messages.write(batch), qos=1)

    def states(self):
        """What the recorder has told this lane of its venue, each as a gate verifies it."""
        keys, here = self.roles.keys_of(Role.RECORDER), topics.down(self.ID, Down.VENUE)
        return [envelope.verify(VenueState, data, keys) for topic, data in list(self.heard) if topic == here]

    def knows(self, subject):
        states = self.states()
        return bool(states) and digest_of(subject) in {recent.digest for recent in states[-1].recent}

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


def test_who_passed_one_lane_is_refused_at_the_other(world):
    held = "SELECT max(version) FROM document WHERE kind = 'assignment'"
    before = world.at_gate(held)[0][0]
    lane = Lane(world)
    try:
        until("the gate holds the longer window", lambda: world.at_gate(held)[0][0] > before)
        there, here = next(world.numbers), next(world.numbers)
        subject = world.authority.resident(there).subject
        told = len(lane.states())
        lane.record(Event.PASSAGE, verdict=Verdict.ADMIT, reason=Reason.GREEN, subject=subject)
        lane.record(Event.PASSED, about=1)
        until("the venue's lanes are told", lambda: len(lane.states()) > told)
        assert world.visit(there) is Reason.PASSED_BEFORE
        assert world.visit(here) is Reason.GREEN
        seen = world.authority.resident(here).subject
        until("the other lane is told", lambda: lane.knows(seen))
        assert not lane.knows(subject)  # that one is its own
    finally:
        lane.stop()


def test_without_the_fleet_the_gate_goes_on_and_later_reports_everything_once(world):
    world.fleet.end()
    numbers = [next(world.numbers) for _ in range(2)]
    assert [world.visit(number) for number in numbers] == [Reason.GREEN] * 2
    assert world.unreceipted() >= 2
    world.start_fleet()
    until("the gate has a receipt for everything", lambda: world.unreceipted() == 0)
    assert [len(world.passages(number)) for number in numbers] == [1, 1]


def test_a_gate_killed_in_the_middle_of_a_person_loses_nothing(world):
    before, during, after = (next(world.numbers) for _ in range(3))
    assert world.visit(before) is Reason.GREEN
    grain = np.random.default_rng(1)
    shown = codes_of(Visit(0, 0, during, Case.GREEN, NORMAL_C, 0.0, 1), world.supplies)
    world.site.present(shown(), grain)
    world.gate.kill()
    head = world.head()
    world.site.clear(grain)
    world.start_gate()
    assert world.site.serving.wait(LIMIT_S), world.gate.obituary()
    assert world.visit(after) is Reason.GREEN
    until("the gate has a receipt for everything", lambda: world.unreceipted() == 0)
    assert len(world.passages(before)) == len(world.passages(after)) == 1
    assert world.sequences() == list(range(1, world.head() + 1))
    assert world.head() > head
