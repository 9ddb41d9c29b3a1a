"""What a gate's policy says, as a fleet admin sets and reads it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleet.config import FILE_NAME
from fleet.db import open_database
from fleet.errors import FleetError
from fleet.keys import ledger
from fleet.models import Gate
from fleet.venues import assign_commands, commands
from wire import envelope
from wire.documents import Trust
from wire.keys import PrivateKey
from wire.policy import LOOSEST

GATE = "0123456789ab"


@pytest.fixture
def call(tmp_path: Path, empty_database):
    """A function that gives an `assign` command in a fleet with one gate in a museum."""
    (tmp_path / FILE_NAME).write_text("")
    (tmp_path / "fleet.db").write_bytes(empty_database)
    with open_database(tmp_path / "fleet.db") as database, database.session() as session:
        session.add(Gate(id=GATE, name="", state="enrolled", created_at=0))

    def give(*arguments: str, app=assign_commands.app) -> str:
        result = CliRunner().invoke(app, [*arguments, "--dir", str(tmp_path)])
        if result.exit_code:
            raise result.exception
        return result.output

    give("add", "jl", "--zh", "吉林", "--en", "Jilin", app=commands.region_app)
    place = ("add", "museum", "--region", "jl", "--kind", "museum", "--zh", "馆", "--en", "Museum")
    give(*place, app=commands.app)
    give("set", GATE, "--venue", "museum", "--lane", "1", "--direction", "in")
    return give


@pytest.fixture
def bound(call, tmp_path: Path):
    """As `call`, with a trust document in force that has the loosest bounds of all."""
    trust = Trust(version=1, issued=0, expires=2**40, audience="*", issuers=(), bounds=LOOSEST)
    with open_database(tmp_path / "fleet.db") as database, database.session() as session:
        ledger.add(session, trust, envelope.sign(trust, [PrivateKey.generate()]), 0)
    return call


def test_passes_of_other_systems_are_a_matter_of_policy(call):
    call("set", GATE, "--policy", "foreign=admit", "--policy", "foreign_test_h=24")
    policy = json.loads(call("show", GATE, "--json"))["policy"]
    assert (policy["foreign"], policy["foreign_test_h"]) == ("admit", 24)
    shown = call("show", GATE)
    assert "放行" in shown
    assert "foreign_doses_until_d" in shown


def test_a_policy_looser_than_the_bounds_is_said_to_be_stricter_at_the_gate(bound):
    said = bound("set", GATE, "--policy", "foreign_test_h=100", "--policy", "foreign=deny")
    assert "foreign_test_h is 72 h (3 天 · 3 days) at the gate" in said
    assert "foreign is" not in said
    assert "72 h" in bound("show", GATE)


def test_everything_that_a_policy_can_say_is_listed(bound):
    listed = {row["policy"]: row for row in json.loads(bound("policies", "--json"))}
    assert listed["foreign_test_h"]["unless set"] == "48 h (2 days)"
    assert listed["foreign_test_h"]["at the loosest"] == "72 h (3 days)"
    assert listed["site"]["at the loosest"] is None
    assert "检测结果时效" in listed["foreign_test_h"]["what"]


def test_a_wrong_value_is_refused_with_what_can_be(call):
    with pytest.raises(FleetError, match="admit, refer, deny"):
        call("set", GATE, "--policy", "foreign=maybe")
