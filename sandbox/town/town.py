"""All streets together: what the demo starts, and what the wallet's page reaches the gates through."""

import itertools
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from sandbox.errors import SandboxError
from sandbox.town.cases import Supplies
from sandbox.town.plan import Visit
from sandbox.town.site import Site
from sandbox.town.street import Guest, Street
from sandbox.town.tell import Told, Voice, columns
from sandbox.wallet.doors import GateName, Seen
from wire.reasons import Verdict, verdict_of

WAIT_S: Final = 0.2
SHORT_S: Final = 0.2
LONG_S: Final = 1.2
"""How long a hand stays on a button; 0.8 s tell the gate one from the other."""


@dataclass
class Tally:
    """How many people there were, and how they fared."""

    people: int = 0
    by_verdict: dict[Verdict | None, int] = field(default_factory=dict)

    def count(self, told: Told) -> None:
        """Add one person."""
        verdict = None if told.reason is None else verdict_of(told.reason)
        self.people += 1
        self.by_verdict[verdict] = self.by_verdict.get(verdict, 0) + 1


class Town:
    """The wallet's `Doors`, and the narrator of everything that happens at them."""

    def __init__(
        self, sites: Sequence[Site], visits: Sequence[Iterable[Visit]], supplies: Supplies, voice: Voice
    ) -> None:
        self.tally = Tally()
        self.admitted = threading.Event()
        """Set when the first person is in."""
        self._ending = threading.Event()
        self._voice = voice
        self._wide = max(columns(voice.choose((site.name.zh, site.name.en))) for site in sites)
        self._streets = {
            site.name.id: Street(site, iter(theirs), supplies, self._report)
            for site, theirs in zip(sites, visits, strict=True)
        }

    @property
    def gates(self) -> Sequence[GateName]:
        """All gates, in the order of the town."""
        return [street.site.name for street in self._streets.values()]

    @property
    def through(self) -> bool:
        """Whether everybody in the plan has been."""
        return all(street.through.is_set() for street in self._streets.values())

    def site(self, gate: str) -> Site:
        """One gate as the town sees it."""
        return self._street(gate).site

    def open_when_serving(self, gate: str) -> None:
        """Let people come as soon as this gate says that it serves; returns at once."""
        street = self._street(gate)

        def wait() -> None:
            while not street.site.serving.wait(WAIT_S):
                if self._ending.is_set():
                    return
            if not self._ending.is_set():
                street.start()

        threading.Thread(target=wait, name=f"opening {gate}", daemon=True).start()

    def show(self, gate: str, number: int, body_c: float) -> None:
        """Send a person to a gate with a fresh code."""
        self._street(gate).invite(Guest(number, body_c))

    def seen(self, gate: str) -> Seen | None:
        """The newest walk to this gate from the wallet."""
        return self._street(gate).seen

    def press(self, gate: str, *, long: bool) -> None:
        """Press a gate's button: attendants lead their mode with short and long presses."""
        self._street(gate).site.press(LONG_S if long else SHORT_S)

    def screen(self, gate: str) -> Image.Image | None:
        """What the gate's own display shows."""
        return self._street(gate).site.screen()

    def stop(self, wait_s: float = 3.0) -> None:
        """Send everybody home."""
        self._ending.set()
        for street in self._streets.values():
            street.stop()
        for street in self._streets.values():
            if street.is_alive():
                street.join(wait_s)
            street.site.close()

    def _street(self, gate: str) -> Street:
        try:
            return self._streets[gate]
        except KeyError:
            raise SandboxError("there is no such gate in this town") from None

    def _report(self, _visit: Visit, told: Told) -> None:
        self.tally.count(told)
        self._voice.tell(told, self._wide)
        if told.reason is not None and verdict_of(told.reason) is Verdict.ADMIT:
            self.admitted.set()


def for_gate(visits: Iterable[Visit], gate: int, people: int | None) -> Iterable[Visit]:
    """Those of a plan's first `people` visits (None: of all) that lead to one gate."""
    some = visits if people is None else itertools.takewhile(lambda visit: visit.order < people, visits)
    return (visit for visit in some if visit.gate == gate)
