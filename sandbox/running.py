"""One run of the demo, from the first process to the last person: started in parallel, stopped together."""

import argparse
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

from sandbox import founding, records
from sandbox.children import wait_for
from sandbox.crew import Crew
from sandbox.errands import Clerk
from sandbox.field import Engineer
from sandbox.layout import Layout
from sandbox.places import PLACES, STAFFED, Place
from sandbox.ports import answers
from sandbox.town.tell import Voice

if TYPE_CHECKING:
    from sandbox.outside import Outside

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
        self._outside: Outside | None = None

    def until_stopped(self) -> None:
        """Start everything, then watch until everybody has been or somebody stops it."""
        try:
            self._watch(self._start())
        finally:
            for close in reversed(self._closing):
                close()
            if self._outside is not None:
                self._voice.say(self._outside.farewell())

    def _start(self) -> "Outside":
        layout, ports = self._layout, self._record.ports
        known = layout.town.exists()
        if not known:
            layout.clear()
        layout.make()
        with ThreadPoolExecutor(1) as beside, Engineer(layout, ports) as engineer:
            # The longest work of other processes goes first; the outside world is made meanwhile.
            clerk = Clerk("clerk", layout.logs / "clerk.log", "fleet.server")
            self._closing.append(clerk.close)
            founder = founding.Founder(layout, ports, clerk)
            making = beside.submit(self._make_outside)
            if not known:
                self._found(founder)
            fleet = self._crew.hire("fleet", partial(founding.fleet, layout), FLEET_REST_S)
            outside = self._outside = making.result()
            if not known:
                self._propose(founder, outside)
            self._crew.hire("officer", partial(founding.officer, layout), REST_S)
            if not known:
                self._settle(founder)
            outside.open_to_the_fleet()
            for place in PLACES:
                self._gate(place, founder, engineer, outside, known=known)
            clerk.close()
        records.write(layout.town, self._record)
        self._voice.say(outside.guide(fleet.pid))
        return outside

    def _make_outside(self) -> "Outside":
        """Imported here: pictures, arrays and web pages take a second that nobody need wait for."""
        from sandbox.outside import Outside

        return Outside(self._layout, self._record, self._given, self._voice, self._closing)

    def _gate(
        self, place: Place, founder: founding.Founder, engineer: Engineer, outside: "Outside", *, known: bool
    ) -> None:
        """A card, and the gate started with it; then, while it starts, its enrolment."""
        from sandbox.boards import gate

        if not known:
            self._step((f"准备闸机：{place.zh}", f"a gate for {place.en}"))
            founder.venue(place)
            if place is STAFFED:
                founder.roster(place, outside.authority.residents)
            engineer.prepare(place.gate.id)
        site = outside.town.site(place.gate.id)
        self._crew.hire(place.gate.id, partial(gate, self._layout, place, site), REST_S)
        outside.town.open_when_serving(place.gate.id)
        if not known:
            est = self._record.ports.est
            wait_for("enrolment", lambda: answers(est), self._crew.present, ANSWERS_S)
            outside.courier.hurry()
            engineer.enrol(place.gate.id, founder.token(place.gate.id))

    def _found(self, founder: founding.Founder) -> None:
        """Keys and fleet are made at the same time, by different processes."""
        self._step(("密钥仪式，服务器初始化", "key ceremony; the fleet is founded"))
        ceremony = founding.ceremony(self._layout)
        self._closing.append(ceremony.end)
        founding.secret_file(self._layout.password, new_password())
        founder.init()
        ceremony.wait(founding.CEREMONY_S)
        founder.install_keys()

    def _propose(self, founder: founding.Founder, outside: "Outside") -> None:
        """Who issues codes and passes, on one paper: the officer comes when it is written."""
        self._step(("发码机构等待签署", "the issuers await the key officer's signature"))
        founder.propose_issuer(outside.authority)
        founder.propose_passes(outside.abroad.certificate)

    def _settle(self, founder: founding.Founder) -> None:
        """The issuers become known, while the officer signs; the regions are entered."""
        founder.regions()
        signed = founding.answers_in(self._layout)
        wait_for("the key officer's signature", signed, self._crew.present, SIGNED_S)
        founder.accept_answers()

    def _watch(self, outside: "Outside") -> None:
        town = outside.town
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


def new_password() -> str:
    """Four groups of four letters: easy to type, hard to guess."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(PASSWORD_GROUPS))
