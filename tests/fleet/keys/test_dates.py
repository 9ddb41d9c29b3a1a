"""Dates from a clock that is wrong by years: nobody signs them, nobody takes them over."""

from dataclasses import replace

import pytest

from fleet.db import open_database
from fleet.errors import FleetError
from fleet.keys import dates, issuers, ledger, offline, proposals
from fleet.keys.words import root_words, trust_words
from wire import envelope
from wire.documents import Root, Trust

DAY = 86_400


def trust(now: int) -> Trust:
    return issuers.renewed(None, 1, now)


def test_a_document_from_the_future_is_not_taken_over_by_the_server(fleet):
    """A desk whose clock is ten years ahead would have every gate believe that these have passed."""
    made = trust(fleet.now + 3_650 * DAY)
    with open_database(fleet.place / "fleet.db") as database, database.session() as session:
        with pytest.raises(FleetError, match="take its date for the time"):
            proposals.accept(session, [envelope.sign(made, [fleet.key])], fleet.now, "test")
        assert ledger.trust(session) is None
        soon = trust(fleet.now + dates.PUBLISHED_AHEAD_S + 1)
        with pytest.raises(FleetError, match="give it again when its date has come"):
            proposals.accept(session, [envelope.sign(soon, [fleet.key])], fleet.now, "test")
        proposals.accept(session, [envelope.sign(soon, [fleet.key])], fleet.now + 1, "test")
        assert ledger.trust(session) == soon


def test_a_clock_that_is_behind_what_was_signed_makes_nothing():
    known = trust(1_795_000_000)
    assert dates.clock(known.issued - 60, known) == known.issued - 60  # two clocks never agree to the second
    assert dates.clock(known.issued + 9 * DAY, None, known) == known.issued + 9 * DAY
    for now, held in ((known.issued - 2 * DAY, known), (0, None)):
        with pytest.raises(FleetError, match="Set the clock"):
            dates.clock(now, held)


def test_what_is_asked_for_here_holds_no_longer_than_is_usual_and_longer_is_loud(fleet):
    assert dates.LONGEST_S[Root] > offline.ROOT_LIFE_S
    assert dates.LONGEST_S[Trust] > issuers.TRUST_LIFE_S
    usual = trust(fleet.now)
    assert not any("ATTENTION" in line for line in trust_words(None, usual))
    assert "ATTENTION: it holds for 18250 days" in "".join(
        trust_words(None, replace(usual, expires=usual.issued + 18_250 * DAY))
    )
    with open_database(fleet.place / "fleet.db") as database, database.reading() as session:
        root = ledger.root(session)
    longer = replace(root, expires=root.issued + 9_999 * DAY)
    assert "ATTENTION: it holds for 9999 days" in "".join(root_words(root, longer))
