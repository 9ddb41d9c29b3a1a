"""One card's lives: each begins with a boot, serves people, and ends with the plug pulled and an autopsy."""

import random
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sandbox.guest import autopsy, reckoning
from sandbox.guest.autopsy import Remains
from sandbox.guest.card import Made
from sandbox.guest.citizens import Shown
from sandbox.guest.guest import Guest
from sandbox.guest.line import Edge, LineError
from sandbox.guest.office import Delivery, Office
from sandbox.guest.qemu import Slot
from sandbox.guest.reckoning import Tally
from tests.hil import served
from tests.hil.served import DOOR, PASSAGE, RELAY, Served

Say = Callable[[str], None]

READY_S: Final = 400.0
"""From power to a gate that serves, on a computer whose processors are all busy."""
OPENS_S: Final = 20.0
"""After so long without an opening somebody holds the phone up again, with a new proof."""
TRIES: Final = 8
HEARS_S: Final = 120.0
PASSAGES: Final = 4
"""So many passages long, as the first of a life took, is the time in which the plug is pulled."""
STIRS: Final = (Delivery.ASSIGNMENT, Delivery.LIST, Delivery.LIST, Delivery.TRUST, None, None, None)


@dataclass(slots=True)
class Life:
    """One boot."""

    guest: Guest
    scene: Served
    tally: Tally
    shown: Shown | None = None
    opened: threading.Event = field(default_factory=threading.Event)
    high: bool = False
    ready_s: float = 0.0

    def hear(self, edge: Edge) -> None:
        """The relay; in the thread that reads the line."""
        pin, high, _ = edge
        if pin != RELAY:
            return
        if high and not self.high and self.shown is not None:
            self.tally.hear(self.shown.subject)
            self.opened.set()
        self.high = high

    def hold_up(self, shown: Shown) -> None:
        """Somebody steps up to the gate, or holds the phone up once more."""
        if self.shown is None or self.shown.subject != shown.subject:
            self.opened.clear()
        self.shown = shown
        self.scene.show(shown)

    def passage(self) -> None:
        """Somebody new comes, is let in and walks through; LineError when the power goes meanwhile."""
        citizens, tries = self.scene.office.citizens, 0
        self.hold_up(citizens.phone())
        while not self.opened.wait(0.02):
            if self.guest.ended.is_set():
                raise LineError("the power went")
            tries += 1
            if tries % round(OPENS_S / 0.02) == 0:
                if tries >= TRIES * OPENS_S / 0.02:
                    raise AssertionError(
                        f"nobody is let in: {self.scene.standing().said}\n{self.scene.words()}"
                    )
                assert self.shown is not None
                self.scene.leave()
                self.hold_up(citizens.again(self.shown))
        for pin, level in ((DOOR, False), (PASSAGE, False)):
            self.guest.contact(pin, level)
        self.scene.leave()
        for pin, level in ((PASSAGE, True), (DOOR, True)):
            self.guest.contact(pin, level)


@dataclass(slots=True)
class Card:
    """One card from its first start on, and everything that is known of it from outside."""

    made: Made
    office: Office
    place: Path
    say: Say
    cores: int = 2
    tally: Tally = field(default_factory=Tally)
    remains: Remains | None = None
    """Of the last cut."""
    ready_s: list[float] = field(default_factory=list)
    enrolled: bool = False
    begun_anew: bool = True
    """What the gate told before is not about this card's present journal."""

    @property
    def slot(self) -> Slot:
        """The board with this card."""
        return Slot(made=self.made, card=self.place / "card.img", place=self.place, cores=self.cores)

    def fresh(self) -> None:
        """Write the card as `jx-field prepare` and the image leave it."""
        self.place.mkdir(parents=True, exist_ok=True)
        self.made.card(self.slot.card, self.office.card(served.FITTING).boot)

    def power(self) -> Life:
        """Give power, and wait until the bench answers."""
        guest = Guest(self.slot)
        life = Life(guest, Served(guest, self.office), self.tally)
        guest.on_edge = life.hear
        try:
            guest.wait_for_bench(READY_S)
            assert not guest.level(RELAY), "the relay has current at a start"
            self.tally.begin()
        except BaseException:
            guest.cut()
            raise
        return life

    def boot(self) -> Life:
        """Give power and wait until the gate serves; in its first life it is enrolled."""
        before = self.office.witness.state(self.office.gate).said
        life = self.power()
        guest, scene = life.guest, life.scene
        try:
            guest.watch(RELAY)
            guest.words(served.chip_words())
            scene.rest()
            guest.until(lambda: served.active(guest), "the gate runs", READY_S)
            if not self.enrolled:
                served.bring(
                    guest,
                    "calibration.toml",
                    self.office.card(served.FITTING).data["calibration.toml"],
                )
                served.enrol(guest, self.office.token())
                self.enrolled, self.begun_anew = True, False

            def serves() -> bool:
                said = scene.standing().said
                return scene.idle() and (before is None or said is None or said.session != before.session)

            scene.until(serves, "the gate serves", READY_S)
            life.ready_s = time.monotonic() - guest.begun_s
            self.ready_s.append(life.ready_s)
            self._all_told(life)
        except BaseException:
            guest.cut()
            raise
        return life

    def serve(self, life: Life, dice: random.Random) -> float:
        """Let people pass until the plug is pulled, at a moment drawn; seconds after the first passage."""
        begun_s = time.monotonic()
        life.passage()
        moment_s = dice.uniform(0, PASSAGES * (time.monotonic() - begun_s))
        pulled = threading.Event()

        def pull() -> None:
            pulled.set()
            life.guest.cut()

        timer = threading.Timer(moment_s, pull)
        timer.start()
        try:
            while not life.guest.ended.is_set():
                self._stir(dice.choice(STIRS))
                life.passage()
        except LineError:
            if not pulled.is_set():  # a process that was killed counts as alive until it is waited for
                raise
        finally:
            timer.cancel()
            timer.join()
            life.guest.cut()
        assert life.guest.ended.wait(HEARS_S)
        return moment_s

    def dissect(self, number: int) -> Remains:
        """Look at the dead card; AssertionError for whatever is not as it must be."""
        into = self.place / f"autopsy-{number}"
        remains = autopsy.examine(self.slot.card, into, self.office.gate)
        if self.remains is not None and self.remains.journal:
            assert remains.journal == self.remains.journal, "the journal was begun anew"
            shorter = [n for n, data in self.remains.events.items() if remains.events.get(n) != data]
            assert not shorter, f"events that were there before are gone or others: {shorter[:5]}"
        wrong = reckoning.complaints(remains.events, self.tally.moved, self.told(remains.journal))
        said = self.office.witness.state(self.office.gate).said
        if said is not None and not self.begun_anew:
            wrong += reckoning.outdated(remains.documents, said.held)
        assert not wrong, "; ".join(wrong)
        self.remains, self.begun_anew = remains, False
        shutil.rmtree(into)
        return remains

    def begin_anew(self) -> None:
        """The journal is thrown away on purpose."""
        self.tally.moved.clear()
        self.remains, self.begun_anew = None, True

    def told(self, journal: bytes) -> dict[int, bytes]:
        """What the fleet holds of this journal."""
        events = self.office.witness.events(self.office.gate)
        return {one.sequence: one.data for one in events if one.journal == journal}

    def _all_told(self, life: Life) -> None:
        """Everything that was on the card arrives, once, and the new start after it."""
        if self.remains is None or not self.remains.journal:
            return
        left, journal = self.remains.events, self.remains.journal

        def all_there() -> bool:
            """What is new goes first: for a while the fleet has the boot's event and not all before it."""
            return set(range(1, len(left) + 2)) <= self.told(journal).keys()

        life.scene.until(all_there, "all events at the fleet without a gap, and the boot's", HEARS_S)
        told = self.told(journal)
        other = [sequence for sequence, data in left.items() if told[sequence] != data]
        assert not other, f"the fleet was told other events than the card held: {other[:5]}"
        newest = self.office.witness.acknowledged(self.office.gate)
        assert newest is not None
        assert newest[0] == journal, "a journal was begun anew"

    def _stir(self, what: Delivery | None) -> None:
        if what is not None:
            self.office.stir(what)
