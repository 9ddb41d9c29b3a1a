"""The bounds of policy, asked for and shown by the commands."""

import json

import pytest

from fleet.db import open_database
from fleet.errors import FleetError
from fleet.models import Issuer
from wire.policy import LOOSEST, Choice


def test_bounds_are_asked_for_in_words_and_shown(fleet):
    fleet.trust("set-bounds", "foreign=deny", "foreign_test_h=24")
    (words,) = fleet.waiting()
    assert "其他体系的证明 – → 拒绝" in words
    fleet.sign()
    assert fleet.believed().bounds.foreign is Choice.DENY
    fleet.trust("set-bounds", "foreign=admit")
    (words,) = fleet.waiting()
    assert "passes of other systems deny → admit (LOOSER)" in words
    assert "24 h" not in words
    shown = json.loads(fleet.trust("show", "--json"))
    assert shown["bounds"]["foreign_test_h"] == 24
    assert shown["bounds"]["fever_c100"] == LOOSEST.fever_c100


def test_only_version_1_is_called_the_first(fleet):
    fleet.trust("set-bounds", "foreign=deny")
    fleet.sign()
    assert "trust version 1, the first" in fleet.trust("show")
    fleet.trust("set-bounds", "foreign=refer")
    fleet.sign()
    assert "trust version 2, in full" in fleet.trust("show")


@pytest.mark.parametrize("given", ["foreign", "foreign=", "=1", "no_such=1"])
def test_a_wrong_bound_changes_nothing(fleet, given):
    with pytest.raises(FleetError, match="nothing was changed"):
        fleet.trust("set-bounds", given)
    assert fleet.waiting() == []


def test_issuers_of_passes_have_their_names_at_hand_for_pages(fleet, press, tmp_path):
    (tmp_path / "x.der").write_bytes(press.dsc())
    fleet.trust("import", str(tmp_path / "x.der"))
    fleet.sign()
    with open_database(fleet.place / "fleet.db") as database, database.reading() as session:
        row = session.get_one(Issuer, "hc1-de")
        assert (row.name_zh, row.name_en) == ("德国", "Germany")


def test_who_holds_the_document_in_force_and_who_does_not_is_shown(fleet):
    assert "0 of 1 gates hold no version" in fleet.trust("holders")
    fleet.trust("set-bounds", "foreign=deny")
    fleet.sign()
    said = fleet.trust("holders")
    assert "0 of 1 gates hold version 1" in said
    assert "0123456789ab" in said
    fleet.gate_holds(trust=1)
    assert "1 of 1 gates hold version 1" in fleet.trust("holders")
    assert json.loads(fleet.trust("holders", "--json")) == {
        "version": 1,
        "holding": ["0123456789ab"],
        "lacking": [],
    }
