"""What a person of the wallet holds up at a gate."""

import time

import pytest

from sandbox.abroad import TESTED, VACCINATED
from sandbox.issuer.residents import PAPER_PERSON
from sandbox.town import street
from sandbox.town.cases import Case
from sandbox.town.street import Guest, Street
from sandbox.town.tell import Told
from sandbox.wallet.doors import GateName, Walk
from wire.reasons import Reason

GATE = GateName("0a0000000001", "商场", "mall")


class Site:
    name = GATE

    def shown_s(self, _verdict):
        return 0.0


@pytest.mark.parametrize(
    ("number", "case"),
    [
        (3, Case.GREEN),
        (PAPER_PERSON, Case.PAPER),
        (VACCINATED.number, Case.TRAVELLER),
        (TESTED.number, Case.OLD_TEST),
    ],
)
def test_a_guest_holds_up_what_the_wallet_shows_of_them(monkeypatch, number, case):
    stood = []

    def stand(site, visit, _shown):
        stood.append((visit.number, visit.case))
        return Told(site.name, None, Reason.GREEN, 0.1)

    monkeypatch.setattr(street, "stand", stand)
    monkeypatch.setattr(street, "codes_of", lambda *_: None)
    one = Street(Site(), iter(()), None, lambda *_: None)
    one.invite(Guest(number, 36.5))
    one.start()
    deadline_s = time.monotonic() + 30
    while one.seen.walk is not Walk.DECIDED and time.monotonic() < deadline_s:
        time.sleep(0.01)
    one.stop()
    one.join(10)
    assert stood == [(number, case)]
