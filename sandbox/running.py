"""One run of the demo, from the first process to the last person: started in parallel, stopped together."""

import argparse
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from sandbox import crew, founding, records
from sandbox.children import wait_for
from sandbox.crew import Crew
from sandbox.errands import Clerk
from sandbox.field import Engineer
from sandbox.guide import farewell, guide
from sandbox.issuer.authority import Authority
from sandbox.issuer.push import Courier, https
from sandbox.layout import Layout
from sandbox.places import PLACES, Place
from sandbox.ports import HOST, answers
from sandbox.raising import raise_town
from sandbox.town.tell import Voice
from sandbox.town.town import Town
from sandbox.wallet.app import create_wallet, serve, unix_now
from sandbox.wallet.purse import Purse

TICK_S: Final = 0.1
SIGNED_S: Final = 30.0
ANSWERS_S: Final = 60.0
FLEET_REST_S: Final = 20.0
"""Long enough to see that gates do without it."""
REST_S: Final = 2.0
PASSWORD_GROUPS: Final = 4


class Run:
    """Everything between start and Ctrl-C; the main thread alone calls it."""

    def __init__(
        self, layout: Layout, record: records.Record, given: argparse.Namespace, begun_s: float
    ) -> None:
        self._layout = layout
        self._record = record
        self._given = given
        self._begun_s = begun_s
        self._voice = Voice(given.lang)
        self._crew = Crew(self._voice.note)
        self._closing: list[Callable[[], None]] = [self._crew.dismiss]
        self._town: Town | None = None

    def until_stopped(self) -> None:
        """Start everything, then watch until everybody has been or somebody stops it."""
        try:
            town = self._start()
            self._watch(town)
        finally:
            for close in reversed(self._closing):
                close()
            if self._town is not None:
                self._voice.say(farewell(self._voice, self._town))

    def _start(self) -> Town:
        layout = self._layout
        known = layout.town.exists()
        if not known:
            layout.clear()
        layout.make()
        clerk = Clerk("clerk", layout.logs / "clerk.log")
        engineer = Engineer(layout, self._record.ports)
        self._closing += [clerk.close, engineer.close]
        founder = founding.Founder(layout, self._record.ports, clerk)
        if not known:
            self._found(founder)
        fleet = self._crew.hire("fleet", partial(crew.fleet, layout), FLEET_REST_S)
        self._crew.hire("officer", partial(founding.officer, layout), REST_S)
        authority, town = self._people()
        if not known:
            self._settle(founder, authority)
        for place in PLACES:
            if not known:
                self._prepare(place, founder, engineer)
            self._start_gate(place, town)
            if not known:
                self._enrol(place, founder, engineer)
        records.write(layout.town, self._record)
        clerk.close()
        engineer.close()
        self._voice.say(guide(self._voice, layout, self._record.ports, fleet.pid))
        return town

    def _found(self, founder: founding.Founder) -> None:
        """Keys and fleet are made at the same time, by different processes."""
        self._step(("密钥仪式，服务器初始化", "key ceremony; the fleet is founded"))
        ceremony = founding.ceremony(self._layout)
        self._closing.append(ceremony.end)
        founding.secret_file(self._layout.password, new_password())
        founder.init()
        ceremony.wait(founding.CEREMONY_S)
        founder.install_keys()

    def _people(self) -> tuple[Authority, Town]:
        """The issuer, everybody's phones, and the wallet's page."""
        now, ports = unix_now(), self._record.ports
        authority = Authority.open(self._layout.issuer, self._record.seed, now)
        purse = Purse(self._layout.wallet, authority, now)
        self._closing += [authority.close, purse.close]
        town = raise_town(self._layout, self._record.seed, self._given, authority, purse, self._voice)
        self._town = town
        server = serve(create_wallet(authority, purse, town, unix_now), HOST, ports.wallet)
        ca = self._layout.fleet / "ca" / "ca.pem"
        courier = Courier(authority, https(f"https://{HOST}:{ports.est}", ca), self._say_issuer)
        courier.start()
        self._closing += [server.server_close, server.shutdown, courier.stop, town.stop]
        return authority, town

    def _settle(self, founder: founding.Founder, authority: Authority) -> None:
        """The issuer becomes known, while the officer signs; the regions are entered."""
        self._step(("发码机构等待签署", "the issuer awaits the key officer's signature"))
        founder.propose_issuer(authority)
        founder.regions()
        signed = founding.answers_in(self._layout)
        wait_for("the key officer's signature", signed, self._crew.present, SIGNED_S)
        founder.accept_answers()

    def _prepare(self, place: Place, founder: founding.Founder, engineer: Engineer) -> None:
        """Venue, permission, gate, assignment; then the card. The gate starts with it, and waits."""
        self._step((f"准备闸机：{place.zh}", f"a gate for {place.en}"))
        founder.venue(place)
        engineer.prepare(place.gate.id)

    def _enrol(self, place: Place, founder: founding.Founder, engineer: Engineer) -> None:
        """A one-use token, and with it a certificate."""
        est = self._record.ports.est
        wait_for("enrolment", lambda: answers(est), self._crew.present, ANSWERS_S)
        engineer.enrol(place.gate.id, founder.token(place.gate.id))

    def _start_gate(self, place: Place, town: Town) -> None:
        site = town.site(place.gate.id)
        self._crew.hire(place.gate.id, partial(crew.gate, self._layout, place, site), REST_S)
        town.open_when_serving(place.gate.id)

    def _watch(self, town: Town) -> None:
        told = False
        while not (self._given.people is not None and town.through):
            self._crew.look_after()
            if not told and town.admitted.is_set():
                told = True
                self._step(("第一人已放行", "the first person is in"))
            time.sleep(TICK_S)

    def _step(self, pair: tuple[str, str]) -> None:
        spent_s = time.monotonic() - self._begun_s
        self._voice.note(f"{self._voice.choose(pair)}  ({spent_s:.1f} s)")

    def _say_issuer(self, text: str) -> None:
        with (self._layout.logs / "issuer.log").open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%H:%M:%S')}  {text}\n")


def new_password() -> str:
    """Four groups of four letters: easy to type, hard to guess."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(PASSWORD_GROUPS))
