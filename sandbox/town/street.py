"""The people before one gate: they come one after another, and guests from the wallet before them."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sandbox.abroad import TESTED, VACCINATED
from sandbox.issuer.residents import PAPER_PERSON
from sandbox.town.cases import Case, Supplies
from sandbox.town.plan import Visit
from sandbox.town.site import Site
from sandbox.town.stand import codes_of, stand
from sandbox.town.tell import Told
from sandbox.wallet.doors import Seen, Walk
from wire.reasons import verdict_of

TICK_S: Final = 0.1
GUEST: Final = -1
"""The order of a visit that is not in the plan."""
BRINGS: Final = {
    PAPER_PERSON: Case.PAPER,
    VACCINATED.number: Case.TRAVELLER,
    TESTED.number: Case.OLD_TEST,
}
"""What people of the wallet hold up who have no phone's code."""

Report = Callable[[Visit, Told], None]


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody sent by the wallet's page."""

    number: int
    body_c: float


class Street(threading.Thread):
    """One gate's visitors."""

    def __init__(self, site: Site, visits: Iterator[Visit], supplies: Supplies, report: Report) -> None:
        super().__init__(name=f"street {site.name.en}", daemon=True)
        self.site = site
        self.through = threading.Event()
        """Set when everybody in the plan has been here."""
        self.seen: Seen | None = None
        """The newest guest."""
        self._visits = visits
        self._supplies = supplies
        self._report = report
        self._guests: queue.Queue[Guest] = queue.Queue()
        self._ending = threading.Event()
        self._guests_so_far = 0
        self._free_at_s = 0.0

    def invite(self, guest: Guest) -> None:
        """Send a person from the wallet; any thread."""
        self.seen = Seen(guest.number, Walk.QUEUED)
        self._guests.put(guest)

    def stop(self) -> None:
        """Nobody comes any more."""
        self._ending.set()

    def run(self) -> None:
        """Let people come until told to stop; guests come even when the plan is through."""
        for visit in self._visits:
            if not self._pause(visit.gap_s):
                return
            self._report(visit, self._stand(visit))
        self.through.set()
        while self._pause(TICK_S):
            pass

    def _pause(self, seconds: float) -> bool:
        """Wait between two people and receive guests meanwhile; False when the street is closed."""
        deadline_s = time.monotonic() + seconds
        while not self._ending.is_set():
            try:
                left_s = max(0.0, deadline_s - time.monotonic())
                guest = self._guests.get(timeout=min(TICK_S, left_s)) if left_s else self._guests.get_nowait()
            except queue.Empty:
                if time.monotonic() >= deadline_s:
                    return True
            else:
                self._receive(guest)
        return False

    def _receive(self, guest: Guest) -> None:
        self._guests_so_far += 1
        case = BRINGS.get(guest.number, Case.GREEN)
        visit = Visit(GUEST, 0, guest.number, case, guest.body_c, 0.0, self._guests_so_far)
        self.seen = Seen(guest.number, Walk.SHOWING)
        told = self._stand(visit)
        walk = Walk.LEFT if told.reason is None else Walk.DECIDED
        self.seen = Seen(guest.number, walk, told.reason, told.took_s)
        self._report(visit, told)

    def _stand(self, visit: Visit) -> Told:
        """Wait until the gate no longer shows what it told the person before, then step up."""
        self._ending.wait(max(0.0, self._free_at_s - time.monotonic()))
        told = stand(self.site, visit, codes_of(visit, self._supplies))
        shown_s = 0.0 if told.reason is None else self.site.shown_s(verdict_of(told.reason))
        self._free_at_s = time.monotonic() + shown_s
        return told
