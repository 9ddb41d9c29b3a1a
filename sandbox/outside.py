"""The world outside the system: issuer, wallet and town, made together in the demo's own process."""

import argparse
import time
from collections.abc import Callable

from sandbox import guide
from sandbox.abroad import Abroad
from sandbox.issuer.authority import Authority
from sandbox.issuer.push import Courier, https
from sandbox.layout import Layout
from sandbox.ports import HOST
from sandbox.raising import raise_town
from sandbox.records import Record
from sandbox.town.cases import Supplies
from sandbox.town.tell import Voice
from sandbox.wallet.app import create_wallet, serve, unix_now
from sandbox.wallet.purse import Purse
from wire.keys import PrivateKey


class Outside:
    """Everything that is made up; `closing` gets what must be called at the end, in order of making."""

    def __init__(
        self,
        layout: Layout,
        record: Record,
        given: argparse.Namespace,
        voice: Voice,
        closing: list[Callable[[], None]],
    ) -> None:
        self._layout, self._ports, self._voice, self._closing = layout, record.ports, voice, closing
        now = unix_now()
        self.authority = Authority.open(layout.issuer, record.seed, now)
        purse = Purse(layout.wallet, self.authority, now)
        self.abroad = Abroad(layout.root / "abroad", now)
        forger, neighbour = PrivateKey.generate(), PrivateKey.generate()
        supplies = Supplies(self.authority, purse, forger, neighbour, self.abroad)
        self.town = raise_town(layout, record.seed, given, supplies, voice)
        wallet = create_wallet(self.authority, purse, self.abroad, self.town, unix_now)
        server = serve(wallet, HOST, self._ports.wallet)
        closing += [self.authority.close, purse.close, server.server_close, server.shutdown, self.town.stop]
        ca = layout.fleet / "ca" / "ca.pem"
        self.courier = Courier(self.authority, https(f"https://{HOST}:{self._ports.est}", ca), self._note)

    def open_to_the_fleet(self) -> None:
        """Begin to send lists."""
        self.courier.start()
        self._closing.append(self.courier.stop)

    def guide(self, fleet_pid: int) -> str:
        """What a person is told once everything runs."""
        return guide.guide(self._voice, self._layout, self._ports, fleet_pid)

    def farewell(self) -> str:
        """How many came, and how they fared."""
        return guide.farewell(self._voice, self.town)

    def _note(self, text: str) -> None:
        with (self._layout.logs / "issuer.log").open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
